use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use redress_devstack::{Endpoints, ServiceProcess, shared};
use redress_domain::{Principal, Role};
use redress_messaging::{
    Consumer, EventMeta, InboundEvent, KafkaConfig, LogReader, Outgoing, Positions, Producer, Start,
    TopicPartition, TopicSpec, ensure_topics,
};
use redress_outbox::{
    Admin, BatchHandler, ConsumerError, ConsumerGroup, Guard, MIGRATOR, Relay, RelayError, Subscription, Wake,
};
use redress_postgres::{Db, PostgresConfig, migrate};
use redress_testkit::{TestDatabase, topic_prefix, wait_until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::ledger::{Ledger, SCHEMA, SINK, SOURCE, WallClock};

pub(crate) const LIMIT: Duration = Duration::from_mins(1);
pub(crate) const PARTITIONS: i32 = 4;
/// The tenant that runs the installation.
pub(crate) const OPERATOR: &str = "acme";

/// One test's database and topics.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) db: Db,
    pub(crate) kafka: KafkaConfig,
    pub(crate) producer: Producer,
    logs: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(shared().await).await
    }

    pub(crate) async fn on(stack: &Endpoints) -> Self {
        let database = TestDatabase::create(stack, "kit").await;
        let db = connect(&database);
        migrate(&db, &[&MIGRATOR]).await.unwrap();
        sqlx::query(SCHEMA).execute(db.pool()).await.unwrap();
        let mut kafka = KafkaConfig::at(stack.kafka.as_str(), "ledger");
        kafka.topic_prefix = topic_prefix();
        kafka.session_timeout_ms = 6_000;
        let producer = Producer::for_relay(&kafka).unwrap();
        let world = Self { database, db, kafka, producer, logs: tempfile::tempdir().unwrap() };
        world.make_topics().await;
        world
    }

    pub(crate) async fn make_topics(&self) {
        let spec = |name| TopicSpec { name, partitions: PARTITIONS, retention: Duration::from_hours(1) };
        ensure_topics(&self.kafka, &[spec(SOURCE), spec(SINK)]).await.unwrap();
    }

    /// Writes records to the source, in order, and waits until they are there.
    pub(crate) async fn produce(&self, records: impl IntoIterator<Item = (EventMeta, Vec<u8>)>) {
        let mut pending = Vec::new();
        for (meta, payload) in records {
            let outgoing = Outgoing {
                topic: SOURCE.into(),
                key: meta.subject.to_string(),
                headers: meta.to_headers(),
                payload,
            };
            pending.push(self.producer.enqueue(&outgoing).unwrap());
        }
        for pending in pending {
            pending.outcome().await.unwrap();
        }
    }

    /// Writes a record whose tenant cannot be read.
    pub(crate) async fn produce_without_tenant(&self, meta: &EventMeta) {
        let mut headers = meta.to_headers();
        headers.retain(|(name, _)| name != "ce_tenant");
        let outgoing = Outgoing {
            topic: SOURCE.into(),
            key: meta.subject.to_string(),
            headers,
            payload: b"ok".to_vec(),
        };
        self.producer.enqueue(&outgoing).unwrap().outcome().await.unwrap();
    }

    pub(crate) fn group<H: BatchHandler>(&self, guard: Guard, handler: H) -> (ConsumerGroup, Wake) {
        self.group_of(vec![Subscription::new(SOURCE, guard, handler)])
    }

    pub(crate) fn group_of(&self, subscriptions: Vec<Subscription>) -> (ConsumerGroup, Wake) {
        self.group_as("one", subscriptions)
    }

    /// The group as a member with a fixed name, or without one if it is empty.
    pub(crate) fn group_as(&self, member: &str, subscriptions: Vec<Subscription>) -> (ConsumerGroup, Wake) {
        let wake = Wake::default();
        let mut kafka = self.kafka.clone();
        member.clone_into(&mut kafka.group_instance_id);
        let group =
            ConsumerGroup::new(self.db.clone(), kafka, subscriptions, wake.clone(), Arc::new(WallClock));
        (group, wake)
    }

    /// Starts consumer and relay in this process.
    pub(crate) fn start(&self, handler: Ledger) -> Running {
        let (group, wake) = self.group(Guard::Version, handler);
        self.start_group(group, wake)
    }

    pub(crate) fn start_group(&self, group: ConsumerGroup, wake: Wake) -> Running {
        let stop = CancellationToken::new();
        let operator = Some(OPERATOR.parse().unwrap());
        let admin = Admin::new(&group, &self.kafka, "one").unwrap().operated_by(operator);
        let relay = Relay::new(self.db.clone(), Producer::for_relay(&self.kafka).unwrap(), "one", wake);
        Running {
            admin,
            group: tokio::spawn(group.run(stop.clone())),
            relay: tokio::spawn(relay.run(stop.clone())),
            stop,
        }
    }

    /// Starts a process of its own.
    pub(crate) fn node(&self, name: &str) -> ServiceProcess {
        let command = crate::node::command(name, &self.database.url, &self.kafka);
        let dir = self.logs.path();
        ServiceProcess::start(name, &command, dir).unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(query).fetch_one(self.db.pool()).await.unwrap_or(-1)
    }

    /// The versions applied per aggregate, in the order in which they were.
    pub(crate) async fn applied(&self) -> BTreeMap<Uuid, Vec<i64>> {
        let rows: Vec<(Uuid, Vec<i64>)> = sqlx::query_as(
            "SELECT aggregate, array_agg(version ORDER BY seq) FROM ledger GROUP BY aggregate",
        )
        .fetch_all(self.db.pool())
        .await
        .unwrap();
        rows.into_iter().collect()
    }

    pub(crate) async fn wait_for_ledger(&self, rows: i64) {
        wait_until(&format!("{rows} rows in the ledger"), LIMIT, async || {
            (self.count("ledger").await >= rows).then_some(())
        })
        .await;
    }

    pub(crate) async fn wait_for_parked(&self, rows: i64) {
        wait_until(&format!("{rows} parked"), LIMIT, async || {
            (self.count("parked_event WHERE status = 'parked'").await == rows).then_some(())
        })
        .await;
    }

    /// Checks that every aggregate was applied from 1 to `versions`, each once, in order; here and, by first sight, in
    /// what was published. Answers how often something was published again.
    pub(crate) async fn check(&self, aggregates: u128, versions: i64) -> usize {
        let expected: Vec<i64> = (1..=versions).collect();
        let applied = self.applied().await;
        let wrong: Vec<_> = applied.iter().filter(|(_, applied)| **applied != expected).collect();
        assert!(wrong.is_empty(), "lost, doubled or out of order: {:?}", wrong.first());
        assert_eq!(applied.len() as u128, aggregates);
        wait_until("the outbox is empty", LIMIT, async || (self.count("outbox").await == 0).then_some(()))
            .await;
        let mut repeats = 0;
        let mut published: BTreeMap<Uuid, i64> = BTreeMap::new();
        for meta in self.read(SINK).await {
            let last = published.entry(meta.subject).or_default();
            let version = meta.version.unwrap();
            if version == *last + 1 {
                *last = version;
            } else {
                assert!(version <= *last, "version {version} was first seen after {last}");
                repeats += 1;
            }
        }
        assert_eq!(published.len() as u128, aggregates);
        assert!(published.values().all(|last| *last == versions));
        repeats
    }

    /// All of a topic, as it lies there.
    pub(crate) async fn read(&self, topic: &'static str) -> Vec<EventMeta> {
        let mut config = self.kafka.clone();
        "reader".clone_into(&mut config.group);
        let reader = LogReader::new(&config).unwrap();
        let ends = reader.off_the_runtime(move |reader| {
            (0..PARTITIONS).map(|partition| reader.watermarks(topic, partition).map(|(_, high)| high)).sum()
        });
        let total: i64 = ends.await.unwrap();
        let (consumer, mut inbounds) = Consumer::start(&config, &[topic], FromTheBeginning).unwrap();
        let mut found = Vec::new();
        while (found.len() as i64) < total {
            match tokio::time::timeout(LIMIT, inbounds[0].next()).await.unwrap() {
                Some(InboundEvent::Record(record)) => found.push(EventMeta::of_record(&record).unwrap()),
                Some(_) => {}
                None => panic!("the reader ended"),
            }
        }
        consumer.close().await;
        found
    }
}

struct FromTheBeginning;

impl Positions for FromTheBeginning {
    type Note = ();

    fn load(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Start>, String> {
        Ok(vec![Start { offset: 0, note: () }; assigned.len()])
    }
}

pub(crate) fn connect(database: &TestDatabase) -> Db {
    Db::connect(&PostgresConfig::at(database.url.as_str()), "kit-test").unwrap()
}

/// Consumer and relay in this process.
pub(crate) struct Running {
    pub(crate) admin: Admin,
    pub(crate) group: JoinHandle<Result<(), ConsumerError>>,
    pub(crate) relay: JoinHandle<Result<(), RelayError>>,
    stop: CancellationToken,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.group.await.unwrap().unwrap();
        self.relay.await.unwrap().unwrap();
    }

    /// Waits until the group ends by itself, as a process would.
    pub(crate) async fn end(self) -> ConsumerError {
        let ended = tokio::time::timeout(LIMIT, self.group).await.unwrap();
        self.stop.cancel();
        self.relay.await.unwrap().unwrap();
        ended.unwrap().unwrap_err()
    }
}

/// `count` aggregates with `versions` each, all first versions first.
pub(crate) fn stream(count: u128, versions: i64) -> impl Iterator<Item = (EventMeta, Vec<u8>)> {
    (1..=versions).flat_map(move |version| {
        (0..count).map(move |n| (crate::ledger::meta(aggregate(n), version), b"ok".to_vec()))
    })
}

pub(crate) fn aggregate(n: u128) -> Uuid {
    Uuid::from_u128(0x8000_0000_0000_8000_8000_0000_0000_0000 | n)
}

/// A call of an administrator of the operator's tenant.
pub(crate) fn admin_request<T>(message: T) -> tonic::Request<T> {
    request_of(OPERATOR, message)
}

/// A call of an administrator of `tenant`.
pub(crate) fn request_of<T>(tenant: &str, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let principal = Principal {
        tenant: tenant.parse().unwrap(),
        subject: "operator".to_owned(),
        roles: vec![Role::Admin],
    };
    request.extensions_mut().insert(Arc::new(principal));
    request
}
