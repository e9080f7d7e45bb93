use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::guard::Guard;
use crate::process::Process;
use crate::server::{Place, Ports, Server};
use crate::{Endpoints, Pids, StackError, folders, room};

/// A server of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// Apache Kafka.
    Kafka,
}

impl Part {
    /// Every part.
    pub const ALL: &[Self] = &[Self::Postgres, Self::Redis, Self::Kafka];

    const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Kafka => "kafka",
        }
    }
}

/// How a stack is started.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// An empty or absent folder for data and logs, removed in the end; by default one below `target/devstack`.
    pub dir: Option<PathBuf>,
    /// Whether PostgreSQL waits for the disk. Without it data survive the death of the server, not of the machine.
    pub fsync: bool,
    /// What is started at once. [`Stack::start_part`] may start the others later.
    pub parts: &'static [Part],
}

impl Default for StackOptions {
    /// All parts, without waiting for the disk: as tests want it.
    fn default() -> Self {
        Self { dir: None, fsync: false, parts: Part::ALL }
    }
}

/// Real servers on loopback. Dropping it ends them and removes their data; that blocks for some 100 ms, so async code
/// calls [`stop`](Self::stop).
#[derive(Debug)]
pub struct Stack {
    // In this order: first the servers end, then the guard, which removes the folder, then the ports are free.
    postgres: Slot,
    redis: Slot,
    kafka: Slot,
    place: Place,
    ports: Ports,
    endpoints: Endpoints,
}

/// A part: its data, once they are in place, and its process, while it runs.
#[derive(Debug, Default)]
struct Slot {
    server: OnceCell<Server>,
    process: Mutex<Option<Arc<Process>>>,
}

impl Slot {
    fn process(&self) -> Option<Arc<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, process: Option<Arc<Process>>) -> Option<Arc<Process>> {
        std::mem::replace(&mut *self.process.lock().unwrap_or_else(PoisonError::into_inner), process)
    }
}

impl Stack {
    /// Starts the parts side by side; they are ready when this returns. On failure nothing is left.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let mut stack = Self::empty(&options)?;
        let start = async |part| {
            if options.parts.contains(&part) { stack.start_part(part).await } else { Ok(()) }
        };
        let (postgres, redis, kafka) =
            tokio::join!(start(Part::Postgres), start(Part::Redis), start(Part::Kafka));
        postgres.and(redis).and(kafka)?;
        stack.endpoints.pids = Pids {
            kafka: stack.pid(Part::Kafka),
            postgres: stack.pid(Part::Postgres),
            redis: stack.pid(Part::Redis),
        };
        Ok(stack)
    }

    /// A folder, a guard and ports; nothing runs yet.
    fn empty(options: &StackOptions) -> Result<Self, StackError> {
        let dir = match &options.dir {
            Some(dir) => folders::own(dir)?,
            None => default_folder()?,
        };
        let place =
            Place { guard: Arc::new(Guard::start(Some(&dir))?), dir: dir.clone(), fsync: options.fsync };
        let ports = Ports::claim()?;
        let endpoints = Endpoints {
            kafka: format!("127.0.0.1:{}", ports.kafka.number),
            postgres: format!("postgres://postgres@127.0.0.1:{}/postgres", ports.postgres.number),
            redis: format!("redis://127.0.0.1:{}", ports.redis.number),
            pids: Pids { kafka: None, postgres: None, redis: None },
            dir,
        };
        let (postgres, redis, kafka) = Default::default();
        Ok(Self { postgres, redis, kafka, place, ports, endpoints })
    }

    /// Where the parts are reached.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The part's main process, if it was started and not killed.
    pub fn pid(&self, part: Part) -> Option<u32> {
        self.slot(part).process().map(|process| process.pid())
    }

    /// Starts a part that was killed or not started yet: same address, same data (Redis is empty). It is ready when
    /// this returns. A part that runs is left as it is. Kafka takes 2 s after a kill: it waits for its own old session.
    pub async fn start_part(&self, part: Part) -> Result<(), StackError> {
        let slot = self.slot(part);
        if slot.process().is_some_and(|process| process.is_running()) {
            return Ok(());
        }
        let started = async {
            let prepare = async || Server::prepare(part, &self.place, &self.ports).await;
            let server = slot.server.get_or_try_init(prepare).await?;
            let log = self.place.log(part.name());
            server.start(part.name(), &self.place.guard, &log).await
        };
        let process = started.await.map_err(|error| self.cause_of(part, error))?;
        slot.replace(Some(Arc::new(process)));
        Ok(())
    }

    /// What a user can do something about, where that is behind a failure; each server has its own words for it.
    fn cause_of(&self, part: Part, error: StackError) -> StackError {
        if let Err(no_room @ StackError::NoRoom { .. }) = room::require_a_little(&self.place.dir) {
            return no_room;
        }
        match (self.ports.taken(part), error) {
            (Some(port), StackError::Ended { .. }) => {
                StackError::PortTaken { name: part.name().to_owned(), port }
            }
            (_, other) => other,
        }
    }

    /// Kills all processes of the part by `SIGKILL` and waits until they are gone. The data stay. A part that does not
    /// run is left as it is.
    pub async fn kill(&self, part: Part) {
        if let Some(process) = self.slot(part).replace(None) {
            process.kill().await;
        }
    }

    /// Stops all processes of the part where they stand (`SIGSTOP`): it keeps its connections and says nothing. A part
    /// that does not run is left as it is.
    pub fn pause(&self, part: Part) {
        if let Some(process) = self.slot(part).process() {
            process.pause();
        }
    }

    /// Lets a paused part go on.
    pub fn resume(&self, part: Part) {
        if let Some(process) = self.slot(part).process() {
            process.resume();
        }
    }

    /// Ends everything and removes the data; all is gone when this returns.
    pub async fn stop(self) {
        if let Err(error) = tokio::task::spawn_blocking(move || drop(self)).await {
            tracing::error!(%error, "the stack could not be stopped in order; its guard ends it");
        }
    }

    fn slot(&self, part: Part) -> &Slot {
        match part {
            Part::Postgres => &self.postgres,
            Part::Redis => &self.redis,
            Part::Kafka => &self.kafka,
        }
    }
}

/// Below `target/devstack`, or among the temporary files if the account of PostgreSQL cannot reach the target folder (a
/// root user's home is closed to others).
fn default_folder() -> Result<PathBuf, StackError> {
    let devstack = folders::devstack()?;
    if rustix::process::geteuid().is_root() && !folders::is_open_to_others(&devstack) {
        return folders::fresh(&std::env::temp_dir(), "redress-run");
    }
    folders::fresh(&devstack, folders::RUN)
}
