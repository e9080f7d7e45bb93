//! `IssueRuling` and `ConfirmRuling`: a person decides where the parties did not agree; two in major cases (T22).

use async_trait::async_trait;
use redress_domain::Violations;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::{Sealed, SealedField};
use sqlx::postgres::PgConnection;

use super::{Act, Scene, id};
use crate::app::wire::{all_terms, read_all_terms, time};
use crate::app::{rules, words};
use crate::domain::guard::{Refusal, require};
use crate::domain::ruling::{Outcome, Ruling, check_imposed, needs_second};
use crate::domain::settlement::DecisionState;
use crate::domain::state::State;
use crate::domain::text;
use crate::error::Error;
use crate::store;

/// What a ruling can come to: what was settled needs none.
fn outcome(code: &str) -> Option<Outcome> {
    code.parse().ok().filter(|outcome| *outcome != Outcome::SettledNoFinding)
}

#[async_trait]
impl Act for wire::IssueRulingRequest {
    fn check(&self, found: &mut Violations) {
        read_all_terms(found, "terms", &self.terms, (0, 20));
        if outcome(&self.outcome).is_none() {
            found.add("outcome", "UNKNOWN", "upheld, partly_upheld, not_upheld or terminated_no_agreement");
        }
        text::words(found, "text", &self.text, 20_000);
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        scene.case.require_state(&[State::Ruling])?;
        require(!scene.case.has_pending_decision(), Refusal::DecisionPending)?;
        let terms = read_all_terms(&mut Violations::default(), "terms", &self.terms, (0, 20));
        let determination = scene.case.determination().ok_or_else(|| Refusal::LiabilityMissing.problem())?.id;
        scene.require_currency([terms.as_slice()])?;
        check_imposed(&terms, scene.case.facts.paid)?;
        scene.case.require_parties(&terms, true)?;
        rules::require_charges(conn, &scene.case.tenant, &terms, scene.now).await?;
        scene.require_authority([terms.as_slice()])?;
        let id = scene.next_id("ruling", scene.case.rulings.len());
        let sealed = scene.keep(words::ruling(id), self.text.as_bytes())?;
        let two = needs_second(scene.case.severity);
        let ruling = Ruling {
            id,
            terms,
            outcome: outcome(&self.outcome).unwrap_or(Outcome::TerminatedNoAgreement),
            determination,
            decider: scene.caller.subject.clone(),
            seconded_by: String::new(),
            state: if two { DecisionState::AwaitingSecond } else { DecisionState::Pending },
            issued_at: scene.now,
            appeal_until: scene.desk.windows.of(&scene.case.tenant).end(scene.now),
            void_reason: String::new(),
        };
        if !two {
            issue(scene, &ruling, Some(sealed));
        }
        scene.case.rulings.push(ruling);
        Ok(())
    }
}

#[async_trait]
impl Act for wire::ConfirmRulingRequest {
    fn check(&self, _found: &mut Violations) {}

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        let id = id(&self.ruling_id)?;
        let place = scene.case.rulings.iter().position(|ruling| ruling.id == id);
        let place = place.ok_or_else(redress_domain::Problem::not_found)?;
        let mut ruling = scene.case.rulings[place].clone();
        require(ruling.state == DecisionState::AwaitingSecond, Refusal::NotAwaitingSecond)?;
        scene.case.require_state(&[State::Ruling])?;
        require(ruling.decider != scene.caller.subject, Refusal::SecondIsDecider)?;
        if self.confirm {
            scene.require_authority([ruling.terms.as_slice()])?;
            ruling.state = DecisionState::Pending;
            ruling.seconded_by.clone_from(&scene.caller.subject);
            ruling.issued_at = scene.now;
            ruling.appeal_until = scene.desk.windows.of(&scene.case.tenant).end(scene.now);
            let field = words::ruling(id);
            let value = store::text::of_case(conn, &scene.case.tenant, scene.case.id).await?.remove(&field);
            let sealed = value.map(|value| Sealed {
                wrapped_key: Vec::new(),
                fields: vec![SealedField { name: field, value }],
            });
            issue(scene, &ruling, sealed);
        } else {
            ruling.state = DecisionState::Void;
            "discarded".clone_into(&mut ruling.void_reason);
        }
        scene.case.rulings[place] = ruling;
        Ok(())
    }
}

/// The event is its decider's, whoever confirmed it: appeals are decided outside the decider's line.
fn issue(scene: &mut Scene<'_>, ruling: &Ruling, sealed: Option<Sealed>) {
    // Of the determination that it rests on, whatever was determined since.
    let pinned = scene.case.liability.iter().find(|one| one.id == ruling.determination);
    let cause = pinned.map_or("unknown", |determination| determination.cause.code());
    let event = wire::RulingIssued {
        ruling_id: ruling.id.to_string(),
        remedy_ordered: !ruling.terms.is_empty(),
        terms: all_terms(&ruling.terms),
        outcome: ruling.outcome.code().to_owned(),
        cause: cause.to_owned(),
        seconded_by: ruling.seconded_by.clone(),
        appeal_until: time(ruling.appeal_until),
        sealed,
    };
    scene.out.push_as(&event, &ruling.decider);
}
