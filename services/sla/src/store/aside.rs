//! Complaints that could not be handled: they wait, so that the others need not.

use redress_domain::coded_enum;
use sqlx::postgres::PgConnection;

use super::case::Key;
use super::column;
use crate::error::Error;

coded_enum! {
    /// What could not be done.
    Work {
        /// To tell what time makes due.
        Firing = "firing",
        /// To call somebody, or the next.
        Escalation = "escalation",
        /// To compute clocks anew.
        Recalculation = "recalculation",
        /// To see whether it is still to be kept.
        Keeping = "keeping",
    }
}

/// Lets a complaint wait: for a minute, then two, four, and so on to an hour.
pub async fn set(conn: &mut PgConnection, key: &Key, work: Work, why: &str) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO set_aside AS s (tenant, complaint_id, work, why, since, tries, until)
         VALUES ($1, $2, $3, $4, now(), 1, now() + interval '1 minute')
         ON CONFLICT (tenant, complaint_id, work) DO UPDATE
             SET why = excluded.why, tries = s.tries + 1,
                 until = now() + least(interval '1 minute' * power(2, least(s.tries, 6)), interval '1 hour')",
    )
    .bind(key.0.as_str())
    .bind(key.1)
    .bind(work.code())
    .bind(why)
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of `keys` that waited were handled.
pub async fn clear(
    conn: &mut PgConnection,
    keys: impl IntoIterator<Item = &Key> + Clone,
    work: Work,
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM set_aside AS s USING unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
         WHERE s.tenant = k.tenant AND s.complaint_id = k.complaint_id AND s.work = $3",
    )
    .bind(column(keys.clone(), |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .bind(work.code())
    .execute(conn)
    .await?;
    Ok(())
}
