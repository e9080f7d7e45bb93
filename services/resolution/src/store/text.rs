//! Words that people typed, sealed.

use std::collections::HashMap;

use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::error::Error;

/// A sealed text on its way into the table.
#[derive(Debug, Clone)]
pub struct SealedText {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: Uuid,
    /// The field's name.
    pub field: String,
    /// The sealed words.
    pub value: Vec<u8>,
}

/// All sealed texts of a case, by field.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<HashMap<String, Vec<u8>>, Error> {
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT field, value FROM sealed_text WHERE tenant = $1 AND complaint_id = $2")
            .bind(tenant.as_str())
            .bind(*id.as_uuid())
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().collect())
}
