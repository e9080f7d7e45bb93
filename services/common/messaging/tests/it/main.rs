//! Producer, consumer and topics on a real broker.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on ends")]

mod joining;
mod logs;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ThreadedProducer};
use redress_devstack::shared;
use redress_messaging::{
    Consumer, Inbound, InboundEvent, KafkaClientError, KafkaConfig, Outgoing, Positions, Producer, Record,
    SendError, Start, TopicPartition, TopicSpec, ensure_topics, partition_of,
};
use redress_testkit::{topic_prefix, wait_until};

const TOPIC: &str = "test.events.v1";
const LIMIT: Duration = Duration::from_mins(1);

async fn config() -> KafkaConfig {
    let mut config = KafkaConfig::at(shared().await.kafka.as_str(), "group");
    config.topic_prefix = topic_prefix();
    config
}

fn spec(partitions: i32) -> TopicSpec {
    TopicSpec { name: TOPIC, partitions, retention: Duration::from_hours(1) }
}

fn outgoing(key: &str, payload: &str) -> Outgoing {
    Outgoing {
        topic: TOPIC.into(),
        key: key.to_owned(),
        headers: vec![("name".into(), "value".to_owned())],
        payload: payload.as_bytes().to_vec(),
    }
}

/// Starts every partition where a list says, else at its beginning; remembers what was asked.
#[derive(Clone, Default)]
struct Starts {
    at: Arc<Mutex<Vec<(i32, i64)>>>,
}

impl Positions for Starts {
    type Note = ();

    fn load(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Start>, String> {
        let at = self.at.lock().unwrap();
        let start = |partition| at.iter().find(|(p, _)| *p == partition).map_or(0, |(_, offset)| *offset);
        Ok(assigned.iter().map(|given| Start { offset: start(given.partition), note: () }).collect())
    }
}

async fn next_record(inbound: &mut Inbound) -> Record {
    let found = tokio::time::timeout(LIMIT, async {
        loop {
            match inbound.next().await {
                Some(InboundEvent::Record(record)) => return record,
                Some(InboundEvent::Failed(error)) => panic!("{error}"),
                Some(_) => {}
                None => panic!("the consumer is gone"),
            }
        }
    });
    found.await.expect("a record")
}

async fn payloads(inbound: &mut Inbound, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    for _ in 0..count {
        found.push(String::from_utf8(next_record(inbound).await.payload).unwrap());
    }
    found
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_sent_and_lies_where_its_key_says() {
    let config = config().await;
    ensure_topics(&config, &[spec(6)]).await.unwrap();
    let producer = Producer::for_requests(&config, LIMIT).unwrap();
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    for key in ["a", "键", "0b5fd2b8-0d0f-4f4f-9d8a-1b2c3d4e5f60"] {
        let placed = producer.send(outgoing(key, "text")).await.unwrap();
        assert_eq!(placed.partition, partition_of(key.as_bytes(), 6));
        let record = next_record(&mut inbounds[0]).await;
        assert_eq!((record.partition, record.offset), (placed.partition, placed.offset));
        assert_eq!(&*record.topic, TOPIC);
        assert_eq!(record.key.as_deref(), Some(key.as_bytes()));
        assert_eq!(record.header("name"), Some(&b"value"[..]));
        assert_eq!(record.payload, b"text");
    }
    consumer.close().await;
}

#[tokio::test]
async fn topics_are_made_once_and_a_wrong_number_of_partitions_is_refused() {
    let config = config().await;
    let (one, other) = (
        async || ensure_topics(&config, &[spec(3)]).await,
        async || ensure_topics(&config, &[spec(3)]).await,
    );
    let (one, other) = tokio::join!(one(), other());
    one.unwrap();
    other.unwrap();
    let refused = ensure_topics(&config, &[spec(4)]).await.unwrap_err();
    assert!(matches!(refused, KafkaClientError::Partitions { expected: 4, actual: 3, .. }), "{refused}");
}

#[tokio::test]
async fn reading_starts_where_the_positions_say_and_again_where_a_seek_says() {
    let config = config().await;
    ensure_topics(&config, &[spec(1)]).await.unwrap();
    let producer = Producer::for_relay(&config).unwrap();
    let pending: Vec<_> =
        (0..10).map(|n| producer.enqueue(&outgoing("k", &n.to_string())).unwrap()).collect();
    for (offset, pending) in (0..).zip(pending) {
        assert_eq!(pending.outcome().await.unwrap().offset, offset, "in the order of the calls");
    }
    let starts = Starts::default();
    starts.at.lock().unwrap().push((0, 7));
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], starts).unwrap();
    let inbound = &mut inbounds[0];
    assert!(matches!(
        inbound.next().await,
        Some(InboundEvent::Assigned { partition: 0, start: Start { offset: 7, .. } })
    ));
    assert_eq!(payloads(inbound, 3).await, ["7", "8", "9"]);
    consumer.seek(TopicPartition { topic: TOPIC.into(), partition: 0 }, Start { offset: 2, note: () });
    assert!(matches!(
        inbound.next().await,
        Some(InboundEvent::Assigned { partition: 0, start: Start { offset: 2, .. } })
    ));
    assert_eq!(payloads(inbound, 3).await, ["2", "3", "4"]);
    consumer.close().await;
}

#[tokio::test]
async fn a_place_that_cannot_be_read_from_ends_the_consumer_as_its_reader_waits_for_it() {
    let config = config().await;
    ensure_topics(&config, &[spec(1)]).await.unwrap();
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    assert!(matches!(inbounds[0].next().await, Some(InboundEvent::Assigned { partition: 0, .. })));
    let nowhere = Start { offset: -5, note: () };
    // Not ours: whoever it is given to is told then.
    consumer.seek(TopicPartition { topic: TOPIC.into(), partition: 7 }, nowhere);
    consumer.commit(vec![(TopicPartition { topic: TOPIC.into(), partition: 0 }, 0)]);
    wait_until("the first order is behind", LIMIT, async || {
        (committed(&config).await == Some(0)).then_some(())
    })
    .await;
    consumer.seek(TopicPartition { topic: TOPIC.into(), partition: 0 }, nowhere);
    let ended = tokio::time::timeout(LIMIT, inbounds[0].next()).await.unwrap();
    let Some(InboundEvent::Failed(error)) = ended else { panic!("{ended:?}") };
    assert!(matches!(*error, KafkaClientError::Request { .. }), "{error}");
}

#[tokio::test]
async fn an_offset_outside_the_log_stops_the_consumer() {
    let config = config().await;
    ensure_topics(&config, &[spec(1)]).await.unwrap();
    let starts = Starts::default();
    starts.at.lock().unwrap().push((0, 5));
    let (_consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], starts).unwrap();
    let ended = wait_until("the consumer stops", LIMIT, async || match inbounds[0].next().await {
        Some(InboundEvent::Failed(error)) => Some(error),
        _ => None,
    });
    assert!(matches!(*ended.await, KafkaClientError::OutsideLog));
}

/// Writes 4,500 records to each of two partitions.
async fn filled() -> KafkaConfig {
    let config = config().await;
    ensure_topics(&config, &[spec(2)]).await.unwrap();
    let producer = Producer::for_relay(&config).unwrap();
    let mut written = [0; 2];
    let mut pending = Vec::new();
    for n in 0.. {
        let key = format!("{n}");
        let count = &mut written[usize::try_from(partition_of(key.as_bytes(), 2)).unwrap()];
        if *count < EACH {
            *count += 1;
            pending.push(producer.enqueue(&outgoing(&key, &key)).unwrap());
        }
        if written == [EACH; 2] {
            break;
        }
    }
    for pending in pending {
        pending.outcome().await.unwrap();
    }
    config
}

const EACH: i64 = 4_500;

/// The next offset of each of two partitions.
#[derive(Default)]
struct Seen([i64; 2]);

impl Seen {
    /// Nothing is skipped, nothing comes twice.
    fn see(&mut self, record: &Record) {
        let next = &mut self.0[usize::try_from(record.partition).unwrap()];
        assert_eq!(record.offset, *next);
        *next += 1;
    }
}

async fn until_it_is_paused(inbound: &Inbound) {
    wait_until("the topic is paused", LIMIT, async || inbound.is_paused().then_some(())).await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_bounds_what_is_fetched() {
    let config = filled().await;
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    until_it_is_paused(&inbounds[0]).await;
    // Nothing more is fetched while it is counted.
    consumer.close().await;
    let (mut seen, mut waiting) = (Seen::default(), 0);
    while let Some(event) = inbounds[0].try_next() {
        if let InboundEvent::Record(record) = event {
            seen.see(&record);
            waiting += 1;
        }
    }
    assert!((1_000..=2_001).contains(&waiting), "{waiting} waited");
}

#[tokio::test]
async fn a_reader_that_reads_again_after_a_pause_misses_nothing() {
    let config = filled().await;
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    until_it_is_paused(&inbounds[0]).await;
    let mut seen = Seen::default();
    while seen.0 != [EACH; 2] {
        seen.see(&next_record(&mut inbounds[0]).await);
    }
    consumer.close().await;
}

/// The partition that is given to, or taken from, a reader next; records are counted meanwhile.
async fn moved(inbound: &mut Inbound, seen: &mut Seen, given: bool) -> i32 {
    let found = tokio::time::timeout(LIMIT, async {
        loop {
            match inbound.next().await.expect("the consumer lives") {
                InboundEvent::Record(record) => seen.see(&record),
                InboundEvent::Assigned { partition, .. } if given => return partition,
                InboundEvent::Revoked { partition } if !given => return partition,
                InboundEvent::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
    });
    found.await.expect("a rebalance")
}

#[tokio::test]
async fn a_partition_that_was_taken_while_its_topic_was_paused_is_read_when_it_comes_back() {
    let config = filled().await;
    let (one, mut first) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    until_it_is_paused(&first[0]).await;
    let (other, mut second) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    let (mut seen, mut elsewhere) = (Seen::default(), Seen::default());
    moved(&mut second[0], &mut elsewhere, true).await;
    let taken = moved(&mut first[0], &mut seen, false).await;
    // Reading the one that stayed, the topic is resumed.
    let stayed = usize::try_from(1 - taken).unwrap();
    while seen.0[stayed] < EACH {
        seen.see(&next_record(&mut first[0]).await);
    }
    other.close().await;
    assert_eq!(moved(&mut first[0], &mut seen, true).await, taken);
    seen.0[1 - stayed] = 0;
    while seen.0[1 - stayed] < EACH {
        seen.see(&next_record(&mut first[0]).await);
    }
    one.close().await;
}

#[tokio::test]
async fn headers_that_are_no_text_and_keys_that_are_missing_come_through() {
    let config = config().await;
    ensure_topics(&config, &[spec(1)]).await.unwrap();
    let foreign: ThreadedProducer<_> = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", &config.brokers)
        .create_with_context(rdkafka::producer::DefaultProducerContext)
        .unwrap();
    let headers = OwnedHeaders::new().insert(Header { key: "naïve", value: Some(&[0xff_u8, 0xfe][..]) });
    let topic = format!("{}{TOPIC}", config.topic_prefix);
    foreign.send(BaseRecord::to(&topic).key("k").payload("x").headers(headers)).map_err(|(e, _)| e).unwrap();
    foreign.send(BaseRecord::<(), str>::to(&topic).payload("y")).map_err(|(e, _)| e).unwrap();
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    let first = next_record(&mut inbounds[0]).await;
    assert_eq!(first.header("naïve"), Some(&[0xff_u8, 0xfe][..]));
    let second = next_record(&mut inbounds[0]).await;
    assert_eq!((second.key, second.payload), (None, b"y".to_vec()));
    consumer.close().await;
}

#[tokio::test]
async fn offsets_that_were_committed_are_seen_by_kafkas_tools() {
    let config = config().await;
    ensure_topics(&config, &[spec(1)]).await.unwrap();
    Producer::for_requests(&config, LIMIT).unwrap().send(outgoing("k", "x")).await.unwrap();
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    next_record(&mut inbounds[0]).await;
    consumer.commit(vec![(TopicPartition { topic: TOPIC.into(), partition: 0 }, 1)]);
    wait_until("the group's offset is 1", LIMIT, async || {
        (committed(&config).await == Some(1)).then_some(())
    })
    .await;
    consumer.close().await;
}

async fn committed(config: &KafkaConfig) -> Option<i64> {
    use rdkafka::consumer::Consumer as _;
    let (brokers, prefix) = (config.brokers.clone(), config.topic_prefix.clone());
    tokio::task::spawn_blocking(move || {
        let tool: rdkafka::consumer::BaseConsumer = rdkafka::ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", format!("{prefix}group"))
            .create()
            .unwrap();
        let mut list = rdkafka::TopicPartitionList::new();
        let topic = format!("{prefix}{TOPIC}");
        list.add_partition(&topic, 0);
        let found = tool.committed_offsets(list, Duration::from_secs(5)).ok()?;
        found.find_partition(&topic, 0)?.offset().to_raw()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn offsets_that_are_told_right_before_the_end_are_committed_too() {
    let config = config().await;
    ensure_topics(&config, &[spec(1)]).await.unwrap();
    Producer::for_requests(&config, LIMIT).unwrap().send(outgoing("k", "x")).await.unwrap();
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], Starts::default()).unwrap();
    next_record(&mut inbounds[0]).await;
    consumer.commit(vec![(TopicPartition { topic: TOPIC.into(), partition: 0 }, 1)]);
    consumer.close().await;
    assert_eq!(committed(&config).await, Some(1));
}

#[tokio::test]
async fn a_broker_that_is_away_fails_a_request_in_time_and_a_topic_that_is_not_there_at_once() {
    let away = KafkaConfig::at("127.0.0.1:1", "group");
    let producer = Producer::for_requests(&away, Duration::from_millis(300)).unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(producer.send(outgoing("k", "x")).await, Err(SendError::TimedOut));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let began = tokio::time::Instant::now();
    drop(producer);
    assert!(began.elapsed() < Duration::from_secs(20));

    let producer = Producer::for_requests(&config().await, LIMIT).unwrap();
    let huge = Outgoing { payload: vec![0; 2 << 20], ..outgoing("k", "") };
    assert_eq!(producer.send(huge).await, Err(SendError::TooLarge));
}
