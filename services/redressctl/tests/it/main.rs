//! What whoever calls `redressctl` sees, against real services: output, sentences, exit codes.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

mod audit;
mod collector;
mod complaints;
mod configuration;
mod deadlines;
mod doctor;
mod failures;
mod parked;
mod rules;
mod watching;
mod world;
