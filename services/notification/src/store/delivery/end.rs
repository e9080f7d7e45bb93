//! Whether anything still waits, and giving up what waits in vain.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTime;
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::error::Error;
use crate::store::{Corrupt, column};

/// What waits for each of some notices: whether for the addressee, and for how many callbacks.
pub async fn waiting(
    conn: &mut PgConnection,
    notices: &[(TenantId, Uuid)],
) -> Result<Vec<(Uuid, bool, i64)>, Error> {
    if notices.is_empty() {
        return Ok(Vec::new());
    }
    let waiting = sqlx::query_as(
        "SELECT notice_id, bool_or(webhook_id = '00000000-0000-0000-0000-000000000000'),
                count(*) FILTER (WHERE webhook_id <> '00000000-0000-0000-0000-000000000000')
         FROM delivery WHERE (tenant, notice_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         GROUP BY tenant, notice_id",
    )
    .bind(column(notices, |(tenant, _)| tenant.as_str()))
    .bind(column(notices, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(waiting)
}

/// A delivery to a callback address that is disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranded {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint of its notice.
    pub complaint: ComplaintId,
    /// The notice.
    pub notice: Uuid,
    /// The address.
    pub webhook: Uuid,
}

/// Up to `limit` deliveries that wait for disabled addresses.
pub async fn stranded(conn: &mut PgConnection, limit: i64) -> Result<Vec<Stranded>, Error> {
    let rows: Vec<(String, Uuid, Uuid, Uuid)> = sqlx::query_as(
        "SELECT d.tenant, n.complaint_id, d.notice_id, d.webhook_id
         FROM webhook w
              JOIN delivery d ON d.tenant = w.tenant AND d.webhook_id = w.webhook_id
                                 AND d.webhook_id <> '00000000-0000-0000-0000-000000000000'
              JOIN notice n ON n.tenant = d.tenant AND n.notice_id = d.notice_id
         WHERE NOT w.enabled LIMIT $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(tenant, complaint, notice, webhook)| {
            Ok(Stranded {
                tenant: tenant.parse().map_err(|e| Corrupt::new("delivery", "tenant", notice, e))?,
                complaint: ComplaintId::from_uuid(complaint),
                notice,
                webhook,
            })
        })
        .collect()
}

/// Removes deliveries whose addresses are still disabled.
pub async fn give_up(conn: &mut PgConnection, stranded: &[Stranded]) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM delivery d USING webhook w
         WHERE (d.tenant, d.notice_id, d.webhook_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[]))
               AND w.tenant = d.tenant AND w.webhook_id = d.webhook_id AND NOT w.enabled",
    )
    .bind(column(stranded, |s| s.tenant.as_str()))
    .bind(column(stranded, |s| s.notice))
    .bind(column(stranded, |s| s.webhook))
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of some notices a callback address has taken: the first that did, and when.
pub async fn taken_by_callback(
    conn: &mut PgConnection,
    notices: &[(TenantId, Uuid)],
) -> Result<HashMap<Uuid, (Uuid, Timestamp)>, Error> {
    if notices.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, Uuid, SqlTime)> = sqlx::query_as(
        "SELECT DISTINCT ON (tenant, notice_id) notice_id, webhook_id, at FROM attempt
         WHERE (tenant, notice_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
               AND outcome = 'accepted' AND webhook_id IS NOT NULL
         ORDER BY tenant, notice_id, attempt_id",
    )
    .bind(column(notices, |(tenant, _)| tenant.as_str()))
    .bind(column(notices, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(notice, webhook, at)| (notice, (webhook, at.to_jiff()))).collect())
}
