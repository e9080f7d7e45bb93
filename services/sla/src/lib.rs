//! Deadlines: when something is due, exactly, and why; and whoever must know, told in time and once.
//!
//! The arithmetic is a function of facts: start, unit, amount, options, calendar version, pauses, extensions. The same
//! facts give the same instant, to the millisecond, on any machine and in any year; so [`domain`] does no I/O, reads no
//! clock, and carries the rules of all time zones with it.
//!
//! A complaint's clocks are a function of all that was heard of it ([`domain::course`]); only what was told of them is
//! state ([`domain::telling`]). A batch of events is kept as facts, the clocks are computed anew, and the difference to
//! what was told is written and published in the same transaction ([`app::recount`]). So the order in which topics are
//! read, repetitions and replays change nothing. What time makes due is judged by the database's clock, in the transaction
//! of its effect ([`app::fire`]); a breach waits until everything that could still stop the clock has been read
//! ([`app::inputs`]).
//!
//! | module | answers |
//! | --- | --- |
//! | [`domain::policy`] | which clocks there are, and which events move them: data |
//! | [`domain::course`] | the clocks of a case, from its facts |
//! | [`domain::telling`] | what of them is told, by change and by the passing of time |
//! | [`domain::escalation`] | who is called when a case needs somebody higher up |
//! | [`domain::calendar`] | what holds on a date: hours, make-up workdays, holidays, how far the plan is known |
//! | [`domain::time_limit`] | the facts of one case: how much of which [unit](domain::unit), [paused](domain::pause) when |
//! | [`domain::engine`] | due instant, thresholds, and every step of the count |
//! | [`domain::explain`] | the same as sentences, in Chinese and English |
//! | [`domain::preview`] | the contract's question and answer, strictly decoded and checked |
//!
//! Rules are quoted by their ids: D1 to D13, and the closing rule for pauses: a day is held if the clock is paused at the
//! last moment before that day closes.
//!
//! Refused: clocks that events move one by one (their state would depend on the order of topics, and a repaired rule could
//! not be applied to what was heard before), timers that live in Redis (it may lose what it acknowledged), a breach that is
//! declared and taken back.

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
pub use wiring::{App, Sla};

/// The service's own tables; the kit's come before them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// How events name this service as their source.
pub const SOURCE: &str = "/redress/sla";
