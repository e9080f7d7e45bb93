//! Notification: tells each party what law and promise require, and keeps the proof.
//!
//! A notice's way through the code: [`app::react`] reads the lifecycle and queues notices by a table, [`app::hear`]
//! does so of what other services tell, once the lifecycle has taken it (or [`app::send`] queues one that somebody asks for) → tables ([`store`]) and outbox, one notice per cause, kind and addressee →
//! [`app::dispatch`] claims what is due, writes the letter from its template ([`domain::templates`]), hands it to a
//! channel ([`channel`]) and writes down what came of it → [`app::receipts`] takes what the channel reports later.
//! Reading: [`app::queries`]. Before sending: [`app::preview`].
//!
//! A notice is checked against its kind's schema ([`domain::schema`]) when it is queued, and a template against the same
//! schema when it is loaded: nothing incomplete goes out. A letter is written once, sealed, and goes out as it is through
//! whichever channel takes it; its hash outlives its erasure.
//!
//! Callbacks are copies for the platform of every notice that it wants, and stand in for an addressee's channel where
//! there is none. Whether a message reached its reader twice is the receiver's to tell, by the notice's id: towards
//! channels, delivery is at least once.
#![warn(missing_docs)]

pub mod app;
pub mod channel;
pub mod config;
mod consumer;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod policy;
pub mod store;
pub mod topics;
mod wiring;

pub use error::Error;
pub use wiring::{App, Notification};

/// `ce_source` of this service's events, and its name in access records.
pub const SOURCE: &str = "/redress/notification";

/// The service's own tables; the kit's come before them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
