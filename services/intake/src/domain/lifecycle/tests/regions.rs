use super::samples::*;
use crate::domain::lifecycle::*;

fn take(life: Lifecycle, fact: Fact) -> Lifecycle {
    let events = life.decide(&Command::TakeFact(fact), &by(Capacity::Service), &Policy::default()).unwrap();
    assert_eq!(events[0].name(), "ComplaintAdvanced");
    life.evolve_all(&events).unwrap()
}

fn tell(life: Lifecycle, kind: CommandKind) -> Lifecycle {
    let (command, act) = own_commands().into_iter().find(|(command, _)| command.kind() == kind).unwrap();
    let events = life.decide(&command, &act, &Policy::default()).unwrap();
    life.evolve_all(&events).unwrap()
}

fn awaited(life: &Lifecycle) -> Vec<Awaited> {
    life.regions().waiting_on.get().parties().collect()
}

#[test]
fn two_requests_to_one_party_need_two_answers() {
    let party = Awaited::Respondent;
    let mut life = in_kind(StateKind::Investigating);
    for (fact, waits) in [
        (Fact::EvidenceRequested { party }, true),
        (Fact::EvidenceRequested { party }, true),
        (Fact::EvidenceSubmitted { party }, true),
        (Fact::EvidenceRequestLapsed { party }, false),
    ] {
        life = take(life, fact);
        assert_eq!(life.regions().waiting_on.get().contains(party), waits);
    }
    assert_eq!(life.regions().waiting_on.version(), 4);
    let life = take(life, Fact::EvidenceSubmitted { party });
    assert_eq!(life.regions().waiting_on.version(), 4, "an answer to nothing is no change");
}

#[test]
fn a_test_and_a_consultation_are_waited_for_until_they_are_answered() {
    let life = take(in_kind(StateKind::Investigating), Fact::TestOrdered);
    let life = take(life, Fact::ConsultationRequested);
    assert_eq!(awaited(&life), [Awaited::Lab, Awaited::Internal]);
    let life = take(life, Fact::TestReported);
    assert_eq!(awaited(&life), [Awaited::Internal]);
    let life = take(life, Fact::ConsultationAnswered);
    assert_eq!(awaited(&life), []);
}

#[test]
fn a_completion_and_a_referral_name_whom_the_case_waits_for() {
    let life = tell(in_kind(StateKind::Received), CommandKind::RequestCompletion);
    assert_eq!(awaited(&life), [Awaited::Complainant]);
    let life = tell(life, CommandKind::SupplyCompletion);
    assert_eq!(awaited(&life), []);
    let life = tell(life, CommandKind::Refer);
    assert_eq!(awaited(&life), [Awaited::Authority]);
    let life = tell(life, CommandKind::RecordOutcome);
    assert_eq!(awaited(&life), []);

    let terminated =
        Fact::MediationTerminated { reason: TerminationReason::Other, referred_to: Some(code("court")) };
    assert_eq!(awaited(&take(in_kind(StateKind::Mediating), terminated)), [Awaited::Authority]);
}

#[test]
fn a_concluded_investigation_and_every_end_but_a_merge_wait_for_nobody() {
    let waiting = || {
        let party = Awaited::Carrier;
        take(in_kind(StateKind::Investigating), Fact::EvidenceRequested { party })
    };
    assert_eq!(awaited(&take(waiting(), Fact::InvestigationConcluded)), []);
    assert_eq!(awaited(&tell(waiting(), CommandKind::Withdraw)), []);
    let mut asked = in_kind(StateKind::AwaitingCompletion);
    asked.regions = waiting().regions;
    assert_eq!(awaited(&tell(asked, CommandKind::LapseCompletion)), []);

    let merged = tell(waiting(), CommandKind::Merge);
    let back = tell(merged, CommandKind::Unmerge);
    assert_eq!((awaited(&back), back.state()), (vec![Awaited::Carrier], &State::Investigating));

    let mut notified = in_kind(StateKind::ResultNotified);
    notified.regions = waiting().regions;
    assert_eq!(awaited(&take(notified, Fact::ResultAccepted { closing: Some(closing()) })), []);
}

#[test]
fn an_assignment_moves_in_any_open_state_and_leaves_the_state_alone() {
    let offered = |to: &str| Assignment::Offered { to: to.into() };
    let mut life = in_kind(StateKind::Suspended);
    for (fact, assignment) in [
        (Fact::AssignmentOffered { to: "H-0042".into() }, offered("H-0042")),
        (Fact::AssignmentAccepted { by: "H-0042".into() }, Assignment::Accepted { by: "H-0042".into() }),
        (Fact::AssignmentReturned, Assignment::Unassigned),
    ] {
        life = take(life, fact);
        assert_eq!(life.regions().assignment.get(), &assignment);
    }
    assert_eq!((life.state().kind(), life.version()), (StateKind::Suspended, 10));
    assert_eq!(life.regions().assignment.version(), 3);
}
