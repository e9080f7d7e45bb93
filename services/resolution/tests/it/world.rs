//! The process itself on real Kafka and `PostgreSQL`, and what stands around it: the topics it reads, and an issuer.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prost::{Message, Name};
use redress_devstack::{ServiceProcess, free_port, shared};
use redress_domain::{ComplaintId, Role};
use redress_messaging::{EventMeta, KafkaConfig, Producer, TopicSpec, ensure_topics};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::personal::split;
use redress_proto::types::v1 as types;
use redress_resolution::topics::{CLOCKS, INCIDENTS, INVESTIGATION, LIFECYCLE, NOTICES};
use redress_testkit::{TestDatabase, TokenIssuer, event_meta, outgoing, topic_prefix};
use redress_vault::{FileKeyProvider, IndexKind, Vault};
use sqlx::PgPool;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// An installation of resolution.
pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) vault: Vault,
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
    pub(crate) process: ServiceProcess,
}

impl World {
    pub(crate) async fn new() -> Self {
        let stack = shared().await;
        let database = TestDatabase::create(stack, "resolution").await;
        let folder = tempfile::tempdir().unwrap();
        let (key_file, jwks) = (folder.path().join("vault.toml"), folder.path().join("jwks.json"));
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        FileKeyProvider::create(&key_file, &tenants).unwrap();
        let issuer = TokenIssuer::generate("https://issuer.invalid", "redress").unwrap();
        issuer.write_jwks(&jwks).unwrap();
        let kafka = KafkaConfig { topic_prefix: topic_prefix(), ..KafkaConfig::at(&*stack.kafka, "test") };
        let retention = Duration::from_hours(1);
        let topics = [LIFECYCLE, INVESTIGATION, CLOCKS, INCIDENTS, NOTICES].map(|name| TopicSpec {
            name,
            partitions: kafka.partitions,
            retention,
        });
        ensure_topics(&kafka, &topics).await.unwrap();
        let text = |path: &Path| path.display().to_string();
        let settings = vec![
            ("REDRESS__POSTGRES__URL", database.url.clone()),
            ("REDRESS__KAFKA__BROKERS", stack.kafka.clone()),
            ("REDRESS__KAFKA__TOPIC_PREFIX", kafka.topic_prefix.clone()),
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_redress-resolution"));
        command.arg(subcommand);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.envs(more.iter().copied());
        ServiceProcess::start(subcommand, &command, self.folder.path()).unwrap()
    }

    /// A process with further settings.
    pub(crate) async fn serve(&self, more: &[(&str, &str)]) -> Running {
        let [grpc, http, admin] = [(), (), ()].map(|()| format!("127.0.0.1:{}", free_port()));
        let mut settings = vec![
            ("REDRESS__RUNTIME__GRPC__LISTEN", grpc.as_str()),
            ("REDRESS__RUNTIME__HTTP__LISTEN", &http),
            ("REDRESS__RUNTIME__ADMIN__LISTEN", &admin),
        ];
        settings.extend_from_slice(more);
        let process = self.start("serve", &settings);
        process.wait_http(&admin, "/readyz", PATIENCE).await.unwrap();
        let grpc = Endpoint::from_shared(format!("http://{grpc}")).unwrap().connect_lazy();
        Running { grpc, http: format!("http://{http}"), process }
    }

    #[expect(clippy::disallowed_methods, reason = "the service judges tokens by the wall clock")]
    pub(crate) fn token(&self, tenant: &str, subject: &str, roles: &[Role]) -> String {
        let claims = self.issuer.claims(&tenant.parse().unwrap(), subject, roles, Timestamp::now());
        self.issuer.sign(&claims).unwrap()
    }

    /// The token of staff of a tenant.
    pub(crate) fn staff(&self, tenant: &str, subject: &str) -> String {
        self.token(tenant, subject, &[Role::IntakeOfficer, Role::Handler, Role::Supervisor])
    }

    /// Registers a complaint of tenant A, as the first event of its lifecycle.
    pub(crate) async fn register(&self, n: u128, submission: types::Submission) -> ComplaintId {
        let tenant = "tenant-a".parse().unwrap();
        let id = ComplaintId::from_uuid(Uuid::from_u128(0x9000_0000 + n));
        let reference =
            submission.complainant.as_ref().and_then(|c| c.external_ref.clone()).unwrap_or_default();
        let index = self.vault.blind_index(&tenant, IndexKind::PartyReference, &reference).await.unwrap();
        let sealer = self.vault.sealer(&tenant, id).await.unwrap();
        let event = intake::ComplaintRegistered {
            complaint_no: format!("C-{n}"),
            received_at: Some(to_wire_time("2026-11-25T04:00:00Z".parse().unwrap())),
            submitted_by: "gateway".into(),
            submission: Some(split(submission).public),
            sealed: Some(types::Sealed { wrapped_key: sealer.wrapped_key().to_bytes(), fields: vec![] }),
            complainant_index: index.to_vec(),
            ..Default::default()
        };
        self.tell(LIFECYCLE, *id.as_uuid(), 1, "intake", &event).await;
        id
    }

    /// Writes the event that brings `subject` to `version` of another service's topic.
    #[expect(clippy::disallowed_methods, reason = "records carry the hour of their writing")]
    pub(crate) async fn tell<M: Message + Name>(
        &self,
        topic: &'static str,
        subject: Uuid,
        version: i64,
        actor: &str,
        message: &M,
    ) {
        let tenant = "tenant-a".parse().unwrap();
        let meta = event_meta::<M>(topic, tenant, subject, version, Timestamp::now());
        let meta = EventMeta { actor: Some(actor.to_owned()), ..meta };
        let outgoing = outgoing(topic, &meta, message.encode_to_vec());
        self.producer.enqueue(&outgoing).unwrap().outcome().await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until a case stands there.
    pub(crate) async fn stands(&self, id: ComplaintId, state: &str) {
        redress_testkit::wait_until("the case stands there", PATIENCE, async || {
            let found: Option<String> =
                sqlx::query_scalar("SELECT state FROM case_file WHERE complaint_id = $1")
                    .bind(*id.as_uuid())
                    .fetch_optional(&self.pool)
                    .await
                    .unwrap();
            (found.as_deref() == Some(state)).then_some(())
        })
        .await;
    }
}
