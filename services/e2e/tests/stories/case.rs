//! What an auditor sees of a case: where it stands in each service, its clocks, its notices, its records. What is not so
//! yet is waited for.

use std::time::Duration;

use jiff::Timestamp;
use redress_domain::Role;
use redress_proto::analytics::v1::{CaseFacts, GetCaseFactsRequest};
use redress_proto::convert::from_wire_time;
use redress_proto::intake::v1::{
    AuditEntry, Complaint, GetComplaintRequest, QueryAuditRequest, VerifyAuditChainRequest,
};
use redress_proto::investigation::v1 as inv;
use redress_proto::notification::v1::{
    Addressee, GetNoticeRequest, ListNoticesRequest, Notice, NoticeKind, NoticeState,
};
use redress_proto::resolution::v1::{GetResolutionRequest, Resolution};
use redress_proto::sla::v1::{Clock, ClockState, Escalation, ListClocksRequest, ListEscalationsRequest};
use redress_proto::types::v1::ComplaintState as State;
use redress_testkit::wait_until;

use crate::people::{Cast, Person};
use crate::platform::Platform;

/// What is waited for comes much earlier, on an idle machine.
pub(crate) const SOON: Duration = Duration::from_mins(2);

/// A case under an auditor's eyes.
pub(crate) struct Case {
    pub(crate) platform: &'static Platform,
    pub(crate) id: String,
    pub(crate) auditor: Person,
}

impl Case {
    pub(crate) fn of(cast: &Cast, id: &str) -> Self {
        let auditor = cast.person("auditor-1", Role::Auditor);
        Self { platform: auditor.platform, id: id.to_owned(), auditor }
    }

    async fn look(&self) -> Option<Complaint> {
        let request = GetComplaintRequest { complaint_id: self.id.clone(), ..Default::default() };
        self.auditor.intake().get_complaint(request).await.ok()?.into_inner().complaint
    }

    /// Waits until the lifecycle stands in `state`; gives the complaint as it is then.
    pub(crate) async fn stands(&self, state: State) -> Complaint {
        let stands = async || self.look().await.filter(|complaint| complaint.state() == state);
        wait_until(&format!("the case is {state:?}"), SOON, stands).await
    }

    /// Waits until resolution knows that the lifecycle stands in `state`.
    pub(crate) async fn resolved(&self, state: State) -> Resolution {
        self.resolution(&format!("resolution sees {state:?}"), |found| found.state() == state).await
    }

    /// Waits until the resolution is as `holds` asks.
    pub(crate) async fn resolution(&self, what: &str, holds: impl Fn(&Resolution) -> bool) -> Resolution {
        let look = async || {
            let request = GetResolutionRequest { complaint_id: self.id.clone() };
            let answer = self.auditor.resolution().get_resolution(request).await.ok()?.into_inner();
            answer.resolution.filter(|resolution| holds(resolution))
        };
        wait_until(what, SOON, look).await
    }

    /// Waits until the investigation is as `holds` asks.
    pub(crate) async fn investigated(
        &self,
        what: &str,
        holds: impl Fn(&inv::Investigation) -> bool,
    ) -> inv::Investigation {
        let look = async || {
            let request = inv::GetInvestigationRequest { complaint_id: self.id.clone() };
            let answer = self.auditor.investigation().get_investigation(request).await.ok()?.into_inner();
            answer.investigation.filter(|investigation| holds(investigation))
        };
        wait_until(what, SOON, look).await
    }

    /// The records of these kinds, as soon as the platform's own systems have handed them over.
    pub(crate) async fn platform_records(
        &self,
        kinds: &[inv::EvidenceType],
    ) -> Vec<inv::PlatformRecordStatus> {
        let held = |found: &inv::Investigation| {
            let records = found.platform_records.iter().flat_map(|records| records.records.iter().cloned());
            let held = records.filter(|one| one.state() == inv::PlatformRecordState::Held);
            held.filter(|one| kinds.contains(&one.r#type())).collect::<Vec<_>>()
        };
        let all = |found: &inv::Investigation| held(found).len() == kinds.len();
        held(&self.investigated("the platform has handed its records over", all).await)
    }

    /// All clocks of the definition, in the order of their start.
    pub(crate) async fn clocks(&self, definition: &str) -> Vec<Clock> {
        let request = ListClocksRequest {
            complaint_id: self.id.clone(),
            definition: definition.to_owned(),
            page_size: 100,
            ..Default::default()
        };
        let mut clocks = self.auditor.sla().list_clocks(request).await.unwrap().into_inner().clocks;
        clocks.sort_by_key(|clock| at(clock.started_at.as_ref()));
        clocks
    }

    /// Waits until the last clock of the definition is in `state`, and gives it.
    pub(crate) async fn clock(&self, definition: &str, state: ClockState) -> Clock {
        let look = async || self.clocks(definition).await.pop().filter(|clock| clock.state() == state);
        wait_until(&format!("{definition} is {state:?}"), SOON, look).await
    }

    /// When the last clock of the definition is due.
    pub(crate) async fn due(&self, definition: &str) -> Timestamp {
        at(self.clock(definition, ClockState::Running).await.due_at.as_ref())
    }

    /// Who was called to help.
    pub(crate) async fn escalations(&self) -> Vec<Escalation> {
        let request = ListEscalationsRequest { complaint_id: self.id.clone() };
        self.auditor.sla().list_escalations(request).await.unwrap().into_inner().escalations
    }

    /// All notices of the kind.
    pub(crate) async fn notices(&self, kind: NoticeKind) -> Vec<Notice> {
        let request =
            ListNoticesRequest { complaint_id: self.id.clone(), page_size: 100, ..Default::default() };
        let notices = self.auditor.notification().list_notices(request).await;
        let notices = notices.map(|answer| answer.into_inner().notices).unwrap_or_default();
        notices.into_iter().filter(|notice| notice.kind() == kind).collect()
    }

    /// Waits until a notice of the kind has reached somebody in `role`; gives the latest.
    pub(crate) async fn told(&self, kind: NoticeKind, role: &str) -> Notice {
        self.told_whom(kind, role, |to| to.role == role).await
    }

    /// The alert that reaches such staff, for example `role:supervisor`: others may be called at the same time.
    pub(crate) async fn alerted(&self, target: &str) -> Notice {
        self.told_whom(NoticeKind::N24Escalation, target, |to| to.external_ref == target).await
    }

    async fn told_whom(&self, kind: NoticeKind, whom: &str, fits: impl Fn(&Addressee) -> bool) -> Notice {
        let reached = |notice: &Notice| {
            let out =
                [NoticeState::Sent, NoticeState::Delivered, NoticeState::Read].contains(&notice.state());
            out && notice.addressee.as_ref().is_some_and(&fits)
        };
        let look = async || {
            let all = self.notices(kind).await.into_iter().filter(reached);
            all.max_by_key(|notice| at(notice.queued_at.as_ref()))
        };
        wait_until(&format!("{kind:?} reaches {whom}"), SOON, look).await
    }

    /// The events of the lifecycle, in their order.
    pub(crate) async fn history(&self) -> Vec<String> {
        let complaint = self.look().await.unwrap();
        complaint.history.into_iter().map(|entry| entry.event).collect()
    }

    /// What analytics counts of it, as soon as it is as `holds` asks.
    pub(crate) async fn counted(&self, what: &str, holds: impl Fn(&CaseFacts) -> bool) -> CaseFacts {
        let look = async || {
            let request = GetCaseFactsRequest { complaint_id: self.id.clone() };
            let facts = self.auditor.analytics().get_case_facts(request).await.ok()?.into_inner().facts?;
            holds(&facts).then_some(facts)
        };
        wait_until(what, SOON, look).await
    }

    /// The audit's entries of the case, which nobody can rewrite unseen.
    pub(crate) async fn audited(&self) -> Vec<AuditEntry> {
        let request =
            QueryAuditRequest { complaint_id: self.id.clone(), page_size: 100, ..Default::default() };
        let entries = self.auditor.intake().query_audit(request).await.unwrap().into_inner().entries;
        let chain = VerifyAuditChainRequest::default();
        let chain = self.auditor.intake().verify_audit_chain(chain).await.unwrap().into_inner();
        assert!(chain.intact, "{:?}", chain.first_break);
        entries
    }

    /// The evidence is whole, to the last byte of each file; gives how many links its chain has.
    pub(crate) async fn evidence_is_whole(&self) -> i64 {
        let request = inv::VerifyEvidenceChainRequest { complaint_id: self.id.clone(), rehash: true };
        let chain = self.auditor.investigation().verify_evidence_chain(request).await.unwrap().into_inner();
        assert!(chain.intact, "{:?}", chain.faults);
        chain.links
    }
}

/// The letter of a notice, as its addressee reads it: subject and text.
pub(crate) async fn letter(reader: &Person, notice: &Notice) -> String {
    let request = GetNoticeRequest { notice_id: notice.notice_id.clone() };
    let notice = reader.notification().get_notice(request).await.unwrap().into_inner().notice.unwrap();
    format!("{}\n{}", notice.subject(), notice.body())
}

/// An instant that is there.
pub(crate) fn at(wire: Option<&pbjson_types::Timestamp>) -> Timestamp {
    from_wire_time(wire.unwrap()).unwrap()
}
