use std::sync::Arc;
use std::time::Duration;

use redress_messaging::LogReader;
use tokio::time::MissedTickBehavior;

use super::Kit;
use super::marks::Marks;
use super::position::before;
use crate::store::{parked, position};

/// How often the ends of the partitions are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// After how many such looks the records that wait are counted.
const COUNTED_EVERY: u32 = 8;

/// Learns the lag, and notes up to when everything has been applied: by the promises of the topic's writer; where it makes
/// none, the clock is followed at the end of a partition.
///
/// Apart from the workers, since a broker that is away makes each question take seconds.
pub(super) async fn run(kit: Arc<Kit>, reader: LogReader, topics: Vec<&'static str>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut marks = Marks::default();
    for &topic in &topics {
        kit.telemetry.begun(topic);
    }
    for look_number in (0..COUNTED_EVERY).cycle() {
        tokio::select! {
            () = kit.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let heard = reader.off_the_runtime(|reader| Ok(reader.news())).await;
        marks.hear(&heard.unwrap_or_default());
        for &topic in &topics {
            look(&kit, &reader, topic, &mut marks).await;
        }
        if look_number == 0 {
            count_parked(&kit, &topics).await;
        }
    }
}

async fn count_parked(kit: &Kit, topics: &[&'static str]) {
    match parked::waiting_by_topic(&kit.db, topics).await {
        Ok(counted) => counted.iter().for_each(|(topic, rows)| kit.telemetry.waiting(topic, *rows)),
        Err(error) => {
            tracing::debug!(error = redress_postgres::summary_of(&error), "parked records were not counted");
        }
    }
}

async fn look(kit: &Kit, reader: &LogReader, topic: &'static str, marks: &mut Marks) {
    let partitions: Vec<i32> =
        kit.status.partitions(topic).into_iter().map(|(partition, _)| partition).collect();
    if partitions.is_empty() {
        return;
    }
    let promise = marks.promise(topic);
    // Taken first: whatever was in the log by then, on all replicas, lies before the ends that are seen afterwards.
    // By the database's clock: a host that is ahead must not lift the mark, and one that is behind not hold it back.
    let Ok(asked_at) = position::now(&kit.db).await else { return };
    let ends = reader.off_the_runtime(move |reader| reader.ends(topic, &partitions)).await;
    let Ok(ends) = ends else { return };
    let ends: Vec<(i32, i64)> = ends.into_iter().map(|ends| (ends.partition, ends.high)).collect();
    kit.status.ends_at(topic, &ends);
    let noted = match promise {
        None => position::follow_clock(&kit.db, topic, &ends, before(asked_at)).await,
        Some(promise) => {
            let steps = marks.steps(topic, &ends, promise);
            let reached = position::keep_promises(&kit.db, topic, &steps).await;
            reached.map(|reached| marks.written(topic, &ends, promise, &reached))
        }
    };
    if let Err(error) = noted {
        tracing::debug!(error = redress_postgres::summary_of(&error), "a watermark was not written");
    }
}
