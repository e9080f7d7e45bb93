//! Classification: what a complaint is about, how grave and urgent it is, whom it is directed at and what it lacks,
//! each with reasons a person can check.
//!
//! Consumes intake's lifecycle ([`app::assess`]): each registered complaint is opened for its purpose, assessed, compared
//! with others, counted towards incidents and put into a queue, once. Answers calls: a dry run ([`app::preview`]), why
//! ([`app::explain`]), a person's assessment in the place of the machine's ([`app::overrule`]), pairs that look the same
//! ([`app::duplicates`]), incidents ([`app::incidents`], which end by [`app::ending`]), queues and offers ([`app::assignments`], [`app::offering`]),
//! rule sets ([`app::rule_sets`], in effect by [`app::engine`]). An outside model may be asked ([`app::provider`]).
//!
//! A text's way through the pure core:
//!
//! 1. [`domain::normalize`] brings it into one form (NFKC, lower case, simplified characters) and keeps the way back
//!    to the writer's own letters, so that evidence points at what was written.
//! 2. [`domain::lexicon`] finds the terms of the field in one pass; a term stands for a *concept* (`ship`, `refund`).
//! 3. [`domain::scan`] tells in which scope each was said (denied, quoted from a promise, supposed, settled) and reads
//!    numbers with their units (money, people, days, ages) and reference numbers.
//! 4. [`domain::rules`] holds typed tables: conditions over concepts and context, an outcome, a score.
//! 5. [`domain::assess`] adds the scores up, lets the borders of the guide decide, fills what the table of
//!    sub-categories says, and lists what is missing.
//!
//! Words are data (`data/lexicon`), labels are data (`data/rules`), and neither knows a case by name: a rule set is
//! published as files, versioned by their hash, tested on examples and compared with the running one before it takes
//! effect ([`domain::rules::examples`]).
//!
//! Refused: one list of regular expressions per label (unreadable after the first hundred, and slow); a trained model
//! as the first decider (it cannot say why; it may be asked beside these rules, behind a gate); segmenting into words
//! (the terms are longer than words and decide without it).
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
pub use wiring::{App, Classification};

/// `ce_source` of this service's events.
pub const SOURCE: &str = "/redress/classification";

/// The service's own tables; the kit's come before them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
