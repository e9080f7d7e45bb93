//! The skeleton of every service process: [`run`] takes a [`Service`] and does everything that is the same for all.
//!
//! Order of a life: configuration → telemetry → listeners → [`Service::build`] → ready → calls → drain → leave.
//! A service states what it offers ([`Parts`]) and what each call needs ([`Rpc`]); who calls, whether they may, how
//! long it may take and whether there is room is decided here, alike for gRPC and HTTP.
//!
//! Refused: a framework of plug-ins (the parts are few and known), a global registry (everything is handed over in
//! [`Context`]), and background work that may end unnoticed (a [`Task`] that ends takes the process with it).
#![warn(missing_docs)]

mod admission;
pub mod auth;
mod cli;
mod clock;
pub mod config;
mod expiry;
pub mod grpc;
mod health;
pub mod http;
mod overload;
pub mod page;
mod policy;
mod run;
mod running;
mod serve;
mod server;
mod service;
mod shutdown;
pub mod telemetry;
pub mod waiting;

pub use admission::Deadline;
pub use clock::SystemClock;
pub use config::{RuntimeConfig, Settings};
pub use health::{Condition, Readiness};
pub use policy::{Allow, Criticality, Rpc};
pub use run::run;
pub use service::{Context, Parts, Service, Task};

/// Of every process that is built on this crate; the figure that chose it is in `load-tests/README.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
