use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use redress_domain::{ErrorKind, Problem};

use super::ProblemResponse;

/// The most bytes that the body of a request may have; gRPC messages are held to the same.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The whole body of a request, [`MAX_BODY_BYTES`] at most.
///
/// More is refused as `BODY_TOO_LARGE` (413) and a body that breaks off as `BODY_INCOMPLETE` (400).
#[derive(Debug, Clone)]
pub struct RequestBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RequestBody {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, ProblemResponse> {
        match Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await {
            Ok(body) => Ok(Self(body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(refuse("BODY_TOO_LARGE", "the body is over 256 KiB"))
            }
            Err(_) => Err(refuse("BODY_INCOMPLETE", "the body breaks off")),
        }
    }
}

fn refuse(reason: &'static str, message: &'static str) -> ProblemResponse {
    ProblemResponse(Problem::new(ErrorKind::InvalidArgument, reason, message))
}
