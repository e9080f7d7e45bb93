//! All services on one installation, and the world that their letters go to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use redress_devstack::{Endpoints, ServiceProcess, Stack, StackOptions, shared};
use redress_domain::{Role, TenantId};
use redress_e2e::evidence::Evidence;
use redress_e2e::load::{Load, Sent, told};
use redress_simulator::Connectors;
use redress_simulator::connectors::Setting;
use redress_simulator::reckoning::Databases;
use redress_testkit::{
    Addresses, Installation, MovedTime, Outside, Site, topic_prefix, unique_name, wait_until,
};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// What is waited for comes much earlier, on an idle machine.
pub(crate) const SOON: Duration = Duration::from_mins(2);
/// What a backlog may take: debug builds on two cores are slow.
pub(crate) const SETTLED: Duration = Duration::from_mins(8);
/// In the order in which they start.
pub(crate) const SERVICES: [&str; 7] =
    ["intake", "classification", "investigation", "resolution", "notification", "sla", "analytics"];
/// Who submits the load.
const SUBJECT: &str = "load-driver";
const PATIENCE: Duration = Duration::from_mins(3);

/// The installation. Its processes are started by the tests.
pub(crate) struct Way {
    pub(crate) outside: Outside,
    pub(crate) connectors: Connectors,
    pub(crate) tenant: TenantId,
    evidence: Evidence,
    services: BTreeMap<&'static str, (Installation, Addresses)>,
    settings: Vec<Setting>,
    /// Where its processes would read a time that is moved.
    time_file: PathBuf,
    time: Option<Arc<MovedTime>>,
    own: Option<Stack>,
    _turn: MutexGuard<'static, ()>,
}

/// Seven services at a time are as many as two cores bear.
static TURN: Mutex<()> = Mutex::const_new(());

impl Way {
    /// On servers that other tests use too.
    pub(crate) async fn prepare() -> Self {
        let turn = TURN.lock().await;
        Self::on(shared().await, None, turn).await
    }

    /// On servers that the test may kill.
    pub(crate) async fn alone() -> Self {
        let turn = TURN.lock().await;
        let stack = Stack::start(StackOptions::default()).await.unwrap();
        let endpoints = stack.endpoints().clone();
        Self::on(&endpoints, Some(stack), turn).await
    }

    async fn on(stack: &Endpoints, own: Option<Stack>, turn: MutexGuard<'static, ()>) -> Self {
        let (name, prefix) = (unique_name("way"), topic_prefix());
        // Redis is shared: what it remembers is told apart by the tenant.
        let tenant: TenantId = name.replace('_', "-").parse().unwrap();
        let site = Site::prepare(stack, &name, &prefix, std::slice::from_ref(&tenant)).unwrap();
        let connectors = Connectors::start(1, "127.0.0.1:0").await.unwrap();
        let outside = connectors.outside.clone();
        let settings = connectors.settings(now()).unwrap();
        let mut services = BTreeMap::new();
        for service in SERVICES {
            services.insert(service, (site.install(service).await.unwrap(), Addresses::claim()));
        }
        let evidence = Evidence {
            database_url: services["intake"].0.database_url.clone(),
            kafka: stack.kafka.clone(),
            topic_prefix: prefix,
        };
        let time_file = stack.dir.join(&name).join("time");
        let time = None;
        Self { outside, connectors, tenant, evidence, services, settings, time_file, time, own, _turn: turn }
    }

    /// The servers of a test that has its own.
    pub(crate) fn stack(&self) -> &Stack {
        self.own.as_ref().unwrap()
    }

    /// Ends a test's own servers.
    pub(crate) async fn end(self) {
        if let Some(own) = self.own {
            own.stop().await;
        }
    }

    /// Gives every process that is started from now on a further variable.
    pub(crate) fn set(&mut self, variable: &'static str, value: &str) {
        self.settings.extend(SERVICES.map(|service| (service, variable, value.to_owned())));
    }

    /// Its time can be moved on from here, for processes that are started later.
    pub(crate) fn has_its_own_time(&mut self) -> Arc<MovedTime> {
        let time = MovedTime::new(self.time_file.clone(), self.databases().into_values().collect());
        for (variable, value) in time.settings() {
            self.set(variable, &value);
        }
        Arc::clone(self.time.insert(Arc::new(time)))
    }

    /// The time that can be moved on.
    pub(crate) fn time(&self) -> Option<&Arc<MovedTime>> {
        self.time.as_ref()
    }

    /// A process of the service, ready, under the same name and addresses as the one before.
    pub(crate) async fn serve(&self, service: &str) -> ServiceProcess {
        let (installation, at) = &self.services[service];
        // A fixed member: when it is killed and started again, it goes on with its partitions at once.
        let mut settings = vec![("REDRESS__KAFKA__GROUP_INSTANCE_ID", service)];
        let own = self.settings.iter().filter(|(name, ..)| *name == service);
        settings.extend(own.map(|(_, variable, value)| (*variable, value.as_str())));
        installation.serve(service, at, &settings).await.unwrap()
    }

    /// All of them.
    pub(crate) async fn serve_all(&self) -> BTreeMap<&'static str, ServiceProcess> {
        let mut processes = BTreeMap::new();
        for service in SERVICES {
            processes.insert(service, self.serve(service).await);
        }
        processes
    }

    /// Where the service's gRPC is.
    pub(crate) fn grpc(&self, service: &str) -> String {
        self.services[service].1.grpc.clone()
    }

    /// Where the service's HTTP edge is.
    pub(crate) fn http(&self, service: &str) -> String {
        self.services[service].1.http.clone()
    }

    /// Where each service's database is.
    pub(crate) fn databases(&self) -> Databases {
        let of = |(name, (installation, _)): (&&str, &(Installation, Addresses))| {
            ((*name).to_owned(), installation.database_url.clone())
        };
        self.services.iter().map(of).collect()
    }

    /// A token of a member of staff.
    pub(crate) fn token(&self, role: Role) -> String {
        self.token_of("staff-1", role)
    }

    /// A token of `subject`.
    pub(crate) fn token_of(&self, subject: &str, role: Role) -> String {
        let issuer = self.services["intake"].0.issuer();
        let now = self.time.as_ref().map_or_else(now, |time| time.now());
        issuer.sign(&issuer.claims(&self.tenant, subject, &[role], now)).unwrap()
    }

    /// Complaints from one live room.
    pub(crate) fn load(&self, per_second: u32) -> Load {
        let issuer = self.services["intake"].0.issuer();
        let claims = issuer.claims(&self.tenant, SUBJECT, &[Role::Complainant], now());
        Load {
            targets: vec![self.services["intake"].1.http.clone()],
            tenant: self.tenant.clone(),
            subject: SUBJECT.to_owned(),
            token: issuer.sign(&claims).unwrap(),
            per_second,
            patience: PATIENCE,
        }
    }

    /// The one number that the query gives in the service's database.
    pub(crate) async fn count(&self, service: &str, query: &str) -> i64 {
        let mut database = PgConnection::connect(&self.services[service].0.database_url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut database).await.unwrap()
    }

    /// Waits until everything that was sent is kept once by intake, and understood, told and counted.
    pub(crate) async fn settles(&self, sent: &[Sent]) {
        // That complaints have more acts behind them than their submission is the way's purpose; so "doubled" is asked
        // in another manner below.
        let verdict = self.evidence.judge(&told(sent), SETTLED).await.unwrap();
        let faults = [&verdict.lost, &verdict.unpublished, &verdict.phantoms, &verdict.disordered];
        assert!(faults.iter().all(|found| found.is_empty()), "{verdict}");
        let all = i64::try_from(sent.len()).unwrap();
        let reached = async |service, query: &str| (self.count(service, query).await >= all).then_some(());
        wait_until("all are assessed", SETTLED, async || reached("classification", ASSESSED).await).await;
        wait_until("receipt of all is confirmed", SETTLED, async || reached("notification", CONFIRMED).await)
            .await;
        wait_until("all are counted", SETTLED, async || reached("analytics", COUNTED).await).await;
        wait_until("the receipt's clock of all is met", SETTLED, async || reached("sla", MET).await).await;
    }

    /// Nothing twice, nothing parked.
    pub(crate) async fn each_is_there_once(&self, sent: &[Sent]) {
        let all = i64::try_from(sent.len()).unwrap();
        for (service, query) in [
            ("intake", "SELECT count(*) FROM complaint"),
            ("intake", "SELECT count(*) FROM submission WHERE disposition = 'registered'"),
            ("classification", ASSESSED),
            ("classification", "SELECT count(*) FROM assessment"),
            ("notification", CONFIRMED),
            ("analytics", COUNTED),
            ("sla", MET),
        ] {
            assert_eq!(self.count(service, query).await, all, "{service}: {query}");
        }
        for service in SERVICES {
            assert_eq!(self.count(service, "SELECT count(*) FROM parked_event").await, 0, "{service}");
        }
    }
}

const ASSESSED: &str = "SELECT count(*) FROM complaint WHERE assessments > 0";
const CONFIRMED: &str = "SELECT count(*) FROM notice WHERE kind = 'n01_receipt' AND state = 'sent'";
const COUNTED: &str = "SELECT count(*) FROM complaint_fact";
const MET: &str = "SELECT count(*) FROM clock WHERE definition = 'C05' AND state = 'met'";

/// Looks until nothing is wrong; what is wrong after that time is told.
pub(crate) async fn right_in_the_end<T>(
    within: Duration,
    mut look: impl AsyncFnMut() -> (T, Vec<String>),
) -> T {
    let deadline = Instant::now() + within;
    let settled = async || {
        let (found, wrong) = look().await;
        (wrong.is_empty() || Instant::now() > deadline).then_some((found, wrong))
    };
    let (found, wrong) = wait_until("a last look", within + SOON, settled).await;
    assert_eq!(wrong, [""; 0]);
    found
}

#[expect(clippy::disallowed_methods, reason = "services compare tokens and nights with the real time")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
