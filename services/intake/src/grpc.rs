//! The gRPC service: decode → app → encode, nothing else.

use std::pin::Pin;

use futures::{Stream, StreamExt};
use redress_domain::{Principal, Violations};
use redress_proto::intake::v1 as wire;
use redress_proto::intake::v1::intake_service_server::IntakeService;
use redress_proto::known;
use redress_runtime::{Deadline, grpc};
use tonic::{Request, Response, Status};

use crate::App;
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
        let (caller, message) = parts(request)?;
        let complaint = self
            .app
            .commands
            .supply_completion(&caller, message, Violations::default())
            .await
            .map_err(refused)?;
        Ok(Response::new(wire::SupplyCompletionResponse { complaint: Some(complaint) }))
    }

    async fn decide_admissibility(
        &self,
        request: Request<wire::DecideAdmissibilityRequest>,
    ) -> Answer<wire::DecideAdmissibilityResponse> {
        let (caller, message) = parts(request)?;
        let found = unknown(&message);
        let complaint =
            self.app.commands.decide_admissibility(&caller, message, found).await.map_err(refused)?;
        Ok(Response::new(wire::DecideAdmissibilityResponse { complaint: Some(complaint) }))
    }

    async fn withdraw_complaint(
        &self,
        request: Request<wire::WithdrawComplaintRequest>,
    ) -> Answer<wire::WithdrawComplaintResponse> {
        let (caller, message) = parts(request)?;
        let complaint =
            self.app.commands.withdraw(&caller, message, Violations::default()).await.map_err(refused)?;
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
        let deadline = request.extensions().get::<Deadline>().map(|deadline| deadline.0);
        let (caller, message) = parts(request)?;
        self.app.audit.verify(&caller, message, deadline).await.map(Response::new).map_err(refused)
    }
}

fn parts<T>(request: Request<T>) -> Result<(Principal, T), Status> {
    Ok((grpc::principal(&request)?, request.into_inner()))
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
