//! Through Kafka and the kit: events that come twice, topics read again, a database made anew.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use redress_analytics::app::assessments::CountAssessments;
use redress_analytics::app::incidents::CountIncidents;
use redress_analytics::app::lifecycle::CountLifecycle;
use redress_analytics::app::notices::CountNotices;
use redress_analytics::app::steps::CountSteps;
use redress_analytics::topics::{
    self, ASSESSMENTS, CLOCKS, INCIDENTS, INVESTIGATION, LIFECYCLE, NOTICES, RESOLUTION,
};
use redress_devstack::shared;
use redress_domain::{Clock, Principal, Role};
use redress_messaging::{KafkaConfig, Producer, TopicSpec, ensure_topics};
use redress_outbox::{Admin, ConsumerError, ConsumerGroup, Guard, Subscription, Wake};
use redress_postgres::Db;
use redress_proto::admin::v1::ReplayFromRequest;
use redress_proto::admin::v1::admin_service_server::AdminService as _;
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::to_wire_time;
use redress_testkit::{EventStream, Told, topic_prefix, unique_name, wait_until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, call, supervisor, tables};
use crate::history::{History, TENANTS, begin};

pub(crate) const LIMIT: Duration = Duration::from_mins(2);
const PARTITIONS: i32 = 4;

/// The topics of one test.
pub(crate) struct Log {
    pub(crate) kafka: KafkaConfig,
    producer: Producer,
}

impl Log {
    pub(crate) async fn new() -> Self {
        let mut kafka = KafkaConfig::at(shared().await.kafka.as_str(), "analytics");
        kafka.topic_prefix = topic_prefix();
        kafka.session_timeout_ms = 6_000;
        let spec = |name| TopicSpec { name, partitions: PARTITIONS, retention: Duration::from_hours(1) };
        ensure_topics(&kafka, &topics::ALL.map(spec)).await.unwrap();
        Self { producer: Producer::for_relay(&kafka).unwrap(), kafka }
    }

    /// Writes events in their order and waits until they are there.
    pub(crate) async fn write<'a>(&self, events: impl IntoIterator<Item = &'a Told>) {
        let pending: Vec<_> =
            events.into_iter().map(|told| self.producer.enqueue(&told.outgoing()).unwrap()).collect();
        for pending in pending {
            pending.outcome().await.unwrap();
        }
    }

    /// Starts counting into `db`, one group for all topics, and its operator's service.
    fn count(&self, db: &Db) -> Counting {
        self.count_guarded(db, Guard::Version)
    }

    fn count_guarded(&self, db: &Db, guard: Guard) -> Counting {
        let mut kafka = self.kafka.clone();
        kafka.group = unique_name("analytics");
        let subscriptions = vec![
            Subscription::new(LIFECYCLE, guard, CountLifecycle),
            Subscription::new(ASSESSMENTS, guard, CountAssessments),
            Subscription::new(INCIDENTS, guard, CountIncidents),
            Subscription::new(NOTICES, guard, CountNotices),
            Subscription::new(INVESTIGATION, guard, CountSteps),
            Subscription::new(RESOLUTION, guard, CountSteps),
            Subscription::new(CLOCKS, guard, CountSteps),
        ];
        let clock = Arc::new(WallClock);
        let group = ConsumerGroup::new(db.clone(), kafka.clone(), subscriptions, Wake::default(), clock);
        let stop = CancellationToken::new();
        Counting {
            admin: Admin::new(&group, &kafka, "").unwrap().operated_by(Some(TENANTS[0].parse().unwrap())),
            group: tokio::spawn(group.run(stop.clone())),
            stop,
        }
    }
}

struct Counting {
    admin: Admin,
    group: JoinHandle<Result<(), ConsumerError>>,
    stop: CancellationToken,
}

impl Counting {
    async fn stop(self) {
        self.stop.cancel();
        self.group.await.unwrap().unwrap();
    }
}

pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The events of all streams as relays would write them: aggregates interleaved, some events written again later.
pub(crate) fn written(streams: &[EventStream], seed: u64) -> Vec<&Told> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut turns: Vec<usize> =
        streams.iter().enumerate().flat_map(|(at, s)| vec![at; s.events.len()]).collect();
    turns.shuffle(&mut rng);
    let mut next = vec![0; streams.len()];
    let mut written = Vec::new();
    for at in turns {
        let events = &streams[at].events;
        written.push(&events[next[at]]);
        next[at] += 1;
        if rng.random_bool(0.3) {
            // A relay that lost its lease writes what it had: from some event on, in their order.
            written.extend(&events[rng.random_range(0..next[at])..next[at]]);
        }
    }
    written
}

/// What a database holds to which every event was told once, in order.
pub(crate) async fn expected(streams: &[EventStream]) -> Vec<String> {
    let bench = Bench::new().await;
    bench.apply_all(streams.to_vec()).await;
    bench.tables().await
}

/// Waits until everything was read `replays` times over, and answers what is kept.
pub(crate) async fn counted(db: &Db, records: usize, replays: i32) -> Vec<String> {
    let records = i64::try_from(records).unwrap();
    wait_until("everything is counted", LIMIT, async || {
        let read: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(next_offset), 0)::bigint FROM progress WHERE replays = $1",
        )
        .bind(replays)
        .fetch_one(db.pool())
        .await
        .unwrap();
        (read == records).then_some(())
    })
    .await;
    tables(db).await
}

async fn parked(db: &Db) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM parked_event").fetch_one(db.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_twice_topics_read_again_and_a_database_made_anew_leave_the_same_tables() {
    let history = History::of(8, 150);
    let expected = expected(&history.streams).await;
    let log = Log::new().await;
    let written = written(&history.streams, 8);
    assert!(written.len() > history.streams.iter().map(|stream| stream.events.len()).sum());
    log.write(written.iter().copied()).await;

    let bench = Bench::new().await;
    let counting = log.count(&bench.db);
    assert_eq!(counted(&bench.db, written.len(), 0).await, expected);

    for topic in topics::ALL {
        let request = ReplayFromRequest {
            topic: topic.into(),
            from_time: Some(pbjson_types::Timestamp::default()),
            reason: "to see that it changes nothing".into(),
        };
        let operator = Principal { roles: vec![Role::Admin], ..supervisor(TENANTS[0]) };
        counting.admin.replay_from(call(operator, request)).await.unwrap();
    }
    assert_eq!(counted(&bench.db, written.len(), 1).await, expected);
    assert_eq!(parked(&bench.db).await, 0);
    counting.stop().await;

    let anew = Bench::new().await;
    let counting = log.count(&anew.db);
    assert_eq!(counted(&anew.db, written.len(), 0).await, expected);
    counting.stop().await;

    // The control: without the kit's guard the same log leaves other tables.
    let unguarded = Bench::new().await;
    let counting = log.count_guarded(&unguarded.db, Guard::Own);
    assert_ne!(counted(&unguarded.db, written.len(), 0).await, expected);
    counting.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_all_topics_are_read_to_their_end_the_answer_is_counted_up_to_the_present() {
    let log = Log::new().await;
    let bench = Bench::new().await;
    let request = || wire::QueryMetricsRequest {
        metric: "complaints".into(),
        from: Some(to_wire_time(begin())),
        until: Some(to_wire_time(begin() + jiff::SignedDuration::from_hours(240))),
        ..Default::default()
    };
    let through = async || {
        let answer = bench.questions.query(&supervisor(TENANTS[0]), request()).await.unwrap();
        answer.counted_through.map(|time| time.seconds)
    };
    assert_eq!(through().await, None, "nothing was ever read");
    let started = WallClock.now().as_second();
    let counting = log.count(&bench.db);
    wait_until("the watermark follows the clock", LIMIT, async || {
        through().await.filter(|at| *at >= started)
    })
    .await;

    // An event that cannot be counted holds it back for its tenant, until somebody has settled it.
    let mut history = History::of(9, 1);
    history.streams.truncate(1);
    let mut poison = history.streams[0].events[0].clone();
    poison.payload = b"\xff".to_vec();
    poison.meta.tenant = TENANTS[0].parse().unwrap();
    log.write([&poison]).await;
    wait_until("it is parked", LIMIT, async || (parked(&bench.db).await == 1).then_some(())).await;
    let parked_at = WallClock.now().as_second();
    wait_until("the other topics have moved on", LIMIT, async || {
        let moved: bool =
            sqlx::query_scalar("SELECT min(extract(epoch FROM applied_through))::bigint > $1 FROM progress")
                .bind(parked_at)
                .fetch_one(bench.db.pool())
                .await
                .unwrap();
        moved.then_some(())
    })
    .await;
    assert!(through().await.unwrap() <= parked_at);
    counting.stop().await;
}
