//! Resolution's parts on a database of their own, with a clock that stands still. The test plays intake: it reads what
//! resolution would publish from the outbox, and tells how the lifecycle moves.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use prost::{Message, Name};
use redress_devstack::shared;
use redress_domain::{Clock, ComplaintId, Principal, Problem, Role, TenantId, Violations};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, Delivery, HandlerError, Wake};
use redress_postgres::{Db, PostgresConfig, migrate};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::personal::split;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1 as types;
use redress_resolution::app::Desk;
use redress_resolution::app::commands::{Act, Commands};
use redress_resolution::app::queries::Queries;
use redress_resolution::app::react::{
    FollowIncidents, FollowInvestigation, FollowLifecycle, FollowNotices, Follower,
};
use redress_resolution::config::ResolutionConfig;
use redress_resolution::domain::authority::Authority;
use redress_runtime::grpc::ClientTls;
use redress_testkit::{FixedClock, Statements, TestDatabase, event_meta, record};
use redress_vault::{FileKeyProvider, IndexKind, Vault};
use uuid::Uuid;

pub(crate) const NOON: &str = "2026-11-25T04:00:00Z";

pub(crate) struct Bench {
    pub(crate) db: Db,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) commands: Commands,
    pub(crate) follower: Follower,
    _database: TestDatabase,
    _keys: tempfile::TempDir,
}

/// Somebody who calls.
pub(crate) fn caller(tenant: &str, subject: &str, roles: &[Role]) -> Principal {
    Principal { tenant: tenant.parse().unwrap(), subject: subject.into(), roles: roles.to_vec() }
}

/// A handler of tenant A.
pub(crate) fn handler(subject: &str) -> Principal {
    caller("tenant-a", subject, &[Role::Handler])
}

/// A supervisor of tenant A.
pub(crate) fn supervisor(subject: &str) -> Principal {
    caller("tenant-a", subject, &[Role::Handler, Role::Supervisor])
}

/// The complainant of the sample.
pub(crate) fn complainant() -> Principal {
    caller("tenant-a", "person-1", &[Role::Complainant])
}

/// The respondent of the sample.
pub(crate) fn merchant() -> Principal {
    caller("tenant-a", "m-1", &[Role::Respondent])
}

/// The other respondent of the sample.
pub(crate) fn anchor() -> Principal {
    caller("tenant-a", "a-1", &[Role::Respondent])
}

/// What a consumer complains of: an order of 199.00 CNY from a merchant, sold by an anchor.
pub(crate) fn submission() -> types::Submission {
    let respondent = |kind: types::PartyKind, reference: &str| types::Respondent {
        kind: kind.into(),
        external_ref: reference.into(),
        name: None,
    };
    types::Submission {
        channel: types::Channel::App.into(),
        text: "包是假皮,要求退款。".into(),
        language: "zh-Hans".into(),
        complainant: Some(types::Complainant {
            kind: types::PartyKind::Consumer.into(),
            external_ref: Some("person-1".into()),
            name: Some("张三".into()),
            contacts: Vec::new(),
        }),
        respondents: vec![
            respondent(types::PartyKind::Merchant, "m-1"),
            respondent(types::PartyKind::Anchor, "a-1"),
        ],
        order: Some(types::OrderRef {
            order_no: "O-1".into(),
            paid: Some(types::Money { currency: "CNY".into(), amount_minor: 19_900 }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create(shared().await, "resolution").await;
        let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "resolution-test").unwrap();
        migrate(&db, &[&redress_outbox::MIGRATOR, &redress_resolution::MIGRATOR]).await.unwrap();
        let keys = tempfile::tempdir().unwrap();
        let key_file = keys.path().join("vault.toml");
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        FileKeyProvider::create(&key_file, &tenants).unwrap();
        let vault = Arc::new(Vault::new(Arc::new(FileKeyProvider::open(&key_file).unwrap())));
        let clock = Arc::new(FixedClock::at(NOON.parse().unwrap()));
        let shared_clock: Arc<dyn Clock> = clock.clone();
        let settings = ResolutionConfig {
            negotiation_hours: 48,
            answer_hours: 48,
            appeal_reply_hours: 48,
            appeal_days: 30,
            zone: "Asia/Shanghai".into(),
            zones: [("tenant-b".into(), "Europe/Berlin".into())].into(),
            authority: String::new(),
            executor: String::new(),
            executor_tls: ClientTls::default(),
            executor_timeout_ms: 1_000,
            executor_attempts: 3,
            executor_retry_ms: 10,
            advance_overdue: true,
            money_check_s: 1,
        };
        let desk = Desk {
            db: db.clone(),
            vault: Arc::clone(&vault),
            clock: Arc::clone(&shared_clock),
            wake: Wake::default(),
            authority: Arc::new(Authority::read(include_str!("../../data/authority.toml")).unwrap()),
            windows: Arc::new(settings.windows().unwrap()),
            settings: Arc::new(settings),
        };
        let commands = Commands { queries: Queries { desk: desk.clone() }, desk, executor: None };
        let follower = Follower {
            clock: shared_clock,
            advance_overdue: true,
            windows: Arc::clone(&commands.desk.windows),
        };
        let bench = Self { db, vault, clock, commands, follower, _database: database, _keys: keys };
        bench.publish_rules().await;
        bench
    }

    /// The rule that the samples rest on, in force since long.
    async fn publish_rules(&self) {
        for tenant in ["tenant-a", "tenant-b"] {
            let rule = wire::RuleVersion {
                rule_id: "refund.quality".into(),
                version: 1,
                title: "消费者权益保护法 24".into(),
                text: "经营者提供的商品不符合质量要求的,消费者可以退货。".into(),
                published_at: Some(to_wire_time("2013-10-25T00:00:00Z".parse().unwrap())),
                effective_at: Some(to_wire_time("2014-03-15T00:00:00Z".parse().unwrap())),
                law: true,
                ..Default::default()
            };
            let request = wire::PublishRuleRequest { request_id: "rule-1".into(), rule: Some(rule) };
            for subject in ["s-rules", "s-law"] {
                let who = caller(tenant, subject, &[Role::Supervisor]);
                let desk = &self.commands.desk;
                redress_resolution::app::rules::publish(desk, &who, request.clone()).await.unwrap();
            }
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A call; what it is told if it is refused.
    pub(crate) async fn act<M: Act>(&self, who: &Principal, message: M) -> Result<wire::Resolution, Problem> {
        let done = self.commands.execute(who, message, Violations::default()).await;
        done.map_err(redress_resolution::Error::into_problem)
    }

    pub(crate) async fn get(&self, who: &Principal, id: ComplaintId) -> wire::Resolution {
        self.commands.queries.get(who, &id.to_string()).await.unwrap()
    }

    /// Registers a complaint of tenant A as intake does.
    pub(crate) async fn register(&self, n: u128, submission: types::Submission) -> ComplaintId {
        let tenant: TenantId = "tenant-a".parse().unwrap();
        let id = ComplaintId::from_uuid(Uuid::from_u128(0x8000_0000 + n));
        let index = match submission.complainant.as_ref().and_then(|c| c.external_ref.clone()) {
            Some(reference) => {
                let index = self.vault.blind_index(&tenant, IndexKind::PartyReference, &reference).await;
                index.unwrap().to_vec()
            }
            None => Vec::new(),
        };
        let halves = split(submission);
        let sealer = self.vault.sealer(&tenant, id).await.unwrap();
        let field = |(name, plain): &(&str, Vec<u8>)| types::SealedField {
            name: (*name).to_owned(),
            value: sealer.seal(name, plain).unwrap(),
        };
        let event = intake::ComplaintRegistered {
            complaint_no: format!("C-{n}"),
            received_at: Some(to_wire_time(self.now())),
            submitted_by: "gateway".into(),
            submission: Some(halves.public),
            sealed: Some(types::Sealed {
                wrapped_key: sealer.wrapped_key().to_bytes(),
                fields: halves.personal.iter().map(field).collect(),
            }),
            complainant_index: index,
            ..Default::default()
        };
        self.lifecycle(id, &event).await;
        id
    }

    /// An event of intake's lifecycle.
    pub(crate) async fn lifecycle<M: Message + Name>(&self, id: ComplaintId, event: &M) {
        self.follow(&FollowLifecycle(self.follower.clone()), id, event, "intake").await.unwrap();
    }

    /// The lifecycle moves on a fact.
    pub(crate) async fn advance(
        &self,
        id: ComplaintId,
        from: types::ComplaintState,
        to: types::ComplaintState,
        fact: &str,
    ) {
        let event = intake::ComplaintAdvanced { from: from.into(), to: to.into(), fact: fact.into() };
        self.lifecycle(id, &event).await;
    }

    /// The lifecycle could not take a fact.
    pub(crate) async fn refuse(&self, id: ComplaintId, fact: &str, state: types::ComplaintState) {
        let event = intake::FactRefused {
            fact: fact.into(),
            reason: "FACT_NOT_IN_STATE".into(),
            state: state.into(),
        };
        self.lifecycle(id, &event).await;
    }

    /// An event of investigation, by `actor`.
    pub(crate) async fn investigation<M: Message + Name>(&self, id: ComplaintId, actor: &str, event: &M) {
        self.follow(&FollowInvestigation(self.follower.clone()), id, event, actor).await.unwrap();
    }

    /// An event of notification.
    pub(crate) async fn notice<M: Message + Name>(&self, id: ComplaintId, event: &M) {
        self.follow(&FollowNotices(self.follower.clone()), id, event, "notification").await.unwrap();
    }

    /// An event of an incident.
    pub(crate) async fn incident<M: Message + Name>(&self, incident: Uuid, event: &M) {
        let id = ComplaintId::from_uuid(incident);
        self.follow(&FollowIncidents, id, event, "classification").await.unwrap();
    }

    /// Applies one event as the kit does, in one transaction.
    pub(crate) async fn follow<H: BatchHandler, M: Message + Name>(
        &self,
        handler: &H,
        id: ComplaintId,
        message: &M,
        actor: &str,
    ) -> Result<(), HandlerError> {
        match self.delivery(handler, id, message, actor) {
            Some(delivery) => self.apply(handler, vec![delivery]).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Applies a batch as the kit does, in one transaction; gives how many statements the handler needed.
    pub(crate) async fn apply<H: BatchHandler>(
        &self,
        handler: &H,
        batch: Vec<Delivery<H::Event>>,
    ) -> Result<usize, HandlerError> {
        handler.prepare(&batch).await?;
        let mut tx = self.db.pool().begin().await?;
        let counting = Statements::default();
        counting.over(handler.apply(&mut tx, &batch)).await?;
        tx.commit().await?;
        Ok(counting.all())
    }

    /// An event on its way; none if it is of no use to the handler.
    pub(crate) fn delivery<H: BatchHandler, M: Message + Name>(
        &self,
        handler: &H,
        id: ComplaintId,
        message: &M,
        actor: &str,
    ) -> Option<Delivery<H::Event>> {
        let tenant = "tenant-a".parse().unwrap();
        let meta = EventMeta {
            event_id: redress_domain::derived_id("test", &[crate::steps::call().as_bytes()]),
            actor: Some(actor.to_owned()),
            ..event_meta::<M>("test", tenant, *id.as_uuid(), 1, self.now())
        };
        let payload = message.encode_to_vec();
        let event = handler.decode(&meta, &payload).unwrap()?;
        let record = record("test", payload);
        Some(Delivery { event: Arc::new(event), meta: Arc::new(meta), record: Arc::new(record) })
    }

    /// What is to be published about a complaint: names without the package, in order.
    pub(crate) async fn published(&self, id: ComplaintId) -> Vec<String> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT headers::text, aggregate_version FROM outbox WHERE aggregate_id = $1 ORDER BY aggregate_version",
        )
        .bind(*id.as_uuid())
        .fetch_all(self.db.pool())
        .await
        .unwrap();
        let versions: Vec<i64> = rows.iter().map(|(_, version)| *version).collect();
        assert_eq!(versions, (1..=i64::try_from(rows.len()).unwrap()).collect::<Vec<_>>(), "no holes");
        rows.iter().map(|(headers, _)| name_in(headers)).collect()
    }

    /// The last event of that kind about a complaint.
    pub(crate) async fn last<M: Message + Name + Default>(&self, id: ComplaintId) -> M {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT headers::text, payload FROM outbox WHERE aggregate_id = $1 ORDER BY aggregate_version DESC",
        )
        .bind(*id.as_uuid())
        .fetch_all(self.db.pool())
        .await
        .unwrap();
        let (_, payload) =
            rows.into_iter().find(|(headers, _)| name_in(headers) == M::NAME).expect("such an event");
        M::decode(payload.as_slice()).unwrap()
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.db.pool()).await.unwrap()
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        self.clock.advance(time);
    }
}

fn name_in(headers: &str) -> String {
    let headers: serde_json::Value = serde_json::from_str(headers).unwrap();
    let pairs = headers.as_array().unwrap().iter();
    let named = pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    let (_, kind) = named.into_iter().find(|(name, _)| *name == "ce_type").unwrap();
    kind.rsplit('.').next().unwrap().to_owned()
}

/// The reason of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(outcome: Result<T, Problem>) -> &'static str {
    let problem = outcome.expect_err("it is refused");
    if problem.reason == "INVALID_INPUT" { problem.violations[0].reason } else { problem.reason }
}
