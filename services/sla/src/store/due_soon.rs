//! Running clocks that come near their due time.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::clock::{Row, Stored};
use super::column;
use crate::error::Error;

/// Those that are due from now until `until` and not yet among `told` (ids and due times), the nearest first. Reads the
/// told and those it answers, however many clocks there are.
pub async fn untold(
    conn: &mut PgConnection,
    tenant: &TenantId,
    until: Timestamp,
    definitions: &[String],
    (ids, dues): (&[Uuid], &[Timestamp]),
    limit: i64,
) -> Result<Vec<Stored>, Error> {
    let sql = if definitions.is_empty() {
        "SELECT complaint_id, told, reason FROM clock
         WHERE tenant = $1 AND state = 'running'
               AND coalesce(due_at, timestamptz '9999-12-30 00:00:00+00') BETWEEN redress_time(now()) AND $2
               AND (clock_id, due_at) NOT IN (SELECT * FROM unnest($4::uuid[], $5::timestamptz[]))
               AND cardinality($3::text[]) = 0
         ORDER BY coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id LIMIT $6"
    } else {
        // The first of each, put together.
        "SELECT c.complaint_id, c.told, c.reason
         FROM unnest($3::text[]) AS d(definition)
              CROSS JOIN LATERAL (
                  SELECT complaint_id, told, reason, due_at, clock_id FROM clock
                  WHERE tenant = $1 AND definition = d.definition AND state = 'running'
                        AND coalesce(due_at, timestamptz '9999-12-30 00:00:00+00') BETWEEN redress_time(now()) AND $2
                        AND (clock_id, due_at) NOT IN (SELECT * FROM unnest($4::uuid[], $5::timestamptz[]))
                  ORDER BY coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id LIMIT $6
              ) AS c
         ORDER BY c.due_at, c.clock_id LIMIT $6"
    };
    let rows: Vec<Row> = sqlx::query_as(sql)
        .bind(tenant.as_str())
        .bind(until.to_sqlx())
        .bind(definitions)
        .bind(ids)
        .bind(column(dues, |due| due.to_sqlx()))
        .bind(limit)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}
