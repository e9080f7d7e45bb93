//! The process itself on real Kafka and `PostgreSQL`, and what stands around it: the topics of others and an issuer.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prost::{Message, Name};
use redress_devstack::{ServiceProcess, free_port, shared};
use redress_domain::Role;
use redress_investigation::topics::{ASSESSMENTS, CLOCKS, INCIDENTS, LIFECYCLE};
use redress_messaging::{EventMeta, KafkaConfig, Producer, TopicSpec, ensure_topics};
use redress_proto::intake::v1 as intake;
use redress_proto::types::v1 as types;
use redress_testkit::{TestDatabase, TokenIssuer, outgoing, topic_prefix};
use redress_vault::{FileKeyProvider, Vault};
use sqlx::PgPool;
use tonic::transport::{Channel, Endpoint};

use crate::bench::{meta, registered};

/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const STAFF: &[Role] = &[Role::IntakeOfficer, Role::Handler, Role::Supervisor];

/// An installation of investigation.
pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) kafka: KafkaConfig,
    pub(crate) folder: tempfile::TempDir,
    vault: Vault,
    producer: Producer,
    issuer: TokenIssuer,
    settings: Vec<(&'static str, String)>,
    _database: TestDatabase,
}

/// A process that is ready.
pub(crate) struct Running {
    pub(crate) grpc: Channel,
    pub(crate) http: String,
    pub(crate) process: ServiceProcess,
}

impl World {
    /// `platform` is where the platform's own systems answer; empty for nowhere.
    pub(crate) async fn new(platform: &str) -> Self {
        let stack = shared().await;
        let database = TestDatabase::create(stack, "investigation").await;
        let folder = tempfile::tempdir().unwrap();
        let (key_file, jwks) = (folder.path().join("vault.toml"), folder.path().join("jwks.json"));
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        FileKeyProvider::create(&key_file, &tenants).unwrap();
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
        issuer.write_jwks(&jwks).unwrap();
        let kafka = KafkaConfig { topic_prefix: topic_prefix(), ..KafkaConfig::at(&*stack.kafka, "test") };
        let retention = Duration::from_hours(1);
        let topics = [LIFECYCLE, INCIDENTS, ASSESSMENTS, CLOCKS].map(|name| TopicSpec {
            name,
            partitions: kafka.partitions,
            retention,
        });
        ensure_topics(&kafka, &topics).await.unwrap();
        let text = |path: &Path| path.display().to_string();
        let mut settings = vec![
            ("REDRESS__POSTGRES__URL", database.url.clone()),
            ("REDRESS__KAFKA__BROKERS", stack.kafka.clone()),
            ("REDRESS__KAFKA__TOPIC_PREFIX", kafka.topic_prefix.clone()),
            ("REDRESS__VAULT__KEY_FILE", text(&key_file)),
            ("REDRESS__INVESTIGATION__PLATFORM_DATA__ENDPOINT", platform.to_owned()),
            ("REDRESS__INVESTIGATION__PLATFORM_DATA__TIMEOUT_MS", "500".to_owned()),
            ("REDRESS__RUNTIME__AUTH__ISSUER", issuer.issuer().to_owned()),
            ("REDRESS__RUNTIME__AUTH__AUDIENCE", issuer.audience().to_owned()),
            ("REDRESS__RUNTIME__AUTH__JWKS", text(&jwks)),
            ("REDRESS__RUNTIME__AUTH__OPERATOR_TENANT", "tenant-a".to_owned()),
        ];
        for (variable, name) in [
            ("REDRESS__INVESTIGATION__EVIDENCE__STORE", "evidence"),
            ("REDRESS__INVESTIGATION__EVIDENCE__SENSITIVE_STORE", "sensitive"),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            settings.push((variable, format!("file://{}", path.display())));
        }
        let world = Self {
            pool: PgPool::connect(&database.url).await.unwrap(),
            producer: Producer::for_requests(&kafka, Duration::from_secs(10)).unwrap(),
            vault: Vault::new(Arc::new(FileKeyProvider::open(&key_file).unwrap())),
            kafka,
            issuer,
            settings,
            folder,
            _database: database,
        };
        for subcommand in ["migrate", "topics"] {
            let step = world.start(subcommand, &[]);
            let status = step.wait_end(PATIENCE).await.unwrap();
            assert!(status.success(), "{}", std::fs::read_to_string(step.log()).unwrap());
        }
        world
    }

    fn start(&self, subcommand: &str, more: &[(&str, &str)]) -> ServiceProcess {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redress-investigation"));
        command.arg(subcommand);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.envs(more.iter().copied());
        ServiceProcess::start(subcommand, &command, self.folder.path()).unwrap()
    }

    pub(crate) async fn serve(&self) -> Running {
        let [grpc, http, admin] = [(), (), ()].map(|()| format!("127.0.0.1:{}", free_port()));
        let process = self.start(
            "serve",
            &[
                ("REDRESS__RUNTIME__GRPC__LISTEN", &grpc),
                ("REDRESS__RUNTIME__HTTP__LISTEN", &http),
                ("REDRESS__RUNTIME__ADMIN__LISTEN", &admin),
            ],
        );
        process.wait_http(&admin, "/readyz", PATIENCE).await.unwrap();
        let grpc = Endpoint::from_shared(format!("http://{grpc}")).unwrap().connect_lazy();
        Running { grpc, http: format!("http://{http}"), process }
    }

    /// The token of staff of a tenant.
    pub(crate) fn staff(&self, tenant: &str) -> String {
        self.token(tenant, "staff-1", STAFF)
    }

    #[expect(clippy::disallowed_methods, reason = "the service judges tokens by the wall clock")]
    pub(crate) fn token(&self, tenant: &str, subject: &str, roles: &[Role]) -> String {
        let claims = self.issuer.claims(&tenant.parse().unwrap(), subject, roles, Timestamp::now());
        self.issuer.sign(&claims).unwrap()
    }

    /// Writes an event of another service.
    pub(crate) async fn publish(&self, topic: &'static str, meta: EventMeta, payload: Vec<u8>) {
        let outgoing = outgoing(topic, &meta, payload);
        self.producer.enqueue(&outgoing).unwrap().outcome().await.unwrap();
    }

    pub(crate) async fn happened<M: Message + Name>(&self, n: u128, version: i64, message: &M) {
        let meta = meta::<M>(LIFECYCLE, n, version, now());
        self.publish(LIFECYCLE, meta, message.encode_to_vec()).await;
    }

    /// A complaint that was registered, reviewed and accepted.
    pub(crate) async fn accepted(&self, n: u128) {
        let (meta, payload) = registered(&self.vault, n, now()).await;
        self.publish(LIFECYCLE, meta, payload).await;
        let started = intake::AdmissibilityReviewStarted {
            assessment_id: String::new(),
            category: types::Category::Cq01.into(),
            severity: types::Severity::General.into(),
            urgent: false,
        };
        self.happened(n, 2, &started).await;
        self.happened(n, 3, &intake::ComplaintAccepted { handler: "queue-1".into() }).await;
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "the process judges times by the wall clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
