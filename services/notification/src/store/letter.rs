//! Letters, sealed. Each is written once, by whoever comes first.

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// A letter on its way into the table.
#[derive(Debug)]
pub struct Written {
    /// The tenant.
    pub tenant: TenantId,
    /// The notice.
    pub notice: Uuid,
    /// Template and version.
    pub template: String,
    /// The letter, sealed.
    pub sealed: Vec<u8>,
    /// Its hash.
    pub sha256: [u8; 32],
}

/// A letter as it is kept.
#[derive(Debug, sqlx::FromRow)]
pub struct Kept {
    /// The tenant.
    pub tenant: String,
    /// The notice.
    #[sqlx(rename = "notice_id")]
    pub notice: Uuid,
    /// The letter, sealed; none if it was not written yet.
    pub sealed_letter: Option<Vec<u8>>,
}

/// Keeps letters, and returns those that are kept: another worker's where it was faster, so that all channels send the
/// same one.
pub async fn keep(conn: &mut PgConnection, written: &[Written]) -> Result<Vec<Kept>, Error> {
    if written.is_empty() {
        return Ok(Vec::new());
    }
    let kept = sqlx::query_as(
        "WITH locked AS (
             SELECT tenant, notice_id FROM notice
             WHERE (tenant, notice_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
             ORDER BY tenant, notice_id FOR UPDATE
         )
         UPDATE notice SET template = coalesce(notice.template, new.template),
                           sealed_letter = coalesce(notice.sealed_letter, new.sealed_letter),
                           content_sha256 = coalesce(notice.content_sha256, new.content_sha256)
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[])
              AS new (tenant, notice_id, template, sealed_letter, content_sha256)
              JOIN locked USING (tenant, notice_id)
         WHERE notice.tenant = new.tenant AND notice.notice_id = new.notice_id
         RETURNING notice.tenant, notice.notice_id, notice.sealed_letter",
    )
    .bind(column(written, |w| w.tenant.as_str()))
    .bind(column(written, |w| w.notice))
    .bind(column(written, |w| w.template.as_str()))
    .bind(column(written, |w| w.sealed.as_slice()))
    .bind(column(written, |w| w.sha256.as_slice()))
    .fetch_all(conn)
    .await?;
    Ok(kept)
}

/// Reads letters.
pub async fn find(conn: &mut PgConnection, notices: &[(TenantId, Uuid)]) -> Result<Vec<Kept>, Error> {
    let kept = sqlx::query_as(
        "SELECT tenant, notice_id, sealed_letter FROM notice
         WHERE (tenant, notice_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(notices, |(tenant, _)| tenant.as_str()))
    .bind(column(notices, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(kept)
}
