//! The chain of offers.

use redress_domain::{ComplaintId, TenantId};
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::offer::Link;
use crate::error::Error;

/// A link with its case.
pub type OfCase = (TenantId, Uuid, Link);

/// Appends links; each case's row is locked.
pub async fn append(conn: &mut PgConnection, links: &[OfCase]) -> Result<(), Error> {
    if links.is_empty() {
        return Ok(());
    }
    let bodies = links
        .iter()
        .map(|(_, id, link)| {
            serde_json::to_value(&link.body).map_err(|e| Corrupt::new("offer_link", "body", *id, e))
        })
        .collect::<Result<Vec<Value>, _>>()?;
    sqlx::query(
        "INSERT INTO offer_link (tenant, complaint_id, sequence, body, previous_hash, hash)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::jsonb[], $5::text[], $6::text[])",
    )
    .bind(column(links, |(tenant, ..)| tenant.as_str()))
    .bind(column(links, |(_, id, _)| *id))
    .bind(column(links, |(.., link)| i64::from(link.body.sequence)))
    .bind(column(&bodies, Json))
    .bind(column(links, |(.., link)| link.previous.as_str()))
    .bind(column(links, |(.., link)| link.hash.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// The chain of a case, in order.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Vec<Link>, Error> {
    let rows: Vec<(Json<Value>, String, String)> = sqlx::query_as(
        "SELECT body, previous_hash, hash FROM offer_link
         WHERE tenant = $1 AND complaint_id = $2 ORDER BY sequence",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(Json(body), previous, hash)| {
            let body = serde_json::from_value(body)
                .map_err(|e| Corrupt::new("offer_link", "body", *id.as_uuid(), e))?;
            Ok(Link { body, previous, hash })
        })
        .collect()
}
