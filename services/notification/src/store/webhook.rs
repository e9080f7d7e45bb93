//! Callback addresses.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::error::Error;

/// A callback address.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: Uuid,
    /// Where to.
    pub url: String,
    /// Codes of the kinds that it wants; empty for all.
    pub kinds: Vec<String>,
    /// The data key of its secret.
    pub wrapped_key: Vec<u8>,
    /// Its secret.
    pub sealed_secret: Vec<u8>,
}

/// Writes a callback address.
pub async fn insert(
    conn: &mut PgConnection,
    webhook: &Webhook,
    registered_by: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO webhook (tenant, webhook_id, url, kinds, wrapped_key, sealed_secret, registered_by,
                              registered_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(webhook.tenant.as_str())
    .bind(webhook.id)
    .bind(&webhook.url)
    .bind(&webhook.kinds)
    .bind(&webhook.wrapped_key)
    .bind(&webhook.sealed_secret)
    .bind(registered_by)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

/// Reads callback addresses.
pub async fn find(conn: &mut PgConnection, ids: &[(TenantId, Uuid)]) -> Result<Vec<Webhook>, Error> {
    type Row = (String, Uuid, String, Vec<String>, Vec<u8>, Vec<u8>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT tenant, webhook_id, url, kinds, wrapped_key, sealed_secret FROM webhook
         WHERE (tenant, webhook_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(ids, |(tenant, _)| tenant.as_str()))
    .bind(column(ids, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(tenant, id, url, kinds, wrapped_key, sealed_secret)| {
            let tenant = tenant.parse().map_err(|e| Corrupt::new("webhook", "tenant", id, e))?;
            Ok(Webhook { tenant, id, url, kinds, wrapped_key, sealed_secret })
        })
        .collect()
}

/// How a callback address has been doing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Health {
    /// The tenant.
    pub tenant: TenantId,
    /// The address.
    pub id: Uuid,
    /// Failed tries since the last success.
    pub failures: i32,
    /// When it began to fail.
    pub failing_since: Option<Timestamp>,
    /// Left alone until then.
    pub paused_until: Option<Timestamp>,
    /// Whether it is still served.
    pub enabled: bool,
}

/// Reads the health of callback addresses and keeps others from changing it until the transaction ends.
pub async fn lock_health(conn: &mut PgConnection, ids: &[(TenantId, Uuid)]) -> Result<Vec<Health>, Error> {
    type Row = (String, Uuid, i32, Option<jiff_sqlx::Timestamp>, Option<jiff_sqlx::Timestamp>, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT tenant, webhook_id, failures, failing_since, paused_until, enabled FROM webhook
         WHERE (tenant, webhook_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY tenant, webhook_id FOR UPDATE",
    )
    .bind(column(ids, |(tenant, _)| tenant.as_str()))
    .bind(column(ids, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(tenant, id, failures, failing_since, paused_until, enabled)| {
            Ok(Health {
                tenant: tenant.parse().map_err(|e| Corrupt::new("webhook", "tenant", id, e))?,
                id,
                failures,
                failing_since: failing_since.map(jiff_sqlx::Timestamp::to_jiff),
                paused_until: paused_until.map(jiff_sqlx::Timestamp::to_jiff),
                enabled,
            })
        })
        .collect()
}

/// Saves the health of locked addresses.
pub async fn save_health(conn: &mut PgConnection, health: &[Health]) -> Result<(), Error> {
    if health.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE webhook SET failures = new.failures, failing_since = new.failing_since,
                            paused_until = new.paused_until, enabled = new.enabled
         FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::timestamptz[], $6::boolean[])
              AS new (tenant, webhook_id, failures, failing_since, paused_until, enabled)
         WHERE webhook.tenant = new.tenant AND webhook.webhook_id = new.webhook_id",
    )
    .bind(column(health, |h| h.tenant.as_str()))
    .bind(column(health, |h| h.id))
    .bind(column(health, |h| h.failures))
    .bind(column(health, |h| h.failing_since.map(ToSqlx::to_sqlx)))
    .bind(column(health, |h| h.paused_until.map(ToSqlx::to_sqlx)))
    .bind(column(health, |h| h.enabled))
    .execute(conn)
    .await?;
    Ok(())
}
