//! Says up to when what this service publishes is complete, so that its readers need not guess.
//!
//! A consumer sees the log and not what is still to come into it: an outbox that could not be published for minutes, and
//! what a service that lags behind its own inputs is still going to record because of them. The writer knows both. The one
//! relay that holds bucket 0 says it once a second for all of them, from the database that they share; a promise stays
//! true, so one that is late, or comes twice after a takeover, does no harm. While nobody makes one (the service is
//! down), its readers go no further: what it had recorded and not yet published is known to nobody.
//!
//! Refused: marks in the event topics themselves (48 partitions would keep millions a day, and every replay read them);
//! asking each other by call (who judges would need the address and the rights of everybody it hears).

use std::convert::Infallible;
use std::time::Duration;

use jiff::Timestamp;
use redress_messaging::{Mark, Producer, Promise};
use redress_postgres::{Db, summary_of};

use crate::consume::position::before;

/// How often.
const EVERY: Duration = Duration::from_secs(1);

/// How things stand in the database, at one instant.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// Start of the oldest transaction that is open or whose rows wait; now if there is none.
    unpublished_from: Timestamp,
    /// First and last row of the outbox.
    waiting: Option<(i64, i64)>,
    read: Read,
}

/// How far the service's own inputs are applied.
#[derive(Debug, Clone, Copy)]
enum Read {
    /// It has none: all that it records is of its own accord.
    Nothing,
    /// One of them was not yet read in all its partitions.
    Unknown,
    Through(Timestamp),
}

/// What can be promised of inputs: what was recorded because of them is in the log once all rows are gone that were there
/// when they had been applied so far.
#[derive(Debug, Default)]
struct Inputs {
    published: Option<Timestamp>,
    /// Last row of the outbox then, and how far the inputs were applied.
    goal: Option<(i64, Timestamp)>,
}

impl Inputs {
    /// None as long as nothing is known of an input.
    fn promise(&mut self, standing: Standing) -> Option<Promise> {
        let recorded_through = before(standing.unpublished_from);
        let read = match standing.read {
            Read::Nothing => recorded_through,
            Read::Unknown => return None,
            Read::Through(read) => read,
        };
        if let Some((last, through)) = self.goal
            && standing.waiting.is_none_or(|(first, _)| first > last)
        {
            self.published = self.published.max(Some(through));
            self.goal = None;
        }
        match standing.waiting {
            None => self.published = self.published.max(Some(read)),
            Some((_, last)) => self.goal = self.goal.or(Some((last, read))),
        }
        let caused_through = self.published?.min(recorded_through);
        Some(Promise { recorded_through, caused_through })
    }
}

/// Tells of `topics` for as long as it is polled.
pub(super) async fn tell(db: &Db, holder: &str, producer: &Producer, topics: &[&'static str]) -> Infallible {
    let mut inputs = Inputs::default();
    loop {
        tokio::time::sleep(EVERY).await;
        if topics.is_empty() {
            continue;
        }
        match standing(db, holder).await {
            Ok(Some(standing)) => {
                let Some(promise) = inputs.promise(standing) else { continue };
                for &topic in topics {
                    let mark = Mark { topic: topic.to_owned(), promise };
                    if let Err(error) = producer.send(mark.outgoing()).await {
                        tracing::debug!(%error, "a mark was not written");
                    }
                }
            }
            // Another relay's turn.
            Ok(None) => inputs = Inputs::default(),
            Err(error) => tracing::debug!(error = summary_of(&error), "no mark could be made"),
        }
    }
}

/// None if another relay has bucket 0.
async fn standing(db: &Db, holder: &str) -> Result<Option<Standing>, sqlx::Error> {
    type Row = (jiff_sqlx::Timestamp, Option<i64>, Option<i64>, i64, i64, Option<jiff_sqlx::Timestamp>);
    // Before the outbox is looked at: of a transaction that is not open here, the next statement sees the rows. A statement may
    // take 10 s and a transaction several of them; whoever works on the database under another name writes no events.
    let oldest_open: jiff_sqlx::Timestamp = sqlx::query_scalar(
        "SELECT least(now(), min(xact_start)) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = current_setting('application_name')",
    )
    .fetch_one(db)
    .await?;
    let row: Option<Row> = sqlx::query_as(
        "SELECT redress_time(
                    least($2, (SELECT min(created_at)
                               -- Ids follow the end of transactions and not their start, by no more than one may last.
                               FROM (SELECT created_at FROM outbox ORDER BY id LIMIT 1000) AS oldest))),
                (SELECT min(id) FROM outbox), (SELECT max(id) FROM outbox),
                count(input.topic), count(input.through), min(input.through)
         FROM outbox_lease AS first
              LEFT JOIN (SELECT topic, CASE WHEN count(*) = count(applied_through)
                                             AND count(*) >= coalesce(max(partitions), 0)
                                            THEN min(applied_through) END AS through
                         FROM progress GROUP BY topic) AS input ON true
         WHERE first.bucket = 0 AND first.holder = $1 AND first.expires_at > now()
         GROUP BY first.bucket",
    )
    .bind(holder)
    .bind(oldest_open)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(from, first, last, inputs, known, through)| Standing {
        unpublished_from: from.to_jiff(),
        waiting: first.zip(last),
        read: match through {
            _ if inputs == 0 => Read::Nothing,
            Some(through) if known == inputs => Read::Through(through.to_jiff()),
            _ => Read::Unknown,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn standing(from: i64, waiting: Option<(i64, i64)>, read: Option<i64>) -> Standing {
        let read = read.map_or(Read::Unknown, |read| Read::Through(at(read)));
        Standing { unpublished_from: at(from), waiting, read }
    }

    #[test]
    fn what_follows_from_inputs_is_promised_once_the_rows_are_gone_that_were_there_when_they_were_read() {
        let mut inputs = Inputs::default();
        let mut caused =
            |standing| inputs.promise(standing).map(|promise| promise.caused_through.as_second());
        assert_eq!(caused(standing(1_000, Some((5, 9)), Some(500))), None);
        assert_eq!(caused(standing(1_000, Some((7, 12)), Some(600))), None, "rows of then still wait");
        assert_eq!(caused(standing(1_000, Some((10, 14)), Some(700))), Some(500), "none of them does");
        assert_eq!(caused(standing(1_000, Some((12, 15)), Some(800))), Some(500));
        assert_eq!(caused(standing(1_000, Some((15, 15)), Some(900))), Some(700));
        assert_eq!(caused(standing(1_000, None, Some(910))), Some(910));
        assert_eq!(caused(standing(1_000, None, None)), None, "an input of which nothing is known");
        assert_eq!(caused(standing(900, None, Some(950))), Some(885), "never more than is recorded");
    }

    #[test]
    fn who_reads_nobody_promises_all_that_is_recorded() {
        let mut inputs = Inputs::default();
        let alone = |waiting| Standing { unpublished_from: at(1_000), waiting, read: Read::Nothing };
        let promise = inputs.promise(alone(None)).unwrap();
        assert_eq!((promise.recorded_through, promise.caused_through), (at(985), at(985)));
    }
}
