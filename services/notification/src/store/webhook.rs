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
    /// Its secret.
    pub secret: SealedSecret,
    /// Which secret that is, from 1.
    pub generation: i32,
    /// The secret before it, and until when messages are signed with that one too.
    pub former: Option<(SealedSecret, Timestamp)>,
}

/// A secret, sealed under a data key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The data key.
    pub wrapped_key: Vec<u8>,
    /// The secret.
    pub sealed: Vec<u8>,
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
    .bind(&webhook.secret.wrapped_key)
    .bind(&webhook.secret.sealed)
    .bind(registered_by)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

/// Reads callback addresses; those that were removed are absent.
pub async fn find(conn: &mut PgConnection, ids: &[(TenantId, Uuid)]) -> Result<Vec<Webhook>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT tenant, webhook_id, url, kinds, wrapped_key, sealed_secret, generation, former_key, former_secret,
                former_until
         FROM webhook
         WHERE (tenant, webhook_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[])) AND removed_at IS NULL",
    )
    .bind(column(ids, |(tenant, _)| tenant.as_str()))
    .bind(column(ids, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Gives a locked address another secret; messages are signed with the present one too until `former_until`. Returns
/// which secret the new one is.
pub async fn rotate(
    conn: &mut PgConnection,
    (tenant, id): &(TenantId, Uuid),
    secret: &SealedSecret,
    former_until: Timestamp,
) -> Result<i32, Error> {
    let generation = sqlx::query_scalar(
        "UPDATE webhook SET former_key = wrapped_key, former_secret = sealed_secret, former_until = $3,
                            wrapped_key = $4, sealed_secret = $5, generation = generation + 1
         WHERE tenant = $1 AND webhook_id = $2 RETURNING generation",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(former_until.to_sqlx())
    .bind(&secret.wrapped_key)
    .bind(&secret.sealed)
    .fetch_one(conn)
    .await?;
    Ok(generation)
}

/// Takes a locked address out of use for good, and forgets its secrets.
pub async fn remove(
    conn: &mut PgConnection,
    (tenant, id): &(TenantId, Uuid),
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE webhook SET enabled = false, removed_at = $3, wrapped_key = NULL, sealed_secret = NULL,
                            former_key = NULL, former_secret = NULL, former_until = NULL
         WHERE tenant = $1 AND webhook_id = $2",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: String,
    webhook_id: Uuid,
    url: String,
    kinds: Vec<String>,
    wrapped_key: Vec<u8>,
    sealed_secret: Vec<u8>,
    generation: i32,
    former_key: Option<Vec<u8>>,
    former_secret: Option<Vec<u8>>,
    former_until: Option<jiff_sqlx::Timestamp>,
}

impl Row {
    fn read(self) -> Result<Webhook, Error> {
        let id = self.webhook_id;
        let former = self.former_key.zip(self.former_secret).zip(self.former_until);
        Ok(Webhook {
            tenant: self.tenant.parse().map_err(|e| Corrupt::new("webhook", "tenant", id, e))?,
            id,
            url: self.url,
            kinds: self.kinds,
            secret: SealedSecret { wrapped_key: self.wrapped_key, sealed: self.sealed_secret },
            generation: self.generation,
            former: former.map(|((wrapped_key, sealed), until)| {
                (SealedSecret { wrapped_key, sealed }, until.to_jiff())
            }),
        })
    }
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

/// Reads the health of callback addresses and keeps others from changing them until the transaction ends; those that were
/// removed are absent.
pub async fn lock_health(conn: &mut PgConnection, ids: &[(TenantId, Uuid)]) -> Result<Vec<Health>, Error> {
    type Row = (String, Uuid, i32, Option<jiff_sqlx::Timestamp>, Option<jiff_sqlx::Timestamp>, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT tenant, webhook_id, failures, failing_since, paused_until, enabled FROM webhook
         WHERE (tenant, webhook_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[])) AND removed_at IS NULL
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
