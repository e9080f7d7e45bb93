//! Services as processes, and the program under test.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use redress_devstack::{Endpoints, ServiceProcess, shared};
use redress_domain::{Role, TenantId};
use redress_testkit::{Addresses, Installation, Site, topic_prefix, unique_name};
use serde_json::Value;
use tokio::sync::OnceCell;

/// Tenants that the shared process knows; each test takes one.
const TENANTS: usize = 16;
/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A service with a process that serves it.
pub(crate) struct World {
    pub(crate) stack: &'static Endpoints,
    pub(crate) prefix: String,
    service: &'static str,
    pub(crate) site: Arc<Site>,
    pub(crate) installation: Installation,
    pub(crate) at: Addresses,
    pub(crate) process: ServiceProcess,
    tenants: Vec<TenantId>,
    taken: AtomicUsize,
}

impl World {
    /// A service of its own on the shared servers, with so many tenants.
    pub(crate) async fn start(service: &'static str, tenants: usize, settings: &[(&str, &str)]) -> Self {
        let (stack, name, prefix) = (shared().await, unique_name("ctl"), topic_prefix());
        // Redis is shared: what it remembers is told apart by the tenant.
        let tenants: Vec<TenantId> =
            (0..tenants).map(|n| format!("{}-{n}", name.replace('_', "-")).parse().unwrap()).collect();
        let site = Site::prepare(stack, &name, &prefix, &tenants).unwrap();
        let installation = site.install(service).await.unwrap();
        let at = Addresses::claim();
        let process = installation.serve(service, &at, settings).await.unwrap();
        Self { stack, prefix, service, site, installation, at, process, tenants, taken: AtomicUsize::new(0) }
    }

    /// Intake, shared by tests that do not disturb it.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<World> = OnceCell::const_new();
        // Redis answers later than in production when all tests run at once, and then remembers nothing.
        let patient = [("REDRESS__REDIS__TIMEOUT_MS", "5000")];
        SHARED.get_or_init(|| async move { World::start("intake", TENANTS, &patient).await }).await
    }

    /// A tenant that no other test has.
    pub(crate) fn tenant(&self) -> Tenant<'_> {
        Tenant { world: self, id: self.tenants[self.taken.fetch_add(1, Ordering::Relaxed)].clone() }
    }
}

/// A tenant with callers.
pub(crate) struct Tenant<'a> {
    pub(crate) world: &'a World,
    pub(crate) id: TenantId,
}

impl Tenant<'_> {
    pub(crate) fn token(&self, subject: &str, role: Role) -> String {
        let issuer = self.world.installation.issuer();
        issuer.sign(&issuer.claims(&self.id, subject, &[role], now())).unwrap()
    }

    /// A token that another issuer signed.
    pub(crate) fn forged(&self) -> String {
        let issuer = self.world.installation.issuer();
        issuer.sign_with_wrong_key(&issuer.claims(&self.id, "c-1", &[Role::Complainant], now())).unwrap()
    }

    /// The program as the bearer of `token`, pointed at the service.
    pub(crate) fn ctl<'t>(&self, token: &'t str, arguments: &[&str]) -> Ctl<'t> {
        let at = format!("{}=http://{}", self.world.service, self.world.at.grpc);
        Ctl { token, ..Ctl::new(arguments) }.with("REDRESSCTL_AT", &at).with("REDRESSCTL_TOKEN", token)
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, token: &str, arguments: &[&str]) -> Ended {
        self.ctl(token, arguments).run().await
    }

    /// The same, which must succeed, with its output as JSON.
    pub(crate) async fn json(&self, token: &str, arguments: &[&str]) -> Value {
        let ended = self.run(token, &[arguments, &["-o", "json"]].concat()).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.json()
    }
}

#[expect(clippy::disallowed_methods, reason = "tokens are read by the clock of the service's process")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// A call of the program, with nothing set but what the test sets.
pub(crate) struct Ctl<'t> {
    pub(crate) command: Command,
    token: &'t str,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) told: String,
}

impl Ctl<'_> {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redressctl"));
        for (name, _) in std::env::vars() {
            if ["REDRESS", "OTEL_", "XDG_", "PG"].iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.args(arguments).env("TZ", "UTC").env("HOME", "/nowhere").stdin(Stdio::null());
        Self { command, token: "" }
    }

    #[must_use]
    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.command.env(variable, value);
        self
    }

    /// Whatever it says, it does not say the token.
    pub(crate) async fn run(self) -> Ended {
        let (mut command, token) = (self.command, self.token.to_owned());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ended = Ended {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            told: text(&output.stderr),
        };
        assert!(
            token.is_empty() || !format!("{}{}", ended.out, ended.told).contains(&token),
            "the token is told"
        );
        ended
    }
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The object `error` of the error output.
    pub(crate) fn error(&self) -> Value {
        let line = self.told.lines().last().unwrap_or_default();
        let told: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        told["error"].clone()
    }
}
