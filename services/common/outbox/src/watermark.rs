use jiff::Timestamp;
use sqlx::{PgExecutor, Row as _};

/// How far a topic has been applied to this database, by all processes of the service together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// The topic, without the installation's prefix.
    pub topic: String,
    /// What was recorded on it up to this time has been applied, if it came into the log within 15 seconds; at its end
    /// it follows the clock, 15 seconds behind.
    ///
    /// `None` as long as a partition was not read to any record or to its end by any process of the service. A record
    /// that is parked has not been applied, so it holds the time back until it is redriven or discarded; by that the time
    /// may also go back.
    pub applied_through: Option<Timestamp>,
}

/// Up to which recorded time everything on `topic` has been read: applied, or set aside. `None` as long as a partition
/// was not read to any record or to its end.
///
/// What was recorded before this time and has left no trace will not come by itself any more, within the limit that
/// [`watermarks`] states.
pub async fn read_through(
    database: impl PgExecutor<'_>,
    topic: &str,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let through: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "SELECT CASE WHEN count(*) = count(applied_through) AND count(*) >= coalesce(max(partitions), 0)
                     THEN min(applied_through) END
         FROM progress WHERE topic = $1",
    )
    .bind(topic)
    .fetch_one(database)
    .await?;
    Ok(through.map(jiff_sqlx::Timestamp::to_jiff))
}

/// The watermarks of those of `topics` that this database has begun to read.
///
/// To judge what did not happen until T (a deadline that nobody met), wait until every topic that could still bring it
/// has been applied up to T: a backlog then delays the judgement and does not make it wrong.
///
/// The limit of that: a consumer sees the log and not what is still to be written into it. An event that its writer
/// recorded in time and published more than 15 seconds later, because its relay or its way to Kafka was down, comes after
/// a judgement that the time allowed. Who judges bears such an event (it undoes the judgement), or waits for longer, or
/// asks the writers what their outboxes hold. The same is true of hosts whose clocks differ by more than 15 seconds.
pub async fn watermarks(
    database: impl PgExecutor<'_>,
    topics: &[&str],
) -> Result<Vec<Watermark>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT topic,
                CASE WHEN count(*) = count(applied_through) AND count(*) >= coalesce(max(partitions), 0)
                     THEN least(min(applied_through),
                                -- Just before it: that one has not been applied.
                                (SELECT min(event_at) - interval '1 microsecond' FROM parked_event AS waiting
                                 WHERE waiting.topic = progress.topic AND status = 'parked'))
                END AS applied_through
         FROM progress WHERE topic = ANY ($1) GROUP BY topic",
    )
    .bind(topics)
    .fetch_all(database)
    .await?;
    rows.iter()
        .map(|row| {
            let through: Option<jiff_sqlx::Timestamp> = row.try_get("applied_through")?;
            let applied_through = through.map(jiff_sqlx::Timestamp::to_jiff);
            Ok(Watermark { topic: row.try_get("topic")?, applied_through })
        })
        .collect()
}
