use std::time::Duration;

use axum::http::uri::PathAndQuery;
use bytes::{Buf as _, BufMut as _};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// No call by path takes longer.
const LIMIT: Duration = Duration::from_mins(1);

/// A message with a token.
///
/// # Panics
/// If the token cannot stand in a header.
pub fn bearing<T>(token: &str, message: T) -> Request<T> {
    let value: AsciiMetadataValue =
        format!("Bearer {token}").parse().unwrap_or_else(|error| panic!("not a header's value: {error}"));
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", value);
    request
}

/// Calls any method with an encoded message and gives its answer as it came: for tests that go over a whole contract by
/// its descriptors, and for messages that no generated client sends.
///
/// On the wire one message is the same to every kind of method, so streams are called too. Of a stream of answers this
/// gives the first; nothing if it ended without one.
///
/// # Panics
/// If `path` is not one.
pub async fn call_by_path(
    channel: &Channel,
    path: &str,
    request: Request<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
    let path: PathAndQuery = path.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let answer = async { client.server_streaming(request, path, Plain).await?.into_inner().message().await };
    // Here and not in the call's header: a stream lives longer than the time until its first message.
    let answer = tokio::time::timeout(LIMIT, answer).await;
    answer.unwrap_or_else(|_| Err(Status::cancelled("no answer in time"))).map(Option::unwrap_or_default)
}

/// Messages as the bytes that they are.
#[derive(Debug, Clone, Copy)]
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

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic::transport::Endpoint;

    use super::*;
    use crate::HeardCalls;

    #[tokio::test]
    async fn a_call_goes_to_its_path_with_its_token_and_gives_the_status_that_came() {
        let server = HeardCalls::start().await.unwrap();
        let channel = Endpoint::from_shared(server.url.clone()).unwrap().connect_lazy();
        let request = bearing("a.b.c", vec![1, 2, 3]);
        let refused = call_by_path(&channel, "/greeter.v1.Greeter/Greet", request).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented);
        let headers = server.headers_of("/greeter.v1.Greeter/Greet", LIMIT).await;
        assert_eq!(headers["authorization"], "Bearer a.b.c");
    }
}
