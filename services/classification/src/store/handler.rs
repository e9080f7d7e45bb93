//! People who take cases, and what they serve.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;

use super::column;
use crate::domain::assignment::Served;
use crate::error::Error;

/// A handler with room, and one kind of queues that the handler serves.
pub type Free = (String, i32, String, String, String);

/// Writes a handler; what was served before is replaced.
pub async fn register(
    conn: &mut PgConnection,
    tenant: &TenantId,
    handler: &str,
    served: &[Served],
    capacity: i32,
    by: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO handler (tenant, handler, capacity, registered_by, registered_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, handler) DO UPDATE
            SET capacity = excluded.capacity, registered_by = excluded.registered_by,
                registered_at = excluded.registered_at",
    )
    .bind(tenant.as_str())
    .bind(handler)
    .bind(capacity)
    .bind(by)
    .bind(now.to_sqlx())
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM handler_queue WHERE tenant = $1 AND handler = $2")
        .bind(tenant.as_str())
        .bind(handler)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "INSERT INTO handler_queue (tenant, handler, category, severity, language)
         SELECT DISTINCT $1, $2, category, severity, language
         FROM unnest($3::text[], $4::text[], $5::text[]) AS served (category, severity, language)",
    )
    .bind(tenant.as_str())
    .bind(handler)
    .bind(column(served, |s| s.category.map_or("*", |c| c.code())))
    .bind(column(served, |s| s.severity.map_or("*", |c| c.code())))
    .bind(column(served, |s| s.language.map_or("*", |c| c.code())))
    .execute(conn)
    .await?;
    Ok(())
}

/// Tenants that have handlers.
pub async fn tenants(conn: &mut PgConnection) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar("SELECT DISTINCT tenant FROM handler").fetch_all(conn).await?)
}

/// Handlers that have room for more: name, room, and what they serve, a row per kind of queues.
pub async fn free(conn: &mut PgConnection, tenant: &TenantId) -> Result<Vec<Free>, Error> {
    Ok(sqlx::query_as(
        "SELECT h.handler, h.capacity - held.cases AS room, q.category, q.severity, q.language
         FROM handler h
         JOIN handler_queue q USING (tenant, handler)
         CROSS JOIN LATERAL (
             SELECT count(*)::integer AS cases FROM assignment a
             WHERE a.tenant = h.tenant AND a.handler = h.handler AND a.state IN ('offered', 'taken')
         ) AS held
         WHERE h.tenant = $1 AND h.capacity > held.cases",
    )
    .bind(tenant.as_str())
    .fetch_all(conn)
    .await?)
}
