//! The HTTP side: problems as `application/problem+json`, the caller of a request, the body, and the layers.
//!
//! A route of a service names the RPC that it mirrors, by [`authorized`], and so falls under the same policy row and
//! the same class under overload. A handler that asks for its [`Caller`] on a route without that layer is refused.

mod authorized;
mod body;
mod caller;
mod edge;
mod problem;

pub use authorized::{Authorized, AuthorizedService, authorized};
pub use body::{MAX_BODY_BYTES, RequestBody};
pub use caller::Caller;
pub(crate) use edge::edge;
pub use problem::ProblemResponse;
