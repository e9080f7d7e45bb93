//! One record per complaint, idempotent and acknowledged by all replicas, with rdkafka's own producer.

use std::time::Duration;

use anyhow::anyhow;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use redress_devstack::Endpoints;
use redress_messaging::{EventMeta, KafkaConfig, TopicSpec, ensure_topics};
use uuid::Uuid;

use super::harness::Operation;

const TOPIC: TopicSpec =
    TopicSpec { name: "redress.load.raw.v1", partitions: 6, retention: Duration::from_hours(1) };

pub(super) struct Produce {
    producer: FutureProducer,
    payload: Vec<u8>,
    headers: OwnedHeaders,
}

impl Produce {
    pub(super) async fn connect(
        stack: &Endpoints,
        payload: Vec<u8>,
        meta: &EventMeta,
    ) -> anyhow::Result<Self> {
        ensure_topics(&KafkaConfig::at(stack.kafka.as_str(), "redress-load-raw"), &[TOPIC]).await?;
        // The settings that decide what a record costs are intake's.
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &stack.kafka)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("partitioner", "murmur2_random")
            .create()?;
        let headers = meta.to_headers().iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        Ok(Self { producer, payload, headers })
    }
}

impl Operation for Produce {
    async fn run(&self, number: u64) -> anyhow::Result<()> {
        let key = Uuid::from_u64_pair(number, number).to_string();
        let record =
            FutureRecord::to(TOPIC.name).key(&key).payload(&self.payload).headers(self.headers.clone());
        let sent = self.producer.send_result(record).map_err(|(error, _)| error)?;
        sent.await?.map_err(|(error, _)| anyhow!(error))?;
        Ok(())
    }
}
