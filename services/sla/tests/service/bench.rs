//! A database of its own, the handlers of all topics, the firing, and everything that can be asked.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use prost::{Message as _, Name as _};
use redress_devstack::shared;
use redress_domain::{Clock, Principal, Role};
use redress_messaging::{EventMeta, Record};
use redress_outbox::{BatchHandler, Delivery, HandlerError, Wake};
use redress_postgres::{Db, PostgresConfig, TransactionError, migrate};
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1 as wire;
use redress_sla::App;
use redress_sla::app::Desk;
use redress_sla::app::due_soon::DueSoon;
use redress_sla::app::fire::Firing;
use redress_sla::app::hear::Hear;
use redress_sla::app::inputs::Inputs;
use redress_sla::app::recalculate::Recalculation;
use redress_sla::app::ship::{of_release, ship};
use redress_sla::config::SlaConfig;
use redress_sla::grpc::Grpc;
use redress_sla::topics::INPUTS;
use redress_testkit::{TestDatabase, Told};
use tokio_util::sync::CancellationToken;

pub(crate) const TENANT: &str = "tenant-a";

pub(crate) struct Bench {
    pub(crate) db: Db,
    pub(crate) desk: Desk,
    pub(crate) grpc: Grpc,
    pub(crate) url: String,
    pub(crate) _database: Option<TestDatabase>,
}

/// What ends the transaction of a batch.
#[derive(Debug)]
struct Refused(HandlerError);

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

impl TransactionError for Refused {
    fn database(&self) -> Option<&sqlx::Error> {
        None
    }
}

/// The headers of a row of the outbox.
type Headers = sqlx::types::Json<Vec<(String, String)>>;

/// The wall clock: the database's, which decides what is due, is the same machine's.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// An instant some seconds from now.
pub(crate) fn in_seconds(seconds: i64) -> Timestamp {
    let now = WallClock.now().as_millisecond();
    Timestamp::from_millisecond(now).unwrap() + SignedDuration::from_secs(seconds)
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create(shared().await, "sla").await;
        let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "sla-test").unwrap();
        migrate(&db, &[&redress_outbox::MIGRATOR, &redress_sla::MIGRATOR]).await.unwrap();
        ship(&db, of_release()).await.unwrap();
        Self::over(db, database.url.clone(), Some(database))
    }

    /// Another process on the same database.
    pub(crate) fn beside(other: &Self) -> Self {
        let db = Db::connect(&PostgresConfig::at(other.url.as_str()), "sla-test").unwrap();
        Self::over(db, other.url.clone(), None)
    }

    fn over(db: Db, url: String, database: Option<TestDatabase>) -> Self {
        let settings = SlaConfig {
            firing_period_ms: 50,
            firing_batch: 100,
            book_refresh_ms: 1,
            recalculations_per_second: 1_000,
            keep_days: 1_100,
        };
        let desk = Desk::new(db.clone(), Arc::new(WallClock), Wake::default(), settings);
        let due_soon = DueSoon::new(desk.clone(), CancellationToken::new());
        let grpc = Grpc::new(App { desk: desk.clone(), due_soon });
        Self { db, desk, grpc, url, _database: database }
    }

    /// Applies events of one topic as one batch, as the kit does once its guard has let them pass.
    pub(crate) async fn hear<'a>(&self, events: impl IntoIterator<Item = &'a Told>) {
        self.try_hear(events).await.unwrap();
    }

    pub(crate) async fn try_hear<'a>(
        &self,
        events: impl IntoIterator<Item = &'a Told>,
    ) -> Result<(), HandlerError> {
        let events: Vec<&Told> = events.into_iter().collect();
        let Some(topic) = events.first().map(|told| told.topic) else { return Ok(()) };
        assert!(events.iter().all(|told| told.topic == topic), "one batch, one topic");
        let handler = Hear { desk: self.desk.clone(), topic };
        let batch: Vec<_> = events.into_iter().filter_map(|told| delivery(&handler, told)).collect();
        let work = Arc::new((handler, batch));
        let applied = self.db.run_tx("apply_batch", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.0.apply(conn, &work.1).await.map_err(Refused) })
        });
        applied.await.map_err(|refused| refused.0)
    }

    /// Lets every topic have been applied up to `through`, as the kit would note it.
    pub(crate) async fn heard_through(&self, through: Timestamp) {
        for topic in INPUTS {
            sqlx::query(
                "INSERT INTO progress (topic, partition, next_offset, applied_through, adopts)
                 VALUES ($1, 0, 0, $2, false)
                 ON CONFLICT (topic, partition) DO UPDATE SET applied_through = excluded.applied_through",
            )
            .bind(topic)
            .bind(through.to_sqlx())
            .execute(self.db.pool())
            .await
            .unwrap();
        }
    }

    /// Lets the writer of a topic have told all that follows from what was recorded up to `through`, and promise so.
    pub(crate) async fn writer_has_followed(&self, topic: &str, through: Timestamp) {
        sqlx::query("UPDATE progress SET caused_through = $2 WHERE topic = $1")
            .bind(topic)
            .bind(through.to_sqlx())
            .execute(self.db.pool())
            .await
            .unwrap();
    }

    /// Lets a record of a complaint be parked, as the kit would.
    pub(crate) async fn parked(&self, topic: &str, tenant: &str, complaint: uuid::Uuid) {
        sqlx::query(
            "INSERT INTO parked_event (topic, incarnation, partition, log_offset, headers, payload, recorded_at, event_at,
                                       tenant, aggregate_id, cause, detail, attempts)
             SELECT $1, 0, 0, count(*), '[]', '', now(), now(), $2, $3, 'HANDLER_REFUSED', '', 1 FROM parked_event",
        )
        .bind(topic)
        .bind(tenant)
        .bind(complaint)
        .execute(self.db.pool())
        .await
        .unwrap();
    }

    pub(crate) fn firing(&self) -> Firing {
        Firing::new(self.desk.clone(), Inputs::those_read())
    }

    /// What the broker said of topics decides too.
    pub(crate) fn firing_by(&self, inputs: Inputs) -> Firing {
        Firing::new(self.desk.clone(), inputs)
    }

    pub(crate) fn recalculation(&self) -> Recalculation {
        Recalculation::new(self.desk.clone())
    }

    /// What was published so far, in its order: `C11 ClockStarted …`.
    pub(crate) async fn published(&self) -> Vec<String> {
        self.events().await.iter().map(|(meta, payload)| line(meta, payload)).collect()
    }

    /// What was published of one definition.
    pub(crate) async fn published_of(&self, definition: &str) -> Vec<String> {
        let all = self.published().await;
        let own = all.into_iter().filter_map(|line| line.strip_prefix(definition).map(str::to_owned));
        own.map(|line| line.trim_start().to_owned()).collect()
    }

    /// What was published so far; versions are without holes per complaint.
    pub(crate) async fn events(&self) -> Vec<(EventMeta, Vec<u8>)> {
        let rows: Vec<(Headers, Vec<u8>)> = sqlx::query_as("SELECT headers, payload FROM outbox ORDER BY id")
            .fetch_all(self.db.pool())
            .await
            .unwrap();
        let mut versions = std::collections::BTreeMap::new();
        let read = |(headers, payload): (Headers, Vec<u8>)| {
            let meta = EventMeta::of_record(&record(headers.0)).unwrap();
            let version = versions.entry((meta.tenant.clone(), meta.subject)).or_insert(0);
            *version += 1;
            assert_eq!(meta.version, Some(*version), "versions without holes");
            (meta, payload)
        };
        rows.into_iter().map(read).collect()
    }

    /// All that is kept of clocks, as text.
    pub(crate) async fn clocks(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT row_to_json(c)::text FROM clock AS c ORDER BY tenant, clock_id")
            .fetch_all(self.db.pool())
            .await
            .unwrap()
    }

    /// The clock of that definition, which there is once.
    pub(crate) async fn clock_of(&self, definition: &str) -> (uuid::Uuid, String, Option<Timestamp>) {
        let (id, state, due): (uuid::Uuid, String, Option<SqlTime>) =
            sqlx::query_as("SELECT clock_id, state, due_at FROM clock WHERE definition = $1")
                .bind(definition)
                .fetch_one(self.db.pool())
                .await
                .unwrap();
        (id, state, due.map(SqlTime::to_jiff))
    }

    /// When the clock of that definition of the `n`-th case is due.
    pub(crate) async fn clock_of_case(&self, definition: &str, n: u128) -> Option<Timestamp> {
        let due: Option<SqlTime> =
            sqlx::query_scalar("SELECT due_at FROM clock WHERE definition = $1 AND complaint_id = $2")
                .bind(definition)
                .bind(crate::course::Case::new(n).id)
                .fetch_one(self.db.pool())
                .await
                .unwrap();
        due.map(SqlTime::to_jiff)
    }
}

fn record(headers: Vec<(String, String)>) -> Record {
    let headers = headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
    Record { headers, ..redress_testkit::record("redress.sla.clocks.v1", Vec::new()) }
}

/// An event as its handler sees it; none if it has no use for it.
fn delivery(handler: &Hear, told: &Told) -> Option<Delivery<<Hear as BatchHandler>::Event>> {
    let event = handler.decode(&told.meta, &told.payload).unwrap()?;
    let (meta, record) = (Arc::new(told.meta.clone()), Arc::new(told.record()));
    Some(Delivery { event: Arc::new(event), meta, record })
}

/// An event in one line.
fn line(meta: &EventMeta, payload: &[u8]) -> String {
    let name = meta.event_type.rsplit('.').next().unwrap();
    let at = |time: &Option<pbjson_types::Timestamp>| {
        time.as_ref().map_or("never".to_owned(), |at| from_wire_time(at).unwrap().to_string())
    };
    let definition = |clock: &Option<wire::ClockRef>| clock.as_ref().unwrap().definition.clone();
    macro_rules! read {
        ($message:ident) => {
            wire::$message::decode(payload).unwrap()
        };
    }
    let full = &*meta.event_type;
    if full == wire::ClockStarted::full_name() {
        let told = read!(ClockStarted);
        format!("{} {name} due {}", definition(&told.clock), at(&told.due_at))
    } else if full == wire::ClockPaused::full_name() {
        let told = read!(ClockPaused);
        format!("{} {name} {}", definition(&told.clock), told.reason)
    } else if full == wire::ClockResumed::full_name() {
        let told = read!(ClockResumed);
        format!("{} {name} due {}", definition(&told.clock), at(&told.due_at))
    } else if full == wire::ClockWarned::full_name() {
        let told = read!(ClockWarned);
        format!("{} {name} {} at {}", definition(&told.clock), told.percent, meta.occurred_at)
    } else if full == wire::ClockBreached::full_name() {
        let told = read!(ClockBreached);
        format!("{} {name} due {} at {}", definition(&told.clock), at(&told.due_at), meta.occurred_at)
    } else if full == wire::ClockMet::full_name() {
        let told = read!(ClockMet);
        let after = if told.after_breach { " after breach" } else { "" };
        let corrects = if told.corrects { ", corrected" } else { "" };
        format!("{} {name} at {}{after}{corrects}", definition(&told.clock), meta.occurred_at)
    } else if full == wire::ClockCancelled::full_name() {
        let told = read!(ClockCancelled);
        let corrects = if told.corrects { ", corrected" } else { "" };
        format!("{} {name} {}{corrects}", definition(&told.clock), told.reason)
    } else if full == wire::DeadlineRecalculated::full_name() {
        let told = read!(DeadlineRecalculated);
        let (clock, old, new) = (definition(&told.clock), at(&told.old_due_at), at(&told.new_due_at));
        format!("{clock} {name} {} from {old} to {new}", told.reason)
    } else if full == wire::ExtensionApproved::full_name() {
        let told = read!(ExtensionApproved);
        let by = meta.actor.as_deref().unwrap_or_default();
        format!(
            "{} {name} to {} asked by {} granted by {by}",
            definition(&told.clock),
            at(&told.new_due_at),
            told.requested_by
        )
    } else if full == wire::ExtensionRefused::full_name() {
        let told = read!(ExtensionRefused);
        format!("{} {name} {}", definition(&told.clock), told.reason)
    } else {
        name.to_owned()
    }
}

/// Somebody of a tenant.
pub(crate) fn caller(tenant: &str, subject: &str, roles: &[Role]) -> Principal {
    Principal { tenant: tenant.parse().unwrap(), subject: subject.into(), roles: roles.to_vec() }
}

/// A call as the runtime lets it in.
pub(crate) fn call<T>(caller: Principal, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.extensions_mut().insert(Arc::new(caller));
    request
}

/// A handler of the tenant.
pub(crate) fn handler<T>(message: T) -> tonic::Request<T> {
    call(caller(TENANT, "handler-1", &[Role::Handler]), message)
}

/// A supervisor of the tenant.
pub(crate) fn supervisor<T>(message: T) -> tonic::Request<T> {
    call(caller(TENANT, "supervisor-1", &[Role::Supervisor]), message)
}

/// A supervisor of another tenant.
pub(crate) fn stranger<T>(message: T) -> tonic::Request<T> {
    call(caller("tenant-b", "supervisor-1", &[Role::Supervisor]), message)
}

/// The fields that were refused, with their reasons.
pub(crate) fn faults(status: &tonic::Status) -> Vec<String> {
    use tonic_types::StatusExt as _;
    let details = status.get_details_bad_request().unwrap();
    details.field_violations.iter().map(|v| format!("{} {}", v.field, v.reason)).collect()
}

/// The stable reason of a refusal.
pub(crate) fn reason(status: &tonic::Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().unwrap().reason
}
