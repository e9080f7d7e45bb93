//! The chain of offers.

use redress_domain::{ComplaintId, TenantId};
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Corrupt;
use crate::domain::offer::Link;
use crate::error::Error;

/// A link with its case.
pub type OfCase = (TenantId, Uuid, Link);

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
