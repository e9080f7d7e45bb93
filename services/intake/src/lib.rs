//! Intake: accepts complaints, registers them and owns their lifecycle.
//!
//! Two roles of one binary. **Accept** answers calls: it validates, seals the personal fields and writes a submission
//! to the log; the caller gets a number when the log has it. **Register** consumes submissions in batches and writes
//! complaint, parties, context, audit entry and event in one transaction; it is the one writer of a complaint's
//! lifecycle ([`domain::lifecycle`]), moved by the commands of [`app::commands`] and by the facts of other services.
//!
//! A complaint's way through the code: [`http`]/[`grpc`] → [`app::accept`] → topic submissions → [`app::register`] →
//! tables ([`store`]) and outbox → topic lifecycle. Reading: [`app::queries`], [`app::watch`], [`app::audit`].

pub mod app;
pub mod config;
mod consumer;
pub mod crash;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod http;
pub mod policy;
pub mod store;
pub mod topics;
mod wiring;

pub use error::Error;
pub use wiring::{App, Intake};

/// `ce_source` of this service's events.
pub const SOURCE: &str = "/redress/intake";

/// The service's own tables; the kit's come before them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
