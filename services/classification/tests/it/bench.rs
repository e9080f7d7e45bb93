//! Classification's parts on a database of their own, with a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prost::{Message, Name};
use redress_classification::app::Desk;
use redress_classification::app::assess::{AssessComplaints, Happened};
use redress_classification::app::assessor::Assessor;
use redress_classification::app::ending::Ending;
use redress_classification::app::engine::Engines;
use redress_classification::app::explain::explain;
use redress_classification::app::offering::Offering;
use redress_classification::app::provider::Provider;
use redress_classification::domain::service_hours::ServiceHours;
use redress_devstack::shared;
use redress_domain::{Clock, ComplaintId, Principal, Role, TenantId};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, Delivery, HandlerError, Wake};
use redress_postgres::{Db, PostgresConfig, migrate};
use redress_proto::classification::v1::{ExplainAssessmentRequest, StoredAssessment};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::ComplaintRegistered;
use redress_proto::personal::split;
use redress_proto::types::v1::{
    Channel, Complainant, LiveRef, OrderRef, PartyKind, Respondent, Sealed, SealedField, Submission,
};
use redress_redis::{Redis, RedisConfig, SimilarTexts};
use redress_runtime::grpc::ClientTls;
use redress_testkit::{FixedClock, TestDatabase, event_meta, record};
use redress_vault::{FileKeyProvider, IndexKind, KeyProvider, Vault};
use uuid::Uuid;

pub(crate) const NOON: &str = "2026-11-25T04:00:00Z";
/// How long an offer lasts on the bench.
pub(crate) const OFFER: SignedDuration = SignedDuration::from_mins(10);

pub(crate) struct Bench {
    pub(crate) db: Db,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) desk: Desk,
    pub(crate) assessor: Assessor,
    handler: Arc<AssessComplaints>,
    _database: TestDatabase,
    _keys: tempfile::TempDir,
}

/// A complaint as a test tells it.
pub(crate) struct Told {
    pub(crate) tenant: &'static str,
    pub(crate) n: u128,
    pub(crate) who: &'static str,
    pub(crate) submission: Submission,
    pub(crate) after: SignedDuration,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with_provider(None).await
    }

    pub(crate) async fn with_provider(url: Option<&str>) -> Self {
        let database = TestDatabase::create(shared().await, "classification").await;
        let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "classification-test").unwrap();
        migrate(&db, &[&redress_outbox::MIGRATOR, &redress_classification::MIGRATOR]).await.unwrap();
        let keys = tempfile::tempdir().unwrap();
        let key_file = keys.path().join("vault.toml");
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        FileKeyProvider::create(&key_file, &tenants).unwrap();
        let vault = Arc::new(Vault::new(Arc::new(FileKeyProvider::open(&key_file).unwrap())));
        let clock = Arc::new(FixedClock::at(NOON.parse().unwrap()));
        let shared_clock: Arc<dyn Clock> = clock.clone();
        let provider = url.map(|url| {
            let endpoint = ClientTls::default().endpoint(url).unwrap();
            Provider::new(endpoint, Duration::from_millis(300), 0.8)
        });
        let assessor = Assessor { engines: Engines::new().unwrap(), provider };
        let desk = Desk { db: db.clone(), clock: Arc::clone(&shared_clock), wake: Wake::default() };
        let redis = RedisConfig { url: shared().await.redis.clone().into(), timeout_ms: 5_000 };
        let handler = AssessComplaints {
            vault: Arc::clone(&vault),
            assessor: assessor.clone(),
            similar: SimilarTexts::new(Redis::connect(&redis).unwrap()),
            clock: shared_clock,
        };
        Self {
            db,
            vault,
            clock,
            desk,
            assessor,
            handler: Arc::new(handler),
            _database: database,
            _keys: keys,
        }
    }

    /// The handler with the keys of another installation.
    pub(crate) fn with_keys(self, provider: Arc<dyn KeyProvider>) -> Self {
        let vault = Arc::new(Vault::new(provider));
        let handler = AssessComplaints {
            vault: Arc::clone(&vault),
            assessor: self.assessor.clone(),
            similar: self.handler.similar.clone(),
            clock: self.clock.clone(),
        };
        Self { handler: Arc::new(handler), vault, ..self }
    }

    /// The handler where nobody answers in Redis' place.
    pub(crate) fn without_redis(self) -> Self {
        let nowhere = RedisConfig { url: "redis://127.0.0.1:1".into(), timeout_ms: 100 };
        let handler = AssessComplaints {
            vault: Arc::clone(&self.vault),
            assessor: self.assessor.clone(),
            similar: SimilarTexts::new(Redis::connect(&nowhere).unwrap()),
            clock: self.clock.clone(),
        };
        Self { handler: Arc::new(handler), ..self }
    }

    /// The same world with empty tables: keys, clock and rules stay.
    pub(crate) async fn emptied(&self) -> Self {
        let fresh = Self::new().await;
        let handler = AssessComplaints {
            vault: Arc::clone(&self.vault),
            assessor: self.assessor.clone(),
            similar: self.handler.similar.clone(),
            clock: self.clock.clone(),
        };
        Self { handler: Arc::new(handler), vault: Arc::clone(&self.vault), ..fresh }
    }

    /// A registered complaint as intake publishes it.
    pub(crate) async fn registered(&self, told: Told) -> Delivery<Happened> {
        let (meta, payload) = registered(&self.vault, told).await;
        self.delivery(meta, payload)
    }

    /// Any other event of a complaint's lifecycle.
    pub(crate) fn happened<M: Message + Name>(
        &self,
        n: u128,
        version: i64,
        message: &M,
    ) -> Delivery<Happened> {
        let meta = meta::<M>(&"tenant-a".parse().unwrap(), n, version, self.clock.now());
        self.delivery(meta, message.encode_to_vec())
    }

    fn delivery(&self, meta: EventMeta, payload: Vec<u8>) -> Delivery<Happened> {
        let event = self.handler.decode(&meta, &payload).unwrap().expect("the handler knows the type");
        let record = record("redress.intake.lifecycle.v1", payload);
        Delivery { event: Arc::new(event), meta: Arc::new(meta), record: Arc::new(record) }
    }

    /// Applies a batch as the kit does: prepared before, in one transaction.
    pub(crate) async fn apply(&self, batch: &[Delivery<Happened>]) -> Result<(), HandlerError> {
        self.handler.prepare(batch).await?;
        let mut tx = self.db.pool().begin().await?;
        self.handler.apply(&mut tx, batch).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Applies a batch within a transaction of the caller's.
    pub(crate) async fn apply_in(
        &self,
        conn: &mut sqlx::PgConnection,
        batch: &[Delivery<Happened>],
    ) -> Result<(), HandlerError> {
        self.handler.prepare(batch).await?;
        self.handler.apply(conn, batch).await
    }

    /// Assesses one complaint.
    pub(crate) async fn assessed(&self, told: Told) -> Uuid {
        let id = Uuid::from_u128(told.n);
        let delivery = self.registered(told).await;
        self.apply(&[delivery]).await.unwrap();
        id
    }

    pub(crate) async fn explained(&self, id: Uuid) -> Vec<StoredAssessment> {
        let request = ExplainAssessmentRequest { complaint_id: id.to_string() };
        explain(&self.db, &supervisor(), &request).await.unwrap()
    }

    pub(crate) fn ending(&self) -> Ending {
        Ending { desk: self.desk.clone() }
    }

    pub(crate) fn offering(&self) -> Offering {
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let hours =
            ServiceHours { zone, from: jiff::civil::time(9, 0, 0, 0), until: jiff::civil::time(21, 0, 0, 0) };
        Offering::new(self.desk.clone(), OFFER, hours)
    }

    pub(crate) async fn run(&self, sql: &'static str) {
        sqlx::query(sql).execute(self.db.pool()).await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.db.pool()).await.unwrap()
    }

    /// Topic, version and type of all that waits to be published, per aggregate in order.
    pub(crate) async fn published(&self) -> Vec<(Uuid, i64, String)> {
        sqlx::query_as(
            "SELECT aggregate_id, aggregate_version,
                    (SELECT h ->> 1 FROM json_array_elements(headers) h WHERE h ->> 0 = 'ce_type')
             FROM outbox ORDER BY topic, aggregate_id, id",
        )
        .fetch_all(self.db.pool())
        .await
        .unwrap()
    }

    /// Every table that classification owns, row by row, but for when this process opened a text.
    pub(crate) async fn tables(&self) -> Vec<(String, Vec<String>)> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT table_name::text FROM information_schema.tables
             WHERE table_schema = 'public' AND table_name = ANY ($1) ORDER BY 1",
        )
        .bind(OWNED.to_vec())
        .fetch_all(self.db.pool())
        .await
        .unwrap();
        assert_eq!(names.len(), OWNED.len());
        let mut tables = Vec::new();
        for name in names {
            let sql = format!("SELECT t::text FROM {name} t ORDER BY 1");
            let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(self.db.pool()).await.unwrap();
            tables.push((name, rows));
        }
        tables
    }
}

const OWNED: [&str; 9] = [
    "assessment",
    "assignment",
    "complaint",
    "counted_since",
    "duplicate_link",
    "incident",
    "incident_member",
    "incident_term",
    "subject_rate",
];

/// Envelope and payload of a registered complaint.
pub(crate) async fn registered(vault: &Vault, told: Told) -> (EventMeta, Vec<u8>) {
    let tenant: TenantId = told.tenant.parse().unwrap();
    let received_at = NOON.parse::<Timestamp>().unwrap() + told.after;
    let complaint = ComplaintId::from_uuid(Uuid::from_u128(told.n));
    let halves = split(told.submission);
    let sealer = vault.sealer(&tenant, complaint).await.unwrap();
    let fields = halves
        .personal
        .into_iter()
        .map(|(name, plain)| SealedField { name: name.to_owned(), value: sealer.seal(name, &plain).unwrap() })
        .collect();
    let index = match told.who {
        "" => Vec::new(),
        who => vault.blind_index(&tenant, IndexKind::PartyReference, who).await.unwrap().to_vec(),
    };
    let message = ComplaintRegistered {
        complaint_no: "20261125-TESTTESTTES-T".into(),
        received_at: Some(to_wire_time(received_at)),
        registered_at: Some(to_wire_time(received_at)),
        acknowledge_by: Some(to_wire_time(received_at)),
        submitted_by: told.who.into(),
        submission: Some(halves.public),
        sealed: Some(Sealed { wrapped_key: sealer.wrapped_key().to_bytes(), fields }),
        complainant_index: index,
    };
    (meta::<ComplaintRegistered>(&tenant, told.n, 1, received_at), message.encode_to_vec())
}

fn meta<M: Name>(tenant: &TenantId, n: u128, version: i64, at: Timestamp) -> EventMeta {
    let meta =
        event_meta::<M>("redress.intake.lifecycle.v1", tenant.clone(), Uuid::from_u128(n), version, at);
    EventMeta { source: "/redress/intake".into(), ..meta }
}

pub(crate) fn told(n: u128, text: &str) -> Told {
    Told { tenant: "tenant-a", n, who: "", submission: submission(text), after: SignedDuration::ZERO }
}

pub(crate) fn caller(subject: &str, roles: &[Role]) -> Principal {
    Principal { tenant: "tenant-a".parse().unwrap(), subject: subject.into(), roles: roles.to_vec() }
}

pub(crate) fn supervisor() -> Principal {
    caller("supervisor-1", &[Role::Supervisor])
}

pub(crate) fn submission(text: &str) -> Submission {
    Submission {
        channel: Channel::App.into(),
        text: text.into(),
        complainant: Some(Complainant {
            kind: PartyKind::Consumer.into(),
            name: Some("测试某甲".into()),
            ..Complainant::default()
        }),
        ..Submission::default()
    }
}

/// A complaint about a live room, its merchant, and an order.
pub(crate) fn from_room(text: &str, room: &str, order: &str) -> Submission {
    Submission {
        live: Some(LiveRef { room_id: room.into(), anchor_id: "anchor-1".into(), ..LiveRef::default() }),
        order: Some(OrderRef { order_no: order.into(), sku: "sku-1".into(), ..OrderRef::default() }),
        respondents: vec![Respondent {
            kind: PartyKind::Merchant.into(),
            external_ref: "shop-1".into(),
            name: Some("测试店铺".into()),
        }],
        ..submission(text)
    }
}
