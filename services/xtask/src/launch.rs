//! The stack and the services on it, as `up` and `demo` start them.

use std::time::Duration;

use anyhow::Context as _;
use redress_devstack::{ServiceProcess, Stack, StackOptions};
use redress_domain::TenantId;
use redress_testkit::{Addresses, Installation};

use crate::command::{self, cargo};
use crate::tools;

/// The service's binary, with the features of every dependency settled as `cargo xtask test` has them: over the whole
/// workspace, and with those that only tests ask for, which cargo counts as soon as one test is among the targets.
/// Otherwise tonic, sqlx and what stands on them would be compiled once for the tests and once for the demo.
const BUILD: &str = "build --locked --workspace --all-features --bin redress-intake --test leaves_nothing";
/// Room for a service to drain and flush.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// What runs. Dropping it kills all of it; [`stop`](Self::stop) ends it in order.
pub(crate) struct Launched {
    // In this order: the service ends before the servers it talks to.
    pub(crate) intake: ServiceProcess,
    pub(crate) addresses: Addresses,
    pub(crate) installation: Installation,
    pub(crate) tenants: [TenantId; 2],
    pub(crate) stack: Stack,
}

/// Builds the services, then starts the stack and them; all are ready when this returns.
pub(crate) async fn launch() -> anyhow::Result<Launched> {
    tools::ensure_stack().await?;
    eprintln!("building the services …");
    command::run(cargo(BUILD)).await?;
    eprintln!("starting PostgreSQL, Redis and Kafka …");
    // With fsync, as in production: what is shown here shall be true there.
    let options = StackOptions { fsync: true, ..StackOptions::default() };
    let stack = Stack::start(options).await.context("the stack cannot start")?;
    eprintln!("starting intake …");
    let tenants = ["tenant-a".parse()?, "tenant-b".parse()?];
    let endpoints = stack.endpoints();
    let installation = Installation::prepare(endpoints, "redress_intake", "", &tenants).await;
    let installation = installation.context("intake cannot be installed on the stack")?;
    let addresses = Addresses::claim();
    let intake =
        installation.serve("intake", &addresses, &[]).await.context("intake does not become ready")?;
    Ok(Launched { intake, addresses, installation, tenants, stack })
}

impl Launched {
    /// Ends the services in order, then the stack with all data.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let left = self.intake.terminate(STOP_LIMIT).await;
        drop(self.intake);
        self.stack.stop().await;
        let status = left?;
        anyhow::ensure!(
            status.success(),
            "intake ended with {status}; its log told why and is gone with the stack"
        );
        Ok(())
    }
}
