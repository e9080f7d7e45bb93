//! Investigation: what happened, found out fairly to both sides, and provable afterwards.
//!
//! Follows intake's lifecycle ([`app::follow`]): each registered complaint is remembered, the platform's own systems are
//! asked for what they hold at once ([`app::records`]), an accepted complaint is opened as the tenant's policy says, and
//! whatever intake could not take is undone here. Incidents are followed too ([`app::incidents`]): what is found once
//! counts for each member. A party that does not answer in time lapses by sla's clock, and by nothing else
//! ([`app::clocks`]).
//!
//! Answers calls: opening and planning ([`app::opening`]), requests to the parties ([`app::requests`]), their evidence
//! ([`app::evidence`]), tests ([`app::goods_tests`]), other departments' views ([`app::consultations`]), findings
//! ([`app::findings`]), the course of events ([`app::timeline`]), the conclusion ([`app::conclusion`]). All of them take
//! one way through [`app::change`]: lock the case, ask whether the caller may, whether the call was made before, whether
//! the case still stands as the caller saw it; decide; save it with its events.
//!
//! What people typed is sealed with the complaint's data key before it is stored or published; only the wrapped key is
//! kept here.
#![warn(missing_docs)]

pub mod app;
pub mod config;
mod consumer;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod http;
pub mod objects;
pub mod policy;
pub mod store;
pub mod topics;
pub mod verify_pack;
mod wiring;

pub use error::Error;
pub use wiring::{App, Investigation};

/// `ce_source` of this service's events.
pub const SOURCE: &str = "/redress/investigation";

/// The service's own tables; the kit's come before them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
