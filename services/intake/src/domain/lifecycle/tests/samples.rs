//! One of everything: states, commands that satisfy their guards, facts. All names are invented.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use redress_domain::{Category, ComplaintId, DecidedBy, Matter, Severity};
use uuid::Uuid;

use crate::domain::lifecycle::*;

/// 2026-11-25, ten in the morning in Shanghai.
pub(super) fn now() -> Timestamp {
    "2026-11-25T02:00:00Z".parse().unwrap()
}

pub(super) fn in_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

pub(super) fn id(number: u128) -> ComplaintId {
    ComplaintId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// Someone in `capacity`, deciding as such do.
pub(super) fn by(capacity: Capacity) -> Act {
    let decided_by = match capacity {
        Capacity::Machine | Capacity::Timer | Capacity::Adapter => DecidedBy::Rule,
        _ => DecidedBy::Human,
    };
    Act { at: now(), actor: Actor { subject: format!("{capacity}-001"), capacity }, decided_by }
}

pub(super) fn in_state(state: State) -> Lifecycle {
    Lifecycle { complaint: id(1), state, version: 7, regions: Regions::default() }
}

pub(super) fn in_kind(kind: StateKind) -> Lifecycle {
    in_state(state(kind))
}

pub(super) fn state(kind: StateKind) -> State {
    let decider = || Some("adjudicator-900".to_owned());
    match kind {
        StateKind::Received => State::Received,
        StateKind::AwaitingCompletion => {
            State::AwaitingCompletion { missing: vec!["order.orderNo".into()], asked_at: in_days(-2) }
        }
        StateKind::AdmissibilityReview => State::AdmissibilityReview { deciders: vec![] },
        StateKind::NotAccepted => State::NotAccepted {
            reason: RefusalReason::NoDispute,
            review_until: in_days(10),
            deciders: vec!["officer-900".into()],
        },
        StateKind::Accepted => State::Accepted { handler: "H-0042".into() },
        StateKind::DirectNegotiation => State::DirectNegotiation,
        StateKind::Investigating => State::Investigating,
        StateKind::PlanReview => State::PlanReview { author: "investigator-900".into() },
        StateKind::Mediating => State::Mediating,
        StateKind::Ruling => State::Ruling,
        StateKind::Executing => State::Executing { decider: decider() },
        StateKind::ResultNotified => State::ResultNotified { objection_until: now(), decider: decider() },
        StateKind::UnderAppeal => State::UnderAppeal { decider: decider() },
        StateKind::Closed => State::Closed {
            outcome: Outcome::Upheld,
            cause: code("live_wording"),
            closed_at: in_days(-1),
            decider: decider(),
        },
        StateKind::Withdrawn => State::Withdrawn,
        StateKind::Merged => State::Merged {
            into: id(2),
            unmerge_until: in_days(10),
            former: Box::new(state(StateKind::Accepted)),
        },
        StateKind::Referred => State::Referred { body: code("consumer_association") },
        StateKind::Suspended => State::Suspended {
            reason: SuspensionReason::Court,
            review_on: date(2026, 12, 24),
            former: Box::new(State::Mediating),
        },
    }
}

pub(super) fn closing() -> Closing {
    Closing { outcome: Outcome::PartlyUpheld, cause: code("packaging") }
}

pub(super) fn registration() -> Registration {
    Registration { complaint: id(1), tenant_active: true, key_seen: false }
}

pub(super) fn accept() -> Command {
    Command::AcceptComplaint {
        in_scope: true,
        conflict: false,
        handler: Some("H-0042".into()),
        rule_may_accept: true,
    }
}

pub(super) fn refuse(reason: RefusalReason) -> Command {
    let rule = Some(code("rule-12@2026-04-15"));
    Command::RefuseComplaint {
        reason,
        notice: RefusalNotice { rule, facts_stated: true, other_routes_named: true },
    }
}

pub(super) fn assessment() -> Assessment {
    Assessment { id: Uuid::from_u128(77), category: Category::Cq07, severity: Severity::Major, urgent: false }
}

pub(super) fn target() -> MergeTarget {
    MergeTarget { complaint: id(2), open: true, basis: MergeBasis::SameComplainant, labels_compatible: true }
}

pub(super) fn split() -> Command {
    Command::SplitMatter {
        child: id(3),
        matter: Matter::Report,
        label: Some(code("reporter_only")),
        own_clocks: true,
    }
}

pub(super) fn suspend(second: &str) -> Command {
    Command::Suspend { reason: SuspensionReason::Police, second: second.into(), review_on: date(2027, 3, 1) }
}

/// Every command of intake itself but T01, with its guards satisfied, and by whom.
pub(super) fn own_commands() -> Vec<(Command, Act)> {
    let command = |command: Command| {
        let first = command.kind().capacities()[0];
        (command, by(first))
    };
    vec![
        command(Command::RequestCompletion { missing: vec!["order.orderNo".into()] }),
        command(Command::SupplyCompletion { sender_is_party: true, supplied: vec!["order.orderNo".into()] }),
        command(Command::LapseCompletion { due_at: now(), reminded_at: Some(in_days(-1)) }),
        command(Command::StartReview { assessment: Some(assessment()) }),
        command(Command::Assess(assessment())),
        command(accept()),
        command(refuse(RefusalReason::NoDispute)),
        command(Command::RequestReview { reviewer: "officer-901".into() }),
        command(Command::Withdraw { consent: GroupConsent::NotJoint, safety_lead: SafetyLead::None }),
        command(Command::Merge(target())),
        command(Command::Unmerge { reason: code("different_cause") }),
        command(Command::Refer { body: code("consumer_association"), consent_to_share: true }),
        command(Command::RecordOutcome(ReferralResult::Remedy)),
        command(Command::RecordOutcome(ReferralResult::Over { closing: Some(closing()) })),
        command(suspend("legal-900")),
        command(Command::Resume { second: "legal-900".into() }),
        command(Command::Reopen { ground: ReopenGround::NewEvidence, retention_until: in_days(900) }),
        command(Command::Transfer { unit: code("unit-7"), acknowledged: true, complainant_told: true }),
        command(Command::Escalate { reason: EscalationReason::OverTheHead, to: None }),
        command(split()),
    ]
}

/// Every fact, each way it can lead.
pub(super) fn facts() -> Vec<Fact> {
    vec![
        Fact::NegotiationOpened,
        Fact::SettlementReached,
        Fact::PlatformInterventionRequested,
        Fact::InvestigationOpened,
        Fact::EvidenceRequested { party: Awaited::Respondent },
        Fact::EvidenceSubmitted { party: Awaited::Respondent },
        Fact::EvidenceRequestLapsed { party: Awaited::Respondent },
        Fact::TestOrdered,
        Fact::TestReported,
        Fact::ConsultationRequested,
        Fact::ConsultationAnswered,
        Fact::InvestigationConcluded,
        Fact::PlanApproved { mediation_refused: false },
        Fact::PlanApproved { mediation_refused: true },
        Fact::PlanReturned,
        Fact::ProposalRevised { within_bounds: true },
        Fact::ProposalRevised { within_bounds: false },
        Fact::MediationTerminated { reason: TerminationReason::SixtyDays, referred_to: None },
        Fact::MediationTerminated { reason: TerminationReason::Other, referred_to: Some(code("court")) },
        Fact::RulingIssued { remedy_ordered: true },
        Fact::RulingIssued { remedy_ordered: false },
        Fact::RemedyExecuted { all: true },
        Fact::RemedyExecuted { all: false },
        Fact::RemedyFailed { advance_payment: false },
        Fact::RemedyFailed { advance_payment: true },
        Fact::ResultAccepted { closing: Some(closing()) },
        Fact::ResultRejected { appeal: false },
        Fact::ResultRejected { appeal: true },
        silence(true, true, Some(closing())),
        Fact::AppealFiled,
        Fact::AppealDecided(AfterAppeal::Execute),
        Fact::AppealDecided(AfterAppeal::Investigate),
        Fact::AppealDecided(AfterAppeal::Close { closing: Some(closing()) }),
        Fact::AssignmentOffered { to: "H-0042".into() },
        Fact::AssignmentAccepted { by: "H-0042".into() },
        Fact::AssignmentReturned,
    ]
}

pub(super) fn silence(notice_delivered: bool, report_issued: bool, closing: Option<Closing>) -> Fact {
    Fact::ObjectionWindowEnded { notice_delivered, report_issued, closing }
}

/// Everything that can be asked of a registered complaint, with every guard satisfied, some days from now and each step
/// by people who have done nothing before.
pub(super) fn satisfied(life: &Lifecycle, days: i64) -> Vec<(Command, Act)> {
    let facts = facts().into_iter().map(|fact| (Command::TakeFact(fact), by(Capacity::Service)));
    let fresh = |act: Act| Act {
        at: in_days(days),
        actor: Actor { subject: format!("p-{}", life.version()), ..act.actor },
        ..act
    };
    let command = |command| match command {
        Command::LapseCompletion { .. } => {
            Command::LapseCompletion { due_at: in_days(days), reminded_at: Some(in_days(days - 1)) }
        }
        other => other,
    };
    own_commands().into_iter().chain(facts).map(|(asked, act)| (command(asked), fresh(act))).collect()
}
