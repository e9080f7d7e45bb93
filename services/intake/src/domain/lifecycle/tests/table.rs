//! The transition table, row by row.

use std::collections::{BTreeMap, BTreeSet};

use StateKind::*;

use super::samples::*;
use crate::domain::lifecycle::*;

fn fact(fact: Fact) -> Command {
    Command::TakeFact(fact)
}

fn own(kind: CommandKind) -> Command {
    own_commands().into_iter().map(|(command, _)| command).find(|command| command.kind() == kind).unwrap()
}

/// Number, state before, command, in which capacity, names of the events, state after.
pub(super) type Row = (u8, StateKind, Command, Capacity, &'static [&'static str], StateKind);

pub(super) fn rows() -> Vec<Row> {
    use Capacity::*;
    use CommandKind as C;
    const MOVED: &[&str] = &["ComplaintAdvanced"];
    const ENDED: &[&str] = &["ComplaintAdvanced", "ComplaintClosed"];
    let terminated =
        |referred_to| Fact::MediationTerminated { reason: TerminationReason::NoAgreement, referred_to };
    let over = Command::RecordOutcome(ReferralResult::Over { closing: Some(closing()) });
    let decided = |after| fact(Fact::AppealDecided(after));
    vec![
        (2, Received, own(C::RequestCompletion), Machine, &["CompletionRequested"], AwaitingCompletion),
        (3, AwaitingCompletion, own(C::SupplyCompletion), Complainant, &["CompletionSupplied"], Received),
        (4, AwaitingCompletion, own(C::LapseCompletion), Timer, &["ComplaintLapsed"], NotAccepted),
        (5, Received, own(C::StartReview), Machine, &["AdmissibilityReviewStarted"], AdmissibilityReview),
        (6, AdmissibilityReview, own(C::AcceptComplaint), Machine, &["ComplaintAccepted"], Accepted),
        (6, AdmissibilityReview, own(C::AcceptComplaint), IntakeOfficer, &["ComplaintAccepted"], Accepted),
        (7, AdmissibilityReview, own(C::RefuseComplaint), IntakeOfficer, &["ComplaintRefused"], NotAccepted),
        (
            7,
            AdmissibilityReview,
            refuse(RefusalReason::AbuseOrSpam),
            Supervisor,
            &["ComplaintRefused"],
            NotAccepted,
        ),
        (
            8,
            NotAccepted,
            own(C::RequestReview),
            Complainant,
            &["RefusalReviewRequested"],
            AdmissibilityReview,
        ),
        (9, Accepted, fact(Fact::NegotiationOpened), Service, MOVED, DirectNegotiation),
        (10, DirectNegotiation, fact(Fact::SettlementReached), Service, MOVED, Executing),
        (11, DirectNegotiation, fact(Fact::PlatformInterventionRequested), Timer, MOVED, Investigating),
        (12, Accepted, fact(Fact::InvestigationOpened), Service, MOVED, Investigating),
        // Another round, or the first after an intervention (T11): the case is there already.
        (12, Investigating, fact(Fact::InvestigationOpened), Service, MOVED, Investigating),
        (
            13,
            Investigating,
            fact(Fact::EvidenceRequested { party: Awaited::Respondent }),
            Service,
            MOVED,
            Investigating,
        ),
        (
            14,
            Investigating,
            fact(Fact::EvidenceRequestLapsed { party: Awaited::Respondent }),
            Timer,
            MOVED,
            Investigating,
        ),
        (15, Investigating, fact(Fact::TestOrdered), Service, MOVED, Investigating),
        (16, Investigating, fact(Fact::InvestigationConcluded), Service, MOVED, PlanReview),
        (17, PlanReview, fact(Fact::PlanApproved { mediation_refused: false }), Service, MOVED, Mediating),
        (17, PlanReview, fact(Fact::PlanApproved { mediation_refused: true }), Service, MOVED, Ruling),
        (18, PlanReview, fact(Fact::PlanReturned), Service, MOVED, Investigating),
        (19, Mediating, fact(Fact::ProposalRevised { within_bounds: true }), Service, MOVED, Mediating),
        (19, Mediating, fact(Fact::ProposalRevised { within_bounds: false }), Service, MOVED, PlanReview),
        (20, Mediating, fact(Fact::SettlementReached), Service, MOVED, Executing),
        (21, Mediating, fact(terminated(None)), Timer, MOVED, Ruling),
        (21, Mediating, fact(terminated(Some(code("court")))), Service, MOVED, Referred),
        (22, Ruling, fact(Fact::RulingIssued { remedy_ordered: true }), Service, MOVED, Executing),
        (22, Ruling, fact(Fact::RulingIssued { remedy_ordered: false }), Service, MOVED, ResultNotified),
        (23, Executing, fact(Fact::RemedyExecuted { all: true }), Service, MOVED, ResultNotified),
        (23, Executing, fact(Fact::RemedyExecuted { all: false }), Service, MOVED, Executing),
        (
            24,
            Executing,
            fact(Fact::RemedyFailed { advance_payment: false }),
            Service,
            &["ComplaintAdvanced", "ComplaintEscalated"],
            Executing,
        ),
        (24, Executing, fact(Fact::RemedyFailed { advance_payment: true }), Service, MOVED, Ruling),
        (25, ResultNotified, fact(Fact::ResultAccepted { closing: Some(closing()) }), Service, ENDED, Closed),
        (26, ResultNotified, fact(Fact::ResultRejected { appeal: false }), Service, MOVED, Investigating),
        (26, ResultNotified, fact(Fact::ResultRejected { appeal: true }), Service, MOVED, UnderAppeal),
        (27, ResultNotified, fact(silence(true, true, Some(closing()))), Timer, ENDED, Closed),
        (28, Executing, fact(Fact::AppealFiled), Service, MOVED, UnderAppeal),
        (28, ResultNotified, fact(Fact::AppealFiled), Service, MOVED, UnderAppeal),
        (28, Closed, fact(Fact::AppealFiled), Service, MOVED, UnderAppeal),
        (29, UnderAppeal, decided(AfterAppeal::Execute), Service, MOVED, Executing),
        (29, UnderAppeal, decided(AfterAppeal::Investigate), Service, MOVED, Investigating),
        (29, UnderAppeal, decided(AfterAppeal::Close { closing: Some(closing()) }), Service, ENDED, Closed),
        (30, Investigating, own(C::Withdraw), Complainant, &["ComplaintWithdrawn"], Withdrawn),
        (31, Accepted, own(C::Merge), Handler, &["ComplaintMerged"], Merged),
        (32, Merged, own(C::Unmerge), Supervisor, &["ComplaintUnmerged"], Accepted),
        (33, Mediating, own(C::Refer), Legal, &["ComplaintReferred"], Referred),
        (34, Referred, own(C::RecordOutcome), Handler, &["ReferralConcluded"], Executing),
        (34, Referred, over, Handler, &["ReferralConcluded", "ComplaintClosed"], Closed),
        (35, Mediating, own(C::Suspend), Supervisor, &["CaseSuspended"], Suspended),
        (35, Suspended, own(C::Resume), Supervisor, &["CaseResumed"], Mediating),
        (36, Closed, own(C::Reopen), Supervisor, &["ComplaintReopened"], Investigating),
        (37, Accepted, own(C::Transfer), Handler, &["ComplaintTransferred"], Accepted),
        (38, Ruling, own(C::Escalate), Complainant, &["ComplaintEscalated"], Ruling),
        (38, Ruling, own(C::Escalate), Timer, &["ComplaintEscalated"], Ruling),
        (39, Closed, own(C::SplitMatter), Investigator, &["MatterSplit"], Closed),
    ]
}

#[test]
fn t01_a_registered_complaint_begins_as_received_with_version_1() {
    for capacity in [Capacity::Complainant, Capacity::Agent, Capacity::Adapter] {
        let event = Lifecycle::register(&registration(), &by(capacity)).unwrap();
        assert_eq!(event.name(), "ComplaintRegistered");
        let life = Lifecycle::begin(&event).unwrap();
        assert_eq!((life.complaint(), life.state(), life.version()), (id(1), &State::Received, 1));
    }
}

#[test]
fn each_row_of_the_table_leads_where_it_says() {
    for (number, from, command, capacity, names, to) in rows() {
        let before = in_kind(from);
        let events = before.decide(&command, &by(capacity), &Policy::default());
        let events = events.unwrap_or_else(|refusal| panic!("T{number:02} was refused: {refusal}"));
        assert_eq!(events.iter().map(Event::name).collect::<Vec<_>>(), names, "T{number:02}");
        let after = before.evolve_all(&events).unwrap();
        assert_eq!(after.state().kind(), to, "T{number:02} from {from}");
    }
}

#[test]
fn the_rows_cover_t01_to_t39_without_a_gap() {
    let numbers: BTreeSet<u8> = rows().iter().map(|row| row.0).chain([1]).collect();
    assert_eq!(numbers, (1..=39).collect());
}

#[test]
fn four_states_end_a_case() {
    let ends: Vec<_> = StateKind::ALL.iter().copied().filter(|state| state.is_terminal()).collect();
    assert_eq!(ends, [NotAccepted, Closed, Withdrawn, Merged]);
}

#[test]
fn every_state_can_be_reached_from_registration() {
    let registered = Lifecycle::register(&registration(), &by(Capacity::Complainant)).unwrap();
    let mut reached = BTreeMap::new();
    let mut open = vec![Lifecycle::begin(&registered).unwrap()];
    while let Some(life) = open.pop() {
        if reached.contains_key(&life.state().kind()) {
            continue;
        }
        // Eight days a step: longer than an objection may take, shorter than the other windows.
        for (command, act) in satisfied(&life, 8 * i64::from(life.version())) {
            if let Ok(events) = life.decide(&command, &act, &Policy::default()) {
                open.push(life.clone().evolve_all(&events).unwrap());
            }
        }
        reached.insert(life.state().kind(), life);
    }
    assert_eq!(reached.into_keys().collect::<Vec<_>>(), StateKind::ALL);
}

#[test]
fn a_review_or_a_resumption_goes_on_with_what_was_known_before() {
    let suspended = in_kind(Suspended);
    let resume = own(CommandKind::Resume);
    let events = suspended.decide(&resume, &by(Capacity::Legal), &Policy::default()).unwrap();
    assert_eq!(suspended.evolve_all(&events).unwrap().state(), &State::Mediating);

    let refused = in_kind(NotAccepted);
    let events = refused
        .decide(&own(CommandKind::RequestReview), &by(Capacity::Complainant), &Policy::default())
        .unwrap();
    let review = refused.evolve_all(&events).unwrap();
    assert_eq!(review.state(), &State::AdmissibilityReview { deciders: vec!["officer-900".into()] });
    let events = review
        .decide(&refuse(RefusalReason::NoDispute), &by(Capacity::IntakeOfficer), &Policy::default())
        .unwrap();
    let State::NotAccepted { deciders, .. } = review.evolve_all(&events).unwrap().state else {
        panic!("refused again")
    };
    assert_eq!(deciders, ["officer-900", "intake_officer-001"]);
}
