use std::sync::Arc;

use redress_domain::{ErrorKind, Principal, Problem};
use tonic::{Request, Status};

/// Who calls. The runtime has verified the token before any handler runs.
///
/// Fails with UNAUTHENTICATED only where a handler is called without the runtime's layer.
pub fn principal<T>(request: &Request<T>) -> Result<Principal, Status> {
    request
        .extensions()
        .get::<Arc<Principal>>()
        .map(|principal| Principal::clone(principal))
        .ok_or_else(|| super::status(unauthenticated()))
}

/// Who calls, and what is asked; fails as [`principal`] does.
pub fn parts<T>(request: Request<T>) -> Result<(Principal, T), Status> {
    Ok((principal(&request)?, request.into_inner()))
}

pub(crate) fn unauthenticated() -> Problem {
    Problem::new(ErrorKind::Unauthenticated, "TOKEN_MISSING", "a bearer token is required")
}
