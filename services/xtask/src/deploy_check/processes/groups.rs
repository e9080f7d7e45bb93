//! What the processes read, by their own metrics: the groups that they are in, each with its topic. An autoscaler that asks of
//! another group, or of a topic that the group does not read, sees no lag and scales nobody.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use tokio::time::Instant;

use super::pods::{Objects, Pod};
use super::{AGAIN, LIMIT};

/// Every process has an own line per partition that it was given.
const LAG: &str = "redress_consumer_lag{";
const GROUP: &str = "messaging_consumer_group_name";
const TOPIC: &str = "messaging_destination_name";

/// A group with a topic.
type Reads = BTreeSet<(String, String)>;

/// Waits until each pod reads what it is scaled on, and nothing else.
pub(super) async fn as_scaled(objects: &Objects) -> anyhow::Result<()> {
    let scaled = objects.scaled_on();
    ensure!(scaled.len() == 7, "seven consumers are scaled by their lag, there are {}", scaled.len());
    let deadline = Instant::now() + LIMIT;
    for pod in objects.pods()? {
        let asked = scaled.get(pod.name.as_str()).cloned().unwrap_or_default();
        loop {
            let reads = reads(&metrics(&pod).await.with_context(|| pod.name.clone())?);
            if reads == asked {
                break;
            }
            ensure!(Instant::now() < deadline, "{} reads {reads:?} and is scaled on {asked:?}", pod.name);
            tokio::time::sleep(AGAIN).await;
        }
    }
    Ok(())
}

async fn metrics(pod: &Pod) -> anyhow::Result<String> {
    let answer = reqwest::get(format!("http://{}/metrics", pod.port(&"admin".into())?)).await?;
    Ok(answer.error_for_status()?.text().await?)
}

fn reads(metrics: &str) -> Reads {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix(LAG));
    lines.filter_map(|labels| Some((label(labels, GROUP)?, label(labels, TOPIC)?))).collect()
}

fn label(labels: &str, name: &str) -> Option<String> {
    let (_, rest) = labels.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_topics_are_read_from_lags_alone() {
        let text = "# HELP redress_consumer_lag x\n\
            redress_consumer_lag{messaging_consumer_group_name=\"g\",messaging_destination_name=\"t\",x=\"0\"} 0\n\
            redress_consumer_lag{messaging_consumer_group_name=\"g\",messaging_destination_name=\"t\",x=\"1\"} 3\n\
            redress_consumer_gaps_total{messaging_consumer_group_name=\"h\",messaging_destination_name=\"t\"} 0\n";
        assert_eq!(reads(text), Reads::from([("g".to_owned(), "t".to_owned())]));
    }
}
