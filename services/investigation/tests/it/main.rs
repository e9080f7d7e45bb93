//! Investigation on real parts: its handlers and uses on a real `PostgreSQL`, and the process on Kafka too.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where the world is not as it needs it"
)]

mod bench;
mod calls;
mod conclude;
mod contested;
mod evidence;
mod evidence_of;
mod follow;
mod guards;
mod incidents;
mod lapse;
mod platform;
mod process;
mod rights;
mod statements;
mod tenants;
mod world;
