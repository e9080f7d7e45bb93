//! The kit on real Postgres and Kafka, under faults, judged by a ledger that hides nothing.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    reason = "in tests also outside the test functions"
)]

mod admin;
mod applied;
mod blame;
mod faults;
mod guards;
mod joining;
mod ledger;
mod log;
mod marks;
mod membership;
mod node;
mod pace;
mod parked;
mod prepare;
mod rebalance;
mod relay;
mod world;
