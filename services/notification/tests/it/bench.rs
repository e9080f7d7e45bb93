//! Notification's parts on a database of their own, with a clock that stands still.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::time;
use prost::{Message, Name};
use redress_devstack::shared;
use redress_domain::{Clock, ComplaintId, TenantId};
use redress_messaging::EventMeta;
use redress_notification::app::Desk;
use redress_notification::app::asked::Asked;
use redress_notification::app::dispatch::{Dispatch, Pace};
use redress_notification::app::hear::{Fact, Hear};
use redress_notification::app::preview::Preview;
use redress_notification::app::queries::Queries;
use redress_notification::app::react::{Event, React};
use redress_notification::app::receipts::Receipts;
use redress_notification::app::send::Send;
use redress_notification::app::surveys::Surveys;
use redress_notification::app::terms::Terms;
use redress_notification::app::webhooks::{REPLAY_MOST, Webhooks};
use redress_notification::domain::profile::Profiles;
use redress_notification::domain::quiet::QuietHours;
use redress_notification::domain::templates::{Templates, builtin};
use redress_notification::store::delivery::Lane;
use redress_notification::topics::{CLOCKS, INVESTIGATION, RESOLUTION};
use redress_outbox::{BatchHandler, Delivery, HandlerError, Wake};
use redress_postgres::{Db, PostgresConfig, migrate};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1 as wire;
use redress_proto::personal;
use redress_proto::types::v1::{Complainant, Sealed, SealedField, Submission};
use redress_testkit::{FixedClock, TestDatabase, event_meta, record};
use redress_vault::{FileKeyProvider, Vault, WrappedKey};
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::people::{handler, submission};
use crate::settings::{Channels, TERMS};

/// Noon in Shanghai.
pub(crate) const NOON: &str = "2026-11-25T04:00:00Z";
const KEY_FILE: &str = "vault.toml";

pub(crate) struct Bench {
    pub(crate) db: Db,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) react: Arc<React>,
    pub(crate) dispatch: Dispatch,
    pub(crate) send: Send,
    pub(crate) preview: Preview,
    pub(crate) queries: Queries,
    pub(crate) receipts: Receipts,
    pub(crate) surveys: Surveys,
    pub(crate) webhooks: Webhooks,
    database: TestDatabase,
    keys: tempfile::TempDir,
}

impl Bench {
    /// Where a request for missing details waits for its clock.
    pub(crate) async fn following_clocks() -> Self {
        let mut bench = Self::new().await;
        let react = React {
            desk: bench.react.desk.clone(),
            terms: Terms { follow_clocks: true, ..TERMS },
            asked: Asked::builtin().unwrap(),
        };
        bench.react = Arc::new(react);
        bench
    }

    pub(crate) async fn new() -> Self {
        Self::with(Channels::default()).await
    }

    pub(crate) async fn with(channels: Channels) -> Self {
        let database = TestDatabase::create(shared().await, "notification").await;
        let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "notification-test").unwrap();
        migrate(&db, &[&redress_outbox::MIGRATOR, &redress_notification::MIGRATOR]).await.unwrap();
        let keys = tempfile::tempdir().unwrap();
        let key_file = keys.path().join(KEY_FILE);
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        FileKeyProvider::create(&key_file, &tenants).unwrap();
        let clock = Arc::new(FixedClock::at(NOON.parse().unwrap()));
        let shared_clock: Arc<dyn Clock> = clock.clone();
        let desk = Desk {
            db: db.clone(),
            vault: Arc::new(Vault::new(Arc::new(FileKeyProvider::open(&key_file).unwrap()))),
            clock: shared_clock,
            wake: Wake::default(),
            templates: Arc::new(Templates::read(&builtin()).unwrap()),
            profiles: Arc::new(Profiles::read(include_str!("../../data/tenants.toml")).unwrap()),
            quiet: Arc::new(QuietHours { from: time(22, 0, 0, 0), until: time(8, 0, 0, 0) }),
        };
        let outlets = channels.outlets();
        let queries = Queries { desk: desk.clone() };
        Self {
            react: Arc::new(React { desk: desk.clone(), terms: TERMS, asked: Asked::builtin().unwrap() }),
            dispatch: Dispatch {
                desk: desk.clone(),
                outlets: outlets.clone(),
                batch: 32,
                lease: Duration::from_mins(1),
                stop: CancellationToken::new(),
                pace: Pace::default(),
            },
            send: Send { desk: desk.clone(), queries: queries.clone() },
            preview: Preview { desk: desk.clone() },
            receipts: Receipts { desk: desk.clone() },
            surveys: Surveys { desk: desk.clone() },
            webhooks: Webhooks { desk, callbacks: outlets.callbacks, replay_most: REPLAY_MOST },
            queries,
            db,
            clock,
            database,
            keys,
        }
    }

    /// The database's address.
    pub(crate) fn url(&self) -> &str {
        &self.database.url
    }

    /// The keys.
    pub(crate) fn key_file(&self) -> std::path::PathBuf {
        self.keys.path().join(KEY_FILE)
    }

    /// A delivery of `message` as the complaint's event number `version`. Two calls are the same event twice.
    pub(crate) fn event<M: Message + Name>(
        &self,
        id: ComplaintId,
        version: i64,
        message: &M,
    ) -> Delivery<Event> {
        self.caused(id, version, message, None)
    }

    /// The same of a complaint of any tenant's.
    pub(crate) fn event_of<M: Message + Name>(
        &self,
        tenant: &str,
        id: ComplaintId,
        version: i64,
        message: &M,
    ) -> Delivery<Event> {
        let delivery = self.event(id, version, message);
        let meta = EventMeta { tenant: tenant.parse().unwrap(), ..EventMeta::clone(&delivery.meta) };
        Delivery { meta: Arc::new(meta), ..delivery }
    }

    /// The same of an event that another one caused.
    pub(crate) fn caused<M: Message + Name>(
        &self,
        id: ComplaintId,
        version: i64,
        message: &M,
        cause: Option<Uuid>,
    ) -> Delivery<Event> {
        let topic = "redress.intake.lifecycle.v1";
        let meta = EventMeta {
            causation: cause.map(|cause| cause.to_string()),
            ..self.meta::<M>(topic, id, version)
        };
        delivery(topic, meta, message, |meta, payload| {
            self.react.decode(meta, payload).unwrap().expect("the handler knows the type")
        })
    }

    fn meta<M: Name>(&self, topic: &str, id: ComplaintId, version: i64) -> EventMeta {
        let tenant = "tenant-a".parse().unwrap();
        let meta = event_meta::<M>(topic, tenant, *id.as_uuid(), version, self.clock.now());
        EventMeta { decided_by: Some("human".into()), ..meta }
    }

    /// A fact of another service about the complaint.
    pub(crate) fn fact<M: Message + Name>(
        &self,
        topic: &'static str,
        id: ComplaintId,
        version: i64,
        message: &M,
    ) -> Delivery<Fact> {
        self.fact_of(topic, id, version, message, None)
    }

    /// The same of a fact that another event caused.
    pub(crate) fn fact_of<M: Message + Name>(
        &self,
        topic: &'static str,
        id: ComplaintId,
        version: i64,
        message: &M,
        cause: Option<Uuid>,
    ) -> Delivery<Fact> {
        let meta = EventMeta {
            actor: Some("supervisor-7".into()),
            causation: cause.map(|cause| cause.to_string()),
            ..self.meta::<M>(topic, id, version)
        };
        delivery(topic, meta, message, |meta, payload| {
            Fact::read(&meta.event_type, payload).unwrap().expect("the handler knows the type")
        })
    }

    /// Applies facts of one topic as the kit does: one transaction.
    pub(crate) async fn hear(&self, batch: &[Delivery<Fact>]) -> Result<(), HandlerError> {
        let mut tx = self.db.pool().begin().await?;
        self.hear_in(&mut tx, batch).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The same in a transaction that stays open.
    pub(crate) async fn hear_in(
        &self,
        conn: &mut PgConnection,
        batch: &[Delivery<Fact>],
    ) -> Result<(), HandlerError> {
        let topics = [INVESTIGATION, RESOLUTION, CLOCKS];
        let topic = topics.into_iter().find(|topic| *topic == &*batch[0].record.topic).unwrap();
        let hear = Hear { desk: self.react.desk.clone(), terms: self.react.terms, topic };
        hear.apply(conn, batch).await
    }

    /// What somebody typed, sealed as an event carries it.
    pub(crate) async fn sealed(&self, id: ComplaintId, name: &str, plain: &[u8]) -> Option<Sealed> {
        let tenant: TenantId = "tenant-a".parse().unwrap();
        let key: Vec<u8> = sqlx::query_scalar("SELECT wrapped_key FROM subject_key WHERE complaint_id = $1")
            .bind(id.as_uuid())
            .fetch_one(self.db.pool())
            .await
            .unwrap();
        let key = WrappedKey::from_bytes(&key).unwrap();
        let sealer = self.react.desk.vault.sealer_from(&tenant, id, &key).await.unwrap();
        let field = SealedField { name: name.into(), value: sealer.seal(name, plain).unwrap() };
        Some(Sealed { wrapped_key: Vec::new(), fields: vec![field] })
    }

    /// Applies a batch as the kit does: one transaction.
    pub(crate) async fn apply(&self, batch: &[Delivery<Event>]) -> Result<(), HandlerError> {
        let mut tx = self.db.pool().begin().await?;
        self.react.apply(&mut tx, batch).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The registration of a complaint of this complainant.
    pub(crate) async fn registered(
        &self,
        key: &str,
        complainant: Complainant,
    ) -> (ComplaintId, Delivery<Event>) {
        self.registered_of("tenant-a", key, complainant).await
    }

    /// The same of any tenant.
    pub(crate) async fn registered_of(
        &self,
        tenant: &str,
        key: &str,
        complainant: Complainant,
    ) -> (ComplaintId, Delivery<Event>) {
        let tenant: TenantId = tenant.parse().unwrap();
        let id = ComplaintId::derive(&tenant, "app", &key.parse().unwrap());
        let sealer = self.react.desk.vault.sealer(&tenant, id).await.unwrap();
        let halves = personal::split(Submission { complainant: Some(complainant), ..submission() });
        let fields = halves.personal.into_iter().map(|(name, content)| SealedField {
            name: name.into(),
            value: sealer.seal(name, &content).unwrap(),
        });
        let sealed = Sealed { fields: fields.collect(), wrapped_key: sealer.wrapped_key().to_bytes() };
        let event = intake::ComplaintRegistered {
            complaint_no: "20261125-TESTTESTTES-T".into(),
            received_at: Some(to_wire_time(self.clock.now())),
            submitted_by: "app".into(),
            submission: Some(halves.public),
            sealed: Some(sealed),
            complainant_index: Vec::new(),
            ..intake::ComplaintRegistered::default()
        };
        (id, self.event_of(tenant.as_str(), id, 1, &event))
    }

    /// A complaint whose receipt confirmation is queued.
    pub(crate) async fn complaint(&self, key: &str, complainant: Complainant) -> ComplaintId {
        let (id, event) = self.registered(key, complainant).await;
        self.apply(&[event]).await.unwrap();
        id
    }

    /// Lets the lanes work until nothing is due.
    pub(crate) async fn send_all(&self) {
        for lane in [Lane::Parties, Lane::Callbacks] {
            while self.dispatch.pass(lane).await.unwrap() > 0 {}
        }
    }

    pub(crate) async fn notices(&self, id: ComplaintId) -> Vec<wire::Notice> {
        let request = wire::ListNoticesRequest { complaint_id: id.to_string(), ..Default::default() };
        self.queries.list(&handler(), request).await.unwrap().notices
    }

    pub(crate) async fn notice(&self, id: ComplaintId, kind: wire::NoticeKind) -> wire::Notice {
        let found = self.notices(id).await.into_iter().find(|notice| notice.kind() == kind).unwrap();
        self.queries.get(&handler(), &found.notice_id).await.unwrap()
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.db.pool()).await.unwrap()
    }

    /// Does something to the database behind the service's back.
    pub(crate) async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(self.db.pool()).await.unwrap();
    }

    /// What was told of notices that a channel took.
    pub(crate) async fn sent(&self) -> Vec<wire::NoticeSent> {
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT payload FROM outbox WHERE headers::text LIKE '%.NoticeSent%' ORDER BY id",
        )
        .fetch_all(self.db.pool())
        .await
        .unwrap();
        payloads.into_iter().map(|payload| wire::NoticeSent::decode(payload.as_slice()).unwrap()).collect()
    }

    /// Types of the events in the outbox, in order.
    pub(crate) async fn published(&self) -> Vec<String> {
        let rows: Vec<(i64, serde_json::Value)> =
            sqlx::query_as("SELECT aggregate_version, headers::jsonb FROM outbox ORDER BY aggregate_id, id")
                .fetch_all(self.db.pool())
                .await
                .unwrap();
        let name = |headers: &serde_json::Value| {
            let headers: HashMap<String, String> =
                serde_json::from_value::<Vec<(String, String)>>(headers.clone())
                    .unwrap()
                    .into_iter()
                    .collect();
            headers["ce_type"].rsplit('.').next().unwrap().to_owned()
        };
        rows.iter().map(|(version, headers)| format!("{version} {}", name(headers))).collect()
    }
}

fn delivery<M: Message, E>(
    topic: &str,
    meta: EventMeta,
    message: &M,
    read: impl Fn(&EventMeta, &[u8]) -> E,
) -> Delivery<E> {
    let payload = message.encode_to_vec();
    let event = read(&meta, &payload);
    let record = record(topic, payload);
    Delivery { event: Arc::new(event), meta: Arc::new(meta), record: Arc::new(record) }
}
