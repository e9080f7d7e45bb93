//! A command that a guard refuses changes nothing and says why.

use std::collections::BTreeSet;

use redress_domain::{ErrorKind, Problem};

use super::broken_guards::{admissibility, facts_with_broken_guards, lapses, registrations, whole_case};
use super::samples::*;
use crate::domain::lifecycle::*;

#[test]
fn a_broken_guard_refuses_and_says_what_would_satisfy_it() {
    for (from, command, act, reason) in admissibility().into_iter().chain(whole_case()) {
        let refusal = in_state(from).decide(&command, &act, &Policy::default()).unwrap_err();
        assert_eq!(refusal, Refusal::Guard(reason), "{command:?}");
        assert_eq!(refusal.to_string(), reason.satisfied_by());
    }
    for (registration, reason) in registrations() {
        let refusal = Lifecycle::register(&registration, &by(Capacity::Complainant)).unwrap_err();
        assert_eq!(refusal, Refusal::Guard(reason));
    }
}

#[test]
fn a_fact_whose_guard_is_broken_is_refused_on_the_record() {
    for (from, fact, act, reason) in facts_with_broken_guards() {
        let state = from.kind();
        let command = Command::TakeFact(fact.clone());
        let events = in_state(from).decide(&command, &act, &Policy::default()).unwrap();
        assert_eq!(events, [Event::FactRefused { fact: fact.kind(), state, reason }]);
    }
}

#[test]
fn a_clock_that_may_not_end_a_completion_is_refused_on_the_record_and_the_complaint_goes_on_waiting() {
    for (command, reason) in lapses() {
        let before = in_kind(StateKind::AwaitingCompletion);
        let events = before.decide(&command, &by(Capacity::Timer), &Policy::default()).unwrap();
        let refused = Event::FactRefused {
            fact: FactKind::CompletionDue,
            state: StateKind::AwaitingCompletion,
            reason,
        };
        assert_eq!(events, [refused], "{command:?}");
        assert_eq!(before.clone().evolve_all(&events).unwrap().state(), before.state());
    }
}

#[test]
fn a_ladder_lifts_a_case_to_its_level_and_never_lowers_it() {
    let to = |level: u8| Command::Escalate {
        reason: EscalationReason::ClockWarned,
        to: Some(Level::try_from(level).unwrap()),
    };
    let life = in_kind(StateKind::Investigating);
    let events = life.decide(&to(3), &by(Capacity::Timer), &Policy::default()).unwrap();
    let life = life.evolve_all(&events).unwrap();
    assert_eq!(life.regions().escalation.get().number(), 3);
    for level in [2, 3] {
        let refused = life.decide(&to(level), &by(Capacity::Timer), &Policy::default());
        assert_eq!(refused, Err(Refusal::Guard(GuardReason::HighestLevel)));
    }
}

#[test]
fn nobody_escalates_above_the_highest_level() {
    let mut life = in_kind(StateKind::Ruling);
    let escalate = Command::Escalate { reason: EscalationReason::OverTheHead, to: None };
    for level in 1..=4 {
        let events = life.decide(&escalate, &by(Capacity::Complainant), &Policy::default()).unwrap();
        life = life.evolve_all(&events).unwrap();
        assert_eq!(life.regions().escalation.get().number(), level);
        assert_eq!(life.regions().escalation.version(), u32::from(level));
    }
    let refusal = life.decide(&escalate, &by(Capacity::Complainant), &Policy::default());
    assert_eq!(refusal, Err(Refusal::Guard(GuardReason::HighestLevel)));

    let mut executing = in_kind(StateKind::Executing);
    executing.regions = life.regions.clone();
    let failed = Command::TakeFact(Fact::RemedyFailed { advance_payment: false });
    let events = executing.decide(&failed, &by(Capacity::Service), &Policy::default()).unwrap();
    assert_eq!(events.iter().map(Event::name).collect::<Vec<_>>(), ["ComplaintAdvanced"]);
}

#[test]
fn no_guard_goes_untested() {
    let tested: BTreeSet<GuardReason> = admissibility()
        .into_iter()
        .chain(whole_case())
        .map(|case| case.3)
        .chain(facts_with_broken_guards().into_iter().map(|case| case.3))
        .chain(registrations().map(|case| case.1))
        .chain(lapses().into_iter().map(|case| case.1))
        .chain([GuardReason::HighestLevel])
        .collect();
    assert_eq!(tested, GuardReason::ALL.iter().copied().collect());
}

#[test]
fn each_command_is_refused_to_every_capacity_outside_its_column() {
    for (command, _) in own_commands() {
        for &capacity in Capacity::ALL {
            let entitled = command.kind().capacities().contains(&capacity);
            for &from in StateKind::ALL {
                let decided = in_kind(from).decide(&command, &by(capacity), &Policy::default());
                let refused = decided == Err(Refusal::Guard(GuardReason::ActorNotEntitled));
                assert_eq!(refused, !entitled, "{:?} by {capacity} in {from}", command.kind());
            }
        }
    }
}

#[test]
fn a_refusal_becomes_a_problem_with_the_same_code() {
    let transition = InvalidTransition { from: Some(StateKind::Withdrawn), step: "merge" };
    let problem = Problem::from(Refusal::from(transition));
    assert_eq!((problem.kind, problem.reason), (ErrorKind::FailedPrecondition, "INVALID_TRANSITION"));
    assert_eq!(problem.message, "`merge` is not possible in state `withdrawn`");
    assert_eq!(problem.metadata, [("state", "withdrawn".to_owned())]);
    for &reason in GuardReason::ALL {
        let problem = Problem::from(Refusal::from(reason));
        assert_eq!((problem.reason, &*problem.message), (reason.code(), reason.satisfied_by()));
        let not_entitled = reason == GuardReason::ActorNotEntitled;
        assert_eq!(problem.kind == ErrorKind::PermissionDenied, not_entitled);
    }
}
