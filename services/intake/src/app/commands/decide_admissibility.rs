//! T02, T05–T07: whether a complaint is taken up.
//!
//! A decider who meets a complaint in `received` brings an assessment and so begins the review (T05) in the same act.

use jiff::Timestamp;
use redress_domain::{Category, Problem, Severity, Violations, derived_id};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::Admissibility;
use uuid::Uuid;

use super::{CaseCommand, Effects, Situation};
use crate::app::publish::refusal_reason_of;
use crate::domain::lifecycle::{
    Assessment, Code, Command, GuardReason, Refusal, RefusalNotice, StateKind, is_field_path,
    is_staff_reference,
};
use crate::error::Error;
use crate::store::complaint::Complaint;
use crate::store::note::Kind;

/// Longest statement of facts, in characters.
const FACTS_MAX: usize = 2_000;

impl CaseCommand for wire::DecideAdmissibilityRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        check(self, found);
    }

    fn effects(&self, situation: &Situation<'_>) -> Result<Effects, Error> {
        // The decider's own assessment follows from the decision that brought it.
        let assessment_id = derived_id("redress/own-assessment/1", &[situation.content]);
        effects(self, assessment_id, situation)
    }
}

fn effects(
    request: &wire::DecideAdmissibilityRequest,
    assessment_id: Uuid,
    situation: &Situation<'_>,
) -> Result<Effects, Error> {
    let complaint = situation.complaint;
    let assessment = assessment(request, assessment_id, complaint);
    let mut effects = Effects::default();
    effects.steps.extend(assess(request.decision(), assessment, complaint).map_err(Problem::from)?);
    if request.decision() == Admissibility::NeedsCompletion {
        effects.steps.push(Command::RequestCompletion { missing: request.missing.clone() });
        return Ok(effects);
    }
    if request.decision() == Admissibility::Yes {
        effects.steps.push(Command::AcceptComplaint {
            in_scope: true,
            // Other conflicts of interest are declared to investigation; to decide on one's own complaint is one on
            // its face. To have typed in somebody else's is none.
            conflict: situation.standing.complainant,
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

/// What the complaint is found to be after the decision: what the decider tells, else what was found before. Nobody has
/// said anything of its severity: general.
fn assessment(
    request: &wire::DecideAdmissibilityRequest,
    id: Uuid,
    complaint: &Complaint,
) -> Option<Assessment> {
    let category = Category::try_from(request.category()).ok().or(complaint.category)?;
    let severity = Severity::try_from(request.severity()).ok().or(complaint.severity);
    Some(Assessment {
        id,
        category,
        severity: severity.unwrap_or(Severity::General),
        urgent: complaint.urgent,
    })
}

/// The step, if one is needed, that brings the complaint under `assessment` before the decision.
fn assess(
    decision: Admissibility,
    assessment: Option<Assessment>,
    complaint: &Complaint,
) -> Result<Option<Command>, Refusal> {
    match (complaint.lifecycle.state().kind(), assessment) {
        (StateKind::Received, assessment) if decision != Admissibility::NeedsCompletion => {
            Ok(Some(Command::StartReview { assessment }))
        }
        (StateKind::AdmissibilityReview, None) => Err(GuardReason::AssessmentMissing.into()),
        (_, Some(assessment)) if !complaint.is_assessed_as(&assessment) => {
            Ok(Some(Command::Assess(assessment)))
        }
        _ => Ok(None),
    }
}

fn check(request: &wire::DecideAdmissibilityRequest, found: &mut Violations) {
    match request.decision() {
        Admissibility::Unspecified => {
            found.add_unless_known("decision", "REQUIRED", "the field is mandatory");
        }
        Admissibility::Yes => {
            if request.handler.is_empty() {
                found.add_unless_known("handler", "REQUIRED", "a staff number or a queue is mandatory");
            } else if !is_staff_reference(&request.handler) {
                let form = "a staff number or a queue of 1 to 64 ASCII letters, digits and _-.@ is expected";
                found.add_unless_known("handler", "MALFORMED", form);
            }
        }
        Admissibility::No => check_refusal(request, found),
        Admissibility::NeedsCompletion => {
            let count = request.missing.len();
            if !(1..=20).contains(&count) {
                found.add_unless_known(
                    "missing",
                    "REQUIRED",
                    "1 to 20 names of what is missing are expected",
                );
            }
            for (index, _) in request.missing.iter().enumerate().filter(|(_, path)| !is_field_path(path)) {
                let form = "the path of a field is expected: a letter, then letters, digits and _.[]";
                found.add_unless_known(format!("missing[{index}]"), "MALFORMED", form);
            }
        }
    }
}

fn check_refusal(request: &wire::DecideAdmissibilityRequest, found: &mut Violations) {
    if refusal_reason_of(request.refusal_reason()).is_none() {
        found.add_unless_known("refusalReason", "REQUIRED", "the field is mandatory");
    }
    if request.facts.trim().is_empty() {
        found.add_unless_known("facts", "REQUIRED", "the facts that the refusal rests on are mandatory");
    } else if request.facts.chars().nth(FACTS_MAX).is_some() {
        found.add_unless_known("facts", "TOO_LONG", format!("at most {FACTS_MAX} characters"));
    }
    if request.rule.parse::<Code>().is_err() {
        found.add_unless_known(
            "rule",
            "MALFORMED",
            "a code of 1 to 64 characters of a-z, 0-9 and _-.@ is expected",
        );
    }
}
