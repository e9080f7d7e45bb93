//! What the users of intake see: its HTTP edge, its gRPC services, its topics, its command line.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where the world is not as it needs it"
)]

mod access;
mod bad_input;
mod bad_messages;
mod calls;
mod case_commands;
mod command_line;
mod idempotency;
mod journey;
mod lifecycle_topic;
mod operation;
mod personal_data;
mod reading;
mod readme;
mod service;
mod tenants;
mod watching;
