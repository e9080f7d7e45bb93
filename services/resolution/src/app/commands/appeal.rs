//! `FileAppeal` and `DecideAppeal` (T28, T29, L25).

use async_trait::async_trait;
use prost::Message as _;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::Sealed;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Act, Scene, id};
use crate::app::wire::{
    all_terms, appeal_next, member, read_all_terms, read_consent, read_side, side as told_side,
};
use crate::app::{remedy, rules, words};
use crate::domain::appeal::{Appeal, AppealNext, AppealOutcome, AppealState, Ground, check_answers, next};
use crate::domain::guard::{Refusal, require};
use crate::domain::line::line;
use crate::domain::party::Side;
use crate::domain::ruling::{Outcome, check_imposed};
use crate::domain::state::State;
use crate::domain::terms::RemedyTerms;
use crate::domain::text;
use crate::error::Error;

/// The code of a ground that says nothing of its kind: no appeal is refused for its form.
const UNTOLD: &str = "other";

#[async_trait]
impl Act for wire::FileAppealRequest {
    fn check(&self, found: &mut Violations) {
        read_side(found, self.party.as_ref());
        if self.grounds.len() > 20 {
            found.add("grounds", "TOO_MANY", "at most 20");
        }
        for (index, ground) in self.grounds.iter().enumerate() {
            let at = format!("grounds[{index}]");
            text::optional_words(found, &format!("{at}.text"), &ground.text, 4_000);
            if !ground.code.is_empty() && !text::is_code(&ground.code) {
                found.add(format!("{at}.code"), "MALFORMED", "1 to 64 characters of a-z, 0-9 and _-.@");
            }
            if ground.evidence_ids.len() > 20 || ground.evidence_ids.iter().any(|id| !text::is_reference(id))
            {
                found.add(format!("{at}.evidenceIds"), "MALFORMED", "up to 20 ids of evidence");
            }
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, _conn: &mut PgConnection) -> Result<(), Error> {
        let named = read_side(&mut Violations::default(), self.party.as_ref());
        let (side, _) = scene.standing.acting(scene.case, named, read_consent(self.consent.as_ref()))?;
        scene.case.require_state(&[State::Executing, State::ResultNotified, State::Closed])?;
        let human_required = self.human_required;
        let filing = Filing { side, grounds: &self.grounds, human_required, by_rejection: false };
        filing.file_and_tell(scene)
    }
}

/// An appeal on its way into the case.
pub(super) struct Filing<'a> {
    pub(super) side: Side,
    pub(super) grounds: &'a [wire::AppealGround],
    pub(super) human_required: bool,
    pub(super) by_rejection: bool,
}

impl Filing<'_> {
    /// Files it; gives its id and its sealed grounds.
    pub(super) fn file(self, scene: &mut Scene<'_>) -> Result<(Uuid, Sealed), Error> {
        let open = |appeal: &Appeal| matches!(appeal.state, AppealState::Filed | AppealState::UnderReview);
        require(!scene.case.appeals.iter().any(open), Refusal::AppealPending)?;
        let window = scene.desk.windows.of(&scene.case.tenant);
        let until = window.until(scene.case, Some(&self.side));
        let until = until.ok_or_else(|| Refusal::NothingToAppeal.problem())?;
        require(scene.now <= until, Refusal::AppealWindowOver)?;
        let id = scene.next_id("appeal", scene.case.appeals.len());
        let told =
            if self.grounds.is_empty() { vec![wire::AppealGround::default()] } else { self.grounds.to_vec() };
        let ground = |(number, told): (u32, &wire::AppealGround)| Ground {
            number,
            code: if told.code.is_empty() { UNTOLD.to_owned() } else { told.code.clone() },
            evidence: told.evidence_ids.clone(),
        };
        let grounds: Vec<Ground> = (1..).zip(&told).map(ground).collect();
        let word = |(number, told): (u32, &wire::AppealGround)| wire::AppealGround {
            ground: number,
            text: told.text.clone(),
            ..Default::default()
        };
        let plain = wire::Appeal { grounds: (1..).zip(&told).map(word).collect(), ..Default::default() };
        let sealed = scene.keep(words::appeal(id), &plain.encode_to_vec())?;
        scene.case.appeals.push(Appeal {
            id,
            appellant: self.side,
            grounds,
            human_required: self.human_required,
            state: AppealState::Filed,
            filed_at: scene.now,
            reviewer: String::new(),
            outcome: None,
            next: None,
            decided_at: None,
            terms: Vec::new(),
            case_outcome: None,
            by_rejection: self.by_rejection,
            void_reason: String::new(),
        });
        Ok((id, sealed))
    }

    /// The same, told as an event of its own.
    pub(super) fn file_and_tell(self, scene: &mut Scene<'_>) -> Result<(), Error> {
        let (side, human_required) = (told_side(&self.side), self.human_required);
        let (id, sealed) = self.file(scene)?;
        let grounds = scene.case.appeals.last().map_or(0, |appeal| appeal.grounds.len());
        scene.out.push(&wire::AppealFiled {
            appeal_id: id.to_string(),
            appellant: Some(side),
            grounds: u32::try_from(grounds).unwrap_or(u32::MAX),
            human_required,
            sealed: Some(sealed),
        });
        Ok(())
    }
}

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
        let id = id(&self.appeal_id)?;
        let place =
            scene.case.appeals.iter().position(|appeal| appeal.id == id).ok_or_else(Problem::not_found)?;
        require(scene.case.appeals[place].state == AppealState::UnderReview, Refusal::AppealNotUnderReview)?;
        scene.case.require_state(&[State::UnderAppeal])?;
        require(!line(scene.case).contains(scene.caller.subject.as_str()), Refusal::ReviewerInLine)?;
        let answered: Vec<u32> = self.answers.iter().map(|answer| answer.ground).collect();
        check_answers(&scene.case.appeals[place].grounds, &answered)?;
        let terms = read_all_terms(&mut Violations::default(), "terms", &self.terms, (0, 20));
        scene.require_currency([terms.as_slice()])?;
        check_imposed(&terms)?;
        scene.case.require_parties(&terms, true)?;
        rules::require_charges(conn, &scene.case.tenant, &terms, scene.now).await?;
        scene.require_authority([terms.as_slice()])?;
        let unsettled = remedy::unsettled(conn, &scene.case.tenant, scene.case.id).await?;
        decide(self, scene, place, &terms, unsettled)
    }
}

/// Writes the decision down; the lifecycle's answer brings it into effect.
fn decide(
    told: &wire::DecideAppealRequest,
    scene: &mut Scene<'_>,
    place: usize,
    terms: &[RemedyTerms],
    unsettled: bool,
) -> Result<(), Error> {
    let outcome: AppealOutcome =
        member(told.outcome().as_str_name(), "APPEAL_OUTCOME_").ok_or_else(Problem::not_found)?;
    let next = next(outcome, !terms.is_empty(), unsettled);
    let outcome_told: Option<Outcome> = told.case_outcome.parse().ok();
    let (case_outcome, cause) = if next == AppealNext::Close {
        scene.case.closing_with(outcome_told).ok_or_else(|| Refusal::OutcomeMissing.problem())?
    } else {
        ("", "")
    };
    let id = scene.case.appeals[place].id;
    let answer = |answer: &wire::AppealGround| wire::AppealGround {
        ground: answer.ground,
        answer: answer.answer.clone(),
        ..Default::default()
    };
    let plain = wire::Appeal { grounds: told.answers.iter().map(answer).collect(), ..Default::default() };
    // A decision that the lifecycle refused leaves its words behind; the next one's stand beside them.
    let tries = scene.case.version;
    let sealed = scene.keep(format!("{}.{tries}", words::appeal_answers(id)), &plain.encode_to_vec())?;
    let appeal = &mut scene.case.appeals[place];
    appeal.state = AppealState::Decided;
    appeal.reviewer.clone_from(&scene.caller.subject);
    appeal.outcome = Some(outcome);
    appeal.next = Some(next);
    appeal.decided_at = Some(scene.now);
    appeal.terms = terms.to_vec();
    appeal.case_outcome = outcome_told;
    scene.out.push(&wire::AppealDecided {
        appeal_id: id.to_string(),
        next: appeal_next(next).into(),
        outcome: case_outcome.to_owned(),
        cause: cause.to_owned(),
        appeal_outcome: told.outcome,
        terms: all_terms(terms),
        sealed: Some(sealed),
    });
    Ok(())
}
