//! `DecideAppeal` and `ConfirmAppealDecision`: somebody outside the line decides, once the other parties were heard (T29,
//! L25); two in major cases, for what four eyes ruled is not taken back by two (T22).

use async_trait::async_trait;
use prost::Message as _;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{Sealed, SealedField};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Act, Scene, appeal_at};
use crate::app::wire::{all_terms, appeal_next, appeal_outcome, member, read_all_terms};
use crate::app::{remedy, rules, words};
use crate::domain::appeal::{Appeal, AppealNext, AppealOutcome, AppealState, check_answers, next};
use crate::domain::guard::{Refusal, require};
use crate::domain::hearing::{Audience, awaited, unseen};
use crate::domain::line::line;
use crate::domain::party::{Side, SideRole};
use crate::domain::ruling::{Outcome, check_imposed, needs_second};
use crate::domain::state::State;
use crate::domain::text;
use crate::error::Error;
use crate::store;

#[async_trait]
impl Act for wire::DecideAppealRequest {
    fn check(&self, found: &mut Violations) {
        let outcome: Option<AppealOutcome> = member(self.outcome().as_str_name(), "APPEAL_OUTCOME_");
        let (least, most) = match outcome {
            None => {
                found.add("outcome", "REQUIRED", "uphold, vary, revoke or remit");
                (0, 20)
            }
            Some(AppealOutcome::Vary) => (1, 20),
            Some(AppealOutcome::Revoke) => (0, 20),
            Some(AppealOutcome::Uphold | AppealOutcome::Remit) => (0, 0),
        };
        read_all_terms(found, "terms", &self.terms, (least, most));
        if !self.case_outcome.is_empty() && self.case_outcome.parse::<Outcome>().is_err() {
            found.add("caseOutcome", "UNKNOWN", "an outcome code is expected");
        }
        for (index, answer) in self.answers.iter().enumerate() {
            text::words(found, &format!("answers[{index}].answer"), &answer.answer, 8_000);
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        let place = appeal_at(scene.case, &self.appeal_id)?;
        require(scene.case.appeals[place].state == AppealState::UnderReview, Refusal::AppealNotUnderReview)?;
        scene.case.require_state(&[State::UnderAppeal])?;
        require(!line(scene.case).contains(scene.caller.subject.as_str()), Refusal::ReviewerInLine)?;
        require_heard(scene, conn, &scene.case.appeals[place]).await?;
        let answered: Vec<u32> = self.answers.iter().map(|answer| answer.ground).collect();
        check_answers(&scene.case.appeals[place].grounds, &answered)?;
        let terms = read_all_terms(&mut Violations::default(), "terms", &self.terms, (0, 20));
        scene.require_currency([terms.as_slice()])?;
        check_imposed(&terms, scene.case.facts.paid)?;
        scene.case.require_parties(&terms, true)?;
        rules::require_charges(conn, &scene.case.tenant, &terms, scene.now).await?;
        scene.require_authority([terms.as_slice()])?;
        let outcome: AppealOutcome =
            member(self.outcome().as_str_name(), "APPEAL_OUTCOME_").ok_or_else(Problem::not_found)?;
        let mut appeal = scene.case.appeals[place].clone();
        appeal.reviewer.clone_from(&scene.caller.subject);
        appeal.outcome = Some(outcome);
        appeal.terms = terms;
        appeal.case_outcome = self.case_outcome.parse().ok();
        let unsettled = remedy::unsettled(conn, &scene.case.tenant, scene.case.id).await?;
        let closing = lead(scene, &mut appeal, outcome, unsettled)?;
        let sealed = keep(scene, appeal.id, &self.answers)?;
        if needs_second(scene.case.severity) {
            appeal.state = AppealState::AwaitingSecond;
        } else {
            decided(scene, &mut appeal, closing, Some(sealed));
        }
        scene.case.appeals[place] = appeal;
        Ok(())
    }
}

/// Seals the answers. A decision that did not come to count leaves its words behind; the next one's stand beside them.
fn keep(scene: &mut Scene<'_>, appeal: Uuid, answers: &[wire::AppealGround]) -> Result<Sealed, Error> {
    let answer = |answer: &wire::AppealGround| wire::AppealGround {
        ground: answer.ground,
        answer: answer.answer.clone(),
        ..Default::default()
    };
    let plain = wire::Appeal { grounds: answers.iter().map(answer).collect(), ..Default::default() };
    let tries = scene.case.version;
    scene.keep(format!("{}.{tries}", words::appeal_answers(appeal)), &plain.encode_to_vec())
}

#[async_trait]
impl Act for wire::ConfirmAppealDecisionRequest {
    fn check(&self, _found: &mut Violations) {}

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        let place = appeal_at(scene.case, &self.appeal_id)?;
        let mut appeal = scene.case.appeals[place].clone();
        require(appeal.state == AppealState::AwaitingSecond, Refusal::NotAwaitingSecond)?;
        scene.case.require_state(&[State::UnderAppeal])?;
        require(appeal.reviewer != scene.caller.subject, Refusal::SecondIsDecider)?;
        require(!line(scene.case).contains(scene.caller.subject.as_str()), Refusal::ReviewerInLine)?;
        if self.confirm {
            scene.require_authority([appeal.terms.as_slice()])?;
            let outcome = appeal.outcome.ok_or_else(|| Refusal::NotAwaitingSecond.problem())?;
            // Remedies went on meanwhile, and where the case goes hangs on them.
            let unsettled = remedy::unsettled(conn, &scene.case.tenant, scene.case.id).await?;
            let closing = lead(scene, &mut appeal, outcome, unsettled)?;
            appeal.seconded_by.clone_from(&scene.caller.subject);
            let sealed = kept(scene, conn, appeal.id).await?;
            decided(scene, &mut appeal, closing, sealed);
        } else {
            appeal.state = AppealState::UnderReview;
            appeal.forget_decision();
        }
        scene.case.appeals[place] = appeal;
        Ok(())
    }
}

/// Every other party has replied or had its time (until when is in the metadata), and was shown what the appeal and the
/// replies rest on.
async fn require_heard(scene: &Scene<'_>, conn: &mut PgConnection, appeal: &Appeal) -> Result<(), Error> {
    let facts = &scene.case.facts;
    let awaited = awaited(facts, appeal, scene.now);
    if let (false, Some(until)) = (awaited.is_empty(), appeal.reply_until) {
        let party = |side: &Side| match side.role {
            SideRole::Complainant => side.role.code().to_owned(),
            SideRole::Respondent => format!("{}:{}", side.role.code(), side.respondent_ref),
        };
        let parties = awaited.iter().map(party).collect::<Vec<_>>().join(",");
        let problem = Refusal::ReplyAwaited.problem();
        return Err(problem.with("parties", parties).with("until", until.to_string()).into());
    }
    let pieces = store::evidence::shown(conn, &scene.case.tenant, scene.case.id).await?;
    let unseen = unseen(facts, appeal, &pieces);
    if unseen.is_empty() {
        return Ok(());
    }
    let missing = |(evidence, audience): &(&str, Audience)| format!("{evidence}:{audience}");
    let missing = unseen.iter().map(missing).collect::<Vec<_>>().join(",");
    Err(Refusal::EvidenceNotShown.problem().with("evidence", missing).into())
}

/// Says where the case goes; gives the outcome and cause with which it closes, both empty where it does not.
fn lead(
    scene: &Scene<'_>,
    appeal: &mut Appeal,
    outcome: AppealOutcome,
    unsettled: bool,
) -> Result<(&'static str, &'static str), Problem> {
    let next = next(outcome, !appeal.terms.is_empty(), unsettled);
    appeal.next = Some(next);
    if next == AppealNext::Close {
        scene.case.closing_with(appeal.case_outcome).ok_or_else(|| Refusal::OutcomeMissing.problem())
    } else {
        Ok(("", ""))
    }
}

/// The answers of the latest decision, as they were sealed.
async fn kept(scene: &Scene<'_>, conn: &mut PgConnection, appeal: Uuid) -> Result<Option<Sealed>, Error> {
    let prefix = format!("{}.", words::appeal_answers(appeal));
    let number = |name: &String| name.strip_prefix(&prefix).and_then(|number| number.parse::<i64>().ok());
    let texts = store::text::of_case(conn, &scene.case.tenant, scene.case.id).await?;
    let latest =
        texts.into_iter().filter_map(|field| Some((number(&field.0)?, field))).max_by_key(|(n, _)| *n);
    let fields = |(_, (name, value))| vec![SealedField { name, value }];
    Ok(latest.map(fields).map(|fields| Sealed { wrapped_key: Vec::new(), fields }))
}

/// Writes the decision down; the lifecycle's answer brings it into effect. The event is its decider's, whoever confirmed.
fn decided(
    scene: &mut Scene<'_>,
    appeal: &mut Appeal,
    (outcome, cause): (&str, &str),
    sealed: Option<Sealed>,
) {
    appeal.state = AppealState::Decided;
    appeal.decided_at = Some(scene.now);
    let event = wire::AppealDecided {
        appeal_id: appeal.id.to_string(),
        next: appeal.next.map(appeal_next).unwrap_or_default().into(),
        outcome: outcome.to_owned(),
        cause: cause.to_owned(),
        appeal_outcome: appeal.outcome.map(appeal_outcome).unwrap_or_default().into(),
        terms: all_terms(&appeal.terms),
        sealed,
        seconded_by: appeal.seconded_by.clone(),
    };
    scene.out.push_as(&event, &appeal.reviewer);
}
