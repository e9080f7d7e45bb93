//! Where a consumer begins, while it does not know yet.

use redress_messaging::{Consumer, InboundEvent, Positions, Start, TopicPartition, ensure_topics};

use crate::{LIMIT, TOPIC, config, spec};

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
