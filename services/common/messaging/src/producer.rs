use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::Instant;

use crate::closing::Closing;
use crate::{KafkaClientError, KafkaConfig, Outgoing, SendError};

/// Records on their way at most; below librdkafka's own bound, so that a full queue is the exception.
const IN_FLIGHT: usize = 50_000;

/// Writes to Kafka: idempotent, acknowledged by all replicas, keys placed as Java places them. Cheap to clone.
#[derive(Clone)]
pub struct Producer {
    client: Arc<Closing<ThreadedProducer<Context>>>,
    in_flight: Arc<Semaphore>,
    patience: Duration,
    prefix: Arc<str>,
    broken: watch::Receiver<Option<String>>,
    telemetry: Arc<Telemetry>,
}

/// Where a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

/// A record on its way; resolves when the broker has acknowledged or refused it.
#[derive(Debug)]
#[must_use = "the record is written or not: ask"]
pub struct Pending(oneshot::Receiver<Result<Placed, SendError>>);

impl Pending {
    /// The outcome. Dropping this does not stop the record.
    pub async fn outcome(self) -> Result<Placed, SendError> {
        self.0.await.unwrap_or(Err(SendError::Unavailable(RDKafkaErrorCode::PurgeInflight)))
    }
}

/// Goes with each record through librdkafka and comes back with its acknowledgement.
struct Delivery {
    outcome: oneshot::Sender<Result<Placed, SendError>>,
    _permit: Option<OwnedSemaphorePermit>,
}

struct Context {
    broken: watch::Sender<Option<String>>,
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            tracing::error!(reason, "the Kafka producer is broken for good");
            self.broken.send_replace(Some(reason.to_owned()));
        } else {
            tracing::debug!(%error, reason, "Kafka producer: connection trouble");
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Box<Delivery>) {
        let outcome = match result {
            Ok(record) => Ok(Placed { partition: record.partition(), offset: record.offset() }),
            Err((error, _)) => Err(SendError::of(error)),
        };
        // Nobody may be waiting any more.
        delivery.outcome.send(outcome).ok();
    }
}

impl Producer {
    /// For answering callers: a record that is not acknowledged within `delivery_timeout` fails, outcome unknown.
    pub fn for_requests(config: &KafkaConfig, delivery_timeout: Duration) -> Result<Self, KafkaClientError> {
        let timeout = delivery_timeout.as_millis().to_string();
        // At thousands per second five milliseconds of company halve what requests to the broker cost on both sides; a
        // caller hears four milliseconds later.
        Self::new(config, delivery_timeout, &[("message.timeout.ms", &timeout), ("linger.ms", "5")])
    }

    /// For the outbox relay: a record waits until it is written, however long.
    ///
    /// With a finite timeout a slow batch may expire in part while its later part is delivered: the later versions
    /// would come first, and consumers would refuse the earlier ones for ever. Only a topic that is not there is refused,
    /// after three seconds instead of thirty: a page waits for it, and its rows come again.
    pub fn for_relay(config: &KafkaConfig) -> Result<Self, KafkaClientError> {
        let waits =
            [("message.timeout.ms", "0"), ("linger.ms", "1"), ("topic.metadata.propagation.max.ms", "3000")];
        Self::new(config, Duration::from_secs(5), &waits)
    }

    fn new(
        config: &KafkaConfig,
        patience: Duration,
        waits: &[(&str, &str)],
    ) -> Result<Self, KafkaClientError> {
        let (sender, broken) = watch::channel(None);
        let mut client = config.client();
        for (key, value) in waits {
            client.set(*key, *value);
        }
        let client: ThreadedProducer<Context> = client
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            // Bounded memory: the defaults are 1 GiB and 100,000.
            .set("queue.buffering.max.kbytes", "32768")
            .set("queue.buffering.max.messages", "100000")
            .create_with_context(Context { broken: sender })
            .map_err(KafkaClientError::Config)?;
        Ok(Self {
            client: Arc::new(Closing::new(client)),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
            patience,
            prefix: config.topic_prefix.as_str().into(),
            broken,
            telemetry: Arc::new(Telemetry::new()),
        })
    }

    /// Writes one record and waits for the acknowledgement.
    ///
    /// Waits for its turn when very many are on their way, but not longer than a delivery may take. If the caller goes
    /// away meanwhile, the record may still be written.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Placed, SendError> {
        let began = Instant::now();
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.in_flight).acquire_owned());
        let Ok(Ok(permit)) = permit.await else { return Err(SendError::Full) };
        let outcome = match self.hand_over(&outgoing, Some(permit)) {
            Ok(pending) => pending.outcome().await,
            Err(error) => Err(error),
        };
        self.telemetry.sent(&outgoing.topic, began, outcome.as_ref().err());
        outcome
    }

    /// Hands a record over without waiting. Records of one key are written in the order of these calls.
    pub fn enqueue(&self, outgoing: &Outgoing) -> Result<Pending, SendError> {
        self.hand_over(outgoing, None)
    }

    fn hand_over(&self, out: &Outgoing, permit: Option<OwnedSemaphorePermit>) -> Result<Pending, SendError> {
        if self.broken.borrow().is_some() {
            return Err(SendError::Broken);
        }
        let (outcome, receiver) = oneshot::channel();
        let topic = format!("{}{}", self.prefix, out.topic);
        let headers = out
            .headers
            .iter()
            .fold(OwnedHeaders::new_with_capacity(out.headers.len()), |headers, (key, value)| {
                headers.insert(Header { key, value: Some(value) })
            });
        let record = BaseRecord::with_opaque_to(&topic, Box::new(Delivery { outcome, _permit: permit }))
            .key(&out.key)
            .payload(&out.payload)
            .headers(headers);
        match self.client.send(record) {
            Ok(()) => Ok(Pending(receiver)),
            Err((error, _)) => Err(SendError::of(&error)),
        }
    }

    /// Waits until everything handed over is acknowledged or refused, at most until `limit`. Answers whether it is.
    pub async fn flush(&self, limit: Duration) -> bool {
        let producer = self.clone();
        tokio::task::spawn_blocking(move || producer.client.flush(limit).is_ok()).await.unwrap_or(false)
    }

    /// Resolves when the producer is broken for good, with the reason: the process must then end and start anew.
    pub async fn failed(&self) -> KafkaClientError {
        let mut broken = self.broken.clone();
        match broken.wait_for(Option::is_some).await {
            Ok(reason) => KafkaClientError::Fatal(reason.clone().unwrap_or_default()),
            Err(_) => KafkaClientError::Fatal("closed".to_owned()),
        }
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}

struct Telemetry {
    sent: Counter<u64>,
    duration: Histogram<f64>,
}

impl Telemetry {
    fn new() -> Self {
        let meter = opentelemetry::global::meter("redress-messaging");
        Self {
            sent: meter.u64_counter("messaging.client.sent.messages").build(),
            duration: meter.f64_histogram("messaging.client.operation.duration").with_unit("s").build(),
        }
    }

    fn sent(&self, topic: &str, began: Instant, error: Option<&SendError>) {
        let mut attributes = vec![
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("messaging.operation.name", "send"),
            KeyValue::new("messaging.destination.name", topic.to_owned()),
        ];
        if let Some(error) = error {
            attributes.push(KeyValue::new("error.type", format!("{:?}", error.kind())));
        }
        self.sent.add(1, &attributes);
        self.duration.record(began.elapsed().as_secs_f64(), &attributes);
    }
}
