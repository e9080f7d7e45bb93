use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use redress_domain::Principal;

use super::ProblemResponse;

/// Who calls. The route's [`authorized`](super::authorized) layer has verified the token.
#[derive(Debug, Clone)]
pub struct Caller(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ProblemResponse> {
        let principal = parts.extensions.get::<Arc<Principal>>();
        principal
            .map(|principal| Self(Principal::clone(principal)))
            .ok_or_else(|| ProblemResponse(crate::grpc::unauthenticated()))
    }
}
