//! Clients of the gRPC services.

use redress_proto::admin::v1::admin_service_client::AdminServiceClient;
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Puts a token into each call.
#[derive(Debug, Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Bearer {
    /// The bearer of `token`.
    pub fn new(token: &str) -> anyhow::Result<Self> {
        Ok(Self(format!("Bearer {token}").parse()?))
    }
}

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A connection to `address`, `host:port`; made with the first call.
pub fn channel(address: &str) -> anyhow::Result<Channel> {
    Ok(Endpoint::from_shared(format!("http://{address}"))?.connect_lazy())
}

/// Intake as the bearer of `token`.
pub fn intake(
    channel: &Channel,
    token: &str,
) -> anyhow::Result<IntakeServiceClient<InterceptedService<Channel, Bearer>>> {
    Ok(IntakeServiceClient::with_interceptor(channel.clone(), Bearer::new(token)?))
}

/// The operator's service as the bearer of `token`.
pub fn admin(
    channel: &Channel,
    token: &str,
) -> anyhow::Result<AdminServiceClient<InterceptedService<Channel, Bearer>>> {
    Ok(AdminServiceClient::with_interceptor(channel.clone(), Bearer::new(token)?))
}
