use std::collections::HashSet;

use jiff::Timestamp;
use redress_domain::TenantId;
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Row as _};
use uuid::Uuid;

/// How far a topic has been read into this database, by all processes of the service together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// The topic, without the installation's prefix.
    pub topic: String,
    /// What was recorded on it up to this time has been applied or parked. At its end it follows the clock, some 15
    /// seconds behind.
    ///
    /// `None` as long as a partition was not read to any record or to its end by any process of the service.
    pub applied_through: Option<Timestamp>,
    /// What was recorded up to this time on the topics that its writer reads has been applied or parked too, as far as it
    /// made the writer record something on this one; never later than the other.
    pub caused_through: Option<Timestamp>,
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
    let read = watermarks(database, &[topic]).await?;
    Ok(read.into_iter().find_map(|mark| mark.applied_through))
}

/// The watermarks of those of `topics` that this database has begun to read.
///
/// To judge what did not happen until T (a deadline that nobody met), wait until every topic that could still bring it
/// has been read up to T, and nothing of the aggregate is [held back](held_back): a backlog then delays the judgement and
/// does not make it wrong, and a record that cannot be applied delays the judgement of its own aggregate alone.
///
/// A consumer sees the log and not what is still to be written into it; its writer knows, and says so
/// ([`redress_messaging::Mark`]): what its outbox holds, and how far it has come with its own inputs. Where a deed may be told
/// by way of another service (its fact moves a case, and the case's topic tells that, with the time of the fact), judge by
/// `caused_through`.
///
/// The limits of that. A writer that makes no promises (the platform, a version from before) is guessed to publish
/// within 15 seconds. What goes by way of two services is not covered, nor what a writer has parked. Hosts' clocks may
/// differ, and transactions last, 15 seconds together. Who judges bears what comes later: it undoes the judgement.
pub async fn watermarks(
    database: impl PgExecutor<'_>,
    topics: &[&str],
) -> Result<Vec<Watermark>, sqlx::Error> {
    read(database, None, topics).await
}

/// The watermarks as they are for a tenant as a whole: of each topic not beyond what of this tenant is parked there, for
/// numbers over all its aggregates. By a record that is parked the time may also go back.
pub async fn watermarks_of(
    database: impl PgExecutor<'_>,
    tenant: &TenantId,
    topics: &[&str],
) -> Result<Vec<Watermark>, sqlx::Error> {
    read(database, Some(tenant), topics).await
}

async fn read(
    database: impl PgExecutor<'_>,
    tenant: Option<&TenantId>,
    topics: &[&str],
) -> Result<Vec<Watermark>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT topic,
                CASE WHEN known THEN least(applied, parked) END AS applied_through,
                CASE WHEN known THEN least(caused, parked) END AS caused_through
         FROM (SELECT topic,
                      count(*) = count(applied_through) AND count(*) >= coalesce(max(partitions), 0) AS known,
                      min(applied_through) AS applied,
                      min(least(caused_through, applied_through)) AS caused,
                      -- Just before it: that one has not been applied.
                      (SELECT min(event_at) - interval '1 microsecond' FROM parked_event AS waiting
                       WHERE waiting.topic = progress.topic AND status = 'parked' AND tenant = $2) AS parked
               FROM progress WHERE topic = ANY ($1) GROUP BY topic) AS of_topic",
    )
    .bind(topics)
    .bind(tenant.map(TenantId::as_str))
    .fetch_all(database)
    .await?;
    rows.iter().map(watermark).collect()
}

fn watermark(row: &PgRow) -> Result<Watermark, sqlx::Error> {
    let time = |column| {
        let time: Option<jiff_sqlx::Timestamp> = row.try_get(column)?;
        Ok::<_, sqlx::Error>(time.map(jiff_sqlx::Timestamp::to_jiff))
    };
    Ok(Watermark {
        topic: row.try_get("topic")?,
        applied_through: time("applied_through")?,
        caused_through: time("caused_through")?,
    })
}

/// Those of `aggregates` of which a record waits on one of `topics`, parked itself or behind another: what happened to
/// them is not known up to the watermark. Ask after the watermarks: a record is parked in the transaction that moves them.
///
/// A record whose envelope cannot be read is the aggregate's that its key names, in every tenant if its tenant cannot be
/// read. One that names nobody by its key either holds nobody back: else a single one would hold back all. It is counted
/// as parked (`redress.consumer.parked`) and alarmed like any other, and whoever redrives it undoes what was judged without.
pub async fn held_back(
    database: impl PgExecutor<'_>,
    topics: &[&str],
    aggregates: impl IntoIterator<Item = (&TenantId, Uuid)>,
) -> Result<HashSet<(String, Uuid)>, sqlx::Error> {
    let (tenants, ids): (Vec<&str>, Vec<Uuid>) =
        aggregates.into_iter().map(|(tenant, id)| (tenant.as_str(), id)).unzip();
    let held: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT tenant, id FROM unnest($2::text[], $3::uuid[]) AS asked(tenant, id)
         WHERE is_held_back($1, tenant, id)",
    )
    .bind(topics)
    .bind(tenants)
    .bind(ids)
    .fetch_all(database)
    .await?;
    Ok(held.into_iter().collect())
}
