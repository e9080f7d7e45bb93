//! The runtime seen from outside: a small service (`tests/greeter`) as a process, called over real ports.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod auth;
mod calls;
mod configuration;
mod issuer;
mod lifecycle;
mod outgoing;
mod overload;
mod process;
mod telemetry;
