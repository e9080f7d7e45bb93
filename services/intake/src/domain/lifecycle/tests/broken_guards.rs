//! Each guard broken alone: state, command, circumstances, and the reason to be told.

use jiff::civil::date;
use redress_domain::DecidedBy;

use super::samples::*;
use crate::domain::lifecycle::*;

fn with_decider(mut act: Act, decided_by: DecidedBy) -> Act {
    act.decided_by = decided_by;
    act
}

fn as_subject(mut act: Act, subject: &str) -> Act {
    act.actor.subject = subject.into();
    act
}

fn at(mut act: Act, at: jiff::Timestamp) -> Act {
    act.at = at;
    act
}

pub(super) type Case = (State, Command, Act, GuardReason);

pub(super) fn admissibility() -> Vec<Case> {
    use Capacity::*;
    use GuardReason as G;
    use StateKind as S;
    let awaiting = || state(S::AwaitingCompletion);
    let review = || state(S::AdmissibilityReview);
    let second_review = || State::AdmissibilityReview { deciders: vec!["officer-900".into()] };
    let accept_with = |in_scope, conflict, handler: Option<&str>, rule_may_accept| Command::AcceptComplaint {
        in_scope,
        conflict,
        handler: handler.map(Into::into),
        rule_may_accept,
    };
    let refuse_with = |rule: Option<&str>, facts_stated, other_routes_named| Command::RefuseComplaint {
        reason: RefusalReason::NotCompetent,
        notice: RefusalNotice { rule: rule.map(code), facts_stated, other_routes_named },
    };
    let officer = || by(IntakeOfficer);
    let complainant = || by(Complainant);
    let request = |reviewer: &str| Command::RequestReview { reviewer: reviewer.into() };
    vec![
        (State::Received, Command::RequestCompletion { missing: vec![] }, by(Machine), G::NothingMissing),
        (
            awaiting(),
            Command::SupplyCompletion { sender_is_party: false, supplied: vec![] },
            complainant(),
            G::SenderNotParty,
        ),
        (State::Received, Command::StartReview { assessment: None }, by(Machine), G::AssessmentMissing),
        (review(), Command::Assess(assessment()), by(Machine), G::HumanRequired),
        (
            review(),
            Command::Assess(assessment()),
            with_decider(by(Service), DecidedBy::Rule),
            G::HumanRequired,
        ),
        (review(), accept_with(false, false, Some("H-0042"), false), officer(), G::OutOfScope),
        (review(), accept_with(true, true, Some("H-0042"), false), officer(), G::ConflictOfInterest),
        (review(), accept_with(true, false, None, false), officer(), G::HandlerMissing),
        (review(), accept_with(true, false, Some("H-0042"), false), by(Machine), G::RuleMayNotAccept),
        (review(), accept(), with_decider(by(Machine), DecidedBy::Model), G::RuleMayNotAccept),
        (review(), accept(), with_decider(by(Machine), DecidedBy::Human), G::RuleMayNotAccept),
        (second_review(), accept(), by(Machine), G::HumanRequired),
        (second_review(), accept(), as_subject(officer(), "officer-900"), G::ReviewerIsDecider),
        (review(), refuse(RefusalReason::NoDispute), by(Machine), G::ActorNotEntitled),
        (
            review(),
            refuse(RefusalReason::NoDispute),
            with_decider(officer(), DecidedBy::Rule),
            G::HumanRequired,
        ),
        (
            review(),
            refuse(RefusalReason::NoDispute),
            with_decider(by(Supervisor), DecidedBy::Model),
            G::HumanRequired,
        ),
        (review(), refuse(RefusalReason::Incomplete), officer(), G::ReasonNotForPersons),
        (review(), refuse(RefusalReason::AbuseOrSpam), officer(), G::SupervisorRequired),
        (review(), refuse(RefusalReason::NotLivingConsumption), officer(), G::SupervisorRequired),
        (
            second_review(),
            refuse(RefusalReason::NoDispute),
            as_subject(officer(), "officer-900"),
            G::ReviewerIsDecider,
        ),
        (review(), refuse_with(None, true, true), officer(), G::NoticeIncomplete),
        (review(), refuse_with(Some("rule-1@1"), false, true), officer(), G::NoticeIncomplete),
        (review(), refuse_with(Some("rule-1@1"), true, false), officer(), G::NoticeIncomplete),
        (state(S::NotAccepted), request("officer-901"), at(complainant(), in_days(11)), G::ReviewWindowOver),
        (state(S::NotAccepted), request(" "), complainant(), G::ReviewerMissing),
        (state(S::NotAccepted), request("officer-900"), complainant(), G::ReviewerIsDecider),
    ]
}

pub(super) fn whole_case() -> Vec<Case> {
    use Capacity::*;
    use GuardReason as G;
    use StateKind as S;
    let accepted = || state(S::Accepted);
    let merge = |change: fn(&mut MergeTarget)| {
        let mut target = target();
        change(&mut target);
        Command::Merge(target)
    };
    let withdraw = |consent, safety_lead| Command::Withdraw { consent, safety_lead };
    let suspend_until = |review_on| Command::Suspend {
        reason: SuspensionReason::Court,
        second: "legal-900".into(),
        review_on,
    };
    let resume = |second: &str| Command::Resume { second: second.into() };
    let transfer = |acknowledged, complainant_told| Command::Transfer {
        unit: code("unit-7"),
        acknowledged,
        complainant_told,
    };
    let split_with = |child, label: Option<&str>, own_clocks| Command::SplitMatter {
        child: id(child),
        matter: redress_domain::Matter::Report,
        label: label.map(code),
        own_clocks,
    };
    let over = Command::RecordOutcome(ReferralResult::Over { closing: None });
    let reopen = Command::Reopen { ground: ReopenGround::RemedyReversed, retention_until: in_days(-1) };
    let unmerge = Command::Unmerge { reason: code("different_cause") };
    let refer = Command::Refer { body: code("court"), consent_to_share: false };
    vec![
        (
            accepted(),
            withdraw(GroupConsent::Missing, SafetyLead::None),
            by(Complainant),
            G::GroupConsentMissing,
        ),
        (accepted(), withdraw(GroupConsent::Given, SafetyLead::Open), by(Complainant), G::SafetyLeadOpen),
        (accepted(), withdraw(GroupConsent::Given, SafetyLead::SpunOff), by(Handler), G::ActorNotEntitled),
        (accepted(), withdraw(GroupConsent::Given, SafetyLead::SpunOff), by(Agent), G::ActorNotEntitled),
        (accepted(), merge(|_| ()), with_decider(by(Handler), DecidedBy::Model), G::HumanRequired),
        (accepted(), merge(|target| target.complaint = id(1)), by(Handler), G::MergeIntoItself),
        (accepted(), merge(|target| target.basis = MergeBasis::None), by(Handler), G::MergeConsentMissing),
        (accepted(), merge(|target| target.labels_compatible = false), by(Handler), G::LabelsIncompatible),
        (accepted(), merge(|target| target.open = false), by(Handler), G::MergeTargetNotOpen),
        (state(S::Merged), unmerge.clone(), at(by(Supervisor), in_days(11)), G::UnmergeWindowOver),
        (state(S::Merged), unmerge, by(Handler), G::ActorNotEntitled),
        (accepted(), refer, by(Handler), G::ShareConsentMissing),
        (
            accepted(),
            Command::Escalate { reason: EscalationReason::PublicSpread, to: None },
            by(Complainant),
            G::ReasonNotForRole,
        ),
        (state(S::Referred), over, by(Handler), G::OutcomeMissing),
        (accepted(), suspend("supervisor-001"), by(Supervisor), G::SecondPersonRequired),
        (accepted(), suspend(""), by(Supervisor), G::SecondPersonRequired),
        (accepted(), suspend("legal-900"), with_decider(by(Supervisor), DecidedBy::Rule), G::HumanRequired),
        (accepted(), suspend_until(date(2026, 11, 25)), by(Supervisor), G::ReviewDateNotAhead),
        (state(S::Suspended), resume("legal-001"), by(Legal), G::SecondPersonRequired),
        (state(S::Closed), reopen, by(Supervisor), G::RetentionOver),
        (accepted(), transfer(false, true), by(Handler), G::TransferNotAcknowledged),
        (accepted(), transfer(true, false), by(Handler), G::ComplainantNotTold),
        (accepted(), split_with(1, Some("open"), true), by(IntakeOfficer), G::SplitIntoItself),
        (accepted(), split_with(3, None, true), by(IntakeOfficer), G::LabelMissing),
        (accepted(), split_with(3, Some("open"), false), by(IntakeOfficer), G::ClocksMissing),
    ]
}

/// Clocks of a completion that was asked for two days ago; they too are refused on the record.
pub(super) fn lapses() -> Vec<(Command, GuardReason)> {
    use GuardReason as G;
    let lapse = |due_at, reminded_at| Command::LapseCompletion { due_at, reminded_at };
    let with_the_breach = now() - jiff::SignedDuration::from_secs(1);
    vec![
        (lapse(in_days(1), Some(in_days(-1))), G::CompletionNotDue),
        // Of a request before this one.
        (lapse(in_days(-3), Some(in_days(-4))), G::CompletionNotDue),
        (lapse(in_days(-2), Some(in_days(-4))), G::CompletionNotDue),
        (lapse(now(), None), G::ReminderNotSent),
        (lapse(now(), Some(with_the_breach)), G::ReminderNotSent),
        (lapse(now(), Some(in_days(-3))), G::ReminderNotSent),
    ]
}

/// Facts are refused on the record and not with an error.
pub(super) fn facts_with_broken_guards() -> Vec<(State, Fact, Act, GuardReason)> {
    use GuardReason as G;
    use StateKind as S;
    let service = || by(Capacity::Service);
    let early = || at(service(), in_days(-1));
    let notified = || state(S::ResultNotified);
    let appeal = |after| Fact::AppealDecided(after);
    let approved = Fact::PlanApproved { mediation_refused: false };
    vec![
        (state(S::PlanReview), approved, as_subject(service(), "investigator-900"), G::ReviewerIsAuthor),
        (notified(), Fact::ResultAccepted { closing: None }, service(), G::OutcomeMissing),
        (notified(), silence(true, true, Some(closing())), early(), G::ObjectionWindowOpen),
        (notified(), silence(false, true, Some(closing())), service(), G::NoticeNotDelivered),
        (notified(), silence(true, false, Some(closing())), service(), G::ReportMissing),
        (notified(), silence(true, true, None), service(), G::OutcomeMissing),
        (
            state(S::UnderAppeal),
            appeal(AfterAppeal::Execute),
            with_decider(service(), DecidedBy::Model),
            G::HumanRequired,
        ),
        (
            state(S::UnderAppeal),
            appeal(AfterAppeal::Investigate),
            as_subject(service(), "adjudicator-900"),
            G::ReviewerIsDecider,
        ),
        (state(S::UnderAppeal), appeal(AfterAppeal::Close { closing: None }), service(), G::OutcomeMissing),
        (State::Withdrawn, Fact::SettlementReached, service(), G::FactNotInState),
        (State::Mediating, Fact::SettlementReached, by(Capacity::Complainant), G::ActorNotEntitled),
    ]
}

pub(super) fn registrations() -> [(Registration, GuardReason); 2] {
    [
        (Registration { tenant_active: false, ..registration() }, GuardReason::TenantInactive),
        (Registration { key_seen: true, ..registration() }, GuardReason::KeySeen),
    ]
}
