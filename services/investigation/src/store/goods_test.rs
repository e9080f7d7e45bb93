//! Tests by independent laboratories.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::{Money, TenantId};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Corrupt, column, read};
use crate::domain::goods_test::{Custody, GoodsTest};
use crate::error::Error;

const TABLE: &str = "goods_test";

/// A test with the case it belongs to.
pub type Kept = (TenantId, Uuid, GoodsTest);

#[derive(Debug, FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    test_id: Uuid,
    round: i32,
    state: String,
    lab: String,
    subject: String,
    currency: String,
    fee_minor: i64,
    fee_bearer: String,
    agreement: Vec<Uuid>,
    custody: Json<Vec<Custody>>,
    report: Option<Uuid>,
    abandoned_reason: String,
    ordered_at: Option<Stored>,
    ended_at: Option<Stored>,
    announced: i64,
}

fn kept(row: Row) -> Result<Kept, Corrupt> {
    let id = row.test_id;
    let test = GoodsTest {
        id,
        round: row.round,
        state: read(TABLE, "state", id, &row.state)?,
        lab: row.lab,
        subject: row.subject,
        fee: Money::new(&row.currency, row.fee_minor)
            .map_err(|error| Corrupt::new(TABLE, "fee_minor", id, error))?,
        fee_bearer: read(TABLE, "fee_bearer", id, &row.fee_bearer)?,
        agreement: row.agreement,
        custody: row.custody.0,
        report: row.report,
        abandoned_reason: row.abandoned_reason,
        ordered_at: row.ordered_at.map(Stored::to_jiff),
        ended_at: row.ended_at.map(Stored::to_jiff),
        announced: row.announced,
    };
    Ok((read(TABLE, "tenant", id, &row.tenant)?, row.complaint_id, test))
}

/// The tests of cases, oldest first.
pub async fn of_cases(conn: &mut PgConnection, cases: &[(TenantId, Uuid)]) -> Result<Vec<Kept>, Error> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM goods_test
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY agreed_at, test_id",
    )
    .bind(column(cases, |(tenant, _)| tenant.as_str()))
    .bind(column(cases, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(kept).collect::<Result<_, _>>()?)
}

/// Writes a test of a case that is locked, new or changed.
pub async fn save(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    test: &GoodsTest,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO goods_test (tenant, complaint_id, test_id, round, state, lab, subject, currency, fee_minor,
                                 fee_bearer, agreement, custody, report, abandoned_reason, agreed_at, ordered_at,
                                 ended_at, announced)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         ON CONFLICT ON CONSTRAINT goods_test_pkey DO UPDATE
         SET state = excluded.state, custody = excluded.custody, report = excluded.report,
             abandoned_reason = excluded.abandoned_reason, ordered_at = excluded.ordered_at,
             ended_at = excluded.ended_at, announced = excluded.announced",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(test.id)
    .bind(test.round)
    .bind(test.state.code())
    .bind(&test.lab)
    .bind(&test.subject)
    .bind(test.fee.currency.as_str())
    .bind(test.fee.amount_minor)
    .bind(test.fee_bearer.code())
    .bind(&test.agreement)
    .bind(Json(&test.custody))
    .bind(test.report)
    .bind(&test.abandoned_reason)
    .bind(now.to_sqlx())
    .bind(test.ordered_at.map(ToSqlx::to_sqlx))
    .bind(test.ended_at.map(ToSqlx::to_sqlx))
    .bind(test.announced)
    .execute(conn)
    .await?;
    Ok(())
}
