//! The RPCs, written out by hand so that the tests need no generated code: all take and give one text.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt as _, Ready, ready};
use futures::stream::Pending;
use redress_runtime::{grpc, telemetry};
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

pub(crate) struct State {
    greeting: String,
    held: AtomicUsize,
    release: Notify,
    crash: watch::Sender<String>,
}

impl State {
    pub(crate) fn new(greeting: String) -> Arc<Self> {
        let (held, release) = (AtomicUsize::new(0), Notify::new());
        Arc::new(Self { greeting, held, release, crash: watch::Sender::default() })
    }

    /// Work in the background that ends in the way that `Crash` names.
    pub(crate) fn crash(
        self: &Arc<Self>,
        stop: CancellationToken,
    ) -> impl Future<Output = anyhow::Result<()>> + use<> {
        let mut asked = self.crash.subscribe();
        async move {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = asked.changed() => {}
            }
            match asked.borrow().as_str() {
                "panic" => panic!("asked to"),
                "error" => anyhow::bail!("asked to fail"),
                _ => Ok(()),
            }
        }
    }
}

#[derive(Clone)]
pub(crate) struct Greeter(pub(crate) Arc<State>);

impl NamedService for Greeter {
    const NAME: &'static str = "redress.greeter.v1.GreeterService";
}

impl tower::Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let state = Arc::clone(&self.0);
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        async move {
            let mut server = Grpc::new(ProstCodec::default());
            if method == "Stay" {
                return Ok(server.server_streaming(Stay, request).await);
            }
            Ok(server.unary(Method { state, method }, request).await)
        }
        .boxed()
    }
}

/// Streams nothing, for ever.
struct Stay;

impl ServerStreamingService<String> for Stay {
    type Response = String;
    type ResponseStream = Pending<Result<String, Status>>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<String>) -> Self::Future {
        ready(Ok(Response::new(futures::stream::pending())))
    }
}

struct Method {
    state: Arc<State>,
    method: String,
}

impl UnaryService<String> for Method {
    type Response = String;
    type Future = BoxFuture<'static, Result<Response<String>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        answer(Arc::clone(&self.state), self.method.clone(), request).boxed()
    }
}

async fn answer(
    state: Arc<State>,
    method: String,
    request: Request<String>,
) -> Result<Response<String>, Status> {
    match method.as_str() {
        "Greet" => greet(&state, &request),
        // Held until somebody says `release`.
        "Hold" => {
            let released = state.release.notified();
            state.held.fetch_add(1, Ordering::SeqCst);
            released.await;
            Ok(Response::new("released".to_owned()))
        }
        "Crash" => {
            state.crash.send_replace(request.into_inner());
            Ok(Response::new(String::new()))
        }
        _ => Ok(Response::new("reached".to_owned())),
    }
}

fn greet(state: &State, request: &Request<String>) -> Result<Response<String>, Status> {
    let caller = grpc::principal(request)?;
    match request.get_ref().as_str() {
        "release" => state.release.notify_waiters(),
        "panic" => panic!("asked to"),
        _ => {}
    }
    tracing::info!(greeter.subject = caller.subject, "greeted");
    let answer = json!({
        "greeting": state.greeting,
        "tenant": caller.tenant.as_str(),
        "subject": caller.subject,
        "held": state.held.load(Ordering::SeqCst),
        "traceparent": telemetry::current_context().map(|context| context.traceparent),
    });
    Ok(Response::new(answer.to_string()))
}
