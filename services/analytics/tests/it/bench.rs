//! A database of its own, the handlers of all topics, and everything that can be asked.

use std::sync::Arc;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_analytics::App;
use redress_analytics::app::assessments::CountAssessments;
use redress_analytics::app::incidents::CountIncidents;
use redress_analytics::app::lifecycle::CountLifecycle;
use redress_analytics::app::metrics::Questions;
use redress_analytics::app::notices::CountNotices;
use redress_analytics::app::steps::CountSteps;
use redress_analytics::domain::metric::Dictionary;
use redress_analytics::grpc::Grpc;
use redress_analytics::topics::{
    self, ASSESSMENTS, CLOCKS, INCIDENTS, INVESTIGATION, LIFECYCLE, NOTICES, RESOLUTION,
};
use redress_devstack::shared;
use redress_domain::{Principal, Role};
use redress_outbox::{BatchHandler, DecodeError, Delivery};
use redress_postgres::{Db, PostgresConfig, migrate};
use redress_testkit::{EventStream, TestDatabase, Told};

pub(crate) struct Bench {
    pub(crate) db: Db,
    pub(crate) questions: Questions,
    pub(crate) grpc: Grpc,
    pub(crate) database: TestDatabase,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create(shared().await, "analytics").await;
        let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "analytics-test").unwrap();
        migrate(&db, &[&redress_outbox::MIGRATOR, &redress_analytics::MIGRATOR]).await.unwrap();
        let questions = Questions { db: db.clone(), dictionary: Arc::new(Dictionary::builtin().unwrap()) };
        let grpc = Grpc::new(App { questions: questions.clone() });
        Self { db, questions, grpc, database }
    }

    /// Applies events of one topic as one batch, as the kit does once its guard has let them pass.
    pub(crate) async fn apply(&self, events: &[Told]) {
        match events.first().map(|told| told.topic) {
            None => {}
            Some(LIFECYCLE) => self.apply_by(&CountLifecycle, events).await,
            Some(ASSESSMENTS) => self.apply_by(&CountAssessments, events).await,
            Some(INCIDENTS) => self.apply_by(&CountIncidents, events).await,
            Some(NOTICES) => self.apply_by(&CountNotices, events).await,
            Some(INVESTIGATION | RESOLUTION | CLOCKS) => self.apply_by(&CountSteps, events).await,
            Some(other) => panic!("nobody counts {other}"),
        }
    }

    pub(crate) async fn apply_all(&self, streams: impl IntoIterator<Item = EventStream>) {
        for stream in streams {
            self.apply(&stream.events).await;
        }
    }

    async fn apply_by<H: BatchHandler>(&self, handler: &H, events: &[Told]) {
        let batch: Vec<Delivery<H::Event>> =
            events.iter().filter_map(|told| delivery(handler, told).unwrap()).collect();
        let mut tx = self.db.pool().begin().await.unwrap();
        handler.apply(&mut tx, &batch).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Lets every topic have been applied up to `through`, as the kit would note it.
    pub(crate) async fn counted_through(&self, through: Timestamp) {
        for topic in topics::ALL {
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

    /// All that is kept, as text.
    pub(crate) async fn tables(&self) -> Vec<String> {
        tables(&self.db).await
    }
}

/// All that is kept, as text.
pub(crate) async fn tables(db: &Db) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT row_to_json(f)::text AS line FROM complaint_fact AS f
         UNION ALL SELECT row_to_json(i)::text FROM incident AS i
         UNION ALL SELECT row_to_json(c)::text FROM case_item AS c
         UNION ALL SELECT row_to_json(m)::text FROM incident_member AS m ORDER BY line",
    )
    .fetch_all(db.pool())
    .await
    .unwrap()
}

/// An event as its handler sees it; none if it has no use for it.
pub(crate) fn delivery<H: BatchHandler>(
    handler: &H,
    told: &Told,
) -> Result<Option<Delivery<H::Event>>, DecodeError> {
    let Some(event) = handler.decode(&told.meta, &told.payload)? else { return Ok(None) };
    let (meta, record) = (Arc::new(told.meta.clone()), Arc::new(told.record()));
    Ok(Some(Delivery { event: Arc::new(event), meta, record }))
}

pub(crate) fn supervisor(tenant: &str) -> Principal {
    Principal {
        tenant: tenant.parse().unwrap(),
        subject: "supervisor-1".into(),
        roles: vec![Role::Supervisor],
    }
}

/// A call as the runtime lets it in.
pub(crate) fn call<T>(caller: Principal, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.extensions_mut().insert(Arc::new(caller));
    request
}
