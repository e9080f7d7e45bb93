//! What was told of remedies, as it was told.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, Money, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::error::Error;
use crate::store::case::Key;
use crate::store::{Corrupt, column};

/// Something that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The case.
    pub case: Key,
    /// The remedy.
    pub remedy: Uuid,
    /// What it is: paid, unfit, reversed, `given_up`, late or `late_reversed`.
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

/// What was paid after a person had settled or given up a remedy of the case, and was not taken back.
pub async fn late_of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Vec<Money>, Error> {
    let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "SELECT remedy_id, currency, amount_minor FROM late_payment
         WHERE tenant = $1 AND complaint_id = $2 AND currency IS NOT NULL",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .fetch_all(conn)
    .await?;
    let money = |(remedy, currency, minor): (Uuid, String, i64)| {
        let money = Money::new(&currency, minor);
        money.map_err(|e| Corrupt::new("remedy_report", "currency", remedy, e).into())
    };
    rows.into_iter().map(money).collect()
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
