//! T02–T08: is the complaint complete, and is it for us to handle?

use jiff::Timestamp;
use redress_domain::DecidedBy;

use super::require;
use crate::domain::lifecycle::{
    Act, Capacity, Code, Command, Event, FactKind, GuardReason, Lifecycle, Policy, Refusal, RefusalNotice,
    RefusalReason, State, StateKind,
};

pub(super) fn decide(
    case: &Lifecycle,
    command: &Command,
    act: &Act,
    policy: &Policy,
) -> Result<Event, Refusal> {
    let event = match (command, &case.state) {
        (Command::RequestCompletion { missing }, State::Received) => {
            require(!missing.is_empty(), GuardReason::NothingMissing)?;
            Event::CompletionRequested { missing: missing.clone(), asked_at: act.at }
        }
        (Command::SupplyCompletion { sender_is_party, supplied }, State::AwaitingCompletion { .. }) => {
            require(*sender_is_party, GuardReason::SenderNotParty)?;
            Event::CompletionSupplied { supplied: supplied.clone() }
        }
        (Command::StartReview { assessment }, State::Received) => {
            Event::AdmissibilityReviewStarted(assessment.ok_or(GuardReason::AssessmentMissing)?)
        }
        (Command::Assess(assessment), state) => {
            let untouched = matches!(state, State::Received);
            require(untouched || act.is_human(), GuardReason::HumanRequired)?;
            Event::AssessmentApplied(*assessment)
        }
        (
            Command::AcceptComplaint { in_scope, conflict, handler, rule_may_accept },
            State::AdmissibilityReview { deciders },
        ) => {
            require(*in_scope, GuardReason::OutOfScope)?;
            require(!conflict, GuardReason::ConflictOfInterest)?;
            let handler = handler.clone().ok_or(GuardReason::HandlerMissing)?;
            may_accept(deciders, *rule_may_accept, act)?;
            Event::ComplaintAccepted { handler }
        }
        (Command::RefuseComplaint { reason, notice }, State::AdmissibilityReview { deciders }) => {
            let rule = may_refuse(*reason, notice, deciders, act)?.clone();
            let review_until = policy.window_end(act.at, policy.review_days);
            Event::ComplaintRefused {
                reason: *reason,
                rule,
                decider: act.actor.subject.clone(),
                review_until,
            }
        }
        (Command::RequestReview { reviewer }, State::NotAccepted { review_until, deciders, .. }) => {
            require(act.at <= *review_until, GuardReason::ReviewWindowOver)?;
            require(!reviewer.trim().is_empty(), GuardReason::ReviewerMissing)?;
            not_decided_before(deciders, reviewer)?;
            Event::RefusalReviewRequested { reviewer: reviewer.clone() }
        }
        _ => return Err(case.impossible(command.kind()).into()),
    };
    Ok(event)
}

/// T04: the clock of the request made at `asked_at` came due. It cannot be told an error, so a guard that does not hold
/// leaves the complaint where it stands, on the record.
pub(super) fn lapse(
    asked_at: Timestamp,
    due_at: Timestamp,
    reminded_at: Option<Timestamp>,
    act: &Act,
    policy: &Policy,
) -> Event {
    let guards = || {
        // A clock that came due before the open request was made belongs to an earlier one.
        require(asked_at < due_at && due_at <= act.at, GuardReason::CompletionNotDue)?;
        require(reminded_in_time(asked_at, due_at, reminded_at), GuardReason::ReminderNotSent)
    };
    match guards() {
        Ok(()) => Event::ComplaintLapsed { review_until: policy.window_end(act.at, policy.review_days) },
        Err(reason) => {
            Event::FactRefused { fact: FactKind::CompletionDue, state: StateKind::AwaitingCompletion, reason }
        }
    }
}

/// Whether a reminder of this request left the complainant a tenth of the time at the least: one that goes out with the
/// breach reminds of nothing.
fn reminded_in_time(asked_at: Timestamp, due_at: Timestamp, reminded_at: Option<Timestamp>) -> bool {
    reminded_at.is_some_and(|reminded_at| {
        let whole = due_at.duration_since(asked_at);
        asked_at <= reminded_at && due_at.duration_since(reminded_at) >= whole / 10
    })
}

/// A person may; a rule may where the profile lets it, but never over a person's refusal; a model never.
fn may_accept(deciders: &[String], rule_may_accept: bool, act: &Act) -> Result<(), GuardReason> {
    if act.is_human() {
        return not_decided_before(deciders, &act.actor.subject);
    }
    require(deciders.is_empty(), GuardReason::HumanRequired)?;
    let by_rule = act.decided_by == DecidedBy::Rule;
    require(by_rule && rule_may_accept, GuardReason::RuleMayNotAccept)
}

/// The rule that the refusal rests on, if the refusal may be made.
fn may_refuse<'a>(
    reason: RefusalReason,
    notice: &'a RefusalNotice,
    deciders: &[String],
    act: &Act,
) -> Result<&'a Code, GuardReason> {
    require(act.is_human(), GuardReason::HumanRequired)?;
    require(reason != RefusalReason::Incomplete, GuardReason::ReasonNotForPersons)?;
    let supervisor = act.actor.capacity == Capacity::Supervisor;
    require(supervisor || !reason.is_abuse(), GuardReason::SupervisorRequired)?;
    not_decided_before(deciders, &act.actor.subject)?;
    require(notice.facts_stated && notice.other_routes_named, GuardReason::NoticeIncomplete)?;
    notice.rule.as_ref().ok_or(GuardReason::NoticeIncomplete)
}

/// I10: whoever refused does not review.
fn not_decided_before(deciders: &[String], subject: &str) -> Result<(), GuardReason> {
    require(deciders.iter().all(|decider| decider != subject), GuardReason::ReviewerIsDecider)
}
