//! Messages of calls, with what tests do not care about filled in.

use redress_domain::Principal;
use redress_investigation::Error;
use redress_investigation::app::{
    conclusion, consultations, findings, goods_tests, opening, requests, timeline, view,
};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;

use crate::bench::{Bench, id};

pub(crate) fn asked(n: u128, request_id: &str) -> wire::RequestEvidenceRequest {
    wire::RequestEvidenceRequest {
        request_id: request_id.into(),
        complaint_id: id(n),
        party: types::AwaitedParty::Respondent.into(),
        items: vec![item(wire::EvidenceType::QcReport, true)],
        why: "缝线是否合格".into(),
        mandatory: true,
        ..wire::RequestEvidenceRequest::default()
    }
}

pub(crate) fn item(kind: wire::EvidenceType, mandatory: bool) -> wire::RequestedItem {
    wire::RequestedItem { r#type: kind.into(), mandatory, state: 0 }
}

pub(crate) fn found(n: u128, issue: &str, evidence: &str) -> wire::RecordFindingRequest {
    wire::RecordFindingRequest {
        request_id: format!("finding-{n}-{issue}-{evidence}"),
        complaint_id: id(n),
        issue: issue.into(),
        fact: "包的缝线开了三厘米".into(),
        evidence: vec![mark(evidence, wire::Bearing::Supports)],
        result: wire::FindingResult::Established.into(),
        ..wire::RecordFindingRequest::default()
    }
}

pub(crate) fn mark(evidence: &str, bearing: wire::Bearing) -> wire::EvidenceMark {
    wire::EvidenceMark { evidence_id: evidence.into(), bearing: bearing.into(), reason: String::new() }
}

pub(crate) fn agreement(n: u128, evidence: &[String]) -> wire::AgreeTestRequest {
    wire::AgreeTestRequest {
        request_id: "agree-1".into(),
        complaint_id: id(n),
        lab: "lab-1".into(),
        subject: "seam_strength".into(),
        fee: Some(types::Money { currency: "CNY".into(), amount_minor: 30_000 }),
        fee_bearer: wire::FeeBearer::LosingSide.into(),
        agreement_evidence_ids: evidence.to_vec(),
        ..wire::AgreeTestRequest::default()
    }
}

impl Bench {
    pub(crate) async fn ask(
        &self,
        caller: &Principal,
        n: u128,
        request_id: &str,
    ) -> Result<wire::EvidenceRequest, Error> {
        let issued = requests::issue(&self.desk, caller, asked(n, request_id)).await?;
        Ok(issued.evidence_request.unwrap())
    }

    /// Findings on every point of a case, resting on one piece that the other side was shown.
    pub(crate) async fn find_all(&self, caller: &Principal, n: u128) -> Result<(), Error> {
        let piece = self.evidence(n, "complainant_photo").await;
        crate::evidence_of::show(self, n, &piece).await;
        for issue in view::get(&self.desk, caller, &id(n)).await?.issues {
            findings::record(&self.desk, caller, found(n, &issue, &piece)).await?;
        }
        Ok(())
    }

    pub(crate) async fn conclude(&self, caller: &Principal, n: u128) -> Result<(), Error> {
        let request = wire::ConcludeInvestigationRequest {
            request_id: format!("conclude-{n}"),
            complaint_id: id(n),
            conclusion: "缝线不合格".into(),
            ..wire::ConcludeInvestigationRequest::default()
        };
        conclusion::conclude(&self.desk, caller, request).await
    }

    /// The codes of a case's timeline, oldest first, with who did it as far as the caller is told.
    pub(crate) async fn course_of_events(&self, caller: &Principal, n: u128) -> Vec<(String, String)> {
        let request = wire::GetTimelineRequest { complaint_id: id(n), ..wire::GetTimelineRequest::default() };
        let entries = timeline::get(&self.desk, caller, &request).await.unwrap().entries;
        entries.into_iter().map(|entry| (entry.code, entry.actor)).collect()
    }

    pub(crate) async fn open(&self, caller: &Principal, n: u128, plan: &str) -> Result<(), Error> {
        let request = wire::OpenInvestigationRequest {
            request_id: format!("open-{n}-{}", plan.len()),
            complaint_id: id(n),
            plan: plan.into(),
            ..wire::OpenInvestigationRequest::default()
        };
        opening::open(&self.desk, caller, request).await
    }

    pub(crate) async fn consult(
        &self,
        caller: &Principal,
        n: u128,
        whom: &str,
    ) -> Result<wire::Consultation, Error> {
        let due_at = self.desk.now() + jiff::SignedDuration::from_hours(24);
        let request = wire::RequestConsultationRequest {
            request_id: format!("consult-{whom}"),
            complaint_id: id(n),
            department: "legal".into(),
            consulted: whom.into(),
            question: "是否构成欺诈".into(),
            due_at: Some(to_wire_time(due_at)),
            ..wire::RequestConsultationRequest::default()
        };
        Ok(consultations::ask(&self.desk, caller, request).await?.0)
    }

    pub(crate) async fn answer(
        &self,
        caller: &Principal,
        n: u128,
        consultation: &str,
    ) -> Result<wire::Consultation, Error> {
        let request = wire::AnswerConsultationRequest {
            request_id: format!("answer-{}", caller.subject),
            complaint_id: id(n),
            consultation_id: consultation.into(),
            answer: "不构成".into(),
        };
        Ok(consultations::answer(&self.desk, caller, request).await?.0)
    }

    pub(crate) async fn order_test(
        &self,
        caller: &Principal,
        n: u128,
        test: &str,
    ) -> Result<wire::TestOrder, Error> {
        let request = wire::OrderTestRequest {
            request_id: "order-1".into(),
            complaint_id: id(n),
            test_id: test.into(),
            ..wire::OrderTestRequest::default()
        };
        Ok(goods_tests::order(&self.desk, caller, request).await?.0)
    }

    pub(crate) async fn report_test(
        &self,
        caller: &Principal,
        n: u128,
        test: &str,
        report: &str,
    ) -> Result<wire::TestOrder, Error> {
        let request = wire::RecordTestReportRequest {
            request_id: format!("report-{report}"),
            complaint_id: id(n),
            test_id: test.into(),
            report_evidence_id: report.into(),
            abandoned_reason: if report.is_empty() { "sample_lost".into() } else { String::new() },
            ..wire::RecordTestReportRequest::default()
        };
        Ok(goods_tests::report(&self.desk, caller, request).await?.0)
    }
}
