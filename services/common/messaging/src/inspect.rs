use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;

use crate::closing::Closing;
use crate::{KafkaClientError, KafkaConfig};

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);

/// A topic as the brokers have it, for whoever compares it with what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFound {
    /// Partitions.
    pub partitions: i32,
    /// Replicas of the partition that has the fewest.
    pub replication: i32,
    /// Settings in force by Kafka's own names, defaults of the brokers included.
    pub settings: BTreeMap<String, String>,
}

/// What the brokers know of `topics` (without prefix), in their order; `None` for one that does not exist.
///
/// Changes nothing, and needs the right to describe topics and their configuration. Errors:
/// [`KafkaClientError::Request`] if the brokers are away or refuse.
pub async fn inspect_topics(
    config: &KafkaConfig,
    topics: &[&str],
) -> Result<Vec<Option<TopicFound>>, KafkaClientError> {
    let client: AdminClient<DefaultClientContext> =
        config.client().create().map_err(KafkaClientError::Config)?;
    let client = Arc::new(Closing::new(client));
    let names: Vec<String> = topics.iter().map(|topic| config.full_name(topic)).collect();
    let layout = {
        let client = Arc::clone(&client);
        // Blocks for up to the limit.
        tokio::task::spawn_blocking(move || layout(&client)).await.unwrap_or(Err(KafkaError::Canceled))
    };
    let layout = layout.map_err(request("the topics"))?;
    let present: Vec<_> = names
        .iter()
        .filter(|name| layout.contains_key(*name))
        .map(|name| ResourceSpecifier::Topic(name))
        .collect();
    let mut settings = BTreeMap::new();
    if !present.is_empty() {
        let options = AdminOptions::new().request_timeout(Some(LIMIT));
        let described = client.describe_configs(&present, &options).await;
        for resource in described.map_err(request("settings of topics"))? {
            let resource =
                resource.map_err(|code| request("settings of topics")(KafkaError::AdminOp(code)))?;
            let entries = resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
            if let OwnedResourceSpecifier::Topic(name) = resource.specifier {
                settings.insert(name, entries.collect::<BTreeMap<_, _>>());
            }
        }
    }
    let found = |name: &String| {
        let (partitions, replication) = *layout.get(name)?;
        Some(TopicFound { partitions, replication, settings: settings.remove(name).unwrap_or_default() })
    };
    Ok(names.iter().map(found).collect())
}

/// Partitions and fewest replicas of every topic that exists.
fn layout(client: &AdminClient<DefaultClientContext>) -> Result<BTreeMap<String, (i32, i32)>, KafkaError> {
    // All of them: asking for one by its name could create it where brokers do so.
    let metadata = client.inner().fetch_metadata(None, LIMIT)?;
    let existing = metadata.topics().iter().filter(|topic| topic.error().is_none());
    let sized = existing.map(|topic| {
        let count = |length: usize| i32::try_from(length).unwrap_or(i32::MAX);
        let fewest = topic.partitions().iter().map(|partition| count(partition.replicas().len())).min();
        (topic.name().to_owned(), (count(topic.partitions().len()), fewest.unwrap_or(0)))
    });
    Ok(sized.collect())
}

fn request(what: &'static str) -> impl Fn(KafkaError) -> KafkaClientError {
    move |source| KafkaClientError::Request { what, source }
}
