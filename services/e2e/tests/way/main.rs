//! The way of a complaint through all services: accepted, registered, understood, told and counted.
//!
//! Every test runs the services as processes on one installation, looks at what each of them has written, and at the
//! letters that arrived at a real mail server.
#![expect(clippy::unwrap_used, reason = "a test ends where the world is not as it needs it")]

mod installation;
mod killed;
mod played;
mod settled;
mod simulated;
mod traced;
mod troubled;
mod understood;
