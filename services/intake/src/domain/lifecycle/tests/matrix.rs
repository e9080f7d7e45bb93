//! Every command and event in every state: nothing is possible that the table does not name.

use std::collections::{BTreeMap, BTreeSet};

use StateKind::*;

use super::samples::*;
use super::table::rows;
use crate::domain::lifecycle::*;

/// The states from which a command of intake is possible, written down once more and independently of the code.
fn possible_from(command: CommandKind) -> Vec<StateKind> {
    use CommandKind as C;
    let open = || StateKind::ALL.iter().copied().filter(|state| state.is_open());
    match command {
        C::Register | C::TakeFact => vec![],
        C::RequestCompletion | C::StartReview => vec![Received],
        C::SupplyCompletion | C::LapseCompletion => vec![AwaitingCompletion],
        C::AcceptComplaint | C::RefuseComplaint => vec![AdmissibilityReview],
        C::RequestReview => vec![NotAccepted],
        C::Withdraw | C::Merge | C::Refer | C::Transfer | C::Escalate => open().collect(),
        C::Suspend => open().filter(|state| *state != Suspended).collect(),
        C::Resume => vec![Suspended],
        C::Unmerge => vec![Merged],
        C::RecordOutcome => vec![Referred],
        C::Reopen => vec![Closed],
        C::SplitMatter | C::Assess => StateKind::ALL.to_vec(),
    }
}

#[test]
fn a_command_of_intake_is_possible_in_the_states_of_its_row_and_in_no_other() {
    let register = (Command::Register(registration()), by(Capacity::Complainant));
    for (command, act) in own_commands().into_iter().chain([register]) {
        let possible = possible_from(command.kind());
        for &from in StateKind::ALL {
            let decided = in_kind(from).decide(&command, &act, &Policy::default());
            let step = command.kind().code();
            let impossible = Refusal::Transition(InvalidTransition { from: Some(from), step });
            if possible.contains(&from) {
                assert!(decided.is_ok(), "{step} in {from}: {decided:?}");
            } else {
                assert_eq!(decided, Err(impossible), "{step} in {from}");
            }
        }
    }
}

#[test]
fn a_fact_is_taken_in_the_states_of_its_rows_and_refused_on_the_record_in_every_other() {
    let mut taken: BTreeMap<FactKind, BTreeSet<StateKind>> = BTreeMap::new();
    for (_, from, command, ..) in rows() {
        if let Command::TakeFact(fact) = command {
            taken.entry(fact.kind()).or_default().insert(from);
        }
    }
    // The refusal of a clock alone has this name; what it leads to is no fact's row.
    taken.insert(FactKind::CompletionDue, BTreeSet::new());
    // What moves only a region stands in no row of its own.
    taken.insert(FactKind::ConsultationRequested, [Investigating].into());
    let open: BTreeSet<_> = StateKind::ALL.iter().copied().filter(|state| state.is_open()).collect();
    for kind in [
        FactKind::EvidenceSubmitted,
        FactKind::TestReported,
        FactKind::ConsultationAnswered,
        FactKind::AssignmentOffered,
        FactKind::AssignmentAccepted,
        FactKind::AssignmentReturned,
    ] {
        taken.insert(kind, open.clone());
    }
    assert_eq!(taken.len(), FactKind::ALL.len());

    for fact in facts() {
        for &from in StateKind::ALL {
            let before = in_kind(from);
            let kind = fact.kind();
            let command = Command::TakeFact(fact.clone());
            let events = before.decide(&command, &by(Capacity::Service), &Policy::default()).unwrap();
            let refused = Event::FactRefused { fact: kind, state: from, reason: GuardReason::FactNotInState };
            if taken[&kind].contains(&from) {
                assert_eq!(events[0].name(), "ComplaintAdvanced", "{kind} in {from}");
            } else {
                assert_eq!(events, [refused], "{kind} in {from}");
                let after = before.clone().evolve_all(&events).unwrap();
                assert_eq!((after.state(), after.version()), (before.state(), before.version() + 1));
            }
        }
    }
}

#[test]
fn an_event_is_turned_away_by_every_state_in_which_it_cannot_have_happened() {
    for (number, from, command, capacity, ..) in rows() {
        let events = in_kind(from).decide(&command, &by(capacity), &Policy::default()).unwrap();
        let possible = match command.kind() {
            CommandKind::TakeFact => vec![from],
            kind => possible_from(kind),
        };
        for &other in StateKind::ALL {
            let applied = in_kind(other).evolve(&events[0]);
            assert_eq!(applied.is_ok(), possible.contains(&other), "T{number:02} in {other}");
        }
    }
}
