//! What begins to wait for delivery.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::error::Error;
use crate::store::column;

/// A notice that is to go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The tenant.
    pub tenant: TenantId,
    /// The notice.
    pub notice: Uuid,
    /// Code of its kind.
    pub kind: &'static str,
    /// When its addressee may be written to.
    pub due_at: Timestamp,
    /// Stations that are behind it.
    pub tried: Vec<String>,
}

/// Begins the delivery to the addressees of notices; what is there stays.
pub async fn begin(conn: &mut PgConnection, due: &[Due]) -> Result<(), Error> {
    if due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO delivery (tenant, notice_id, webhook_id, due_at, tried)
         SELECT tenant, notice_id, '00000000-0000-0000-0000-000000000000', due_at, string_to_array(tried, ' ')
         FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[]) AS new (tenant, notice_id, due_at, tried)
         ON CONFLICT DO NOTHING",
    )
    .bind(column(due, |d| d.tenant.as_str()))
    .bind(column(due, |d| d.notice))
    .bind(column(due, |d| d.due_at.to_sqlx()))
    .bind(column(due, |d| d.tried.join(" ")))
    .execute(conn)
    .await?;
    Ok(())
}

/// Begins the delivery of notices to every callback address that wants their kind. Machines have no night, so it is due
/// now.
pub async fn begin_callbacks(conn: &mut PgConnection, due: &[Due], now: Timestamp) -> Result<(), Error> {
    if due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO delivery (tenant, notice_id, webhook_id, due_at)
         SELECT new.tenant, new.notice_id, w.webhook_id, $4
         FROM unnest($1::text[], $2::uuid[], $3::text[]) AS new (tenant, notice_id, kind)
              JOIN webhook w ON w.tenant = new.tenant AND w.enabled
                                AND (cardinality(w.kinds) = 0 OR new.kind = ANY(w.kinds))
         ON CONFLICT DO NOTHING",
    )
    .bind(column(due, |d| d.tenant.as_str()))
    .bind(column(due, |d| d.notice))
    .bind(column(due, |d| d.kind))
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

/// Begins the delivery to one callback address of what was queued since and it has not taken. Returns how many.
pub async fn begin_missed(
    conn: &mut PgConnection,
    tenant: &TenantId,
    webhook: Uuid,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "INSERT INTO delivery (tenant, notice_id, webhook_id, due_at)
         SELECT n.tenant, n.notice_id, w.webhook_id, $4
         FROM notice n JOIN webhook w ON w.tenant = n.tenant AND w.webhook_id = $2
         WHERE n.tenant = $1 AND n.queued_at >= $3 AND (cardinality(w.kinds) = 0 OR n.kind = ANY(w.kinds))
               AND NOT EXISTS (SELECT FROM attempt a
                               WHERE a.tenant = n.tenant AND a.notice_id = n.notice_id
                                     AND a.webhook_id = w.webhook_id AND a.outcome = 'accepted')
         ON CONFLICT (tenant, notice_id, webhook_id)
            DO UPDATE SET due_at = $4, lease = NULL, tries = 0, first_tried_at = NULL",
    )
    .bind(tenant.as_str())
    .bind(webhook)
    .bind(since.to_sqlx())
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
