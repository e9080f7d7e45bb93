//! The process itself on real Kafka, `PostgreSQL` and Redis, and what stands around it: intake's topic and an issuer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_classification::topics::LIFECYCLE;
use redress_devstack::{ServiceProcess, free_port, shared};
use redress_domain::Role;
use redress_messaging::{KafkaConfig, Producer, TopicSpec, ensure_topics};
use redress_testkit::{TestDatabase, TokenIssuer, outgoing, topic_prefix};
use redress_vault::{FileKeyProvider, Vault};
use sqlx::PgPool;
use std::sync::Arc;
use tonic::transport::{Channel, Endpoint};

use crate::bench::{NOON, Told, registered};

/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const STAFF: &[Role] = &[Role::IntakeOfficer, Role::Handler, Role::Supervisor];

/// An installation of classification.
pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) kafka: KafkaConfig,
    vault: Vault,
    producer: Producer,
    issuer: TokenIssuer,
    settings: Vec<(&'static str, String)>,
    folder: tempfile::TempDir,
    _database: TestDatabase,
}

/// A process that is ready.
pub(crate) struct Running {
    pub(crate) grpc: Channel,
    pub(crate) http: String,
    _process: ServiceProcess,
}

impl World {
    pub(crate) async fn new() -> Self {
        let stack = shared().await;
        let database = TestDatabase::create(stack, "classification").await;
        let folder = tempfile::tempdir().unwrap();
        let (key_file, jwks) = (folder.path().join("vault.toml"), folder.path().join("jwks.json"));
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        FileKeyProvider::create(&key_file, &tenants).unwrap();
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
        issuer.write_jwks(&jwks).unwrap();
        let kafka = KafkaConfig { topic_prefix: topic_prefix(), ..KafkaConfig::at(&*stack.kafka, "test") };
        let retention = Duration::from_hours(1);
        let lifecycle = TopicSpec { name: LIFECYCLE, partitions: kafka.partitions, retention };
        ensure_topics(&kafka, &[lifecycle]).await.unwrap();
        let text = |path: &Path| path.display().to_string();
        let settings = vec![
            ("REDRESS__POSTGRES__URL", database.url.clone()),
            ("REDRESS__KAFKA__BROKERS", stack.kafka.clone()),
            ("REDRESS__KAFKA__TOPIC_PREFIX", kafka.topic_prefix.clone()),
            ("REDRESS__REDIS__URL", stack.redis.clone()),
            ("REDRESS__VAULT__KEY_FILE", text(&key_file)),
            ("REDRESS__RUNTIME__AUTH__ISSUER", issuer.issuer().to_owned()),
            ("REDRESS__RUNTIME__AUTH__AUDIENCE", issuer.audience().to_owned()),
            ("REDRESS__RUNTIME__AUTH__JWKS", text(&jwks)),
            ("REDRESS__RUNTIME__AUTH__OPERATOR_TENANT", "tenant-a".to_owned()),
        ];
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_redress-classification"));
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
        Running { grpc, http: format!("http://{http}"), _process: process }
    }

    /// The token of staff of a tenant.
    pub(crate) fn staff(&self, tenant: &str) -> String {
        self.token(tenant, STAFF)
    }

    #[expect(clippy::disallowed_methods, reason = "the service judges tokens by the wall clock")]
    pub(crate) fn token(&self, tenant: &str, roles: &[Role]) -> String {
        let claims = self.issuer.claims(&tenant.parse().unwrap(), "staff-1", roles, Timestamp::now());
        self.issuer.sign(&claims).unwrap()
    }

    /// Writes registered complaints to intake's topic, in their order.
    pub(crate) async fn publish(&self, complaints: Vec<Told>) {
        self.publish_sealed(&self.vault, complaints).await;
    }

    /// The same, sealed by a vault that may have other keys.
    pub(crate) async fn publish_sealed(&self, vault: &Vault, complaints: Vec<Told>) {
        let mut sent = Vec::new();
        for told in complaints {
            let (meta, payload) = registered(vault, told).await;
            sent.push(self.producer.enqueue(&outgoing(LIFECYCLE, &meta, payload)).unwrap());
        }
        for pending in sent {
            pending.outcome().await.unwrap();
        }
    }

    /// The tenants' key file, as the processes read it when they start.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("vault.toml")
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}

/// From the bench's noon until now: a process judges by the wall clock what is quiet, and an incident of long ago ends at once.
#[expect(clippy::disallowed_methods, reason = "the service judges incidents by the wall clock")]
pub(crate) fn just_now() -> SignedDuration {
    Timestamp::now().duration_since(NOON.parse().unwrap())
}
