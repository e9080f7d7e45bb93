//! The consumer side. [`plan`] and [`position`] are pure; the rest are shells around them.
//!
//! [`group`] starts one Kafka consumer, a [`worker`] per topic and one [`observer`]. A worker collects a batch and has its
//! [`lane`] apply it; one batch per topic is in flight, over all the partitions of this process.

mod batch;
mod group;
mod hops;
mod item;
mod lane;
mod loader;
pub(crate) mod marks;
mod observer;
mod patience;
pub(crate) mod plan;
pub(crate) mod position;
pub(crate) mod redrive;
pub(crate) mod status;
mod worker;

pub use group::ConsumerGroup;
pub(crate) use lane::{Lane, TypedLane};

use std::sync::Arc;

use redress_domain::Clock;
use redress_postgres::Db;
use tokio_util::sync::CancellationToken;

use crate::Wake;
use crate::telemetry::ConsumerTelemetry;

/// What all parts of a group share.
pub(crate) struct Kit {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wake: Wake,
    pub(crate) stop: CancellationToken,
    pub(crate) status: Arc<status::Status>,
    pub(crate) telemetry: ConsumerTelemetry,
    pub(crate) group: String,
}
