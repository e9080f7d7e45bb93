//! The gRPC service: decode → app → encode, nothing else.

mod evidence;

use redress_domain::Principal;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::investigation_service_server::InvestigationService;
use redress_runtime::grpc::{self, parts};
use tonic::{Request, Response, Status, Streaming};

use crate::App;
use crate::app::{
    checklist, conclusion, conflicts, consultations, findings, goods_tests, incident_findings, leads,
    opening, requests, task_groups, timeline, view,
};
use crate::error::Error;

/// The service of `redress.investigation.v1`.
#[derive(Clone)]
pub struct Grpc {
    app: App,
}

impl Grpc {
    /// The service over `app`.
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl InvestigationService for Grpc {
    type GetEvidenceStream = evidence::Content;
    type ExportEvidencePackStream = evidence::Pack;

    async fn get_investigation(
        &self,
        request: Request<wire::GetInvestigationRequest>,
    ) -> Answer<wire::GetInvestigationResponse> {
        let (caller, message) = parts(request)?;
        let found = view::get(&self.app.desk, &caller, &message.complaint_id).await;
        answer(found, |investigation| wire::GetInvestigationResponse { investigation: Some(investigation) })
    }

    async fn open_investigation(
        &self,
        request: Request<wire::OpenInvestigationRequest>,
    ) -> Answer<wire::OpenInvestigationResponse> {
        let (caller, message) = parts(request)?;
        let complaint = message.complaint_id.clone();
        let done = opening::open(&self.app.desk, &caller, message).await;
        let shown = self.shown(&caller, &complaint, done).await;
        answer(shown, |investigation| wire::OpenInvestigationResponse { investigation: Some(investigation) })
    }

    async fn form_task_group(
        &self,
        request: Request<wire::FormTaskGroupRequest>,
    ) -> Answer<wire::FormTaskGroupResponse> {
        let (caller, message) = parts(request)?;
        let complaint = message.complaint_id.clone();
        let done = task_groups::form(&self.app.desk, &caller, message).await;
        let shown = self.shown(&caller, &complaint, done).await;
        answer(shown, |investigation| wire::FormTaskGroupResponse { investigation: Some(investigation) })
    }

    async fn complete_task(
        &self,
        request: Request<wire::CompleteTaskRequest>,
    ) -> Answer<wire::CompleteTaskResponse> {
        let (caller, message) = parts(request)?;
        let complaint = message.complaint_id.clone();
        let done = opening::complete_task(&self.app.desk, &caller, message).await;
        let shown = self.shown(&caller, &complaint, done).await;
        answer(shown, |investigation| wire::CompleteTaskResponse { investigation: Some(investigation) })
    }

    async fn declare_conflict(
        &self,
        request: Request<wire::DeclareConflictRequest>,
    ) -> Answer<wire::DeclareConflictResponse> {
        let (caller, message) = parts(request)?;
        answer(conflicts::declare(&self.app.desk, &caller, message).await, |declared| declared)
    }

    async fn get_checklist(
        &self,
        request: Request<wire::GetChecklistRequest>,
    ) -> Answer<wire::GetChecklistResponse> {
        let (caller, message) = parts(request)?;
        let found = checklist::get(&self.app.desk, &caller, &message).await;
        answer(found, |checklist| wire::GetChecklistResponse { checklist: Some(checklist) })
    }

    async fn request_evidence(
        &self,
        request: Request<wire::RequestEvidenceRequest>,
    ) -> Answer<wire::RequestEvidenceResponse> {
        let (caller, message) = parts(request)?;
        answer(requests::issue(&self.app.desk, &caller, message).await, |issued| issued)
    }

    async fn extend_evidence_request(
        &self,
        request: Request<wire::ExtendEvidenceRequestRequest>,
    ) -> Answer<wire::ExtendEvidenceRequestResponse> {
        let (caller, message) = parts(request)?;
        answer(requests::extend(&self.app.desk, &caller, message).await, |extended| extended)
    }

    async fn cancel_evidence_request(
        &self,
        request: Request<wire::CancelEvidenceRequestRequest>,
    ) -> Answer<wire::CancelEvidenceRequestResponse> {
        let (caller, message) = parts(request)?;
        answer(requests::cancel(&self.app.desk, &caller, message).await, |cancelled| cancelled)
    }

    async fn list_evidence_requests(
        &self,
        request: Request<wire::ListEvidenceRequestsRequest>,
    ) -> Answer<wire::ListEvidenceRequestsResponse> {
        let (caller, message) = parts(request)?;
        answer(requests::list(&self.app.desk, &caller, &message).await, |page| page)
    }

    async fn submit_evidence(
        &self,
        request: Request<Streaming<wire::SubmitEvidenceRequest>>,
    ) -> Answer<wire::SubmitEvidenceResponse> {
        let (caller, stream) = parts(request)?;
        evidence::submit(&self.app, &caller, stream).await
    }

    async fn get_evidence(
        &self,
        request: Request<wire::GetEvidenceRequest>,
    ) -> Answer<Self::GetEvidenceStream> {
        let (caller, message) = parts(request)?;
        evidence::get(&self.app, &caller, message).await
    }

    async fn list_evidence(
        &self,
        request: Request<wire::ListEvidenceRequest>,
    ) -> Answer<wire::ListEvidenceResponse> {
        let (caller, message) = parts(request)?;
        evidence::list(&self.app, &caller, message).await
    }

    async fn produce_rendition(
        &self,
        request: Request<wire::ProduceRenditionRequest>,
    ) -> Answer<wire::ProduceRenditionResponse> {
        let (caller, message) = parts(request)?;
        evidence::produce_rendition(&self.app, &caller, message).await
    }

    async fn verify_evidence_chain(
        &self,
        request: Request<wire::VerifyEvidenceChainRequest>,
    ) -> Answer<wire::VerifyEvidenceChainResponse> {
        let (caller, message) = parts(request)?;
        evidence::verify_chain(&self.app, &caller, message).await
    }

    async fn export_evidence_pack(
        &self,
        request: Request<wire::ExportEvidencePackRequest>,
    ) -> Answer<Self::ExportEvidencePackStream> {
        let (caller, message) = parts(request)?;
        evidence::export_pack(&self.app, &caller, message).await
    }

    async fn agree_test(&self, request: Request<wire::AgreeTestRequest>) -> Answer<wire::AgreeTestResponse> {
        let (caller, message) = parts(request)?;
        let agreed = goods_tests::agree(&self.app.desk, &caller, message).await;
        answer(agreed, |(test, version)| wire::AgreeTestResponse { test: Some(test), version })
    }

    async fn order_test(&self, request: Request<wire::OrderTestRequest>) -> Answer<wire::OrderTestResponse> {
        let (caller, message) = parts(request)?;
        let ordered = goods_tests::order(&self.app.desk, &caller, message).await;
        answer(ordered, |(test, version)| wire::OrderTestResponse { test: Some(test), version })
    }

    async fn record_sample(
        &self,
        request: Request<wire::RecordSampleRequest>,
    ) -> Answer<wire::RecordSampleResponse> {
        let (caller, message) = parts(request)?;
        let recorded = goods_tests::hand_over(&self.app.desk, &caller, message).await;
        answer(recorded, |(test, version)| wire::RecordSampleResponse { test: Some(test), version })
    }

    async fn record_test_report(
        &self,
        request: Request<wire::RecordTestReportRequest>,
    ) -> Answer<wire::RecordTestReportResponse> {
        let (caller, message) = parts(request)?;
        let reported = goods_tests::report(&self.app.desk, &caller, message).await;
        answer(reported, |(test, version)| wire::RecordTestReportResponse { test: Some(test), version })
    }

    async fn request_consultation(
        &self,
        request: Request<wire::RequestConsultationRequest>,
    ) -> Answer<wire::RequestConsultationResponse> {
        let (caller, message) = parts(request)?;
        let asked = consultations::ask(&self.app.desk, &caller, message).await;
        answer(asked, |(consultation, version)| wire::RequestConsultationResponse {
            consultation: Some(consultation),
            version,
        })
    }

    async fn answer_consultation(
        &self,
        request: Request<wire::AnswerConsultationRequest>,
    ) -> Answer<wire::AnswerConsultationResponse> {
        let (caller, message) = parts(request)?;
        let answered = consultations::answer(&self.app.desk, &caller, message).await;
        answer(answered, |(consultation, version)| wire::AnswerConsultationResponse {
            consultation: Some(consultation),
            version,
        })
    }

    async fn record_finding(
        &self,
        request: Request<wire::RecordFindingRequest>,
    ) -> Answer<wire::RecordFindingResponse> {
        let (caller, message) = parts(request)?;
        answer(findings::record(&self.app.desk, &caller, message).await, |recorded| recorded)
    }

    async fn spin_off_violation_lead(
        &self,
        request: Request<wire::SpinOffViolationLeadRequest>,
    ) -> Answer<wire::SpinOffViolationLeadResponse> {
        let (caller, message) = parts(request)?;
        answer(leads::spin_off(&self.app.desk, &caller, message).await, |spun_off| spun_off)
    }

    async fn get_timeline(
        &self,
        request: Request<wire::GetTimelineRequest>,
    ) -> Answer<wire::GetTimelineResponse> {
        let (caller, message) = parts(request)?;
        answer(timeline::get(&self.app.desk, &caller, &message).await, |page| page)
    }

    async fn conclude_investigation(
        &self,
        request: Request<wire::ConcludeInvestigationRequest>,
    ) -> Answer<wire::ConcludeInvestigationResponse> {
        let (caller, message) = parts(request)?;
        let complaint = message.complaint_id.clone();
        let done = conclusion::conclude(&self.app.desk, &caller, message).await;
        let shown = self.shown(&caller, &complaint, done).await;
        answer(shown, |investigation| wire::ConcludeInvestigationResponse {
            investigation: Some(investigation),
        })
    }

    async fn get_incident_investigation(
        &self,
        request: Request<wire::GetIncidentInvestigationRequest>,
    ) -> Answer<wire::GetIncidentInvestigationResponse> {
        let (caller, message) = parts(request)?;
        let found = incident_findings::get(&self.app.desk, &caller, &message.incident_id).await;
        answer(found, |found| found)
    }
}

impl Grpc {
    /// The investigation after a call that changed it.
    async fn shown(
        &self,
        caller: &Principal,
        complaint_id: &str,
        done: Result<(), Error>,
    ) -> Result<wire::Investigation, Error> {
        done?;
        view::get(&self.app.desk, caller, complaint_id).await
    }
}

fn answer<T, M>(outcome: Result<T, Error>, encode: impl FnOnce(T) -> M) -> Answer<M> {
    match outcome {
        Ok(found) => Ok(Response::new(encode(found))),
        Err(error) => Err(grpc::status(error.into_problem())),
    }
}
