//! Analytics on a real PostgreSQL and Kafka: invented histories of complaints, told in every order, late, twice and
//! again from the beginning; and the same numbers counted by hand.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

mod bench;
mod export;
mod history;
mod log;
mod order;
mod process;
mod questions;
mod recount;
mod refusals;
mod script;
mod single;
mod steps;
mod tenants;
