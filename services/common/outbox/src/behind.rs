//! Whether a writer's database is behind what it has published.
//!
//! A database that was restored, or failed over to a replica that lacked the last commits, reads again what came to it by
//! its topics. What came to it by calls is gone, and yet it was published: readers know versions that the writer will give
//! out a second time, and drop what comes under them. Nothing can undo that here; but it can be said.

use std::collections::HashMap;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Gauge;
use redress_domain::TenantId;
use redress_messaging::{EventMeta, KafkaClientError, KafkaConfig, tail};
use uuid::Uuid;

/// Records of each partition that are looked at: the newest commits are those that are lost.
const LAST: i64 = 20;
/// Aggregates that the log names.
const NAMED: usize = 10;

/// An aggregate of a tenant.
pub type Aggregate = (TenantId, Uuid);

/// Compares the end of a topic with the database of its writer.
#[derive(Debug)]
pub struct WriterCheck {
    topic: &'static str,
    behind: Gauge<u64>,
    said: usize,
}

impl WriterCheck {
    /// The check of a topic that this service writes.
    pub fn new(topic: &'static str) -> Self {
        let meter = opentelemetry::global::meter("redress-outbox");
        Self { topic, behind: meter.u64_gauge("redress.outbox.writer.behind").build(), said: 0 }
    }

    /// The newest version of each aggregate at the end of the topic. To be read before the database is asked: then a
    /// database that is not behind has all of them.
    pub async fn published(&self, kafka: &KafkaConfig) -> Result<HashMap<Aggregate, i64>, KafkaClientError> {
        let mut newest: HashMap<Aggregate, i64> = HashMap::new();
        for record in tail(kafka, self.topic, LAST).await? {
            // What has no envelope is not this service's.
            let Ok(meta) = EventMeta::of_record(&record) else { continue };
            let Some(version) = meta.version else { continue };
            let known = newest.entry((meta.tenant, meta.subject)).or_default();
            *known = version.max(*known);
        }
        Ok(newest)
    }

    /// Says of which aggregates the database is behind; `known` are the versions it has, of those it has. Answers how many.
    pub fn compare(&mut self, published: &HashMap<Aggregate, i64>, known: &HashMap<Aggregate, i64>) -> usize {
        let is_behind =
            |aggregate: &Aggregate, version: i64| known.get(aggregate).is_none_or(|known| *known < version);
        let mut behind: Vec<Uuid> = published
            .iter()
            .filter(|(aggregate, version)| is_behind(aggregate, **version))
            .map(|(aggregate, _)| aggregate.1)
            .collect();
        behind.sort();
        let count = behind.len();
        let topic = KeyValue::new("messaging.destination.name", self.topic);
        self.behind.record(u64::try_from(count).unwrap_or(u64::MAX), &[topic]);
        if count > self.said {
            behind.truncate(NAMED);
            tracing::error!(
                messaging.destination.name = self.topic,
                aggregates = count,
                first = ?behind,
                "the database is behind what was published from it: it was restored or failed over without its last \
                 commits; what was decided by calls is lost here and known to readers",
            );
        }
        self.said = count;
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(of: &[(u128, i64)]) -> HashMap<Aggregate, i64> {
        let tenant: TenantId = "acme".parse().unwrap();
        of.iter().map(|(id, version)| ((tenant.clone(), Uuid::from_u128(*id)), *version)).collect()
    }

    #[test]
    fn behind_is_who_lacks_an_aggregate_or_its_newest_version_and_ahead_is_no_trouble() {
        let mut check = WriterCheck::new("test.v1");
        let published = versions(&[(1, 3), (2, 1), (3, 5)]);
        assert_eq!(check.compare(&published, &versions(&[(1, 3), (2, 1), (3, 9)])), 0);
        assert_eq!(check.compare(&published, &versions(&[(1, 2), (2, 1), (3, 5)])), 1);
        assert_eq!(check.compare(&published, &versions(&[(1, 2), (3, 4)])), 3);
        assert_eq!(check.compare(&versions(&[]), &versions(&[])), 0);
    }
}
