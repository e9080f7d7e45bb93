//! Intake's parts on a database of their own, with a clock that stands still.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use redress_devstack::shared;
use redress_domain::{Clock, ComplaintId, ComplaintNo, Principal, Problem, Role, Violations};
use redress_intake::Error;
use redress_intake::app::accept::{Accepted, sealing};
use redress_intake::app::audit::Audit;
use redress_intake::app::commands::{CaseCommand, Commands};
use redress_intake::app::queries::Queries;
use redress_intake::app::register::{Register, Submitted};
use redress_intake::app::view::Views;
use redress_intake::domain::lifecycle::Policy;
use redress_messaging::{EventMeta, Record};
use redress_outbox::{BatchHandler, Delivery, HandlerError, Wake};
use redress_postgres::{Db, PostgresConfig, migrate};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{
    Admissibility, Attachment, Category, Channel, Complainant, PartyKind, Respondent, Submission,
};
use redress_redis::{DedupeFilter, Redis, RedisConfig};
use redress_testkit::{FixedClock, TestDatabase};
use redress_vault::{FileKeyProvider, Vault};

pub(crate) struct Bench {
    pub(crate) db: Db,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) commands: Commands,
    pub(crate) queries: Queries,
    pub(crate) audit: Audit,
    register: Arc<Register>,
    pub(crate) database: TestDatabase,
    keys: tempfile::TempDir,
}

const KEY_FILE: &str = "vault.toml";
pub(crate) const NOON: &str = "2026-11-25T04:00:00Z";

impl Bench {
    pub(crate) async fn new() -> Self {
        let stack = shared().await;
        let database = TestDatabase::create(stack, "intake").await;
        let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "intake-test").unwrap();
        migrate(&db, &[&redress_outbox::MIGRATOR, &redress_intake::MIGRATOR]).await.unwrap();
        let keys = tempfile::tempdir().unwrap();
        let key_file = keys.path().join(KEY_FILE);
        let tenants = ["tenant-a", "tenant-b"].map(|tenant| tenant.parse().unwrap());
        FileKeyProvider::create(&key_file, &tenants).unwrap();
        let vault = Arc::new(Vault::new(Arc::new(FileKeyProvider::open(&key_file).unwrap())));
        let clock = Arc::new(FixedClock::at(NOON.parse().unwrap()));
        let shared_clock: Arc<dyn Clock> = clock.clone();
        let views = Views { db: db.clone(), vault: Arc::clone(&vault), clock: Arc::clone(&shared_clock) };
        let redis = RedisConfig { url: stack.redis.clone().into(), timeout_ms: 200 };
        let filter = DedupeFilter::new(Redis::connect(&redis).unwrap());
        let commands = Commands {
            db: db.clone(),
            vault: Arc::clone(&vault),
            views: views.clone(),
            clock: Arc::clone(&shared_clock),
            policy: Arc::new(Policy::default()),
            review_queue: "refusal-review".into(),
            wake: Wake::default(),
        };
        let register = Register { clock: shared_clock };
        Self {
            queries: Queries { views, filter },
            audit: Audit::new(db.clone()),
            register: Arc::new(register),
            db,
            vault,
            clock,
            commands,
            database,
            keys,
        }
    }

    /// Another provider of the same keys.
    pub(crate) fn provider(&self) -> FileKeyProvider {
        FileKeyProvider::open(&self.keys.path().join(KEY_FILE)).unwrap()
    }

    /// One attempt to submit, as the log would carry it. Two calls with the same arguments are two attempts.
    pub(crate) async fn attempt(
        &self,
        caller: &Principal,
        key: &str,
        submission: Submission,
    ) -> Delivery<Submitted> {
        let id = ComplaintId::derive(&caller.tenant, &caller.subject, &key.parse().unwrap());
        let received_at = self.clock.now();
        let answer = Accepted {
            id,
            no: ComplaintNo::new(received_at.to_zoned(TimeZone::UTC).date(), &id),
            received_at,
            acknowledge_by: received_at + SignedDuration::from_mins(45),
            duplicate: false,
        };
        let fingerprint = self.vault.fingerprint(&caller.tenant, &submission.encode_to_vec()).await.unwrap();
        let outgoing = sealing::record(&self.vault, caller, &answer, submission, fingerprint).await.unwrap();
        let record = Record {
            topic: "redress.intake.submissions.v1".into(),
            partition: 0,
            offset: 0,
            timestamp: Timestamp::UNIX_EPOCH,
            key: Some(outgoing.key.into_bytes()),
            headers: outgoing
                .headers
                .into_iter()
                .map(|(name, value)| (name.into_owned(), value.into_bytes()))
                .collect(),
            payload: outgoing.payload,
        };
        let meta = EventMeta::of_record(&record).unwrap();
        let event =
            self.register.decode(&meta, &record.payload).unwrap().expect("the register knows the type");
        Delivery { event: Arc::new(event), meta: Arc::new(meta), record: Arc::new(record) }
    }

    /// Applies a batch as the kit does: one transaction.
    pub(crate) async fn apply(&self, batch: &[Delivery<Submitted>]) -> Result<(), HandlerError> {
        let mut tx = self.db.pool().begin().await?;
        self.register.apply(&mut tx, batch).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The same, and how many stored submissions it read to do so.
    pub(crate) async fn apply_and_count_reads(&self, batch: &[Delivery<Submitted>]) -> i64 {
        // The server counts on over the transactions of a connection until it hands the counts on, a second later at most.
        let read =
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'submission'";
        let mut tx = self.db.pool().begin().await.unwrap();
        let before: i64 = sqlx::query_scalar(read).fetch_one(&mut *tx).await.unwrap();
        self.register.apply(&mut tx, batch).await.unwrap();
        let after: i64 = sqlx::query_scalar(read).fetch_one(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        after - before
    }

    /// A registered complaint of `caller`.
    pub(crate) async fn registered(&self, caller: &Principal, key: &str) -> ComplaintId {
        let attempt = self.attempt(caller, key, submission("录像里说是真皮，收到的是人造革")).await;
        let id = ComplaintId::from_uuid(attempt.meta.subject);
        self.apply(&[attempt]).await.unwrap();
        id
    }

    /// Any command.
    pub(crate) async fn run<C: CaseCommand>(
        &self,
        caller: &Principal,
        command: C,
    ) -> Result<wire::Complaint, Error> {
        self.commands.run(caller, command, Violations::default()).await
    }

    pub(crate) async fn decide(
        &self,
        caller: &Principal,
        request: wire::DecideAdmissibilityRequest,
    ) -> Result<wire::Complaint, Error> {
        self.run(caller, request).await
    }

    pub(crate) async fn supply(
        &self,
        caller: &Principal,
        request: wire::SupplyCompletionRequest,
    ) -> Result<wire::Complaint, Error> {
        self.run(caller, request).await
    }

    pub(crate) async fn withdraw(
        &self,
        caller: &Principal,
        request: wire::WithdrawComplaintRequest,
    ) -> Result<wire::Complaint, Error> {
        self.run(caller, request).await
    }

    /// The complaint as staff see it.
    pub(crate) async fn view(&self, id: ComplaintId) -> wire::Complaint {
        let request = wire::GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
        self.queries.get(&officer(), request).await.unwrap()
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.db.pool()).await.unwrap()
    }

    /// Versions on the lifecycle topic, per complaint in order, as they wait in the outbox.
    pub(crate) async fn published(&self) -> Vec<(uuid::Uuid, i64)> {
        sqlx::query_as("SELECT aggregate_id, aggregate_version FROM outbox ORDER BY aggregate_id, id")
            .fetch_all(self.db.pool())
            .await
            .unwrap()
    }
}

pub(crate) fn caller(tenant: &str, subject: &str, roles: &[Role]) -> Principal {
    Principal { tenant: tenant.parse().unwrap(), subject: subject.into(), roles: roles.to_vec() }
}

pub(crate) fn complainant(subject: &str) -> Principal {
    caller("tenant-a", subject, &[Role::Complainant])
}

pub(crate) fn officer() -> Principal {
    caller("tenant-a", "officer-1", &[Role::IntakeOfficer])
}

pub(crate) fn supervisor() -> Principal {
    caller("tenant-a", "supervisor-1", &[Role::Supervisor])
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
        respondents: vec![Respondent {
            kind: PartyKind::Merchant.into(),
            external_ref: "shop-1".into(),
            name: Some("测试店铺".into()),
        }],
        ..Submission::default()
    }
}

/// A decision to take a complaint up.
pub(crate) fn accept(id: ComplaintId, request_id: &str) -> wire::DecideAdmissibilityRequest {
    wire::DecideAdmissibilityRequest {
        request_id: request_id.into(),
        complaint_id: id.to_string(),
        decision: Admissibility::Yes.into(),
        category: Category::Cq07.into(),
        handler: "staff-0042".into(),
        ..Default::default()
    }
}

/// A decision to refuse it.
pub(crate) fn refuse(id: ComplaintId, reason: wire::RefusalReason) -> wire::DecideAdmissibilityRequest {
    wire::DecideAdmissibilityRequest {
        request_id: "refuse-1".into(),
        complaint_id: id.to_string(),
        decision: Admissibility::No.into(),
        category: Category::Cq09.into(),
        refusal_reason: reason.into(),
        facts: "没有争议的事实".into(),
        rule: "l04.3@2026-04-15".into(),
        ..Default::default()
    }
}

/// A request for the order's number.
pub(crate) fn ask(id: ComplaintId, request_id: &str) -> wire::DecideAdmissibilityRequest {
    wire::DecideAdmissibilityRequest {
        request_id: request_id.into(),
        complaint_id: id.to_string(),
        decision: Admissibility::NeedsCompletion.into(),
        missing: vec!["order.orderNo".into()],
        ..Default::default()
    }
}

/// An answer to it, with a file.
pub(crate) fn supply(id: ComplaintId, request_id: &str) -> wire::SupplyCompletionRequest {
    wire::SupplyCompletionRequest {
        request_id: request_id.into(),
        complaint_id: id.to_string(),
        text: "订单号是 TEST-0001".into(),
        attachments: vec![Attachment {
            name: Some("测试截图.png".into()),
            media_type: "image/png".into(),
            sha256: "0".repeat(64),
            object_key: "k/1".into(),
        }],
        ..Default::default()
    }
}

pub(crate) fn withdraw(id: ComplaintId, request_id: &str) -> wire::WithdrawComplaintRequest {
    wire::WithdrawComplaintRequest {
        request_id: request_id.into(),
        complaint_id: id.to_string(),
        reason: "商家已经退款".into(),
        ..Default::default()
    }
}

pub(crate) fn problem<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Problem {
    outcome.unwrap_err().into_problem()
}
