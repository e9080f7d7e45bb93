//! Running clocks that come near their due time.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::clock::Stored;
use super::column;
use crate::domain::telling::Told;
use crate::error::Error;

/// Those that are due from now until `until` and not yet among `told` (ids and due times), the nearest first.
pub async fn untold(
    conn: &mut PgConnection,
    tenant: &TenantId,
    until: Timestamp,
    definitions: &[String],
    (ids, dues): (&[Uuid], &[Timestamp]),
    limit: i64,
) -> Result<Vec<Stored>, Error> {
    let rows: Vec<(Uuid, Json<Told>, String)> = sqlx::query_as(
        "SELECT complaint_id, told, reason FROM clock
         WHERE tenant = $1 AND breach_at >= redress_time(now()) AND breach_at <= $2
               AND (cardinality($3::text[]) = 0 OR definition = ANY ($3))
               AND (clock_id, breach_at) NOT IN (SELECT * FROM unnest($4::uuid[], $5::timestamptz[]))
         ORDER BY breach_at, clock_id LIMIT $6",
    )
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
