//! Investigation's parts on a database of their own, with a clock that stands still.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use prost::{Message, Name};
use redress_devstack::shared;
use redress_domain::{Clock, ComplaintId, Principal, Role, TenantId, event_id};
use redress_investigation::app::Desk;
use redress_investigation::app::assignments::FollowAssignments;
use redress_investigation::app::clocks::FollowClocks;
use redress_investigation::app::contested::FollowContested;
use redress_investigation::app::follow::FollowCases;
use redress_investigation::app::incidents::FollowIncidents;
use redress_investigation::app::notices::FollowNotices;
use redress_investigation::app::view;
use redress_investigation::domain::opening::{OpeningPolicy, When};
use redress_investigation::topics::CASES;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, Delivery, HandlerError, Wake};
use redress_postgres::{Db, PostgresConfig, migrate};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as wire;
use redress_proto::personal::split;
use redress_proto::types::v1 as types;
use redress_testkit::{FixedClock, Statements, TestDatabase, event_meta, record};
use redress_vault::{FileKeyProvider, IndexKind, Vault};
use uuid::Uuid;

pub(crate) const NOON: &str = "2026-11-25T04:00:00Z";
/// How long a copy is laid before a side.
pub(crate) const HEARING: SignedDuration = SignedDuration::from_hours(24);
/// The complainant of every complaint that says nothing else.
pub(crate) const WHO: &str = "person-1";
/// The merchant of every complaint.
pub(crate) const SHOP: &str = "shop-1";

pub(crate) struct Bench {
    pub(crate) db: Db,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) desk: Desk,
    pub(crate) asks_platform: bool,
    _database: TestDatabase,
    keys: Arc<tempfile::TempDir>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(When::OnAcceptance, false).await
    }

    pub(crate) async fn with(when: When, asks_platform: bool) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let key_file = keys.path().join("vault.toml");
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        FileKeyProvider::create(&key_file, &tenants).unwrap();
        let vault = Arc::new(Vault::new(Arc::new(FileKeyProvider::open(&key_file).unwrap())));
        Self::over(when, asks_platform, vault, Arc::new(keys)).await
    }

    async fn over(when: When, asks_platform: bool, vault: Arc<Vault>, keys: Arc<tempfile::TempDir>) -> Self {
        let database = TestDatabase::create(shared().await, "investigation").await;
        let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "investigation-test").unwrap();
        migrate(&db, &[&redress_outbox::MIGRATOR, &redress_investigation::MIGRATOR]).await.unwrap();
        let clock = Arc::new(FixedClock::at(NOON.parse().unwrap()));
        let shared_clock: Arc<dyn Clock> = clock.clone();
        let desk = Desk {
            db: db.clone(),
            vault: Arc::clone(&vault),
            clock: shared_clock,
            wake: Wake::default(),
            opening: Arc::new(OpeningPolicy { when, negotiate_first: Vec::new() }),
            answer_lasts: SignedDuration::from_hours(48),
            extension_lasts: SignedDuration::from_hours(48),
            hearing_lasts: HEARING,
            lapse_needs_notice: true,
        };
        Self { db, vault, clock, desk, asks_platform, _database: database, keys }
    }

    /// The same world with empty tables: keys stay.
    pub(crate) async fn emptied(&self) -> Self {
        let when = self.desk.opening.when;
        Self::over(when, self.asks_platform, Arc::clone(&self.vault), Arc::clone(&self.keys)).await
    }

    pub(crate) fn following(&self) -> FollowCases {
        FollowCases { desk: self.desk.clone(), asks_platform: self.asks_platform }
    }

    /// A complaint on a product's quality, directed at a shop and an anchor.
    pub(crate) async fn registered(&self, n: u128) -> Happening {
        let (meta, payload) = registered(&self.vault, n, self.clock.now()).await;
        Happening { meta, payload }
    }

    /// Any other event of a complaint's lifecycle.
    pub(crate) fn happened<M: Message + Name>(&self, n: u128, version: i64, message: &M) -> Happening {
        let meta = meta::<M>("redress.intake.lifecycle.v1", n, version, self.clock.now());
        Happening { meta, payload: message.encode_to_vec() }
    }

    /// Applies events of the lifecycle as one batch.
    pub(crate) async fn follow(&self, batch: &[Happening]) {
        self.try_follow(batch).await.unwrap();
    }

    pub(crate) async fn try_follow(&self, batch: &[Happening]) -> Result<(), HandlerError> {
        apply(&self.db, &self.following(), batch).await
    }

    /// Applies events as one batch; how many statements that takes.
    pub(crate) async fn counted<H: BatchHandler>(&self, handler: &H, batch: &[Happening]) -> usize {
        let deliveries = deliveries(handler, batch);
        let mut tx = self.db.pool().begin().await.unwrap();
        let counting = Statements::default();
        counting.over(handler.apply(&mut tx, &deliveries)).await.unwrap();
        tx.commit().await.unwrap();
        counting.all()
    }

    pub(crate) async fn follow_incidents(&self, batch: &[Happening]) {
        apply(&self.db, &FollowIncidents { desk: self.desk.clone() }, batch).await.unwrap();
    }

    pub(crate) async fn follow_assignments(&self, batch: &[Happening]) {
        apply(&self.db, &FollowAssignments { desk: self.desk.clone() }, batch).await.unwrap();
    }

    pub(crate) async fn follow_clocks(&self, batch: &[Happening]) {
        apply(&self.db, &FollowClocks { desk: self.desk.clone() }, batch).await.unwrap();
    }

    pub(crate) async fn follow_contested(&self, batch: &[Happening]) {
        apply(&self.db, &FollowContested { desk: self.desk.clone() }, batch).await.unwrap();
    }

    pub(crate) async fn follow_notices(&self, batch: &[Happening]) {
        apply(&self.db, &FollowNotices { desk: self.desk.clone() }, batch).await.unwrap();
    }

    /// A complaint that is registered and under review.
    pub(crate) async fn reviewed(&self, n: u128, category: types::Category, severity: types::Severity) {
        let started = intake::AdmissibilityReviewStarted {
            assessment_id: Uuid::nil().to_string(),
            category: category.into(),
            severity: severity.into(),
            urgent: false,
        };
        self.follow(&[self.registered(n).await, self.happened(n, 2, &started)]).await;
    }

    /// A complaint that was accepted; the policy decides whether it is open.
    pub(crate) async fn accepted(&self, n: u128) {
        self.reviewed(n, types::Category::Cq01, types::Severity::General).await;
        self.accept(n).await;
    }

    pub(crate) async fn accept(&self, n: u128) {
        let accepted = intake::ComplaintAccepted { handler: "queue-1".into() };
        self.follow(&[self.happened(n, 3, &accepted)]).await;
    }

    /// Intake's answer that it took the opening.
    pub(crate) async fn advanced(&self, n: u128, version: i64, to: types::ComplaintState, fact: &str) {
        let from = types::ComplaintState::Accepted.into();
        let advanced = intake::ComplaintAdvanced { from, to: to.into(), fact: fact.into() };
        self.follow(&[self.happened(n, version, &advanced)]).await;
    }

    /// A case that is open, as far as intake is concerned too.
    pub(crate) async fn opened(&self, n: u128) {
        self.accepted(n).await;
        self.advanced(n, 4, types::ComplaintState::Investigating, "InvestigationOpened").await;
    }

    pub(crate) async fn view(&self, n: u128) -> wire::Investigation {
        view::get(&self.desk, &staff("handler-1"), &id(n)).await.unwrap()
    }

    /// Intake's refusal of the event that brought the case to `version`.
    pub(crate) fn refused(
        &self,
        n: u128,
        at: i64,
        fact: &str,
        version: i64,
        state: types::ComplaintState,
    ) -> Happening {
        let refused = intake::FactRefused {
            fact: fact.into(),
            reason: "FACT_NOT_IN_STATE".into(),
            state: state.into(),
        };
        let mut happening = self.happened(n, at, &refused);
        happening.meta.causation = Some(event_id(CASES, Uuid::from_u128(n), version).to_string());
        happening
    }

    /// The events in the outbox, as names with their versions, in order.
    pub(crate) async fn told(&self, n: u128) -> Vec<(i64, String)> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT aggregate_version, headers::text FROM outbox WHERE aggregate_id = $1 ORDER BY id",
        )
        .bind(Uuid::from_u128(n))
        .fetch_all(self.db.pool())
        .await
        .unwrap();
        rows.into_iter().map(|(version, headers)| (version, name_in(&headers))).collect()
    }

    /// The last event of type `M` of a case.
    pub(crate) async fn last<M: Message + Name + Default>(&self, n: u128) -> M {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT headers::text, payload FROM outbox WHERE aggregate_id = $1 ORDER BY id DESC",
        )
        .bind(Uuid::from_u128(n))
        .fetch_all(self.db.pool())
        .await
        .unwrap();
        let found = rows.into_iter().find(|(headers, _)| headers.contains(&M::full_name()));
        M::decode(found.expect("the event was told").1.as_slice()).unwrap()
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.db.pool()).await.unwrap()
    }

    /// A piece of evidence of a complaint, as if it had been brought.
    pub(crate) async fn evidence(&self, n: u128, kind: &str) -> String {
        crate::evidence_of::keep(self, n, kind).await
    }

    /// All rows of the service's own tables that a replay must bring again.
    pub(crate) async fn rows(&self) -> Vec<String> {
        rows(self.db.pool()).await
    }
}

pub(crate) async fn rows(pool: &sqlx::PgPool) -> Vec<String> {
    let mut all = Vec::new();
    for table in
        ["case_file", "past_round", "assignment", "incident_file", "incident_member", "timeline_entry"]
    {
        let sql = format!("SELECT '{table} ' || t::text FROM {table} t ORDER BY 1");
        all.extend(sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await.unwrap());
    }
    all
}

fn name_in(headers: &str) -> String {
    let start = headers.find("redress.investigation.v1.").unwrap() + "redress.investigation.v1.".len();
    headers[start..].chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// An event on its way.
#[derive(Clone)]
pub(crate) struct Happening {
    pub(crate) meta: EventMeta,
    pub(crate) payload: Vec<u8>,
}

/// Those of the batch that are of use to the handler.
fn deliveries<H: BatchHandler>(handler: &H, batch: &[Happening]) -> Vec<Delivery<H::Event>> {
    batch
        .iter()
        .filter_map(|happening| {
            let event = handler.decode(&happening.meta, &happening.payload).unwrap()?;
            Some(Delivery {
                event: Arc::new(event),
                meta: Arc::new(happening.meta.clone()),
                record: Arc::new(record("t", Vec::new())),
            })
        })
        .collect()
}

/// Applies a batch as the kit does: in one transaction.
async fn apply<H: BatchHandler>(db: &Db, handler: &H, batch: &[Happening]) -> Result<(), HandlerError> {
    let deliveries = deliveries(handler, batch);
    let mut tx = db.pool().begin().await?;
    handler.prepare(&deliveries).await?;
    handler.apply(&mut tx, &deliveries).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) fn meta<M: Message + Name>(topic: &str, n: u128, version: i64, at: Timestamp) -> EventMeta {
    let meta = event_meta::<M>(topic, "tenant-a".parse().unwrap(), Uuid::from_u128(n), version, at);
    EventMeta { recorded_at: Some(at), ..meta }
}

/// A registered complaint as intake publishes it.
pub(crate) async fn registered(vault: &Vault, n: u128, at: Timestamp) -> (EventMeta, Vec<u8>) {
    let tenant: TenantId = "tenant-a".parse().unwrap();
    let respondent = |kind: types::PartyKind, reference: &str| types::Respondent {
        kind: kind.into(),
        external_ref: reference.into(),
        name: None,
    };
    let submission = types::Submission {
        channel: types::Channel::App.into(),
        text: "收到的包开线了".into(),
        complainant: Some(types::Complainant {
            kind: types::PartyKind::Consumer.into(),
            external_ref: Some(WHO.into()),
            ..types::Complainant::default()
        }),
        respondents: vec![
            respondent(types::PartyKind::Merchant, SHOP),
            respondent(types::PartyKind::Anchor, "anchor-1"),
        ],
        order: Some(types::OrderRef {
            order_no: format!("ORDER-{n}"),
            ordered_at: Some(to_wire_time("2026-11-20T04:00:00Z".parse().unwrap())),
            ..types::OrderRef::default()
        }),
        live: Some(types::LiveRef { room_id: "room-1".into(), ..types::LiveRef::default() }),
        ..types::Submission::default()
    };
    let complaint = ComplaintId::from_uuid(Uuid::from_u128(n));
    let sealer = vault.sealer(&tenant, complaint).await.unwrap();
    let halves = split(submission);
    let fields = halves.personal.iter().map(|(name, plain)| types::SealedField {
        name: (*name).to_owned(),
        value: sealer.seal(name, plain).unwrap(),
    });
    let index = vault.blind_index(&tenant, IndexKind::PartyReference, WHO).await.unwrap();
    let message = intake::ComplaintRegistered {
        complaint_no: format!("T{n}"),
        received_at: Some(to_wire_time(at)),
        submitted_by: "app-1".into(),
        submission: Some(halves.public),
        sealed: Some(types::Sealed {
            wrapped_key: sealer.wrapped_key().to_bytes(),
            fields: fields.collect(),
        }),
        complainant_index: index.to_vec(),
        ..intake::ComplaintRegistered::default()
    };
    let meta = meta::<intake::ComplaintRegistered>("redress.intake.lifecycle.v1", n, 1, at);
    (meta, message.encode_to_vec())
}

pub(crate) fn id(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

pub(crate) fn principal(tenant: &str, subject: &str, roles: &[Role]) -> Principal {
    Principal { tenant: tenant.parse().unwrap(), subject: subject.into(), roles: roles.to_vec() }
}

pub(crate) fn staff(subject: &str) -> Principal {
    principal("tenant-a", subject, &[Role::Handler])
}

pub(crate) fn boss() -> Principal {
    principal("tenant-a", "boss-1", &[Role::Supervisor])
}

pub(crate) fn complainant() -> Principal {
    principal("tenant-a", WHO, &[Role::Complainant])
}

pub(crate) fn shop() -> Principal {
    principal("tenant-a", SHOP, &[Role::Respondent])
}

/// The reason of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(outcome: Result<T, redress_investigation::Error>) -> &'static str {
    outcome.expect_err("it is refused").into_problem().reason
}
