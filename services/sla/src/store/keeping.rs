//! Complaints whose time of keeping may be over.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::aside::Work;
use super::case::{Held, Key};
use super::{Corrupt, column};
use crate::error::Error;

/// Locks some complaints whose time of keeping may be over, the longest kept first, and leaves out those that somebody else
/// has at this moment. The database's clock decides.
pub async fn claim(conn: &mut PgConnection, time: SignedDuration, limit: i64) -> Result<Vec<Held>, Error> {
    let rows: Vec<(String, Uuid, i64, bool)> = sqlx::query_as(
        "SELECT c.tenant, c.complaint_id, c.stream_version, c.extended
         FROM case_file AS c
         WHERE c.kept_from <= redress_time(now()) - make_interval(secs => $1)
               AND NOT EXISTS (SELECT 1 FROM set_aside AS s
                               WHERE s.tenant = c.tenant AND s.complaint_id = c.complaint_id
                                     AND s.work = $3 AND s.until > now())
         ORDER BY c.kept_from LIMIT $2 FOR UPDATE OF c SKIP LOCKED",
    )
    .bind(time.as_secs_f64())
    .bind(limit)
    .bind(Work::Keeping.code())
    .fetch_all(conn)
    .await?;
    let held = |(tenant, complaint, stream_version, extended): (String, Uuid, i64, bool)| {
        let tenant: TenantId =
            tenant.parse().map_err(|cause| Corrupt::new("case_file", "tenant", complaint, cause))?;
        Ok(Held { key: (tenant, complaint), stream_version, extended })
    };
    rows.into_iter().map(held).collect()
}

/// What time it is by the database's clock.
pub async fn now(conn: &mut PgConnection) -> Result<Timestamp, Error> {
    let now: SqlTime = sqlx::query_scalar("SELECT redress_time(now())").fetch_one(conn).await?;
    Ok(now.to_jiff())
}

/// Lets the time of keeping of complaints, whose rows are locked, count from these instants.
pub async fn keep_from(conn: &mut PgConnection, kept: &[(Key, Timestamp)]) -> Result<(), Error> {
    if kept.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE case_file AS c SET kept_from = k.kept_from
         FROM unnest($1::text[], $2::uuid[], $3::timestamptz[]) AS k(tenant, complaint_id, kept_from)
         WHERE c.tenant = k.tenant AND c.complaint_id = k.complaint_id",
    )
    .bind(column(kept, |((tenant, _), _)| tenant.as_str()))
    .bind(column(kept, |((_, complaint), _)| *complaint))
    .bind(column(kept, |(_, from)| from.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

/// What goes with a complaint.
const OF_A_COMPLAINT: [&str; 5] = [
    "DELETE FROM heard AS t USING unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
     WHERE t.tenant = k.tenant AND t.complaint_id = k.complaint_id",
    "DELETE FROM clock AS t USING unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
     WHERE t.tenant = k.tenant AND t.complaint_id = k.complaint_id",
    "DELETE FROM extension AS t USING unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
     WHERE t.tenant = k.tenant AND t.complaint_id = k.complaint_id",
    "DELETE FROM escalation_ticket AS t USING unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
     WHERE t.tenant = k.tenant AND t.complaint_id = k.complaint_id",
    "DELETE FROM set_aside AS t USING unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
     WHERE t.tenant = k.tenant AND t.complaint_id = k.complaint_id",
];

/// Forgets complaints, whose rows are locked. Of each remains the row that says so.
pub async fn forget(conn: &mut PgConnection, keys: &[Key]) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let marked = "UPDATE case_file AS t SET kept_from = NULL, extended = false
                  FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
                  WHERE t.tenant = k.tenant AND t.complaint_id = k.complaint_id";
    for statement in OF_A_COMPLAINT.into_iter().chain([marked]) {
        sqlx::query(statement)
            .bind(column(keys, |(tenant, _)| tenant.as_str()))
            .bind(column(keys, |(_, complaint)| *complaint))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
