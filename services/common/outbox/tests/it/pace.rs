//! How far apart batches begin.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, Guard, HandlerError, Subscription};
use sqlx::PgConnection;

use crate::ledger::{Ledger, SOURCE};
use crate::world::{World, stream};

/// A ledger that notes how many events come at a time.
#[derive(Clone, Default)]
struct Counting {
    ledger: Ledger,
    batches: Arc<Mutex<Vec<usize>>>,
}

#[async_trait]
impl BatchHandler for Counting {
    type Event = String;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<String>, DecodeError> {
        self.ledger.decode(meta, payload)
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<String>],
    ) -> Result<(), HandlerError> {
        self.batches.lock().unwrap().push(batch.len());
        self.ledger.apply(connection, batch).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_alone_is_applied_at_once_and_what_follows_waits_until_a_batch_is_full() {
    let world = World::new().await;
    let counting = Counting::default();
    let subscription = Subscription::new(SOURCE, Guard::Version, counting.clone());
    let (group, wake) = world.group_of(vec![subscription.apart(Duration::from_hours(1))]);
    let running = world.start_group(group, wake);

    let mut events = stream(1, 1001);
    world.produce(events.by_ref().take(1)).await;
    world.wait_for_ledger(1).await;
    // Piece by piece: each would be a batch of its own if nothing kept them apart.
    for _ in 0..10 {
        world.produce(events.by_ref().take(100)).await;
    }
    world.wait_for_ledger(1001).await;
    running.stop().await;
    assert_eq!(*counting.batches.lock().unwrap(), [1, 500, 500]);
}
