//! Words that people typed, sealed.

use std::collections::HashMap;

use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
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

/// Writes new texts.
pub async fn insert(conn: &mut PgConnection, texts: &[SealedText]) -> Result<(), Error> {
    if texts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO sealed_text (tenant, complaint_id, field, value)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[])",
    )
    .bind(column(texts, |text| text.tenant.as_str()))
    .bind(column(texts, |text| text.complaint))
    .bind(column(texts, |text| text.field.as_str()))
    .bind(column(texts, |text| text.value.as_slice()))
    .execute(conn)
    .await?;
    Ok(())
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
