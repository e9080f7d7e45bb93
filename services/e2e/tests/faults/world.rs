//! An installation of intake under load, and the servers that it stands on.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use redress_devstack::{Endpoints, Part, ServiceProcess, Stack, StackOptions, shared};
use redress_domain::{ComplaintId, Role, TenantId};
use redress_e2e::evidence::Evidence;
use redress_e2e::ledger::{Told, Verdict};
use redress_e2e::load::{Load, Sent, told};
use redress_testkit::{Addresses, Installation, topic_prefix, unique_name, wait_until};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use uuid::Uuid;

/// What is waited for comes much earlier, on an idle machine.
pub(crate) const SOON: Duration = Duration::from_mins(2);
/// Whoever stays away loses its partitions to others soon.
pub(crate) const SESSION: (&str, &str) = ("REDRESS__KAFKA__SESSION_TIMEOUT_MS", "6000");
/// How long callers repeat their submissions.
const PATIENCE: Duration = Duration::from_mins(3);
/// Within this time comes what is promised within one or two seconds: a machine that is shared does not miss it, a pause of
/// half a minute somewhere does.
const PROMPT: Duration = Duration::from_secs(10);
/// Who submits the load.
const SUBJECT: &str = "load-driver";
/// Stacks of their own that run at once: a broker is a virtual machine, and there may be two cores.
static STACKS: Semaphore = Semaphore::const_new(2);

/// Lines of a log that are shown on failure.
const LOG_LINES: usize = 60;
/// An installation of intake on servers.
pub(crate) struct World {
    pub(crate) installation: Installation,
    pub(crate) evidence: Evidence,
    pub(crate) endpoints: Endpoints,
    pub(crate) tenant: TenantId,
    _logs: Logs,
    own: Option<(Stack, SemaphorePermit<'static>)>,
}

/// Shows the ends of the processes' logs when the test fails: they go with the stack.
struct Logs(PathBuf);

impl Drop for Logs {
    #[expect(clippy::print_stdout, reason = "what a failure is understood by")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for log in std::fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(log.path()).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let end = lines.len().saturating_sub(LOG_LINES);
            if log.path().extension().is_some_and(|extension| extension == "log") {
                println!("{}:\n{}", log.path().display(), lines[end..].join("\n"));
            }
        }
    }
}

impl World {
    /// On servers that other tests use too.
    pub(crate) async fn shared() -> Self {
        Self::on(shared().await.clone(), None).await
    }

    /// On servers that the test may kill.
    pub(crate) async fn alone() -> Self {
        let turn = STACKS.acquire().await.unwrap();
        let stack = Stack::start(StackOptions::default()).await.unwrap();
        Self::on(stack.endpoints().clone(), Some((stack, turn))).await
    }

    async fn on(endpoints: Endpoints, own: Option<(Stack, SemaphorePermit<'static>)>) -> Self {
        let (name, prefix) = (unique_name("faults"), topic_prefix());
        // Redis is shared: what it remembers is told apart by the tenant.
        let tenant: TenantId = name.replace('_', "-").parse().unwrap();
        let tenants = std::slice::from_ref(&tenant);
        let installation = Installation::prepare(&endpoints, &name, &prefix, tenants).await.unwrap();
        let logs = Logs(endpoints.dir.join(name));
        let evidence = Evidence {
            database_url: installation.database_url.clone(),
            kafka: endpoints.kafka.clone(),
            topic_prefix: prefix,
        };
        Self { installation, evidence, endpoints, tenant, _logs: logs, own }
    }

    /// The servers of a test that has its own.
    pub(crate) fn stack(&self) -> &Stack {
        &self.own.as_ref().unwrap().0
    }

    pub(crate) async fn restart(&self, part: Part) {
        self.stack().start_part(part).await.unwrap();
    }

    /// Intake, ready.
    pub(crate) async fn intake(
        &self,
        name: &str,
        at: &Addresses,
        settings: &[(&str, &str)],
    ) -> ServiceProcess {
        self.try_intake(name, at, settings).await.unwrap()
    }

    /// Intake, ready, or why it did not become so.
    pub(crate) async fn try_intake(
        &self,
        name: &str,
        at: &Addresses,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<ServiceProcess> {
        // A fixed member: when it is killed and started again, it goes on with its partitions at once.
        let settings = [&[("REDRESS__KAFKA__GROUP_INSTANCE_ID", name)], settings].concat();
        self.installation.serve(name, at, &settings).await
    }

    /// A process that a failpoint stops somewhere, perhaps before it is ready. A task that stands there keeps its thread,
    /// so there are more of them than topics.
    pub(crate) fn begin(&self, name: &str, at: &Addresses, failpoint: &str) -> ServiceProcess {
        let settings = [
            ("REDRESS__KAFKA__GROUP_INSTANCE_ID", name),
            ("FAILPOINTS", failpoint),
            ("TOKIO_WORKER_THREADS", "16"),
        ];
        self.installation.begin(name, at, &settings).unwrap()
    }

    /// A token of the load's subject with that role.
    pub(crate) fn token(&self, role: Role) -> String {
        self.token_of(SUBJECT, role)
    }

    /// A token of another subject.
    pub(crate) fn token_of(&self, subject: &str, role: Role) -> String {
        #[expect(clippy::disallowed_methods, reason = "the service compares a token with the real time")]
        let now = Timestamp::now();
        let issuer = self.installation.issuer();
        issuer.sign(&issuer.claims(&self.tenant, subject, &[role], now)).unwrap()
    }

    /// A load on the processes at these addresses.
    pub(crate) fn load(&self, targets: &[&Addresses], per_second: u32) -> Load {
        Load {
            targets: targets.iter().map(|at| at.http.clone()).collect(),
            tenant: self.tenant.clone(),
            subject: SUBJECT.to_owned(),
            token: self.token(Role::Complainant),
            per_second,
            patience: PATIENCE,
        }
    }

    /// The complaint that a key of the load's subject leads to.
    pub(crate) fn complaint(&self, key: &str) -> Uuid {
        *ComplaintId::derive(&self.tenant, SUBJECT, &key.parse().unwrap()).as_uuid()
    }

    /// Waits until that many complaints are registered.
    pub(crate) async fn registers(&self, count: i64) {
        let reached = async || (self.evidence.registered().await.ok()? >= count).then_some(());
        wait_until("complaints are registered", SOON, reached).await;
    }

    /// Waits until all is done. Everything sent must have been accepted, and kept once.
    pub(crate) async fn all_is_well(&self, sent: &[Sent]) -> Verdict {
        let given_up: Vec<_> = sent.iter().filter(|sent| sent.told != Told::Accepted).collect();
        assert!(given_up.is_empty(), "{} of {} were given up: {given_up:#?}", given_up.len(), sent.len());
        let verdict = self.judge(sent).await;
        assert!(verdict.is_clean(), "{verdict}");
        verdict
    }

    /// Waits until all is done, and compares.
    pub(crate) async fn judge(&self, sent: &[Sent]) -> Verdict {
        self.evidence.judge(&told(sent), SOON).await.unwrap()
    }

    /// Ends the servers of a test that has its own.
    pub(crate) async fn end(self) {
        if let Some((stack, _turn)) = self.own {
            stack.stop().await;
        }
    }
}

/// Fails if any attempt met anything but acceptance.
pub(crate) fn assert_untroubled(sent: &[Sent]) {
    let troubled: Vec<_> = sent.iter().filter(|sent| !sent.trouble.is_empty()).collect();
    assert!(troubled.is_empty(), "{} of {} had trouble: {troubled:#?}", troubled.len(), sent.len());
}

/// Tells a measured time, and fails if what is promised at once took long.
pub(crate) fn prompt(what: &str, since: Instant) {
    figure(what, since);
    let took = since.elapsed();
    assert!(took < PROMPT, "{what}: {took:?}, and {PROMPT:?} are plenty");
}

/// Tells a measured time to whoever runs the tests with `--no-capture`.
#[expect(clippy::print_stdout, reason = "figures for whoever reads the run")]
pub(crate) fn figure(what: &str, since: Instant) {
    println!("{what}: {} ms", since.elapsed().as_millis());
}
