use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::Instant;

use super::context::Context;
use super::inbound::Outlet;
use super::{Command, InboundEvent, Start, TopicPartition};
use crate::closing::Closing;
use crate::{Headers, KafkaClientError, KafkaConfig, Record};

/// One poll at most; commands wait as long.
const POLL: Duration = Duration::from_millis(50);
/// How long a full queue holds up the whole thread before only its topic is paused.
const BLOCKED_AT_MOST: Duration = Duration::from_secs(1);
/// How long the client may take to read from another place.
const SEEK: Duration = Duration::from_secs(5);
/// One line about connection trouble per this time.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// How long a lost session may stay lost before a new client takes over: much longer than a group takes to settle.
const COMES_BACK: Duration = Duration::from_mins(1);

/// The loop of the polling thread.
pub(super) struct Poll<N: Send + 'static> {
    client: Closing<BaseConsumer<Context<N>>>,
    outlets: Vec<Outlet<N>>,
    commands: mpsc::Receiver<Command<N>>,
    stop: Arc<AtomicBool>,
    prefix: String,
    paused: HashSet<Arc<str>>,
    logged: Option<Instant>,
    lost_since: Option<Instant>,
}

impl<N: Send + 'static> Poll<N> {
    pub(super) fn new(
        client: Closing<BaseConsumer<Context<N>>>,
        outlets: Vec<Outlet<N>>,
        commands: mpsc::Receiver<Command<N>>,
        stop: Arc<AtomicBool>,
        config: &KafkaConfig,
    ) -> Self {
        let prefix = config.topic_prefix.clone();
        Self {
            client,
            outlets,
            commands,
            stop,
            prefix,
            paused: HashSet::new(),
            logged: None,
            lost_since: None,
        }
    }

    pub(super) fn run(mut self) {
        for outlet in &self.outlets {
            outlet.backlog.polled_by(std::thread::current());
        }
        if let Err(error) = self.until_stopped() {
            let error = Arc::new(self.cause_of(error));
            for outlet in &self.outlets {
                outlet.put(InboundEvent::Failed(Arc::clone(&error)));
            }
        }
    }

    fn until_stopped(&mut self) -> Result<(), KafkaClientError> {
        while !self.stop.load(Ordering::Relaxed) {
            self.obey()?;
            self.resume_where_there_is_room();
            self.take_one()?;
            // A rebalance is served within a poll.
            if let Some(failure) = self.client.context().failure() {
                return Err(failure);
            }
            let lost = self.client.context().session_is_lost();
            if stays_lost(&mut self.lost_since, lost, Instant::now()) {
                let reason = format!("no partition was given again within {COMES_BACK:?}");
                return Err(KafkaClientError::SessionLost(reason));
            }
        }
        // The last offsets: they are sent before the client leaves.
        self.obey()
    }

    /// Where the client itself is broken, all that fails follows from it.
    fn cause_of(&self, error: KafkaClientError) -> KafkaClientError {
        let Some((code, reason)) = self.client.client().fatal_error() else { return error };
        if code != RDKafkaErrorCode::FencedInstanceId {
            KafkaClientError::Fatal(reason)
        } else if self.client.context().session_is_lost() {
            KafkaClientError::SessionLost(reason)
        } else {
            KafkaClientError::NameTaken(reason)
        }
    }

    /// `None` from poll is a timeout or a served event, an error is seldom fatal.
    fn take_one(&mut self) -> Result<(), KafkaClientError> {
        let full = match self.client.poll(POLL) {
            None => None,
            Some(Ok(message)) => self.hand_over(&message),
            Some(Err(error)) => {
                self.judge(&error)?;
                None
            }
        };
        if let Some(outlet) = full {
            self.wait_for_room(&outlet);
        }
        Ok(())
    }

    /// Puts a record into its topic's queue; answers the queue if it is full now.
    fn hand_over(&self, message: &BorrowedMessage<'_>) -> Option<Outlet<N>> {
        let outlet = self.client.context().outlet(message.topic())?;
        outlet.put(InboundEvent::Record(owned(&outlet.topic, message)));
        outlet.backlog.is_full().then(|| outlet.clone())
    }

    fn judge(&mut self, error: &KafkaError) -> Result<(), KafkaClientError> {
        use RDKafkaErrorCode as Code;
        match error {
            KafkaError::MessageConsumptionFatal(_) => Err(KafkaClientError::Fatal(error.to_string())),
            KafkaError::MessageConsumption(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                Err(KafkaClientError::OutsideLog)
            }
            _ => {
                let now = Instant::now();
                if self.logged.is_none_or(|at| now - at >= LOG_EVERY) {
                    self.logged = Some(now);
                    tracing::warn!(%error, "reading from Kafka is disturbed");
                }
                Ok(())
            }
        }
    }

    fn wait_for_room(&mut self, outlet: &Outlet<N>) {
        let deadline = Instant::now() + BLOCKED_AT_MOST;
        while outlet.backlog.is_full() {
            let now = Instant::now();
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            if now >= deadline {
                if self.paused.insert(Arc::clone(&outlet.topic)) {
                    tracing::info!(messaging.destination.name = &*outlet.topic, "paused: its records wait");
                }
                // Again also when it was paused: partitions given since then are not.
                self.each_assigned(&outlet.topic, |list| self.client.pause(list));
                outlet.backlog.set_paused(true);
                return;
            }
            std::thread::park_timeout(deadline - now);
        }
    }

    fn resume_where_there_is_room(&mut self) {
        if self.paused.is_empty() {
            return;
        }
        for outlet in &self.outlets {
            if outlet.backlog.is_low() && self.paused.remove(&outlet.topic) {
                tracing::info!(messaging.destination.name = &*outlet.topic, "reading again");
                self.each_assigned(&outlet.topic, |list| self.client.resume(list));
                outlet.backlog.set_paused(false);
            }
        }
    }

    fn each_assigned(&self, topic: &str, act: impl FnOnce(&TopicPartitionList) -> Result<(), KafkaError>) {
        let name = format!("{}{topic}", self.prefix);
        let outcome = self.client.assignment().and_then(|assigned| {
            let mut list = TopicPartitionList::new();
            for entry in assigned.elements_for_topic(&name) {
                list.add_partition(&name, entry.partition());
            }
            act(&list)
        });
        if let Err(error) = outcome {
            tracing::warn!(%error, messaging.destination.name = topic, "pausing or resuming failed");
        }
    }

    fn obey(&mut self) -> Result<(), KafkaClientError> {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                // For tools only: told again after a while.
                Command::Commit(next) => {
                    if let Err(error) = self.commit(&next) {
                        tracing::warn!(%error, "Kafka refused an offset");
                    }
                }
                Command::Seek(partition, start) => self.seek(&partition, start)?,
            }
        }
        Ok(())
    }

    /// Leaves out partitions that are gone: between two sessions a commit breaks the client.
    fn commit(&self, next: &[(TopicPartition, i64)]) -> Result<(), KafkaError> {
        let assigned = self.client.assignment()?;
        let mut list = TopicPartitionList::with_capacity(next.len());
        for (TopicPartition { topic, partition }, offset) in next {
            let name = format!("{}{topic}", self.prefix);
            if assigned.find_partition(&name, *partition).is_some() {
                list.add_partition_offset(&name, *partition, Offset::Offset(*offset))?;
            }
        }
        if list.count() == 0 { Ok(()) } else { self.client.commit(&list, CommitMode::Async) }
    }

    /// The reader waits for the new start: a partition that is ours and cannot be set there would be read by nobody.
    fn seek(&self, partition: &TopicPartition, start: Start<N>) -> Result<(), KafkaClientError> {
        let refused = |source| KafkaClientError::Request { what: "another place to read from", source };
        let name = format!("{}{}", self.prefix, partition.topic);
        // Given again, it starts where it is told then.
        if self.client.assignment().map_err(refused)?.find_partition(&name, partition.partition).is_none() {
            return Ok(());
        }
        let offset = Offset::Offset(start.offset);
        self.client.seek(&name, partition.partition, offset, SEEK).map_err(refused)?;
        if let Some(outlet) = self.client.context().outlet(&name) {
            outlet.put(InboundEvent::Assigned { partition: partition.partition, start });
        }
        Ok(())
    }
}

/// Whether a session that is `lost` now has been so for too long. The client waits for the answers to all its commits
/// before it joins again, and on a starved machine one may never come: then it reads nothing and says nothing.
fn stays_lost(since: &mut Option<Instant>, lost: bool, now: Instant) -> bool {
    if !lost {
        *since = None;
        return false;
    }
    now.duration_since(*since.get_or_insert(now)) >= COMES_BACK
}

/// The record of a message.
pub(crate) fn owned(topic: &Arc<str>, message: &BorrowedMessage<'_>) -> Record {
    // Others may write any number, and a database holds no such times.
    let millis = message.timestamp().to_millis().unwrap_or(0).max(0);
    Record {
        topic: Arc::clone(topic),
        partition: message.partition(),
        offset: message.offset(),
        timestamp: Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH),
        key: message.key().map(<[u8]>::to_vec),
        headers: headers(message),
        payload: message.payload().map(<[u8]>::to_vec).unwrap_or_default(),
    }
}

/// The headers, or none if a name is no UTF-8: the library panics on such a name, and a record of others must not end
/// the reading of a topic. Without headers it is set aside as undecodable.
fn headers(message: &BorrowedMessage<'_>) -> Headers {
    let Some(headers) = message.headers() else { return Headers::new() };
    if_readable(|| {
        headers
            .iter()
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec).unwrap_or_default()))
            .collect()
    })
}

fn if_readable(read: impl FnOnce() -> Headers) -> Headers {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_does_not_come_back_is_given_up_and_one_that_does_is_not() {
        let (mut since, begin) = (None, Instant::now());
        assert!(!stays_lost(&mut since, true, begin));
        assert!(!stays_lost(&mut since, true, begin + COMES_BACK / 2));
        assert!(!stays_lost(&mut since, false, begin + COMES_BACK / 2));
        assert!(!stays_lost(&mut since, true, begin + COMES_BACK));
        assert!(!stays_lost(&mut since, true, begin + 2 * COMES_BACK - Duration::from_millis(1)));
        assert!(stays_lost(&mut since, true, begin + 2 * COMES_BACK));
    }

    #[test]
    fn headers_over_which_the_library_panics_read_as_none() {
        // A name as another client may write it. Our own library cannot write one.
        let name = b"caf\xe9".to_vec();
        assert_eq!(if_readable(|| vec![(String::from_utf8(name).unwrap(), Vec::new())]), Headers::new());
    }
}
