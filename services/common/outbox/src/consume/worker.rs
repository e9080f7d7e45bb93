use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redress_messaging::{Consumer, Inbound, InboundEvent, LogReader, Record, Start, TopicPartition};
use redress_postgres::summary_of;
use tokio::time::{Instant, MissedTickBehavior};

use super::Kit;
use super::lane::{Interrupted, Lane};
use super::plan::{Cursor, Cursors, Halt, Position, check};
use super::position::Witness;
use crate::ConsumerError;
use crate::store::position::{self, Stored};

/// Records per batch at most.
const BATCH: usize = 500;
/// Bytes after which a batch takes no more: with one record of any size it goes on all the same.
const BATCH_BYTES: usize = 4 << 20;
/// A batch of fewer waits for no more once it may begin.
const SMALL: usize = 20;
/// How long a larger batch waits to be filled.
const FILL: Duration = Duration::from_millis(10);
/// Wait while the database or the broker is away.
const RETRY: Duration = Duration::from_millis(500);
/// How often Kafka is told, and the database asked, where reading stands.
const TICK: Duration = Duration::from_secs(1);
/// How often Kafka is told again what it was told before.
const TELL_ALL: Duration = Duration::from_secs(30);

/// Reads one topic: collects batches, has them applied, keeps the cursors.
pub(super) struct Worker {
    topic: &'static str,
    lane: Arc<dyn Lane>,
    inbound: Inbound<Stored>,
    consumer: Arc<Consumer<Stored>>,
    reader: LogReader,
    kit: Arc<Kit>,
    cursors: Cursors,
    /// What the first record of a partition is to be compared with.
    witnesses: HashMap<i32, Witness>,
    /// Partitions whose log was found to be another one, with the position that does not fit it.
    replaced: Vec<(i32, Position)>,
    /// Positions as loaded.
    positions: HashMap<i32, Position>,
    /// How far apart batches that are not full begin.
    apart: Duration,
    /// When the next of them may begin.
    next: Instant,
    buffer: Vec<Arc<Record>>,
    /// Bytes taken into the buffer since it was last emptied.
    buffered: usize,
    /// What Kafka was told since `told_all`.
    committed: HashMap<i32, i64>,
    told_all: Instant,
}

impl Worker {
    pub(super) fn new(
        lane: Arc<dyn Lane>,
        apart: Duration,
        inbound: Inbound<Stored>,
        consumer: Arc<Consumer<Stored>>,
        reader: LogReader,
        kit: Arc<Kit>,
    ) -> Self {
        Self {
            topic: lane.topic(),
            lane,
            inbound,
            consumer,
            reader,
            kit,
            cursors: Cursors::new(),
            witnesses: HashMap::new(),
            replaced: Vec::new(),
            positions: HashMap::new(),
            apart,
            next: Instant::now(),
            buffer: Vec::with_capacity(BATCH),
            buffered: 0,
            committed: HashMap::new(),
            told_all: Instant::now(),
        }
    }

    /// Until the process stops (`Ok`) or reading must begin anew in another process.
    pub(super) async fn run(mut self) -> Result<(), ConsumerError> {
        let stop = self.kit.stop.clone();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = tick.tick() => tokio::select! {
                    () = stop.cancelled() => break,
                    outcome = self.tick() => outcome?,
                },
                collected = self.collect() => {
                    collected?;
                    if !self.work().await? {
                        break;
                    }
                }
            }
        }
        self.commit();
        Ok(())
    }

    /// Fills the buffer. Cancelled without loss: what was taken stays in it.
    async fn collect(&mut self) -> Result<(), ConsumerError> {
        while self.buffer.is_empty() && self.replaced.is_empty() {
            let event = self.inbound.next().await;
            self.take(event)?;
        }
        let begun = Instant::now();
        while self.buffer.len() < BATCH && self.buffered < BATCH_BYTES {
            if let Some(event) = self.inbound.try_next() {
                self.take(Some(event))?;
                continue;
            }
            let fill = if self.buffer.len() < SMALL { Duration::ZERO } else { FILL };
            let deadline = self.next.max(begun + fill);
            if deadline <= Instant::now() {
                break;
            }
            let Ok(event) = tokio::time::timeout_at(deadline, self.inbound.next()).await else { break };
            self.take(event)?;
        }
        Ok(())
    }

    fn take(&mut self, event: Option<InboundEvent<Stored>>) -> Result<(), ConsumerError> {
        match event {
            Some(InboundEvent::Record(record)) => self.take_record(record),
            Some(InboundEvent::Assigned { partition, start }) => self.begin(partition, start),
            Some(InboundEvent::Revoked { partition }) => {
                self.leave(partition);
                self.kit.status.revoked(self.topic, partition);
            }
            Some(InboundEvent::Failed(error)) => return Err(ConsumerError::Kafka(error)),
            None => return Err(ConsumerError::Died("kafka-poll".to_owned())),
        }
        Ok(())
    }

    fn take_record(&mut self, record: Record) {
        let partition = record.partition;
        // Left in the queue from before a seek or a revocation.
        if self.cursors.get(&partition).is_none_or(|cursor| record.offset < cursor.first) {
            return;
        }
        if let Some(witness) = self.witnesses.remove(&partition)
            && witness.offset == record.offset
            && witness != Witness::of(&record)
        {
            self.leave(partition);
            self.replaced.extend(self.positions.get(&partition).map(|position| (partition, *position)));
            return;
        }
        self.buffered += record.size();
        self.buffer.push(Arc::new(record));
    }

    fn begin(&mut self, partition: i32, start: Start<Stored>) {
        self.leave(partition);
        let Start { offset: first, note: Stored { position, witness } } = start;
        self.cursors.insert(partition, Cursor { first, replays: position.replays });
        self.positions.insert(partition, position);
        self.witnesses.extend(witness.map(|witness| (partition, witness)));
        self.kit.status.assigned(self.topic, partition, position.next);
    }

    fn leave(&mut self, partition: i32) {
        self.cursors.remove(&partition);
        self.witnesses.remove(&partition);
        self.committed.remove(&partition);
        self.buffer.retain(|record| record.partition != partition);
    }

    fn key(&self, partition: i32) -> TopicPartition {
        TopicPartition { topic: Arc::clone(self.inbound.topic()), partition }
    }

    /// Applies what was collected; answers whether to go on.
    async fn work(&mut self) -> Result<bool, ConsumerError> {
        self.next = Instant::now() + self.apart;
        for (partition, seen) in std::mem::take(&mut self.replaced) {
            self.begin_anew(partition, seen).await;
        }
        while !self.buffer.is_empty() {
            let batch = std::mem::take(&mut self.buffer);
            self.buffered = 0;
            let outcome = self.lane.apply(&self.kit, &batch, &mut self.cursors).await;
            self.kit.status.applied(self.topic, &self.cursors);
            match outcome {
                Ok(()) => {}
                Err(Interrupted::Stopped) => return Ok(false),
                Err(Interrupted::Halted(halt)) => {
                    self.halted(halt)?;
                    // What was not applied, and is still to be read from here.
                    self.buffer = batch;
                    let cursors = &self.cursors;
                    self.buffer.retain(|r| cursors.get(&r.partition).is_some_and(|c| r.offset >= c.first));
                }
            }
        }
        Ok(true)
    }

    fn halted(&mut self, halt: Halt) -> Result<(), ConsumerError> {
        match halt {
            Halt::Behind { partition, read, next } => {
                Err(ConsumerError::Behind { topic: self.topic.to_owned(), partition, read, next })
            }
            Halt::Replayed(positions) => {
                for (partition, position) in positions {
                    tracing::info!(
                        messaging.destination.name = self.topic,
                        messaging.destination.partition.id = partition,
                        next = position.next,
                        "reading again from a position that was set back",
                    );
                    self.restart(partition, position);
                }
                Ok(())
            }
        }
    }

    fn restart(&mut self, partition: i32, position: Position) {
        self.leave(partition);
        let start = Start { offset: position.next, note: Stored { position, witness: None } };
        self.consumer.seek(self.key(partition), start);
    }

    /// The log at the position is another one than was read: it is read from its beginning.
    async fn begin_anew(&mut self, partition: i32, seen: Position) {
        tracing::error!(
            messaging.destination.name = self.topic,
            messaging.destination.partition.id = partition,
            next = seen.next,
            "the record before the read position is another one than was read, so the log was replaced; reading it \
             from its beginning",
        );
        loop {
            match self.renew(partition, seen).await {
                Ok(position) => return self.restart(partition, position),
                Err(away) => tracing::warn!(away, "beginning anew waits"),
            }
            tokio::select! {
                () = self.kit.stop.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    async fn renew(&self, partition: i32, seen: Position) -> Result<Position, String> {
        let topic = self.topic;
        let ends = self.reader.off_the_runtime(move |reader| reader.watermarks(topic, partition)).await;
        let (low, _) = ends.map_err(|error| error.to_string())?;
        let db = &self.kit.db;
        let renewed = position::renew(db, topic, partition, seen, low).await;
        if let Some(position) = renewed.map_err(|error| summary_of(&error))? {
            return Ok(position);
        }
        // Somebody was faster.
        let stored = position::read(db, topic, &[partition]).await.map_err(|error| summary_of(&error))?;
        stored.get(&partition).map(|stored| stored.position).ok_or_else(|| "no position".to_owned())
    }

    /// Once a second: Kafka is told where reading stands, the database is asked whether it agrees.
    async fn tick(&mut self) -> Result<(), ConsumerError> {
        // What it was told may not have come through: a quiet topic would show a lag for ever.
        if self.told_all.elapsed() >= TELL_ALL {
            self.told_all = Instant::now();
            self.committed.clear();
        }
        self.commit();
        let partitions: Vec<i32> = self.cursors.keys().copied().collect();
        // A database that is away is the next batch's concern.
        let Ok(stored) = position::read(&self.kit.db, self.topic, &partitions).await else {
            return Ok(());
        };
        let positions = stored.into_iter().map(|(partition, stored)| (partition, stored.position)).collect();
        match check(partitions, &self.cursors, &positions) {
            Ok(()) => Ok(()),
            Err(halt) => {
                self.halted(halt)?;
                let cursors = &self.cursors;
                self.buffer.retain(|record| cursors.contains_key(&record.partition));
                Ok(())
            }
        }
    }

    fn commit(&mut self) {
        let moved: Vec<(i32, i64)> = self
            .cursors
            .iter()
            .map(|(&partition, cursor)| (partition, cursor.first))
            .filter(|(partition, next)| self.committed.get(partition) != Some(next))
            .collect();
        self.committed.extend(moved.iter().copied());
        let next = moved.into_iter().map(|(partition, next)| (self.key(partition), next)).collect();
        self.consumer.commit(next);
    }
}
