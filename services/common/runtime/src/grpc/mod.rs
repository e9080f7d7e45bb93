//! The gRPC side: problems as statuses, the caller of a request, the layer that every call passes, and how servers of
//! others are reached.

mod calls;
mod client;
mod code;
mod layer;
mod principal;
mod status;
mod timeout;
mod undecodable;

pub use calls::{TracedChannel, connect};
pub use client::ClientTls;
pub(crate) use client::is_loopback;
pub use code::code_name;
pub(crate) use layer::CallLayer;
pub(crate) use principal::unauthenticated;
pub use principal::{parts, principal};
pub use status::{Received, ReceivedViolation, problem_of, status};
pub(crate) use timeout::time_allowed;
