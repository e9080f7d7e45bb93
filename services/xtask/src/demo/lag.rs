//! What each service has yet to read: the ends of its topics by the broker, against how far it has come by its own database.

use std::collections::BTreeMap;

use anyhow::Context as _;
use redress_messaging::{Ends, KafkaConfig, LogReader};
use redress_simulator::reckoning::Databases;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

/// Records by service.
pub(super) type Lags = BTreeMap<String, u64>;

/// Asks for it.
pub(super) struct Lag(LogReader);

/// How far a service has come: topic, partition, the first offset that it has not applied.
type Reached = (String, i32, i64);

impl Lag {
    pub(super) fn at(brokers: &str) -> anyhow::Result<Self> {
        let config = KafkaConfig::at(brokers, "redress-demo-lag");
        Ok(Self(LogReader::new(&config).context("cannot ask the broker")?))
    }

    /// Of each service. What is written between the two questions counts as not read.
    pub(super) async fn look(&self, databases: &Databases) -> anyhow::Result<Lags> {
        let mut reached: BTreeMap<&String, Vec<Reached>> = BTreeMap::new();
        for (service, url) in databases {
            let mut conn = PgConnection::connect(url).await?;
            let progress = "SELECT topic, partition, next_offset FROM progress";
            reached.insert(service, sqlx::query_as(progress).fetch_all(&mut conn).await?);
            conn.close().await?;
        }
        let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        for (topic, partition, _) in reached.values().flatten() {
            let partitions = topics.entry(topic.clone()).or_default();
            if !partitions.contains(partition) {
                partitions.push(*partition);
            }
        }
        let ends = self.0.off_the_runtime(move |log| {
            let asked = topics.into_iter();
            let ends = asked.map(|(topic, partitions)| Ok((topic.clone(), log.ends(&topic, &partitions)?)));
            ends.collect::<Result<BTreeMap<_, _>, _>>()
        });
        let ends = ends.await?;
        Ok(reached.into_iter().map(|(service, reached)| (service.clone(), unread(&reached, &ends))).collect())
    }
}

/// Records between what was reached and the ends. What a topic has lost before it was read is no record any more.
fn unread(reached: &[Reached], ends: &BTreeMap<String, Vec<Ends>>) -> u64 {
    let left = |(topic, partition, next): &Reached| {
        let end = ends.get(topic)?.iter().find(|end| end.partition == *partition)?;
        u64::try_from(end.high - (*next).max(end.low)).ok()
    };
    reached.iter().filter_map(left).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_a_services_position_and_the_end_of_its_partitions_is_not_read() {
        let end = |partition, low, high| Ends { partition, low, high };
        let ends = BTreeMap::from([
            ("a".to_owned(), vec![end(0, 0, 10), end(1, 5, 9)]),
            ("b".to_owned(), vec![end(0, 0, 100)]),
        ]);
        let at = |topic: &str, partition, next| (topic.to_owned(), partition, next);
        assert_eq!(unread(&[at("a", 0, 7), at("a", 1, 0)], &ends), 3 + 4);
        assert_eq!(
            unread(&[at("a", 0, 10), at("a", 1, 9)], &ends),
            0,
            "another service's topics are not its own"
        );
        assert_eq!(unread(&[at("b", 0, 101)], &ends), 0);
    }
}
