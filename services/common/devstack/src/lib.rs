//! Real PostgreSQL, Redis and Apache Kafka on loopback, started and stopped by code.
//!
//! Tests, the demo and the load tests run on the real servers, because the promises of this project are promises about
//! their behaviour under faults: a stand-in would prove itself. A [`Stack`] is up in about a second once the broker's
//! jars are fetched, any number of them live side by side, and nothing is left behind: not by a stop, not by a panic,
//! not by Ctrl-C or `kill -9` of the process that started them. A small guard process that outlives ours sees to it.
//!
//! Refused: containers (a newcomer needs none), the parent-death signal of Linux (it fires when the *thread* that
//! spawned the child ends, which in an async runtime is any time), and passwords (the servers listen on loopback only
//! and are thrown away; they are for a developer's own machine).
//!
//! Linux only: processes are found through `/proc`.
#![warn(missing_docs)]

mod endpoints;
mod error;
mod folders;
mod guard;
mod kafka;
mod ports;
mod postgres;
mod preflight;
mod process;
mod procfs;
mod redis;
mod room;
mod server;
mod service;
mod shared;
mod stack;
mod tool;

pub use endpoints::{Endpoints, Pids};
pub use error::StackError;
pub use folders::left_over;
pub use ports::free_port;
pub use preflight::{InstallError, install_missing, preflight};
pub use room::require_room;
pub use service::ServiceProcess;
pub use shared::{STACK_VARIABLE, shared};
pub use stack::{Part, Stack, StackOptions};
pub use tool::Missing;
