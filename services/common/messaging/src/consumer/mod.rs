//! The polling consumer.
//!
//! One thread owns the librdkafka consumer. It asks [`Positions`] where to begin whenever partitions are given to it
//! (and may wait for a database there), hands every record to the queue of its topic, and takes commands in between.
//! All that concerns a topic arrives in one queue in one order, so its reader needs no lock and no generation number.
//!
//! Back-pressure: when a topic's queue is full the thread stops taking for up to a second, since readers usually catch
//! up at once and a pause would throw away what was fetched; then it pauses that topic's partitions and goes on polling,
//! so the group is never lost.
//!
//! # A lost session
//! A static member (`group_instance_id`) whose session times out empties its member id
//! (`rd_kafka_cgrp_session_timeout_check`) and joins again once all its offset commits are answered
//! (`rd_kafka_assignment_serve`). Those that waited for the coordinator (`rd_kafka_cgrp_defer_offset_commit`) are sent
//! first, with the empty id, and a heartbeat may be; a broker that was away itself still knows the name and fences both.
//! librdkafka takes that for another process with the name and is broken for good (`rd_kafka_set_fatal_error` in
//! `rd_kafka_handle_OffsetCommit` and `rd_kafka_cgrp_handle_Heartbeat`).
//!
//! So the client tells the two apart. Fenced between a lost session and the next assignment it has fenced itself
//! ([`KafkaClientError::SessionLost`]): a new client, which has nothing on its way, goes on. Fenced at any other time it
//! has met a namesake ([`KafkaClientError::NameTaken`]): the process ends, for two that replaced their clients would take
//! the name from each other for ever. As each replacement costs a lost session, it needs neither a limit nor a delay.
//!
//! A session that is lost and not found again within a minute ends the same way: the client may wait for an answer that
//! does not come.
//!
//! Refused: to commit nothing while the coordinator is away. The library says so too late, and what it has deferred
//! cannot be taken back. Only partitions that are gone are left out.

mod backlog;
mod context;
mod inbound;
mod poll;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tokio::time::Instant;

use crate::closing::Closing;
use crate::{KafkaClientError, KafkaConfig};

pub use inbound::{Inbound, InboundEvent};
pub(crate) use poll::owned;

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Topic, without the installation's prefix.
    pub topic: Arc<str>,
    /// Partition.
    pub partition: i32,
}

/// Where reading starts. Called on the polling thread, which it may block.
pub trait Positions: Send + 'static {
    /// What the reader must know of a start besides its offset; `()` if nothing.
    type Note: Send + 'static;

    /// Where to begin with each of `assigned`, in their order. An error ends the consumer.
    fn load(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Start<Self::Note>>, String>;
}

/// Where the reading of a partition starts.
///
/// The note travels with the start in the reader's queue. A reader that looked its notes up by partition would mix them
/// up: it may be busy while a partition is given, taken and given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start<N = ()> {
    /// The first offset to read.
    pub offset: i64,
    /// See [`Positions::Note`].
    pub note: N,
}

/// A member of the group, reading on a thread of its own until it is dropped.
///
/// With a configured `group_instance_id` the end of a member moves no partition until the session times out.
#[derive(Debug)]
pub struct Consumer<N = ()> {
    commands: mpsc::Sender<Command<N>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How long the polling thread may take to end: one poll and the closing of its client, with room. It may stand in
/// [`Positions::load`] for much longer, where a broker or a database is slow to answer while partitions are given.
const ENDS_WITHIN: Duration = Duration::from_millis(1_200);

/// How often it is looked whether it has.
const LOOKS_EVERY: Duration = Duration::from_millis(5);

/// What the polling thread is asked to do between two polls.
enum Command<N> {
    Commit(Vec<(TopicPartition, i64)>),
    Seek(TopicPartition, Start<N>),
}

impl<N: Send + 'static> Consumer<N> {
    /// Joins the group and reads `topics`, each into its own [`Inbound`], in the order given.
    pub fn start(
        config: &KafkaConfig,
        topics: &[&str],
        positions: impl Positions<Note = N>,
    ) -> Result<(Self, Vec<Inbound<N>>), KafkaClientError> {
        let (outlets, inbounds): (Vec<_>, Vec<_>) = topics.iter().map(|topic| inbound::queue(topic)).unzip();
        let context = context::Context::new(config, outlets.clone(), positions);
        let client: BaseConsumer<context::Context<N>> =
            client_config(config).create_with_context(context).map_err(KafkaClientError::Config)?;
        let names: Vec<String> = topics.iter().map(|topic| config.full_name(topic)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        client
            .subscribe(&names)
            .map_err(|source| KafkaClientError::Request { what: "a subscription", source })?;
        let (commands, orders) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let poll = poll::Poll::new(Closing::new(client), outlets, orders, Arc::clone(&stop), config);
        let thread = std::thread::Builder::new()
            .name("kafka-poll".to_owned())
            .spawn(move || poll.run())
            .map_err(|error| KafkaClientError::Fatal(error.to_string()))?;
        Ok((Self { commands, stop, thread: Some(thread) }, inbounds))
    }

    /// Tells Kafka how far the group is, for its tools and for autoscalers. Does not wait, may be lost; what was told
    /// before [`close`](Self::close) is sent.
    pub fn commit(&self, next: Vec<(TopicPartition, i64)>) {
        if !next.is_empty() {
            self.commands.send(Command::Commit(next)).ok();
        }
    }

    /// Reads a partition again from `start`: [`InboundEvent::Assigned`] arrives before its first record. If that fails,
    /// the consumer ends, unless the partition is no longer ours.
    pub fn seek(&self, partition: TopicPartition, start: Start<N>) {
        self.commands.send(Command::Seek(partition, start)).ok();
    }

    /// Stops reading and closes; takes at most about a second. A thread that waits for its positions is left behind: it
    /// has read nothing, and ends once it has its answer.
    pub async fn close(self) {
        tokio::task::spawn_blocking(move || drop(self)).await.ok();
    }
}

impl<N> Drop for Consumer<N> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else { return };
        let until = Instant::now() + ENDS_WITHIN;
        while !thread.is_finished() {
            if Instant::now() >= until {
                tracing::warn!("a consumer that was still being given its partitions is left behind");
                return;
            }
            std::thread::sleep(LOOKS_EVERY);
        }
        thread.join().ok();
    }
}

fn client_config(config: &KafkaConfig) -> rdkafka::ClientConfig {
    let mut client = config.client();
    client
        .set("group.id", config.full_name(&config.group))
        .set("session.timeout.ms", config.session_timeout_ms.to_string())
        .set("heartbeat.interval.ms", "1000")
        .set("partition.assignment.strategy", "cooperative-sticky")
        // Positions are ours; Kafka's are written for its tools only.
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // An offset outside the log must stop and say so.
        .set("auto.offset.reset", "error")
        .set("fetch.wait.max.ms", "500")
        .set("fetch.queue.backoff.ms", "20")
        .set("queued.max.messages.kbytes", "8192")
        .set("queued.min.messages", "10000");
    if !config.group_instance_id.is_empty() {
        client.set("group.instance.id", &config.group_instance_id);
    }
    client
}
