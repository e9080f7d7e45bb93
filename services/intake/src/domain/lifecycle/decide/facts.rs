//! T09–T29: what other services report, and where it leads.

use super::{closed, entitled, outcome, require};
use crate::domain::lifecycle::{
    Act, AfterAppeal, Closing, CommandKind, EscalationReason, Event, Fact, GuardReason, Lifecycle, Policy,
    State,
};

/// What follows from a fact: the case moves, or the fact is refused on the record.
pub(super) fn take(case: &Lifecycle, fact: &Fact, act: &Act, policy: &Policy) -> Vec<Event> {
    let from = case.state.kind();
    let to = entitled(CommandKind::TakeFact, act.actor.capacity)
        .and_then(|()| before_decision(&case.state, fact, act))
        .and_then(|to| to.map_or_else(|| since_decision(&case.state, fact, act, policy), Ok));
    match to {
        Ok(to) => {
            let companion = companion(case, fact, &to);
            let advanced = Event::ComplaintAdvanced { from, to, fact: fact.clone() };
            std::iter::once(advanced).chain(companion).collect()
        }
        Err(reason) => vec![Event::FactRefused { fact: fact.kind(), state: from, reason }],
    }
}

/// The rows up to the end of mediation; `None` where the fact belongs to a later row or none.
fn before_decision(state: &State, fact: &Fact, act: &Act) -> Result<Option<State>, GuardReason> {
    let subject = &act.actor.subject;
    let to = match (state, fact) {
        (State::Accepted { .. }, Fact::NegotiationOpened) => State::DirectNegotiation,
        (State::DirectNegotiation | State::Mediating, Fact::SettlementReached) => {
            State::Executing { decider: None }
        }
        (State::DirectNegotiation, Fact::PlatformInterventionRequested)
        | (State::Accepted { .. }, Fact::InvestigationOpened)
        | (
            // A round that follows T11, T18, T26 or T29 begins where the case has come to already.
            State::Investigating,
            Fact::InvestigationOpened
            | Fact::EvidenceRequested { .. }
            | Fact::EvidenceRequestLapsed { .. }
            | Fact::TestOrdered
            | Fact::ConsultationRequested,
        )
        | (State::PlanReview { .. }, Fact::PlanReturned) => State::Investigating,
        (State::Investigating, Fact::InvestigationConcluded)
        | (State::Mediating, Fact::ProposalRevised { within_bounds: false }) => {
            State::PlanReview { author: subject.clone() }
        }
        (State::PlanReview { author }, Fact::PlanApproved { mediation_refused }) => {
            require(author != subject, GuardReason::ReviewerIsAuthor)?;
            if *mediation_refused { State::Ruling } else { State::Mediating }
        }
        (State::Mediating, Fact::ProposalRevised { within_bounds: true }) => State::Mediating,
        (State::Mediating, Fact::MediationTerminated { referred_to, .. }) => match referred_to {
            Some(body) => State::Referred { body: body.clone() },
            None => State::Ruling,
        },
        _ => return Ok(None),
    };
    Ok(Some(to))
}

/// The rows from the ruling on, and the facts that move only a region.
fn since_decision(state: &State, fact: &Fact, act: &Act, policy: &Policy) -> Result<State, GuardReason> {
    let notified = |decider: Option<String>| State::ResultNotified {
        objection_until: policy.window_end(act.at, policy.objection_days),
        decider,
    };
    let to = match (state, fact) {
        (State::Ruling, Fact::RulingIssued { remedy_ordered }) => {
            let decider = Some(act.actor.subject.clone());
            if *remedy_ordered { State::Executing { decider } } else { notified(decider) }
        }
        (State::Executing { decider }, Fact::RemedyExecuted { all: true }) => notified(decider.clone()),
        (State::Executing { .. }, Fact::RemedyExecuted { all: false }) => state.clone(),
        (State::Executing { .. }, Fact::RemedyFailed { advance_payment }) => {
            if *advance_payment {
                State::Ruling
            } else {
                state.clone()
            }
        }
        (State::ResultNotified { decider, .. }, Fact::ResultAccepted { closing }) => {
            closed_state(closing.as_ref(), decider.clone(), act)?
        }
        (State::ResultNotified { .. }, Fact::ResultRejected { appeal: false }) => State::Investigating,
        (
            State::ResultNotified { objection_until, decider },
            Fact::ObjectionWindowEnded { notice_delivered, report_issued, closing },
        ) => {
            require(act.at >= *objection_until, GuardReason::ObjectionWindowOpen)?;
            require(*notice_delivered, GuardReason::NoticeNotDelivered)?;
            require(*report_issued, GuardReason::ReportMissing)?;
            closed_state(closing.as_ref(), decider.clone(), act)?
        }
        (
            State::ResultNotified { decider, .. },
            Fact::ResultRejected { appeal: true } | Fact::AppealFiled,
        )
        | (State::Executing { decider } | State::Closed { decider, .. }, Fact::AppealFiled) => {
            State::UnderAppeal { decider: decider.clone() }
        }
        (State::UnderAppeal { decider }, Fact::AppealDecided(after)) => {
            after_appeal(decider.as_deref(), after, act)?
        }
        (
            _,
            Fact::EvidenceSubmitted { .. }
            | Fact::TestReported
            | Fact::ConsultationAnswered
            | Fact::AssignmentOffered { .. }
            | Fact::AssignmentAccepted { .. }
            | Fact::AssignmentReturned,
        ) if state.kind().is_open() => state.clone(),
        _ => return Err(GuardReason::FactNotInState),
    };
    Ok(to)
}

/// T29: a person decides, and not the one whose decision it is (L25, I10).
fn after_appeal(decider: Option<&str>, after: &AfterAppeal, act: &Act) -> Result<State, GuardReason> {
    let reviewer = &act.actor.subject;
    require(act.is_human(), GuardReason::HumanRequired)?;
    require(decider != Some(reviewer), GuardReason::ReviewerIsDecider)?;
    match after {
        AfterAppeal::Execute => Ok(State::Executing { decider: Some(reviewer.clone()) }),
        AfterAppeal::Investigate => Ok(State::Investigating),
        AfterAppeal::Close { closing } => closed_state(closing.as_ref(), Some(reviewer.clone()), act),
    }
}

fn closed_state(closing: Option<&Closing>, decider: Option<String>, act: &Act) -> Result<State, GuardReason> {
    let closing = outcome(closing)?;
    Ok(State::Closed { outcome: closing.outcome, cause: closing.cause.clone(), closed_at: act.at, decider })
}

/// The second event of a fact that does more than move the case.
fn companion(case: &Lifecycle, fact: &Fact, to: &State) -> Option<Event> {
    match (fact, to) {
        (_, State::Closed { outcome, cause, .. }) => {
            Some(closed(&Closing { outcome: *outcome, cause: cause.clone() }))
        }
        (Fact::RemedyFailed { advance_payment: false }, _) => {
            let level = case.regions.escalation.get().next()?;
            Some(Event::ComplaintEscalated { level, reason: EscalationReason::RemedyFailed })
        }
        _ => None,
    }
}
