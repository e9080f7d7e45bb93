use redress_domain::{ErrorKind, Problem, Violations};
use redress_messaging::KafkaClientError;
use redress_postgres::{kind_of, summary_of};
use redress_proto::admin::v1 as wire;
use redress_proto::admin::v1::admin_service_server::AdminService;
use redress_runtime::grpc::{principal, status};
use tonic::{Request, Response, Status};

use super::Admin;
use crate::consume::redrive::RedriveError;

/// After which time a repetition makes sense when a dependency is away.
const RETRY: std::time::Duration = std::time::Duration::from_secs(1);

#[tonic::async_trait]
impl AdminService for Admin {
    async fn list_parked(
        &self,
        request: Request<wire::ListParkedRequest>,
    ) -> Result<Response<wire::ListParkedResponse>, Status> {
        let caller = principal(&request)?;
        self.list(&caller, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn redrive_parked(
        &self,
        request: Request<wire::RedriveParkedRequest>,
    ) -> Result<Response<wire::RedriveParkedResponse>, Status> {
        let caller = principal(&request)?;
        self.redrive(&caller, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn discard_parked(
        &self,
        request: Request<wire::DiscardParkedRequest>,
    ) -> Result<Response<wire::DiscardParkedResponse>, Status> {
        let caller = principal(&request)?;
        self.discard(&caller, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn outbox_status(
        &self,
        request: Request<wire::OutboxStatusRequest>,
    ) -> Result<Response<wire::OutboxStatusResponse>, Status> {
        principal(&request)?;
        self.outbox().await.map(Response::new).map_err(status)
    }

    async fn consumer_status(
        &self,
        request: Request<wire::ConsumerStatusRequest>,
    ) -> Result<Response<wire::ConsumerStatusResponse>, Status> {
        principal(&request)?;
        self.consumers().await.map(Response::new).map_err(status)
    }

    async fn replay_from(
        &self,
        request: Request<wire::ReplayFromRequest>,
    ) -> Result<Response<wire::ReplayFromResponse>, Status> {
        let caller = principal(&request)?;
        self.replay(&caller, request.into_inner()).await.map(Response::new).map_err(status)
    }
}

/// The problem of a database that failed; the details are logged here.
pub(super) fn of_database(error: &sqlx::Error) -> Problem {
    tracing::warn!(error = summary_of(error), "an operator's request failed");
    match kind_of(error) {
        ErrorKind::Internal => Problem::internal(),
        _ => Problem::unavailable("DATABASE_UNAVAILABLE", RETRY),
    }
}

/// The problem of a broker that failed.
pub(super) fn of_kafka(error: &KafkaClientError) -> Problem {
    tracing::warn!(%error, "an operator's request failed");
    Problem::unavailable("KAFKA_UNAVAILABLE", RETRY)
}

/// The problem of a redrive that could not go on.
pub(super) fn of_redrive(error: &RedriveError) -> Problem {
    tracing::warn!(error = error.summary(), "redriving stopped");
    match error {
        RedriveError::Database(error) => of_database(error),
        RedriveError::Away(_) => Problem::unavailable("DEPENDENCY_UNAVAILABLE", RETRY),
        RedriveError::Overtaken => {
            Problem::new(ErrorKind::Aborted, "OVERTAKEN", "others were faster again and again; repeat")
        }
    }
}

/// The problem of a tenant's administrator who asks for what concerns every tenant.
pub(super) fn operators_only() -> Problem {
    let text = "only administrators of the operator's tenant may do this";
    Problem::new(ErrorKind::PermissionDenied, "OPERATOR_REQUIRED", text)
}

/// Refuses a request that has violations.
pub(super) fn refuse(violations: Violations) -> Result<(), Problem> {
    if violations.is_empty() { Ok(()) } else { Err(Problem::invalid(violations)) }
}

/// Every action of an operator has a reason.
pub(super) fn require_reason(reason: &str, violations: &mut Violations) {
    if reason.trim().is_empty() {
        violations.add("reason", "REQUIRED", "say why; it is kept on record");
    } else if reason.len() > 1_000 {
        violations.add("reason", "TOO_LONG", "at most 1,000 bytes");
    }
}
