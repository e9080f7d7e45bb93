//! What is told of clocks while the servers that sla stands on are killed, stopped, emptied or full, while its own
//! processes die at the worst moments, and while hosts disagree about the time.
//!
//! Every test runs the service as a process, sets clocks as time goes on, and ends with the same verdict: each warning and
//! each breach of an independent list was told once, none before its instant by the database's clock, and nothing else.
//! Whoever harms a server has one of its own; the others are shared.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

mod host_clock;
mod kills;
mod load;
mod log;
mod postgres;
mod redis;
mod replay;
mod replicas;
mod verdict;
mod world;
