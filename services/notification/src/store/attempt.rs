//! Attempts and reports: the proof of what was done.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ContactType, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::delivery::AttemptOutcome;
use crate::error::Error;

/// One attempt, or one later report.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The tenant.
    pub tenant: TenantId,
    /// The notice.
    pub notice: Uuid,
    /// The channel of the addressee, if it went there.
    pub channel: Option<ContactType>,
    /// The callback address, if it went there.
    pub webhook: Option<Uuid>,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// Why, as a code.
    pub reason: String,
}

/// Writes attempts.
pub async fn insert(conn: &mut PgConnection, attempts: &[Attempt]) -> Result<(), Error> {
    if attempts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO attempt (tenant, notice_id, channel, webhook_id, at, outcome, reason)
         SELECT tenant, notice_id, channel, webhook_id, at, outcome, reason
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[])
              WITH ORDINALITY AS new (tenant, notice_id, channel, webhook_id, at, outcome, reason, place)
         ORDER BY place",
    )
    .bind(column(attempts, |a| a.tenant.as_str()))
    .bind(column(attempts, |a| a.notice))
    .bind(column(attempts, |a| a.channel.map(ContactType::code)))
    .bind(column(attempts, |a| a.webhook))
    .bind(column(attempts, |a| a.at.to_sqlx()))
    .bind(column(attempts, |a| a.outcome.code()))
    .bind(column(attempts, |a| a.reason.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// The attempts of some notices, oldest first.
pub async fn of(conn: &mut PgConnection, tenant: &TenantId, notices: &[Uuid]) -> Result<Vec<Attempt>, Error> {
    type Row = (Uuid, Option<String>, Option<Uuid>, SqlTime, String, String);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT notice_id, channel, webhook_id, at, outcome, reason FROM attempt
         WHERE tenant = $1 AND notice_id = ANY($2) ORDER BY attempt_id",
    )
    .bind(tenant.as_str())
    .bind(notices)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(notice, channel, webhook, at, outcome, reason)| {
            let corrupt =
                |column, cause: redress_domain::UnknownCode| Corrupt::new("attempt", column, notice, cause);
            Ok(Attempt {
                tenant: tenant.clone(),
                notice,
                channel: channel.map(|c| c.parse()).transpose().map_err(|e| corrupt("channel", e))?,
                webhook,
                at: at.to_jiff(),
                outcome: outcome.parse().map_err(|e| corrupt("outcome", e))?,
                reason,
            })
        })
        .collect()
}
