//! The three servers behind one face.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::guard::Guard;
use crate::kafka::Kafka;
use crate::ports::Port;
use crate::postgres::Postgres;
use crate::process::Process;
use crate::redis::Redis;
use crate::{Part, StackError};

/// Servers are ready within a second or two; a loaded machine gets more.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// What a server is prepared with.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) guard: Arc<Guard>,
    /// The stack's folder.
    pub(crate) dir: PathBuf,
    pub(crate) fsync: bool,
}

impl Place {
    /// The log of a server or of a command; the file is appended to.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }

    /// Runs a command that prepares something.
    pub(crate) async fn run(&self, name: &str, command: Command) -> Result<(), StackError> {
        Process::run(&self.guard, name, command, &self.log(name)).await
    }
}

/// A server whose data are in place: it can be started, again and again.
#[derive(Debug)]
pub(crate) enum Server {
    Postgres(Postgres),
    Redis(Redis),
    Kafka(Kafka),
}

impl Server {
    pub(crate) async fn prepare(part: Part, place: &Place, ports: &Ports) -> Result<Self, StackError> {
        Ok(match part {
            Part::Postgres => Self::Postgres(Postgres::prepare(place, ports.postgres.number).await?),
            Part::Redis => Self::Redis(Redis::prepare(place, ports.redis.number)?),
            Part::Kafka => {
                Self::Kafka(Kafka::prepare(place, ports.kafka.number, ports.controller.number).await?)
            }
        })
    }

    /// Starts the server and waits until it does its work.
    pub(crate) async fn start(
        &self,
        name: &str,
        guard: &Arc<Guard>,
        log: &Path,
    ) -> Result<Process, StackError> {
        let process = Process::spawn(guard, name, self.command(), log)?;
        process.ready(READY_WITHIN, async || self.answers().await).await?;
        Ok(process)
    }

    fn command(&self) -> Command {
        match self {
            Self::Postgres(server) => server.command(),
            Self::Redis(server) => server.command(),
            Self::Kafka(server) => server.command(),
        }
    }

    async fn answers(&self) -> bool {
        match self {
            Self::Postgres(server) => server.answers().await,
            Self::Redis(server) => server.answers().await,
            Self::Kafka(server) => server.answers().await,
        }
    }
}

/// The ports of a stack, claimed for its whole life: a part that is down keeps its address.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) postgres: Port,
    pub(crate) redis: Port,
    pub(crate) kafka: Port,
    /// Kafka's controller speaks to its broker through a port of its own.
    controller: Port,
}

impl Ports {
    pub(crate) fn claim() -> Result<Self, StackError> {
        let claim = crate::ports::claim;
        Ok(Self { postgres: claim()?, redis: claim()?, kafka: claim()?, controller: claim()? })
    }

    /// A port of the part on which somebody listens. To be asked when the part does not run.
    pub(crate) fn taken(&self, part: Part) -> Option<u16> {
        let of_part = match part {
            Part::Postgres => vec![&self.postgres],
            Part::Redis => vec![&self.redis],
            Part::Kafka => vec![&self.kafka, &self.controller],
        };
        of_part.into_iter().find(|port| port.is_listened_on()).map(|port| port.number)
    }
}
