//! Calls of the gRPC services: typed, or of any method as bytes.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _};
use http::uri::PathAndQuery;
use redress_proto::admin::v1::admin_service_client::AdminServiceClient;
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// No call of a test takes longer.
const LIMIT: Duration = Duration::from_mins(1);

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

/// Calls any method with an encoded message, and gives its answer as it came: of a stream the first message, nothing if
/// it ended without one.
pub async fn call(
    channel: &Channel,
    token: Option<&str>,
    path: &str,
    message: Vec<u8>,
) -> Result<Option<Vec<u8>>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path: PathAndQuery = path.parse().map_err(|_| Status::internal("no path"))?;
    let mut request = Request::new(message);
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().map_err(|_| Status::internal("no token"))?;
        request.metadata_mut().insert("authorization", value);
    }
    let answer = async { client.server_streaming(request, path, Plain).await?.into_inner().message().await };
    // Here and not in the call's header: a stream lives longer than the time until its first message.
    tokio::time::timeout(LIMIT, answer).await.unwrap_or_else(|_| Err(Status::cancelled("no answer in time")))
}

/// Messages as the bytes that they are.
#[derive(Debug, Clone, Copy, Default)]
struct Plain;

impl Codec for Plain {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut message = vec![0; source.remaining()];
        source.copy_to_slice(&mut message);
        Ok(Some(message))
    }
}
