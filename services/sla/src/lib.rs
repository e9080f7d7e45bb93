//! Deadlines: when something is due, exactly, and why; and whoever must know, told in time and once.
//!
//! The arithmetic is a function of facts: start, unit, amount, options, calendar version, pauses, extensions. The same
//! facts give the same instant, to the millisecond, on any machine and in any year; so [`domain`] does no I/O, reads no
//! clock, and carries the rules of all time zones with it.
//!
//! | module | answers |
//! | --- | --- |
//! | [`domain::calendar`] | what holds on a date: hours, make-up workdays, holidays, how far the plan is known |
//! | [`domain::time_limit`] | the facts of one case: how much of which [unit](domain::unit), [paused](domain::pause) when |
//! | [`domain::engine`] | due instant, thresholds, and every step of the count |
//! | [`domain::explain`] | the same as sentences, in Chinese and English |
//! | [`domain::preview`] | the contract's question and answer, strictly decoded and checked |
//!
//! Rules are quoted by their ids: D1 to D13, and the closing rule for pauses: a day is held if the clock is paused at the
//! last moment before that day closes.

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
pub use wiring::{App, Sla};

/// The service's own tables; the kit's come before them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// How events name this service as their source.
pub const SOURCE: &str = "/redress/sla";
