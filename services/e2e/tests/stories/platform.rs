//! One installation of all services as processes, whose time can be moved on, and the world around it.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use redress_devstack::{ServiceProcess, shared};
use redress_domain::{Role, TenantId};
use redress_e2e::evidence::{Evidence, Logged};
use redress_e2e::rpc::channel;
use redress_simulator::Connectors;
use redress_testkit::{Addresses, Installation, MovedTime, Site, topic_prefix, unique_name};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use tonic::transport::Channel;

/// In the order in which they start.
pub(crate) const SERVICES: [&str; 7] =
    ["intake", "classification", "investigation", "resolution", "notification", "sla", "analytics"];

/// The installation, with all that runs.
pub(crate) struct Platform {
    pub(crate) connectors: Connectors,
    pub(crate) time: MovedTime,
    name: String,
    log: Evidence,
    services: BTreeMap<&'static str, (Installation, Channel)>,
    _processes: Vec<ServiceProcess>,
}

/// Outlives every test, and with it the connections and the world outside.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
/// Time is moved for all: one story at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Tells a story on the platform.
pub(crate) fn on_the_platform<F: Future<Output = ()>>(story: impl FnOnce(&'static Platform) -> F) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    RUNTIME.block_on(async {
        let platform = PLATFORM.get_or_init(Platform::open).await;
        story(platform).await;
        for service in SERVICES {
            let parked = platform.count(service, "SELECT count(*) FROM parked_event").await;
            assert_eq!(parked, 0, "{service}");
        }
    });
}

impl Platform {
    async fn open() -> Self {
        let (stack, name, prefix) = (shared().await, unique_name("stories"), topic_prefix());
        let tenants: Vec<TenantId> = STORIES.iter().map(|story| tenant(&name, story)).collect();
        let site = Site::prepare(stack, &name, &prefix, &tenants).unwrap();
        let connectors = Connectors::start(2, "127.0.0.1:0").await.unwrap();
        let mut installed = Vec::new();
        for service in SERVICES {
            installed.push((service, site.install(service).await.unwrap(), Addresses::claim()));
        }
        let databases = installed.iter().map(|(_, installation, _)| installation.database_url.clone());
        let time = MovedTime::new(stack.dir.join(&name).join("time"), databases.collect());
        let (outside, moved) = (connectors.settings(time.now()).unwrap(), time.settings());
        let log = Evidence {
            database_url: installed[0].1.database_url.clone(),
            kafka: stack.kafka.clone(),
            topic_prefix: prefix,
        };
        let (mut services, mut processes) = (BTreeMap::new(), Vec::new());
        for (service, installation, at) in installed {
            let mut settings = vec![("REDRESS__KAFKA__GROUP_INSTANCE_ID", service)];
            settings.extend(moved.iter().map(|(variable, value)| (*variable, value.as_str())));
            let own = outside.iter().filter(|(of, ..)| *of == service);
            settings.extend(own.map(|(_, variable, value)| (*variable, value.as_str())));
            processes.push(installation.serve(service, &at, &settings).await.unwrap());
            services.insert(service, (installation, channel(&at.grpc).unwrap()));
        }
        Self { connectors, time, name, log, services, _processes: processes }
    }

    /// The tenant that tells the story.
    pub(crate) fn tenant(&self, story: &str) -> TenantId {
        assert!(STORIES.contains(&story), "{story}");
        tenant(&self.name, story)
    }

    /// A token of `subject` for now.
    pub(crate) fn token(&self, tenant: &TenantId, subject: &str, role: Role) -> String {
        let issuer = self.services["intake"].0.issuer();
        issuer.sign(&issuer.claims(tenant, subject, &[role], self.time.now())).unwrap()
    }

    /// A connection to the service.
    pub(crate) fn channel(&self, service: &str) -> Channel {
        self.services[service].1.clone()
    }

    /// A process of the service that does not serve.
    pub(crate) fn command(&self, service: &str, subcommand: &str) -> std::process::Command {
        self.services[service].0.command(subcommand)
    }

    /// The one number that the query gives in the service's database.
    pub(crate) async fn count(&self, service: &str, query: &str) -> i64 {
        let mut database = PgConnection::connect(&self.services[service].0.database_url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut database).await.unwrap()
    }

    /// Everything that was ever told on a topic.
    pub(crate) async fn log(&self, topic: &str) -> Vec<Logged> {
        self.log.records(topic).await.unwrap()
    }

    /// Lets time pass until half a minute after `instant`: a breach waits until all topics have been read up to it, which
    /// their writers promise a quarter of a minute later.
    pub(crate) async fn until(&self, instant: Timestamp) {
        self.time.move_to(instant + SignedDuration::from_secs(30)).await.unwrap();
    }
}

/// The names of the stories, and of their tenants.
const STORIES: [&str; 6] =
    ["sales-platform", "handling-plan", "live-commerce", "merchant-dispute", "after-sales", "time"];

fn tenant(name: &str, story: &str) -> TenantId {
    format!("{}-{story}", name.replace('_', "-")).parse().unwrap()
}
