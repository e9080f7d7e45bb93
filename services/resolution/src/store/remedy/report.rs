//! What was told of remedies, as it was told.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::Money;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::error::Error;
use crate::store::case::Key;
use crate::store::column;

/// Something that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The case.
    pub case: Key,
    /// The remedy.
    pub remedy: Uuid,
    /// What it is: paid, unfit or reversed.
    pub what: &'static str,
    /// Who told it.
    pub told_by: String,
    /// The reference; may be empty.
    pub reference: String,
    /// When it was done, as told.
    pub executed_at: Option<Timestamp>,
    /// How much, as told.
    pub amount: Option<Money>,
    /// SHA-256 of a document; may be empty.
    pub sha256: String,
}

/// Keeps one.
pub async fn append(conn: &mut PgConnection, report: &Report, now: Timestamp) -> Result<(), Error> {
    append_all(conn, std::slice::from_ref(report), now).await
}

/// Keeps several.
pub async fn append_all(conn: &mut PgConnection, reports: &[Report], now: Timestamp) -> Result<(), Error> {
    if reports.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO remedy_report (tenant, complaint_id, remedy_id, what, told_by, reference, executed_at, currency,
                                    amount_minor, sha256, told_at)
         SELECT tenant, complaint_id, remedy_id, what, told_by, reference, executed_at, currency, amount_minor, sha256, $11
         FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                     $8::text[], $9::bigint[], $10::text[])
              AS new (tenant, complaint_id, remedy_id, what, told_by, reference, executed_at, currency, amount_minor,
                      sha256)",
    )
    .bind(column(reports, |report| report.case.0.as_str()))
    .bind(column(reports, |report| *report.case.1.as_uuid()))
    .bind(column(reports, |report| report.remedy))
    .bind(column(reports, |report| report.what))
    .bind(column(reports, |report| report.told_by.as_str()))
    .bind(column(reports, |report| report.reference.as_str()))
    .bind(column(reports, |report| report.executed_at.map(jiff_sqlx::ToSqlx::to_sqlx)))
    .bind(column(reports, |report| report.amount.map(|amount| amount.currency.to_string())))
    .bind(column(reports, |report| report.amount.map(|amount| amount.amount_minor)))
    .bind(column(reports, |report| report.sha256.as_str()))
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
