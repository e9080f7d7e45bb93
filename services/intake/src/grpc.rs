//! The gRPC service: decode → app → encode, nothing else.

use std::pin::Pin;

use futures::{Stream, StreamExt};
use redress_domain::{Principal, Violations};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as wire;
use redress_proto::intake::v1::intake_service_server::IntakeService;
use redress_runtime::{Deadline, grpc};
use tonic::{Request, Response, Status};

use crate::App;
use crate::app::accept::Accepted;
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
        accepted.map(|accepted| Response::new(self::accepted(&accepted))).map_err(refused)
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
        self.app.queries.list(&caller, message).await.map(Response::new).map_err(refused)
    }

    type WatchComplaintStream =
        Pin<Box<dyn Stream<Item = Result<wire::WatchComplaintResponse, Status>> + Send>>;

    async fn watch_complaint(
        &self,
        request: Request<wire::WatchComplaintRequest>,
    ) -> Answer<Self::WatchComplaintStream> {
        let (caller, message) = parts(request)?;
        let changes = self.app.watch.watch(&caller, message).await.map_err(refused)?;
        let told = changes.map(|change| {
            change.map(|entry| wire::WatchComplaintResponse { entry: Some(entry) }).map_err(refused)
        });
        Ok(Response::new(Box::pin(told)))
    }

    async fn supply_completion(
        &self,
        request: Request<wire::SupplyCompletionRequest>,
    ) -> Answer<wire::SupplyCompletionResponse> {
        let (caller, message) = parts(request)?;
        let complaint = self.app.commands.supply_completion(&caller, message).await.map_err(refused)?;
        Ok(Response::new(wire::SupplyCompletionResponse { complaint: Some(complaint) }))
    }

    async fn decide_admissibility(
        &self,
        request: Request<wire::DecideAdmissibilityRequest>,
    ) -> Answer<wire::DecideAdmissibilityResponse> {
        let (caller, message) = parts(request)?;
        let complaint = self.app.commands.decide_admissibility(&caller, message).await.map_err(refused)?;
        Ok(Response::new(wire::DecideAdmissibilityResponse { complaint: Some(complaint) }))
    }

    async fn withdraw_complaint(
        &self,
        request: Request<wire::WithdrawComplaintRequest>,
    ) -> Answer<wire::WithdrawComplaintResponse> {
        let (caller, message) = parts(request)?;
        let complaint = self.app.commands.withdraw(&caller, message).await.map_err(refused)?;
        Ok(Response::new(wire::WithdrawComplaintResponse { complaint: Some(complaint) }))
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
        let (caller, message) = parts(request)?;
        self.app.audit.verify(&caller, message).await.map(Response::new).map_err(refused)
    }
}

/// The answer to an accepted complaint.
pub fn accepted(accepted: &Accepted) -> wire::SubmitComplaintResponse {
    wire::SubmitComplaintResponse {
        complaint_id: accepted.id.to_string(),
        complaint_no: accepted.no.to_string(),
        received_at: Some(to_wire_time(accepted.received_at)),
        acknowledge_by: Some(to_wire_time(accepted.acknowledge_by)),
        duplicate: accepted.duplicate,
    }
}

fn parts<T>(request: Request<T>) -> Result<(Principal, T), Status> {
    Ok((grpc::principal(&request)?, request.into_inner()))
}

fn refused(error: Error) -> Status {
    grpc::status(error.into_problem())
}
