//! Logs as they are read without a group: their ends, their last records, what follows.

use redress_messaging::{LogReader, MARKS, Mark, Producer, Promise, ensure_topics, tail};
use redress_testkit::wait_until;

use crate::{LIMIT, TOPIC, config, outgoing, spec};

#[tokio::test]
async fn times_lead_to_offsets_and_the_ends_are_known() {
    let config = config().await;
    ensure_topics(&config, &[spec(1)]).await.unwrap();
    let reader = LogReader::new(&config).unwrap();
    let producer = Producer::for_requests(&config, LIMIT).unwrap();
    producer.send(outgoing("k", "x")).await.unwrap();
    let ask = |from: i64| {
        reader.off_the_runtime(move |reader| {
            let from = jiff::Timestamp::from_second(from).unwrap();
            Ok((reader.offsets_at(TOPIC, from)?, reader.watermarks(TOPIC, 0)?, reader.partitions("none")?))
        })
    };
    assert_eq!(ask(0).await.unwrap(), (vec![(0, 0)], (0, 1), None));
    assert_eq!(ask(32_000_000_000).await.unwrap().0, [(0, 1)], "the end, where nothing is that late");
}

#[tokio::test]
async fn a_followed_topic_tells_its_last_records_and_what_comes_also_once_it_is_there_at_all() {
    let config = config().await;
    let early = LogReader::following(&config, MARKS.name, 2).unwrap();
    assert_eq!(early.news(), []);
    ensure_topics(&config, &[]).await.unwrap();
    let producer = Producer::for_requests(&config, LIMIT).unwrap();
    let send = async |n: i64| {
        let at = jiff::Timestamp::from_second(n).unwrap();
        let promise = Promise { recorded_through: at, caused_through: at };
        producer.send(Mark { topic: TOPIC.to_owned(), promise }.outgoing()).await.unwrap();
    };
    let heard = async |reader: &LogReader, last: i64| {
        let mut all = Vec::new();
        wait_until("the last is heard", LIMIT, async || {
            let news = reader.off_the_runtime(|reader| Ok(reader.news())).await.unwrap();
            all.extend(news.iter().map(|r| Mark::of_record(r).unwrap().promise.recorded_through.as_second()));
            (all.last() == Some(&last)).then_some(())
        })
        .await;
        all
    };
    for n in 1..=4 {
        send(n).await;
    }
    heard(&early, 4).await;
    let late = LogReader::following(&config, MARKS.name, 2).unwrap();
    assert_eq!(heard(&late, 4).await, [3, 4]);
    send(5).await;
    assert_eq!(heard(&late, 5).await, [5]);
    assert_eq!(heard(&early, 5).await, [5]);
}

#[tokio::test]
async fn the_ends_of_all_partitions_are_told_in_the_order_asked_also_by_one_that_follows_a_topic() {
    let config = config().await;
    ensure_topics(&config, &[spec(6)]).await.unwrap();
    let producer = Producer::for_requests(&config, LIMIT).unwrap();
    let mut written = [0; 6];
    for n in 0..20 {
        let placed = producer.send(outgoing(&n.to_string(), "text")).await.unwrap();
        written[usize::try_from(placed.partition).unwrap()] += 1;
    }
    assert!(written.iter().filter(|count| **count > 0).count() > 1, "{written:?}");
    let partitions = [5, 0, 3, 1, 2, 4];
    for reader in [LogReader::new(&config).unwrap(), LogReader::following(&config, TOPIC, 1).unwrap()] {
        let ends = reader.off_the_runtime(move |reader| reader.ends(TOPIC, &partitions)).await.unwrap();
        let told: Vec<_> = ends.iter().map(|ends| (ends.partition, ends.low, ends.high)).collect();
        let expected = partitions.map(|p| (p, 0, written[usize::try_from(p).unwrap()]));
        assert_eq!(told, expected);
    }
    let reader = LogReader::new(&config).unwrap();
    let unknown = reader.off_the_runtime(|reader| reader.ends(TOPIC, &[0, 6])).await;
    assert!(unknown.is_err(), "{unknown:?}");
}

#[tokio::test]
async fn the_tail_of_a_topic_is_the_last_records_of_each_partition_and_nothing_of_one_that_is_not_there() {
    let config = config().await;
    assert_eq!(tail(&config, TOPIC, 2).await.unwrap(), []);
    ensure_topics(&config, &[spec(3)]).await.unwrap();
    assert_eq!(tail(&config, TOPIC, 2).await.unwrap(), [], "and of one that is empty");
    let producer = Producer::for_requests(&config, LIMIT).unwrap();
    let mut written = vec![Vec::new(); 3];
    for n in 0..20 {
        let placed = producer.send(outgoing(&n.to_string(), &n.to_string())).await.unwrap();
        written[usize::try_from(placed.partition).unwrap()].push((placed.partition, n.to_string()));
    }
    assert!(written.iter().any(|records| records.len() > 2), "{written:?}");
    let last_two = written.iter().flat_map(|records| &records[records.len().saturating_sub(2)..]);
    let mut expected: Vec<_> = last_two.cloned().collect();
    let read = tail(&config, TOPIC, 2).await.unwrap();
    let text = |payload: Vec<u8>| String::from_utf8(payload).unwrap();
    let mut told: Vec<_> = read.into_iter().map(|record| (record.partition, text(record.payload))).collect();
    expected.sort();
    told.sort();
    assert_eq!(told, expected);
}
