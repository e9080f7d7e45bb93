//! Resolution on real parts: its handlers and uses on a real `PostgreSQL`, and the process on Kafka too.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where the world is not as it needs it"
)]

mod appeals;
mod bench;
mod clocks;
mod guards;
mod incidents;
mod mediation;
mod merchants;
mod negotiation;
mod process;
mod races;
mod rulings;
mod sight;
mod steps;
mod tenants;
mod undo;
mod world;
