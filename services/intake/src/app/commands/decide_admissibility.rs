//! T02, T05–T07: whether a complaint is taken up.
//!
//! A decider who meets a complaint in `received` brings an assessment and so begins the review (T05) in the same act.

use prost::Message;
use redress_domain::{Category, Principal, Problem, Severity, Violations, derived_id};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::Admissibility;
use uuid::Uuid;

use super::{Commands, Effects, Situation, Target};
use crate::app::publish::refusal_reason_of;
use crate::domain::lifecycle::{Code, Command, RefusalNotice, StateKind};
use crate::error::Error;
use crate::store::note::Kind;

/// Longest statement of facts, in characters.
const FACTS_MAX: usize = 2_000;

impl Commands {
    /// Decides on admissibility.
    pub async fn decide_admissibility(
        &self,
        caller: &Principal,
        request: wire::DecideAdmissibilityRequest,
    ) -> Result<wire::Complaint, Error> {
        let mut found = Violations::default();
        check(&request, &mut found);
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        let content =
            wire::DecideAdmissibilityRequest { request_id: String::new(), ..request.clone() }.encode_to_vec();
        // The decider's own assessment follows from the decision that brought it.
        let assessment_id = derived_id("redress/own-assessment/1", &[&content]);
        let target = Target {
            request_id: &request.request_id.clone(),
            complaint_id: &request.complaint_id.clone(),
            expected_version: request.expected_version,
            content,
        };
        let decide = move |situation: &Situation<'_>| effects(&request, assessment_id, situation);
        self.run(caller, target, Box::new(decide)).await
    }
}

fn effects(
    request: &wire::DecideAdmissibilityRequest,
    assessment_id: Uuid,
    situation: &Situation<'_>,
) -> Result<Effects, Error> {
    let complaint = situation.complaint;
    let mut effects = Effects::default();
    if request.decision() == Admissibility::NeedsCompletion {
        effects.steps.push(Command::RequestCompletion { missing: request.missing.clone() });
        return Ok(effects);
    }
    if let Ok(category) = Category::try_from(request.category()) {
        let severity = Severity::try_from(request.severity()).unwrap_or(Severity::General);
        effects.assessment = Some((category, severity));
    }
    if complaint.lifecycle.state().kind() == StateKind::Received {
        let assessed = effects.assessment.is_some() || complaint.category.is_some();
        effects.steps.push(Command::StartReview { assessment: assessed.then_some(assessment_id) });
    }
    if request.decision() == Admissibility::Yes {
        effects.steps.push(Command::AcceptComplaint {
            in_scope: true,
            // Conflicts of interest are declared to investigation; a decider who is the complainant is one on its face.
            conflict: situation.caller.subject == complaint.submitted_by,
            handler: Some(request.handler.clone()).filter(|handler| !handler.is_empty()),
            rule_may_accept: false,
        });
        return Ok(effects);
    }
    let Some(reason) = refusal_reason_of(request.refusal_reason()) else {
        return Err(Problem::internal().into());
    };
    effects.steps.push(Command::RefuseComplaint {
        reason,
        notice: RefusalNotice {
            rule: request.rule.parse::<Code>().ok(),
            facts_stated: !request.facts.trim().is_empty(),
            // The notice's template names the five other routes always (L47): none can be left out by a decider.
            other_routes_named: true,
        },
    });
    effects.note = Some((Kind::RefusalFacts, request.facts.clone()));
    Ok(effects)
}

fn check(request: &wire::DecideAdmissibilityRequest, found: &mut Violations) {
    let plain = |text: &str, most: usize| text.chars().count() <= most && !text.chars().any(char::is_control);
    match request.decision() {
        Admissibility::Unspecified => found.add("decision", "REQUIRED", "the field is mandatory"),
        Admissibility::Yes => {
            if request.handler.is_empty() || !plain(&request.handler, 64) {
                found.add(
                    "handler",
                    "REQUIRED",
                    "a staff number or a queue, up to 64 characters, is mandatory",
                );
            }
        }
        Admissibility::No => check_refusal(request, found),
        Admissibility::NeedsCompletion => {
            let count = request.missing.len();
            if !(1..=20).contains(&count) {
                found.add("missing", "REQUIRED", "1 to 20 names of what is missing are expected");
            }
            for (index, name) in request.missing.iter().enumerate() {
                if name.is_empty() || !plain(name, 64) {
                    found.add(format!("missing[{index}]"), "MALFORMED", "1 to 64 characters are expected");
                }
            }
        }
    }
}

fn check_refusal(request: &wire::DecideAdmissibilityRequest, found: &mut Violations) {
    if refusal_reason_of(request.refusal_reason()).is_none() {
        found.add("refusalReason", "REQUIRED", "the field is mandatory");
    }
    if request.facts.trim().is_empty() {
        found.add("facts", "REQUIRED", "the facts that the refusal rests on are mandatory");
    } else if request.facts.chars().nth(FACTS_MAX).is_some() {
        found.add("facts", "TOO_LONG", format!("at most {FACTS_MAX} characters"));
    }
    if request.rule.parse::<Code>().is_err() {
        found.add("rule", "MALFORMED", "a code of 1 to 64 characters of a-z, 0-9 and _-.@ is expected");
    }
}
