//! The stack and the services on it, as `up` and `demo` start them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use redress_devstack::{ServiceProcess, Stack, StackOptions};
use redress_domain::TenantId;
use redress_testkit::{Addresses, Installation, MovedTime, Site};

use crate::command::{self, cargo};
use crate::tools;

/// In the order in which they start: each after those whose topics it reads.
pub(crate) const SERVICES: [&str; 7] =
    ["intake", "classification", "investigation", "resolution", "notification", "sla", "analytics"];

/// The services' binaries, with the features of every dependency settled as `cargo xtask test` has them: over the whole
/// workspace, and with those that only tests ask for, which cargo counts as soon as one test is among the targets.
/// Otherwise tonic, sqlx and what stands on them would be compiled once for the tests and once for the demo.
const BUILD: &str = "build --locked --workspace --all-features --test leaves_nothing";
/// Says that everything of the workspace is built already, with all targets and features: set by `cargo xtask test` for
/// its tests, so that those that begin a demo need not wait for another look at every crate.
pub(crate) const BUILT_VARIABLE: &str = "REDRESS_XTASK_BUILT";
/// The folder of keys and logs in the stack's own, and the beginning of the databases' names.
const SITE: &str = "redress";
/// Room for a service to drain and flush.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A setting of one service beyond those that every installation has: its name, the variable, the value.
pub(crate) use redress_simulator::connectors::Setting;

/// What runs. Dropping it kills all of it; [`stop`](Self::stop) ends it in order.
pub(crate) struct Launched {
    // In this order: the services end before the servers they talk to.
    pub(crate) services: Vec<Running>,
    pub(crate) site: Arc<Site>,
    pub(crate) tenants: [TenantId; 2],
    /// What moves the time of all services on, if that is what they were started for.
    pub(crate) time: Option<Arc<MovedTime>>,
    pub(crate) stack: Stack,
}

/// Which time the services go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clocks {
    /// The machine's.
    Real,
    /// One that can be moved on: their profile is `test`.
    Moved,
}

/// One service.
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) process: ServiceProcess,
    pub(crate) addresses: Addresses,
    pub(crate) installation: Installation,
}

/// Builds the services, then starts the stack and them; all are ready when this returns.
pub(crate) async fn launch(settings: &[Setting], clocks: Clocks) -> anyhow::Result<Launched> {
    for folder in redress_devstack::left_over()? {
        eprintln!(
            "{0} is left of a run that could not clean up; if nothing in it is wanted: rm -rf {0}",
            folder.display()
        );
    }
    redress_devstack::require_room()?;
    tools::ensure_stack().await?;
    build().await?;
    eprintln!("starting PostgreSQL, Redis and Kafka …");
    // With fsync, as in production: what is shown here shall be true there.
    let options = StackOptions { fsync: true, ..StackOptions::default() };
    let stack = Stack::start(options).await.context("the stack cannot start")?;
    let tenants = ["tenant-a".parse()?, "tenant-b".parse()?];
    let site = Site::prepare(stack.endpoints(), SITE, "", &tenants)?;
    let mut installed = Vec::new();
    for name in SERVICES {
        eprintln!("installing {name} …");
        let installation = site.install(name).await;
        installed.push((name, installation.with_context(|| format!("{name} is not installed"))?));
    }
    let databases = installed.iter().map(|(_, installation)| installation.database_url.clone());
    let file = stack.endpoints().dir.join(SITE).join("time");
    let time = (clocks == Clocks::Moved).then(|| Arc::new(MovedTime::new(file, databases.collect())));
    let mut services = Vec::new();
    for (name, installation) in installed {
        eprintln!("starting {name} …");
        let started = start(name, installation, settings, time.as_deref()).await;
        services.push(started.with_context(|| format!("{name} does not start"))?);
    }
    Ok(Launched { services, site, tenants, time, stack })
}

/// Builds the services' binaries, beside this one, unless it is said that they are built.
pub(crate) async fn build() -> anyhow::Result<()> {
    build_with(&[]).await
}

/// The same, and further programs of the workspace.
pub(crate) async fn build_with(programs: &[&str]) -> anyhow::Result<()> {
    if std::env::var_os(BUILT_VARIABLE).is_some() {
        return Ok(());
    }
    eprintln!("building the services …");
    let mut build = cargo(BUILD);
    build.args(programs.iter().flat_map(|program| ["--bin", program]));
    build.args(SERVICES.iter().flat_map(|name| ["--bin".to_owned(), format!("redress-{name}")]));
    command::run(build).await
}

async fn start(
    name: &'static str,
    installation: Installation,
    settings: &[Setting],
    time: Option<&MovedTime>,
) -> anyhow::Result<Running> {
    let addresses = Addresses::claim();
    let moved = time.map(MovedTime::settings);
    let of_all = moved.iter().flatten().map(|(variable, value)| (*variable, value.as_str()));
    let own = settings.iter().filter(|(service, ..)| *service == name);
    let own = own.map(|(_, variable, value)| (*variable, value.as_str()));
    let overrides: Vec<_> = of_all.chain(own).collect();
    let process = installation.serve(name, &addresses, &overrides).await?;
    Ok(Running { name, process, addresses, installation })
}

impl Launched {
    /// One of [`SERVICES`].
    pub(crate) fn service(&self, name: &str) -> anyhow::Result<&Running> {
        self.services
            .iter()
            .find(|running| running.name == name)
            .with_context(|| format!("{name} does not run"))
    }

    /// What time it is in the installation.
    pub(crate) fn now(&self) -> Timestamp {
        self.time.as_ref().map_or_else(real_now, |time| time.now())
    }

    /// Ends the services in order, the last started first, then the stack with all data.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let mut left = Vec::new();
        for Running { name, process, .. } in self.services.into_iter().rev() {
            left.push((name, process.terminate(STOP_LIMIT).await));
        }
        self.stack.stop().await;
        for (name, status) in left {
            let status = status?;
            anyhow::ensure!(
                status.success(),
                "{name} ended with {status}; its log told why and is gone with the stack"
            );
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge of the process")]
fn real_now() -> Timestamp {
    Timestamp::now()
}
