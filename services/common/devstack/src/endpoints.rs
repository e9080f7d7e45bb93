use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the parts of a stack are reached. As JSON it is handed to other processes (see [`shared`](crate::shared)).
///
/// Every address is reserved from the beginning, also that of a part that was not started yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Kafka's bootstrap server, `127.0.0.1:port`.
    pub kafka: String,
    /// The superuser's URL of the database `postgres`, over TCP.
    pub postgres: String,
    /// `redis://127.0.0.1:port`.
    pub redis: String,
    /// The processes as they were first started; [`Stack::pid`](crate::Stack::pid) knows the present ones.
    pub pids: Pids,
    /// The folder with the data and the logs (`kafka.log`, `postgres.log`, `redis.log`).
    pub dir: PathBuf,
}

/// The process ids of the parts that were started with the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pids {
    /// The broker's virtual machine.
    pub kafka: Option<u32>,
    /// The postmaster.
    pub postgres: Option<u32>,
    /// The Redis server.
    pub redis: Option<u32>,
}
