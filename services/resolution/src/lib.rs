//! Resolution: who answers for what happened, what is offered, agreed or ruled, and what is paid, with proof.
//!
//! A case's way through the code: intake's lifecycle is followed ([`app::react`]) → people and parties act on it
//! ([`app::commands`]: one course for every command, guards in [`domain`]) → the case is saved whole with its records,
//! sealed words, chain of offers and events ([`app::save`], [`store`]) → the lifecycle moves, and only then is money
//! ordered ([`app::remedy`]) or a ruling shown. What the lifecycle refuses is undone (`app::react::undo`).
//!
//! A case is the aggregate: every change locks its row in `case_file`, reads its records with one more query, and is
//! judged whole. Two acts at the same instant therefore meet in an order; unique indexes hold what must be single even
//! if the code erred.
//!
//! Refused: a table per kind of record (seven tables, each read on every command, to say what one says); events before
//! the lifecycle's assent that somebody could pay on; words in clear anywhere but on their way to who may read them.
#![warn(missing_docs)]

pub mod app;
pub mod config;
mod consumer;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod http;
pub mod policy;
pub mod store;
pub mod topics;
mod wiring;

pub use error::Error;
pub use wiring::{App, Resolution};

/// `ce_source` of this service's events, and its name where it acts itself.
pub const SOURCE: &str = "/redress/resolution";

/// The service's own tables; the kit's come before them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
