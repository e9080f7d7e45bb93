//! Submits over gRPC, through a few connections that callers share.

use std::time::Duration;

use redress_proto::intake::v1::SubmitComplaintRequest;
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::{Answer, CALL_LIMIT, Caller};

/// As a gateway of a platform would hold.
const CONNECTIONS: usize = 4;

#[derive(Debug)]
pub(crate) struct Grpc {
    clients: Vec<IntakeServiceClient<Channel>>,
}

impl Grpc {
    /// Connections to `address`, made at the first call and again after a loss.
    pub(crate) fn to(address: &str) -> anyhow::Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?
            .connect_timeout(Duration::from_secs(1))
            .tcp_nodelay(true);
        let clients = (0..CONNECTIONS).map(|_| IntakeServiceClient::new(endpoint.connect_lazy())).collect();
        Ok(Self { clients })
    }

    pub(crate) async fn submit(
        &self,
        number: usize,
        caller: &Caller,
        message: SubmitComplaintRequest,
    ) -> Answer {
        let Some(client) = self.clients.get(number % self.clients.len()) else {
            return Answer::Unknown("no connection".to_owned());
        };
        let mut request = Request::new(message);
        request.set_timeout(CALL_LIMIT);
        request.metadata_mut().insert("authorization", caller.grpc.clone());
        match client.clone().submit_complaint(request).await {
            Ok(response) => Answer::Accepted(response.into_inner().complaint_id),
            Err(status) => refused(&status),
        }
    }
}

fn refused(status: &Status) -> Answer {
    let told = format!("{:?}: {}", status.code(), status.message());
    match status.code() {
        Code::InvalidArgument
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Unimplemented
        | Code::Unauthenticated => Answer::Rejected(told),
        _ => Answer::Unknown(told),
    }
}
