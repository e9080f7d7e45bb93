//! Everything on one machine: PostgreSQL that waits for the disk, Redis, Kafka, and release binaries of services as
//! processes.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use redress_devstack::{Endpoints, Part, ServiceProcess, Stack, StackOptions};
use redress_domain::{Clock as _, Role, TenantId};
use redress_runtime::SystemClock;
use redress_testkit::{Addresses, Installation, topic_prefix, unique_name};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::driver::{Caller, Driver, Grpc, Http, Transport};
use crate::procfs::Named;
use crate::report::progress;
use crate::texts::Texts;

/// Quiet neighbours of each other; a platform's service calls for each.
const TENANTS: [&str; 4] = ["tenant-a", "tenant-b", "tenant-c", "tenant-d"];
const SUBJECT: &str = "platform-load";
/// Static members: what is killed and started again takes its partitions back at once.
const MEMBER: &str = "load-1";

/// A stack with one installation of intake.
pub(crate) struct Site {
    stack: Stack,
    shared: Arc<redress_testkit::Site>,
    installation: Installation,
    name: String,
    topic_prefix: String,
}

/// Which work a process of intake takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntakeRole {
    Both,
    Accept,
    Register,
}

impl IntakeRole {
    const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Accept => "accept",
            Self::Register => "register",
        }
    }

    /// The name of its process in reports.
    const fn process(self) -> &'static str {
        match self {
            Self::Both => "intake",
            Self::Accept => "intake_accept",
            Self::Register => "intake_register",
        }
    }
}

/// A process of intake.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) process: ServiceProcess,
    pub(crate) addresses: Addresses,
    role: IntakeRole,
}

/// A process of another service.
pub(crate) struct Neighbour {
    name: &'static str,
    process: ServiceProcess,
    installation: Installation,
    addresses: Addresses,
    settings: Vec<(String, String)>,
    /// Its database, as its operator sees it.
    pub(crate) pool: PgPool,
}

async fn serve_neighbour(
    installation: &Installation,
    service: &str,
    addresses: &Addresses,
    settings: &[(String, String)],
) -> anyhow::Result<ServiceProcess> {
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    installation.serve(service, addresses, &settings).await
}

impl Neighbour {
    /// Where it answers gRPC.
    pub(crate) fn grpc(&self) -> &str {
        &self.addresses.grpc
    }

    /// Kills it as it stands, and starts it again under the same name and addresses.
    pub(crate) async fn killed(&mut self) -> anyhow::Result<()> {
        self.process.kill9().await;
        let (installation, settings) = (&self.installation, &self.settings);
        self.process = serve_neighbour(installation, self.name, &self.addresses, settings).await?;
        Ok(())
    }

    pub(crate) fn named(&self) -> Named {
        Named { name: self.name, pid: self.process.pid() }
    }

    /// Records that it set aside.
    pub(crate) async fn parked(&self) -> anyhow::Result<i64> {
        let parked = "SELECT count(*) FROM parked_event WHERE status = 'parked'";
        Ok(sqlx::query_scalar(parked).fetch_one(&self.pool).await?)
    }
}

impl Intake {
    pub(crate) fn named(&self) -> Named {
        Named { name: self.role.process(), pid: self.process.pid() }
    }
}

impl Site {
    /// Starts the stack and installs intake; serves nothing yet.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        progress("starting PostgreSQL, Redis and Kafka");
        let stack = Stack::start(StackOptions { fsync: true, ..StackOptions::default() }).await?;
        let (name, topic_prefix) = (unique_name("load"), topic_prefix());
        let shared = redress_testkit::Site::prepare(stack.endpoints(), &name, &topic_prefix, &tenants()?)?;
        let installation = install(&shared, "intake").await?;
        Ok(Self { stack, shared, installation, name, topic_prefix })
    }

    /// A second installation on the same servers, with the same schema and no process.
    pub(crate) async fn twin(&self) -> anyhow::Result<Installation> {
        let (name, prefix) = (unique_name("twin"), topic_prefix());
        let twin = redress_testkit::Site::prepare(self.stack(), &name, &prefix, &tenants()?)?;
        install(&twin, "intake").await
    }

    /// Another service beside intake, ready. `settings` are further variables.
    pub(crate) async fn neighbour(
        &self,
        service: &'static str,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Neighbour> {
        let (installation, addresses) = (install(&self.shared, service).await?, Addresses::claim());
        let member = [("REDRESS__KAFKA__GROUP_INSTANCE_ID", MEMBER)];
        let settings: Vec<(String, String)> = settings
            .iter()
            .chain(&member)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let pool = PgPoolOptions::new().max_connections(1).connect(&installation.database_url).await?;
        let process = serve_neighbour(&installation, service, &addresses, &settings).await?;
        Ok(Neighbour { name: service, process, installation, addresses, settings, pool })
    }

    /// A ready process of intake in `role`, at addresses of its own or at those it had before.
    pub(crate) async fn serve(&self, role: IntakeRole, at: Option<Addresses>) -> anyhow::Result<Intake> {
        let addresses = at.unwrap_or_else(Addresses::claim);
        let settings =
            [("REDRESS__INTAKE__ROLE", role.name()), ("REDRESS__KAFKA__GROUP_INSTANCE_ID", MEMBER)];
        let process = self.installation.serve(role.process(), &addresses, &settings).await?;
        Ok(Intake { process, addresses, role })
    }

    /// A driver that submits to `intake` over gRPC.
    pub(crate) fn driver(&self, intake: &Intake) -> anyhow::Result<Arc<Driver>> {
        let grpc = Transport::Grpc(Grpc::to(&intake.addresses.grpc)?);
        Driver::new(grpc, self.callers()?, Texts::of_run(&self.name))
    }

    /// A driver that submits to `intake` over gRPC for complainants who are reached by mail.
    pub(crate) fn mailed_driver(&self, intake: &Intake) -> anyhow::Result<Arc<Driver>> {
        let grpc = Transport::Grpc(Grpc::to(&intake.addresses.grpc)?);
        Driver::new(grpc, self.callers()?, Texts::of_run(&self.name).mailed())
    }

    /// A driver that submits to `intake` over gRPC for one tenant, from complaint `from` on about `room` alone.
    pub(crate) fn turning_driver(
        &self,
        room: &str,
        from: usize,
        intake: &Intake,
    ) -> anyhow::Result<Arc<Driver>> {
        let grpc = Transport::Grpc(Grpc::to(&intake.addresses.grpc)?);
        let caller = self.callers()?.into_iter().take(1).collect();
        Driver::new(grpc, caller, Texts::of_run(&self.name).turning(room, from))
    }

    /// A driver that submits to `intake` over HTTP.
    pub(crate) fn http_driver(&self, intake: &Intake) -> anyhow::Result<Arc<Driver>> {
        let http = Transport::Http(Http::to(&intake.addresses.http)?);
        Driver::new(http, self.callers()?, Texts::of_run(&self.name))
    }

    /// One service of the platform per tenant, with a token for an hour.
    pub(crate) fn callers(&self) -> anyhow::Result<Vec<Caller>> {
        tenants()?
            .into_iter()
            .map(|tenant| {
                let token = self.token(&tenant, SUBJECT, Role::Service)?;
                Caller::new(tenant, SUBJECT, &token)
            })
            .collect()
    }

    /// A token of anybody, for an hour.
    pub(crate) fn token(&self, tenant: &TenantId, subject: &str, role: Role) -> anyhow::Result<String> {
        let issuer = self.installation.issuer();
        issuer.sign(&issuer.claims(tenant, subject, &[role], SystemClock.now()))
    }

    /// What keeps the names of this run apart from those of others.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn stack(&self) -> &Endpoints {
        self.stack.endpoints()
    }

    /// A folder on the disk that the servers use; it goes with the stack.
    pub(crate) fn dir(&self) -> &Path {
        &self.stack().dir
    }

    pub(crate) fn database_url(&self) -> &str {
        &self.installation.database_url
    }

    pub(crate) fn topic_prefix(&self) -> &str {
        &self.topic_prefix
    }

    /// The servers and this process, as the report names them.
    pub(crate) fn processes(&self) -> Vec<Named> {
        let servers = [("postgres", Part::Postgres), ("kafka", Part::Kafka), ("redis", Part::Redis)];
        let servers =
            servers.into_iter().filter_map(|(name, part)| Some(Named { name, pid: self.stack.pid(part)? }));
        servers.chain([Named { name: "driver", pid: std::process::id() }]).collect()
    }

    /// Ends everything and removes the data.
    pub(crate) async fn close(self) {
        self.stack.stop().await;
    }
}

async fn install(site: &Arc<redress_testkit::Site>, service: &str) -> anyhow::Result<Installation> {
    let profile = if cfg!(debug_assertions) { "" } else { " --release" };
    site.install(service).await.with_context(|| {
        format!("cannot install {service}; it is built by: cargo build{profile} -p redress-{service}")
    })
}

pub(crate) fn tenants() -> anyhow::Result<Vec<TenantId>> {
    Ok(TENANTS.iter().map(|tenant| tenant.parse()).collect::<Result<_, _>>()?)
}
