//! Where a consumer begins, while it does not know yet; and the ends of logs, which it is told from.

use redress_messaging::{
    Consumer, InboundEvent, LogReader, Positions, Producer, Start, TopicPartition, ensure_topics,
};

use crate::{LIMIT, TOPIC, config, outgoing, spec};

/// Does not know where to begin until it is let go.
struct Undecided {
    asked: tokio::sync::mpsc::UnboundedSender<usize>,
    let_go: std::sync::mpsc::Receiver<()>,
}

impl Positions for Undecided {
    type Note = ();

    fn load(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Start>, String> {
        self.asked.send(assigned.len()).unwrap();
        self.let_go.recv().ok();
        Err("nobody waits any more".to_owned())
    }
}

#[tokio::test]
async fn a_consumer_closes_while_it_still_waits_for_the_positions_of_the_partitions_it_was_given() {
    let config = config().await;
    ensure_topics(&config, &[spec(3)]).await.unwrap();
    let (asked, mut given) = tokio::sync::mpsc::unbounded_channel();
    let (held, let_go) = std::sync::mpsc::channel();
    let (consumer, mut inbounds) = Consumer::start(&config, &[TOPIC], Undecided { asked, let_go }).unwrap();
    assert_eq!(tokio::time::timeout(LIMIT, given.recv()).await.unwrap(), Some(3));
    tokio::time::timeout(LIMIT, consumer.close()).await.expect("it closes");
    // Its thread ends once it has an answer, whatever that is.
    drop(held);
    let failed = tokio::time::timeout(LIMIT, inbounds[0].next()).await.unwrap();
    assert!(matches!(failed, Some(InboundEvent::Failed(_))), "{failed:?}");
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
