//! Analytics: counts, and nothing else.
//!
//! One fact row per complaint is kept from the events of all services ([`app::lifecycle`], [`app::assessments`],
//! [`app::notices`], [`app::incidents`]: one handler per topic). Each column belongs to one topic, and within a topic
//! the kit keeps order and drops repetitions; so the facts are the same in whatever order topics are read, how often
//! and how late. What follows from several rows (a repeated complaint, the incident a complaint counts to) is asked for
//! and not kept.
//!
//! Numbers are made of the facts when they are asked for ([`app::metrics`]), by a dictionary ([`domain::metric`]) whose
//! entry is both what is told and what is computed. A topic of a further service joins by one handler, columns of its
//! own and entries of the dictionary.
//!
//! Refused: counters that are added up as events pass (a late or withdrawn fact would leave them wrong, and nobody could
//! say of which complaints they are made), sketches for quantiles (exact ones are fast enough here and can be recounted
//! by hand), windows by the time of the event (an answer would count in another window than its complaint).

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
pub use wiring::{Analytics, App};

/// The service's own tables; the kit's come before them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
