//! Whether the process lives and whether it may be sent work.
//!
//! Living depends on nothing outside: a database that is away is no reason to be restarted. Ready is a list of named
//! conditions; all must hold, and none does once the process is asked to leave.

mod admin;
mod grpc;
mod readiness;

pub(crate) use admin::router;
pub(crate) use grpc::{follow, service};
pub use readiness::{Condition, Readiness};
