//! Intake as a process that most tests share, each with tenants of its own.
//!
//! A process per test would cost the suite a minute and show nothing more: tenants must not feel each other anyway.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use redress_devstack::{Endpoints, ServiceProcess, shared};
use redress_domain::{Role, TenantId};
use redress_e2e::client::{Answer, Http};
use redress_e2e::evidence::{Evidence, Logged};
use redress_e2e::rpc;
use redress_proto::types::v1::Submission;
use redress_testkit::{Addresses, Claims, Installation, topic_prefix, unique_name, wait_until};
use serde_json::Value;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::sync::OnceCell;
use tonic::transport::Channel;

/// Tenants that the shared process knows; each test takes one or two.
const TENANTS: usize = 96;
/// The gRPC services that a process of intake answers.
pub(crate) const SERVICES: [&str; 2] = ["redress.intake.v1.IntakeService", "redress.admin.v1.AdminService"];
/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// An installation with a process that serves it.
pub(crate) struct Service {
    pub(crate) stack: &'static Endpoints,
    pub(crate) installation: Installation,
    pub(crate) at: Addresses,
    pub(crate) process: ServiceProcess,
    pub(crate) evidence: Evidence,
    tenants: Vec<TenantId>,
    taken: AtomicUsize,
}

impl Service {
    /// A process of its own on the shared stack, for so many tenants. `overrides` are environment variables.
    pub(crate) async fn start(tenants: usize, overrides: &[(&str, &str)]) -> Self {
        let stack = shared().await;
        let (name, prefix) = (unique_name("api"), topic_prefix());
        // Redis is shared with other processes, and its keys begin with the tenant.
        let tenants: Vec<TenantId> =
            (0..tenants).map(|n| format!("{}-{n}", name.replace('_', "-")).parse().unwrap()).collect();
        let installation = Installation::prepare(stack, &name, &prefix, &tenants).await.unwrap();
        let at = Addresses::claim();
        let process = installation.serve("intake", &at, overrides).await.unwrap();
        let evidence = Evidence {
            database_url: installation.database_url.clone(),
            kafka: stack.kafka.clone(),
            topic_prefix: prefix,
        };
        Self { stack, installation, at, process, evidence, tenants, taken: AtomicUsize::new(0) }
    }

    /// A tenant that no other test has.
    pub(crate) async fn tenant(&self) -> Tenant<'_> {
        let id = self.tenants[self.taken.fetch_add(1, Ordering::Relaxed)].clone();
        let (http, grpc) =
            (Http::connect(&self.at.http).await.unwrap(), rpc::channel(&self.at.grpc).unwrap());
        Tenant { service: self, id, http, grpc }
    }

    /// `GET` on the port of probes and metrics: status and text.
    pub(crate) async fn probe(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("http://{}{path}", self.at.admin)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    pub(crate) async fn redis(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.stack.redis.as_str())
            .unwrap()
            .get_multiplexed_async_connection()
            .await
            .unwrap()
    }

    pub(crate) async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.installation.database_url).await.unwrap()
    }
}

/// The process that tests share.
pub(crate) async fn service() -> &'static Service {
    static SHARED: OnceCell<Service> = OnceCell::const_new();
    // Redis answers later than in production when all tests run at once, and then remembers nothing.
    let patient = [("REDRESS__REDIS__TIMEOUT_MS", "5000")];
    SHARED.get_or_init(|| async move { Service::start(TENANTS, &patient).await }).await
}

/// A fresh tenant of the shared process.
pub(crate) async fn tenant() -> Tenant<'static> {
    service().await.tenant().await
}

/// A tenant with callers. Clients belong to one test: their connections live on its runtime.
pub(crate) struct Tenant<'a> {
    pub(crate) service: &'a Service,
    pub(crate) id: TenantId,
    pub(crate) http: Http,
    pub(crate) grpc: Channel,
}

#[expect(
    clippy::disallowed_methods,
    reason = "tokens are issued by the clock of the process that reads them"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

impl Tenant<'_> {
    pub(crate) fn claims(&self, subject: &str, roles: &[Role]) -> Claims {
        self.service.installation.issuer().claims(&self.id, subject, roles, now())
    }

    pub(crate) fn token(&self, subject: &str, roles: &[Role]) -> String {
        self.service.installation.issuer().sign(&self.claims(subject, roles)).unwrap()
    }

    pub(crate) fn complainant(&self) -> String {
        self.token("c-1", &[Role::Complainant])
    }

    pub(crate) fn officer(&self) -> String {
        self.token("officer-1", &[Role::IntakeOfficer])
    }

    pub(crate) fn auditor(&self) -> String {
        self.token("auditor-1", &[Role::Auditor])
    }

    /// Posts a submission under `key`, whatever comes of it.
    pub(crate) async fn post(&self, token: &str, key: &str, submission: &Submission) -> Answer {
        let body = serde_json::to_value(submission).unwrap();
        self.http.post(token, "/v1/complaints", key, &body).await.unwrap()
    }

    /// Posts a submission, which must be accepted.
    pub(crate) async fn accepted(&self, token: &str, key: &str, submission: &Submission) -> Answer {
        let answer = self.post(token, key, submission).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer
    }

    /// Posts a submission and waits until it is registered: its id.
    pub(crate) async fn registered(&self, token: &str, key: &str, submission: &Submission) -> String {
        let id = self.accepted(token, key, submission).await.text("complaintId").to_owned();
        self.view(token, &id).await;
        id
    }

    /// The complaint as the bearer of `token` sees it, once it is registered.
    pub(crate) async fn view(&self, token: &str, id: &str) -> Value {
        self.view_when(token, id, "it is registered", |_| true).await
    }

    /// The complaint as the bearer of `token` sees it, once `condition` holds.
    pub(crate) async fn view_when(
        &self,
        token: &str,
        id: &str,
        what: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Value {
        let path = format!("/v1/complaints/{id}");
        let attempt = async || {
            let answer = self.http.get(token, &path).await.unwrap();
            if answer.status == 404 {
                assert!(answer.headers.contains_key("retry-after"), "it may be on its way: {}", answer.body);
                return None;
            }
            assert_eq!(answer.status, 200, "{}", answer.body);
            condition(&answer.body).then_some(answer.body)
        };
        wait_until(what, PATIENCE, attempt).await
    }

    /// The complaint as staff see it, once another body under its key was registered as a conflict.
    pub(crate) async fn conflicting(&self, id: &str) -> Value {
        let conflicts = |view: &Value| view["conflicts"].as_array().is_some_and(|found| !found.is_empty());
        self.view_when(&self.officer(), id, "the conflict is seen", conflicts).await
    }

    /// Calls a verb on a complaint.
    pub(crate) async fn act(&self, token: &str, id: &str, verb: &str, key: &str, body: &Value) -> Answer {
        self.http.post(token, &format!("/v1/complaints/{id}:{verb}"), key, body).await.unwrap()
    }

    /// The tenant's records of a topic.
    pub(crate) async fn records(&self, topic: &str) -> Vec<Logged> {
        let mut records = self.service.evidence.records(topic).await.unwrap();
        records.retain(|record| record.header("ce_tenant") == self.id.as_str());
        records
    }

    /// The complaint's records of a topic, once there are at least `count`.
    pub(crate) async fn records_of(&self, topic: &str, id: &str, count: usize) -> Vec<Logged> {
        let attempt = async || {
            let mut records = self.records(topic).await;
            records.retain(|record| record.key == id);
            (records.len() >= count).then_some(records)
        };
        wait_until(&format!("{count} records of {id} on {topic}"), PATIENCE, attempt).await
    }

    /// The number of the tenant's rows in `table`.
    pub(crate) async fn rows(&self, table: &str) -> i64 {
        let mut database = self.service.database().await;
        let query = format!("SELECT count(*) FROM {table} WHERE tenant = $1");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(query.as_str())).bind(self.id.as_str());
        count.fetch_one(&mut database).await.unwrap()
    }

    /// The tenant's keys in Redis.
    pub(crate) async fn redis_keys(&self) -> Vec<String> {
        let pattern = format!("dedupe:{}:*", self.id);
        redis::cmd("KEYS").arg(pattern).query_async(&mut self.service.redis().await).await.unwrap()
    }

    /// Makes Redis forget the tenant, as if it had been emptied.
    pub(crate) async fn empty_redis(&self) {
        let keys = self.redis_keys().await;
        assert!(!keys.is_empty(), "there was something to forget");
        let forgotten: usize =
            redis::cmd("DEL").arg(&keys).query_async(&mut self.service.redis().await).await.unwrap();
        assert_eq!(forgotten, keys.len());
    }
}
