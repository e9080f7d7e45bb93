//! The service in small as a process of its own, to be killed, paused and started again: this test binary, told to run
//! one ignored test.

use std::process::Command;
use std::sync::Arc;

use redress_messaging::{KafkaConfig, Producer};
use redress_outbox::{ConsumerGroup, Guard, Relay, Subscription, Wake};
use redress_postgres::{Db, PostgresConfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ledger, SOURCE, WallClock};

/// The command that runs a node called `name`.
pub(crate) fn command(name: &str, database: &str, kafka: &KafkaConfig) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "node::runs_until_it_is_told_to_stop", "--ignored", "--nocapture"])
        .env("NODE_NAME", name)
        .env("NODE_DATABASE", database)
        .env("NODE_KAFKA", &kafka.brokers)
        .env("NODE_PREFIX", &kafka.topic_prefix);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process that other tests start"]
async fn runs_until_it_is_told_to_stop() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let name = variable("NODE_NAME");
    let mut kafka = KafkaConfig::at(variable("NODE_KAFKA"), "ledger");
    kafka.topic_prefix = variable("NODE_PREFIX");
    kafka.group_instance_id.clone_from(&name);
    kafka.session_timeout_ms = 6_000;
    let db = Db::connect(&PostgresConfig::at(variable("NODE_DATABASE")), &name).unwrap();
    let wake = Wake::default();
    let relay = Relay::new(db.clone(), Producer::for_relay(&kafka).unwrap(), name, wake.clone());
    let subscription = Subscription::new(SOURCE, Guard::Version, Ledger::default());
    let group = ConsumerGroup::new(db, kafka, vec![subscription], wake, Arc::new(WallClock));

    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    let stopping = stop.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        stopping.cancel();
    });
    let relay = tokio::spawn(relay.run(stop.clone()));
    // Its error ends the process, as it ends a service.
    group.run(stop).await.unwrap();
    relay.await.unwrap().unwrap();
}
