use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use redress_outbox::ConsumerError;
use redress_testkit::wait_until;

use crate::ledger::{Ledger, SOURCE, meta};
use crate::world::{LIMIT, World, aggregate, stream};

/// Deletes the source and makes it again.
async fn replace(world: &World) {
    let admin: AdminClient<DefaultClientContext> =
        rdkafka::ClientConfig::new().set("bootstrap.servers", &world.kafka.brokers).create().unwrap();
    let name = format!("{}{SOURCE}", world.kafka.topic_prefix);
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
    for result in admin.delete_topics(&[&name], &options).await.unwrap() {
        result.unwrap();
    }
    let reader = redress_messaging::LogReader::new(&world.kafka).unwrap();
    wait_until("the topic is gone", LIMIT, async || {
        let found = reader.off_the_runtime(|reader| reader.partitions(SOURCE)).await.unwrap();
        found.is_none().then_some(())
    })
    .await;
    world.make_topics().await;
}

/// Versions 1 to 3 are read, the topic is made again, and `again` more versions of each aggregate are in it.
async fn read_and_replace(again: i64) {
    let mut world = World::new().await;
    world.produce(stream(40, 3)).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(120).await;
    running.stop().await;
    replace(&world).await;
    // The old one knows the old topic.
    world.producer = redress_messaging::Producer::for_relay(&world.kafka).unwrap();
    for version in 4..4 + again {
        world.produce((0..40).map(|n| (meta(aggregate(n), version), b"ok".to_vec()))).await;
    }
    let running = world.start(Ledger::default());
    world.wait_for_ledger(120 + 40 * again).await;
    world.check(40, 3 + again).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_again_is_read_from_its_beginning_when_it_is_shorter_than_before() {
    read_and_replace(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_again_is_read_from_its_beginning_when_it_is_longer_than_before() {
    read_and_replace(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_trimmed_before_they_were_read_stop_the_consumer() {
    let world = World::new().await;
    world.produce(stream(40, 3)).await;
    let running = world.start(Ledger::default());
    world.wait_for_ledger(120).await;
    running.stop().await;
    sqlx::query("UPDATE progress SET next_offset = 0, witness = NULL")
        .execute(world.db.pool())
        .await
        .unwrap();
    trim(&world).await;
    let ended = world.start(Ledger::default()).end().await;
    assert!(matches!(ended, ConsumerError::Kafka(_)));
    assert!(ended.to_string().contains("trimmed"), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_comes_after_the_beginning_is_gone_takes_what_it_finds_as_base() {
    let world = World::new().await;
    world.produce(stream(40, 3)).await;
    trim(&world).await;
    let running = world.start(Ledger::default());
    world.produce((0..40).map(|n| (meta(aggregate(n), 4), b"ok".to_vec()))).await;
    world.wait_for_ledger(40).await;
    assert!(world.applied().await.values().all(|versions| *versions == [4]));
    assert_eq!(world.count("parked_event").await, 0);
    running.stop().await;
}

/// Removes everything that is in the source, as retention does.
async fn trim(world: &World) {
    let admin: AdminClient<DefaultClientContext> =
        rdkafka::ClientConfig::new().set("bootstrap.servers", &world.kafka.brokers).create().unwrap();
    let name = format!("{}{SOURCE}", world.kafka.topic_prefix);
    let mut until = rdkafka::TopicPartitionList::new();
    for partition in 0..crate::world::PARTITIONS {
        until.add_partition_offset(&name, partition, rdkafka::Offset::End).unwrap();
    }
    admin.delete_records(&until, &AdminOptions::new()).await.unwrap();
}
