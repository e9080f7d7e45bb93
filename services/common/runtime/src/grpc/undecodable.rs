use http::Response;
use redress_domain::{ErrorKind, Problem};
use tonic::body::Body;
use tonic::{Code, Status};

/// An answer that tonic gave in the place of a handler, because the message did not decode, as a problem like all others.
///
/// tonic calls such a message INTERNAL, which would count the caller's mistake as a fault of the service, and one that is
/// too large `OUT_OF_RANGE`; both come without details. Statuses of handlers have details always, see
/// [`status`](super::status).
pub(super) fn told(status: &Status) -> Option<Response<Body>> {
    if !status.details().is_empty() {
        return None;
    }
    let (reason, message) = match status.code() {
        Code::OutOfRange => ("BODY_TOO_LARGE", "the message is larger than this call takes"),
        Code::Internal => {
            ("MALFORMED_MESSAGE", "the bytes are no message of this call, or hold text that is not UTF-8")
        }
        _ => return None,
    };
    Some(super::status(Problem::new(ErrorKind::InvalidArgument, reason, message)).into_http())
}
