//! The gRPC service: decode → app → encode, nothing else.

use std::pin::Pin;

use futures::{Stream, StreamExt};
use redress_domain::Violations;
use redress_proto::intake::v1 as wire;
use redress_proto::intake::v1::intake_service_server::IntakeService;
use redress_proto::known;
use redress_runtime::Deadline;
use redress_runtime::grpc::{self, parts};
use tonic::{Request, Response, Status};

use crate::App;
use crate::app::commands::CaseCommand;
use crate::error::Error;

/// The service of `redress.intake.v1`.
#[derive(Clone)]
pub struct Grpc {
    app: App,
}

impl Grpc {
    /// The service over `app`.
    pub fn new(app: App) -> Self {
        Self { app }
    }

    /// Any command on a complaint.
    async fn command<C: CaseCommand>(&self, request: Request<C>) -> Result<wire::Complaint, Status> {
        let (caller, command) = parts(request)?;
        let found = unknown(&command);
        self.app.commands.run(&caller, command, found).await.map_err(refused)
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl IntakeService for Grpc {
    async fn submit_complaint(
        &self,
        request: Request<wire::SubmitComplaintRequest>,
    ) -> Answer<wire::SubmitComplaintResponse> {
        let deadline = request.extensions().get::<Deadline>().map(|deadline| deadline.0);
        let (caller, message) = parts(request)?;
        let submission = message.submission.unwrap_or_default();
        let accepted = self
            .app
            .accept
            .accept(&caller, &message.request_id, submission, Violations::default(), deadline)
            .await;
        accepted.map(|accepted| Response::new((&accepted).into())).map_err(refused)
    }

    async fn get_complaint(
        &self,
        request: Request<wire::GetComplaintRequest>,
    ) -> Answer<wire::GetComplaintResponse> {
        let (caller, message) = parts(request)?;
        let complaint = self.app.queries.get(&caller, message).await.map_err(refused)?;
        Ok(Response::new(wire::GetComplaintResponse { complaint: Some(complaint) }))
    }

    async fn list_complaints(
        &self,
        request: Request<wire::ListComplaintsRequest>,
    ) -> Answer<wire::ListComplaintsResponse> {
        let (caller, message) = parts(request)?;
        let found = unknown(&message);
        self.app.queries.list(&caller, message, found).await.map(Response::new).map_err(refused)
    }

    type WatchComplaintStream =
        Pin<Box<dyn Stream<Item = Result<wire::WatchComplaintResponse, Status>> + Send>>;

    async fn watch_complaint(
        &self,
        request: Request<wire::WatchComplaintRequest>,
    ) -> Answer<Self::WatchComplaintStream> {
        let (caller, message) = parts(request)?;
        let Some(changes) = self.app.watch.watch(&caller, message).await.map_err(refused)? else {
            return Ok(Response::new(Box::pin(futures::stream::empty())));
        };
        let told = changes.map(|change| {
            change.map(|entry| wire::WatchComplaintResponse { entry: Some(entry) }).map_err(refused)
        });
        Ok(Response::new(Box::pin(told)))
    }

    async fn supply_completion(
        &self,
        request: Request<wire::SupplyCompletionRequest>,
    ) -> Answer<wire::SupplyCompletionResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::SupplyCompletionResponse { complaint }))
    }

    async fn decide_admissibility(
        &self,
        request: Request<wire::DecideAdmissibilityRequest>,
    ) -> Answer<wire::DecideAdmissibilityResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::DecideAdmissibilityResponse { complaint }))
    }

    async fn withdraw_complaint(
        &self,
        request: Request<wire::WithdrawComplaintRequest>,
    ) -> Answer<wire::WithdrawComplaintResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::WithdrawComplaintResponse { complaint }))
    }

    async fn request_refusal_review(
        &self,
        request: Request<wire::RequestRefusalReviewRequest>,
    ) -> Answer<wire::RequestRefusalReviewResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::RequestRefusalReviewResponse { complaint }))
    }

    async fn merge_complaints(
        &self,
        request: Request<wire::MergeComplaintsRequest>,
    ) -> Answer<wire::MergeComplaintsResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::MergeComplaintsResponse { complaint }))
    }

    async fn unmerge_complaint(
        &self,
        request: Request<wire::UnmergeComplaintRequest>,
    ) -> Answer<wire::UnmergeComplaintResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::UnmergeComplaintResponse { complaint }))
    }

    async fn refer_externally(
        &self,
        request: Request<wire::ReferExternallyRequest>,
    ) -> Answer<wire::ReferExternallyResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::ReferExternallyResponse { complaint }))
    }

    async fn record_referral_outcome(
        &self,
        request: Request<wire::RecordReferralOutcomeRequest>,
    ) -> Answer<wire::RecordReferralOutcomeResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::RecordReferralOutcomeResponse { complaint }))
    }

    async fn suspend_case(
        &self,
        request: Request<wire::SuspendCaseRequest>,
    ) -> Answer<wire::SuspendCaseResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::SuspendCaseResponse { complaint }))
    }

    async fn resume_case(
        &self,
        request: Request<wire::ResumeCaseRequest>,
    ) -> Answer<wire::ResumeCaseResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::ResumeCaseResponse { complaint }))
    }

    async fn reopen_complaint(
        &self,
        request: Request<wire::ReopenComplaintRequest>,
    ) -> Answer<wire::ReopenComplaintResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::ReopenComplaintResponse { complaint }))
    }

    async fn transfer_complaint(
        &self,
        request: Request<wire::TransferComplaintRequest>,
    ) -> Answer<wire::TransferComplaintResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::TransferComplaintResponse { complaint }))
    }

    async fn escalate_complaint(
        &self,
        request: Request<wire::EscalateComplaintRequest>,
    ) -> Answer<wire::EscalateComplaintResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::EscalateComplaintResponse { complaint }))
    }

    async fn split_matter(
        &self,
        request: Request<wire::SplitMatterRequest>,
    ) -> Answer<wire::SplitMatterResponse> {
        let complaint = Some(self.command(request).await?);
        Ok(Response::new(wire::SplitMatterResponse { complaint }))
    }

    async fn query_audit(
        &self,
        request: Request<wire::QueryAuditRequest>,
    ) -> Answer<wire::QueryAuditResponse> {
        let (caller, message) = parts(request)?;
        self.app.audit.query(&caller, message).await.map(Response::new).map_err(refused)
    }

    async fn verify_audit_chain(
        &self,
        request: Request<wire::VerifyAuditChainRequest>,
    ) -> Answer<wire::VerifyAuditChainResponse> {
        let deadline = request.extensions().get::<Deadline>().map(|deadline| deadline.0);
        let (caller, message) = parts(request)?;
        self.app.audit.verify(&caller, message, deadline).await.map(Response::new).map_err(refused)
    }
}

/// What a later version's caller may tell and this version cannot follow.
fn unknown<M: prost::Name>(message: &M) -> Violations {
    let mut found = Violations::default();
    known::enumerations(message, &mut found);
    found
}

fn refused(error: Error) -> Status {
    grpc::status(error.into_problem())
}
