use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use futures::future::{BoxFuture, FutureExt as _};
use redress_domain::Problem;
use tokio::time::Instant;
use tower::{Layer, Service};

use super::ProblemResponse;
use crate::admission::Admission;
use crate::expiry::UntilExpiry;

/// A layer for a route: who may call and how dear the call is follows the policy row of `rpc_path`, for example
/// `/redress.intake.v1.IntakeService/SubmitComplaint`. A path without a row is refused to everyone. Answers are kept by no
/// cache, and a stream ends when the caller's token does.
pub fn authorized(rpc_path: &'static str) -> Authorized {
    Authorized { rpc_path }
}

/// See [`authorized`].
#[derive(Debug, Clone, Copy)]
pub struct Authorized {
    rpc_path: &'static str,
}

impl<S> Layer<S> for Authorized {
    type Service = AuthorizedService<S>;

    fn layer(&self, inner: S) -> AuthorizedService<S> {
        AuthorizedService { rpc_path: self.rpc_path, inner }
    }
}

/// See [`authorized`].
#[derive(Debug, Clone)]
pub struct AuthorizedService<S> {
    rpc_path: &'static str,
    inner: S,
}

impl<S> Service<Request> for AuthorizedService<S>
where
    S: Service<Request, Error = Infallible> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The clone takes the place of the one that was polled ready.
        let next = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, next);
        let rpc_path = self.rpc_path;
        async move {
            let outcome = admitted(rpc_path, inner, request).await;
            Ok(outcome.unwrap_or_else(|problem| ProblemResponse(problem).into_response()))
        }
        .boxed()
    }
}

async fn admitted<S>(rpc_path: &'static str, mut inner: S, mut request: Request) -> Result<Response, Problem>
where
    S: Service<Request, Error = Infallible>,
    S::Response: IntoResponse,
{
    // The edge puts it there; a router served without the runtime lets nobody in.
    let admission =
        request.extensions().get::<Arc<Admission>>().cloned().ok_or_else(Problem::permission_denied)?;
    let admitted = admission.admit(admission.rpc(rpc_path), request.headers()).await?;
    admitted.tell(request.extensions_mut());
    let until = admitted.proved_until();
    let Ok(response) = admitted.bounded(inner.call(request)).await?;
    let mut response = response.into_response();
    // Whatever a token opens is its bearer's alone, and may hold personal fields: no cache between may keep it.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(ended_at(until, response))
}

/// A stream ends when the caller's token does. A body of known length is at hand already.
fn ended_at(until: Instant, response: Response) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| Body::new(UntilExpiry::new(body, until, || None)))
}
