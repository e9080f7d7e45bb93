use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::inbound::Outlet;
use super::{InboundEvent, Positions, TopicPartition};
use crate::{KafkaClientError, KafkaConfig};

/// Answers librdkafka's questions. All of them come on the polling thread, from within `poll`.
pub(super) struct Context<N> {
    prefix: String,
    outlets: Vec<Outlet<N>>,
    positions: Mutex<Box<dyn Positions<Note = N>>>,
    failure: Mutex<Option<KafkaClientError>>,
    session_lost: AtomicBool,
}

impl<N: Send + 'static> Context<N> {
    pub(super) fn new(
        config: &KafkaConfig,
        outlets: Vec<Outlet<N>>,
        positions: impl Positions<Note = N>,
    ) -> Self {
        Self {
            prefix: config.topic_prefix.clone(),
            outlets,
            positions: Mutex::new(Box::new(positions)),
            failure: Mutex::new(None),
            session_lost: AtomicBool::new(false),
        }
    }

    /// What made the last rebalance impossible.
    pub(super) fn failure(&self) -> Option<KafkaClientError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the session was lost and no partition has been given since. Until then the client's own requests may get
    /// it fenced: it joins again only when all of them are answered.
    pub(super) fn session_is_lost(&self) -> bool {
        self.session_lost.load(Ordering::Relaxed)
    }

    pub(super) fn outlet(&self, full_name: &str) -> Option<&Outlet<N>> {
        let topic = full_name.strip_prefix(&self.prefix)?;
        self.outlets.iter().find(|outlet| &*outlet.topic == topic)
    }

    /// Sets the start of every partition in the list itself: a seek right after an assignment fails, or answers `Ok`
    /// and does nothing.
    fn assign(
        &self,
        consumer: &BaseConsumer<Self>,
        list: &mut TopicPartitionList,
    ) -> Result<(), KafkaClientError> {
        self.session_lost.store(false, Ordering::Relaxed);
        let refused = |source| KafkaClientError::Request { what: "an assignment", source };
        let given = self.partitions(list);
        let starts = {
            let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
            positions.load(&given).map_err(KafkaClientError::Positions)?
        };
        for (partition, start) in given.iter().zip(starts) {
            let name = format!("{}{}", self.prefix, partition.topic);
            let offset = Offset::Offset(start.offset);
            list.set_partition_offset(&name, partition.partition, offset).map_err(refused)?;
            if let Some(outlet) = self.outlet(&name) {
                outlet.put(InboundEvent::Assigned { partition: partition.partition, start });
            }
        }
        consumer.incremental_assign(list).map_err(refused)?;
        // One that was taken while its topic was paused comes back paused: the library forgets that only when it is told.
        // If the topic is still full, all of it is paused again.
        consumer.resume(list).map_err(refused)
    }

    fn revoke(
        &self,
        consumer: &BaseConsumer<Self>,
        list: &TopicPartitionList,
    ) -> Result<(), KafkaClientError> {
        if consumer.assignment_lost() {
            self.session_lost.store(true, Ordering::Relaxed);
        }
        for entry in list.elements() {
            if let Some(outlet) = self.outlet(entry.topic()) {
                outlet.put(InboundEvent::Revoked { partition: entry.partition() });
            }
        }
        consumer
            .incremental_unassign(list)
            .map_err(|source| KafkaClientError::Request { what: "a revocation", source })
    }

    fn partitions(&self, list: &TopicPartitionList) -> Vec<TopicPartition> {
        list.elements()
            .iter()
            .filter_map(|entry| {
                let topic = Arc::clone(&self.outlet(entry.topic())?.topic);
                Some(TopicPartition { topic, partition: entry.partition() })
            })
            .collect()
    }
}

impl<N: Send + 'static> ClientContext for Context<N> {
    fn error(&self, error: KafkaError, reason: &str) {
        // The same error comes out of `poll`, where it is judged.
        tracing::debug!(%error, reason, "Kafka consumer: connection trouble");
    }
}

impl<N: Send + 'static> ConsumerContext for Context<N> {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let outcome = if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(consumer, list)
        } else {
            // Also for lost assignments, and for the empty lists that come too.
            self.revoke(consumer, list)
        };
        if let Err(error) = outcome {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            // For tools only; all of them are told again after a while.
            tracing::debug!(%error, "Kafka did not take the group's offsets");
        }
    }
}
