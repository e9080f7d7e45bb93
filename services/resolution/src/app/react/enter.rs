//! The case has come to another state: what may start only now starts, what has no place there ends.

use jiff::Timestamp;
use redress_domain::whole_microseconds;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::end_proposals;
use crate::app::out::Out;
use crate::app::remedy::{Order, Orders, Undoing};
use crate::domain::appeal::{AppealNext, AppealOutcome, AppealState};
use crate::domain::case::Case;
use crate::domain::offer::OfferAction;
use crate::domain::proposal::{ProposalKind, ProposalState};
use crate::domain::ruling::Outcome;
use crate::domain::settlement::DecisionState;
use crate::domain::state::State;
use crate::domain::terms::RemedyTerms;
use crate::error::Error;

/// A move of the lifecycle.
pub(super) struct Moved<'a> {
    pub(super) to: State,
    pub(super) fact: &'a str,
    pub(super) at: Timestamp,
}

/// A decision that comes into effect.
struct Decision {
    source: Uuid,
    by: String,
    terms: Vec<RemedyTerms>,
}

impl Moved<'_> {
    /// Whether what is done on this fact looks at the remedies of its case.
    pub(super) fn orders(fact: &str) -> bool {
        matches!(fact, "SettlementReached" | "RulingIssued" | "AppealDecided")
    }

    pub(super) async fn enter(
        &self,
        conn: &mut PgConnection,
        case: &mut Case,
        orders: &mut Orders,
        out: &mut Out,
    ) -> Result<(), Error> {
        let from = std::mem::replace(&mut case.state, self.to);
        match self.fact {
            "SettlementReached" => self.settled(conn, case, orders, out).await?,
            "RulingIssued" => self.ruled(conn, case, orders, out).await?,
            "AppealDecided" => self.appeal_decided(conn, case, orders, out).await?,
            "AppealFiled" | "ResultRejected" => under_review(case),
            "RemedyFailed" if self.to == State::Ruling => case.course.ruling_on_failure = true,
            "InvestigationConcluded" => case.course.conclusions_taken += 1,
            _ => {}
        }
        if from != self.to {
            self.arrived(case, out);
        }
        Ok(())
    }

    fn arrived(&self, case: &mut Case, out: &mut Out) {
        let revoked = (ProposalState::Revoked, OfferAction::Revoked);
        if self.to.ends_offers() {
            end_proposals(case, out, self.at, revoked, |_| true);
        }
        if !matches!(self.to, State::Ruling | State::Suspended | State::Referred | State::Merged) {
            case.course.ruling_on_failure = false;
        }
        if self.to == State::Investigating {
            // The platform has been asked in: what the parties had on the table is off it.
            end_proposals(case, out, self.at, revoked, |p| p.kind == ProposalKind::Negotiation);
        }
        // A result is new where a fact led to it; a case that is resumed goes on with the one it has.
        if self.to == State::ResultNotified && !self.fact.is_empty() {
            let course = &mut case.course;
            course.decided_at = Some(whole_microseconds(self.at));
            course.notice_delivered = false;
            course.report_issued = false;
            course.window_over = false;
            course.result_answered = false;
        }
        if matches!(self.to, State::Withdrawn | State::Merged | State::Referred | State::NotAccepted) {
            void_pending(case, self.to.code());
        }
    }

    async fn settled(
        &self,
        conn: &mut PgConnection,
        case: &mut Case,
        orders: &mut Orders,
        out: &mut Out,
    ) -> Result<(), Error> {
        let Some(place) = case.settlements.iter().position(|one| one.state == DecisionState::Pending) else {
            return Ok(());
        };
        replace_effective(case);
        let settlement = &mut case.settlements[place];
        settlement.state = DecisionState::Effective;
        let (source, terms) = (settlement.id, settlement.terms.clone());
        case.course.outcome = Some(Outcome::SettledNoFinding);
        let decision = Decision { source, by: crate::SOURCE.to_owned(), terms };
        self.undo(conn, case, (orders, out), &decision).await?;
        self.order(conn, case, (orders, out), decision).await
    }

    async fn ruled(
        &self,
        conn: &mut PgConnection,
        case: &mut Case,
        orders: &mut Orders,
        out: &mut Out,
    ) -> Result<(), Error> {
        let Some(place) = case.rulings.iter().position(|one| one.state == DecisionState::Pending) else {
            return Ok(());
        };
        replace_effective(case);
        let ruling = &mut case.rulings[place];
        ruling.state = DecisionState::Effective;
        let decision =
            Decision { source: ruling.id, by: ruling.decider.clone(), terms: ruling.terms.clone() };
        let outcome = ruling.outcome;
        case.course.outcome = Some(outcome);
        self.undo(conn, case, (orders, out), &decision).await?;
        self.order(conn, case, (orders, out), decision).await
    }

    /// A decision takes the place of the one before with all that it ordered: nobody is paid for the same twice.
    async fn undo(
        &self,
        conn: &mut PgConnection,
        case: &mut Case,
        (orders, out): (&mut Orders, &mut Out),
        decision: &Decision,
    ) -> Result<(), Error> {
        let on_failure = std::mem::take(&mut case.course.ruling_on_failure);
        let undoing = if on_failure { Undoing::Failure } else { Undoing::Replaced };
        let order = order(case, decision.source, &decision.by, self.at);
        orders.undo(conn, &order, undoing, out).await
    }

    /// A decision that was varied or revoked is undone before another is carried out in its place.
    async fn appeal_decided(
        &self,
        conn: &mut PgConnection,
        case: &mut Case,
        orders: &mut Orders,
        out: &mut Out,
    ) -> Result<(), Error> {
        let Some(appeal) = case.appeals.iter().rev().find(|one| one.state == AppealState::Decided) else {
            return Ok(());
        };
        let decision =
            Decision { source: appeal.id, by: appeal.reviewer.clone(), terms: appeal.terms.clone() };
        let (outcome, next) = (appeal.outcome, appeal.next);
        case.course.outcome = appeal.case_outcome.or(case.course.outcome);
        if matches!(outcome, Some(AppealOutcome::Vary | AppealOutcome::Revoke)) {
            replace_effective(case);
            let order = order(case, decision.source, &decision.by, self.at);
            orders.undo(conn, &order, Undoing::Appeal, out).await?;
        }
        if next == Some(AppealNext::Execute) && !decision.terms.is_empty() {
            self.order(conn, case, (orders, out), decision).await?;
        }
        Ok(())
    }

    async fn order(
        &self,
        conn: &mut PgConnection,
        case: &mut Case,
        (orders, out): (&mut Orders, &mut Out),
        decision: Decision,
    ) -> Result<(), Error> {
        case.course.decided_at = Some(whole_microseconds(self.at));
        if self.to != State::Executing || decision.terms.is_empty() {
            return Ok(());
        }
        let order = order(case, decision.source, &decision.by, self.at);
        orders.order(conn, &order, &decision.terms, out).await
    }
}

fn order<'a>(case: &'a Case, source_id: Uuid, ordered_by: &'a str, at: Timestamp) -> Order<'a> {
    Order {
        tenant: &case.tenant,
        complaint: case.id,
        order_no: &case.facts.order_no,
        source_id,
        ordered_by,
        now: whole_microseconds(at),
    }
}

/// An earlier decision makes room for the one that comes into effect.
fn replace_effective(case: &mut Case) {
    let states = case
        .settlements
        .iter_mut()
        .map(|one| &mut one.state)
        .chain(case.rulings.iter_mut().map(|one| &mut one.state));
    for state in states.filter(|state| **state == DecisionState::Effective) {
        *state = DecisionState::Replaced;
    }
}

fn under_review(case: &mut Case) {
    for appeal in case.appeals.iter_mut().filter(|appeal| appeal.state == AppealState::Filed) {
        appeal.state = AppealState::UnderReview;
    }
}

/// The case ended before the lifecycle heard of a decision: it will refuse it, and it is void already.
fn void_pending(case: &mut Case, reason: &str) {
    let pending = |state| matches!(state, DecisionState::Pending | DecisionState::AwaitingSecond);
    for settlement in case.settlements.iter_mut().filter(|one| pending(one.state)) {
        settlement.state = DecisionState::Void;
        reason.clone_into(&mut settlement.void_reason);
    }
    for ruling in case.rulings.iter_mut().filter(|one| pending(one.state)) {
        ruling.state = DecisionState::Void;
        reason.clone_into(&mut ruling.void_reason);
    }
    for appeal in case.appeals.iter_mut().filter(|one| one.state.is_open()) {
        appeal.state = AppealState::Void;
        reason.clone_into(&mut appeal.void_reason);
    }
}
