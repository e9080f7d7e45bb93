//! Classification on real parts: its handlers and uses on a real `PostgreSQL`, and the process on Kafka and Redis too.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where the world is not as it needs it"
)]

mod assess;
mod assignments;
mod bench;
mod completions;
mod duplicates;
mod incidents;
mod keys;
mod model;
mod overrule;
mod process;
mod replicas;
mod rule_sets;
mod tenants;
mod world;
