//! What callers and the ledger see while parts of the platform are killed, stopped, cut off or overrun.
//!
//! Every test runs intake as a process under an open-loop load and ends with the ledger's verdict. Those that touch a
//! server have a stack of their own, the others share one.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

mod crash;
mod kafka;
mod overload;
mod parked;
mod postgres;
mod redis;
mod replicas;
mod telemetry;
mod world;
