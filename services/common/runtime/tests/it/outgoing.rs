//! What a client of a service puts on the wire.

use std::time::Duration;

use http::uri::PathAndQuery;
use redress_runtime::grpc::{ClientTls, TracedChannel, connect};
use redress_runtime::telemetry::{self, TraceContext};
use redress_testkit::{HeardCalls, make_traces};
use tonic::{Code, Request};
use tonic_prost::ProstCodec;
use tracing::Instrument as _;

use crate::process::PATIENCE;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CAUSE: &str = "b7ad6b7169203331";

async fn call(channel: TracedChannel) -> Code {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let codec = ProstCodec::<String, String>::default();
    let path = PathAndQuery::from_static("/redress.greeter.v1.GreeterService/Greet");
    client.unary(Request::new(String::new()), path, codec).await.unwrap_err().code()
}

fn channel(server: &HeardCalls) -> TracedChannel {
    connect(&ClientTls::default().endpoint(&server.url).unwrap().connect_timeout(Duration::from_secs(5)))
}

#[tokio::test]
async fn a_call_carries_the_context_of_a_span_of_its_own_below_what_caused_it() {
    make_traces();
    let server = HeardCalls::start().await.unwrap();
    let cause = tracing::info_span!("cause");
    let traceparent = format!("00-{TRACE}-{CAUSE}-01");
    let context = TraceContext { traceparent, tracestate: Some("platform=caller-7".to_owned()) };
    telemetry::parent(&cause, &context);
    let of_cause = telemetry::context_of(&cause).unwrap();

    assert_eq!(call(channel(&server)).instrument(cause).await, Code::Unimplemented);
    let headers = server.headers_of("/Greet", PATIENCE).await;
    let on_the_wire = telemetry::extract(&headers).expect("a context");
    let traceparent = on_the_wire.traceparent;
    assert!(traceparent.starts_with(&format!("00-{TRACE}-")) && on_the_wire.tracestate == context.tracestate);
    assert!(!traceparent.contains(CAUSE) && traceparent != of_cause.traceparent, "the call's own span");
}

#[tokio::test]
async fn a_call_that_nothing_caused_begins_a_trace() {
    make_traces();
    let server = HeardCalls::start().await.unwrap();
    call(channel(&server)).await;
    let context = telemetry::extract(&server.headers_of("/Greet", PATIENCE).await).expect("a context");
    assert!(context.is_sampled(), "{context:?}");
}
