//! Remedies, what was told of them, and what is still to be done about them.

/// Where remedies stand, from arrays `$1` to `$13`; [`bind_standing`] fills them.
macro_rules! standing {
    () => {
        "UPDATE remedy r
         SET state = new.state, purse = new.purse, advances = new.advances, overdue = new.overdue, attempts = new.attempts,
             unwanted = new.unwanted, late = new.late, reason = new.reason, changed_at = new.changed_at, proof = new.proof
         FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::integer[], $7::boolean[],
                     $8::integer[], $9::boolean[], $10::boolean[], $11::text[], $12::timestamptz[], $13::jsonb[])
              AS new (tenant, complaint_id, remedy_id, state, purse, advances, overdue, attempts, unwanted, late,
                      reason, changed_at, proof)
         WHERE (r.tenant, r.complaint_id, r.remedy_id) = (new.tenant, new.complaint_id, new.remedy_id)"
    };
}

mod outcome;
mod report;
mod work;

use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, TenantId};
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::types::Json;
use uuid::Uuid;

use super::case::Key;
use super::{Corrupt, column};
use crate::domain::remedy::{Proof, Remedy};
use crate::domain::terms::RemedyTerms;
use crate::error::Error;
pub use outcome::Outcome;
pub use report::{Report, append, append_all, late_of_case};
pub use work::{
    Claimed, Due, begin, cancel_unbegun, claim, forget, hurry, let_go, lock_open, next_due, tries_of,
};

/// A remedy of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfCase {
    /// The case.
    pub case: Key,
    /// The remedy.
    pub remedy: Remedy,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    remedy_id: Uuid,
    source_id: Uuid,
    ordinal: i64,
    terms: Json<RemedyTerms>,
    order_no: String,
    ordered_by: String,
    ordered_at: SqlTime,
    due_at: Option<SqlTime>,
    state: String,
    purse: String,
    advances: i32,
    overdue: bool,
    attempts: i32,
    unwanted: bool,
    late: bool,
    reason: String,
    changed_at: SqlTime,
    proof: Option<Json<Proof>>,
}

impl TryFrom<Row> for OfCase {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.remedy_id;
        let tenant: TenantId = row.tenant.parse().map_err(|e| Corrupt::new("remedy", "tenant", id, e))?;
        let remedy = Remedy {
            id,
            source: row.source_id,
            ordinal: row.ordinal,
            terms: row.terms.0,
            order_no: row.order_no,
            state: row.state.parse().map_err(|e| Corrupt::new("remedy", "state", id, e))?,
            purse: row.purse.parse().map_err(|e| Corrupt::new("remedy", "purse", id, e))?,
            advances: row.advances.unsigned_abs(),
            ordered_by: row.ordered_by,
            ordered_at: row.ordered_at.to_jiff(),
            due_at: row.due_at.map(SqlTime::to_jiff),
            overdue: row.overdue,
            attempts: row.attempts.unsigned_abs(),
            unwanted: row.unwanted,
            late: row.late,
            reason: row.reason,
            changed_at: row.changed_at.to_jiff(),
            proof: row.proof.map(|proof| proof.0),
        };
        Ok(Self { case: (tenant, ComplaintId::from_uuid(row.complaint_id)), remedy })
    }
}

/// The remedies of cases, each in the order of ordering.
pub async fn of_cases(conn: &mut PgConnection, cases: &[Key]) -> Result<Vec<OfCase>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT tenant, complaint_id, remedy_id, source_id, ordinal, terms, order_no, ordered_by, ordered_at, due_at,
                state, purse, advances, overdue, attempts, unwanted, late, reason, changed_at, proof
         FROM remedy WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY tenant, complaint_id, ordinal",
    )
    .bind(column(cases, |(tenant, _)| tenant.as_str()))
    .bind(column(cases, |(_, id)| *id.as_uuid()))
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(OfCase::try_from).collect()
}

#[derive(sqlx::FromRow)]
struct HeldRow {
    #[sqlx(flatten)]
    row: Row,
    held: Vec<String>,
}

/// The remedies of locked cases, and which of `claimed` still hold, as remedy and errand. Those are locked until the
/// transaction ends.
pub async fn lock_held(
    conn: &mut PgConnection,
    cases: &[Key],
    claimed: &[&Claimed],
) -> Result<(Vec<OfCase>, Vec<(Uuid, String)>), Error> {
    let rows: Vec<HeldRow> = sqlx::query_as(
        "WITH held AS MATERIALIZED (
             SELECT w.tenant, w.complaint_id, w.remedy_id, w.errand
             FROM remedy_work w JOIN unnest($3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[])
                  AS mine (tenant, complaint_id, remedy_id, errand, lease)
                  USING (tenant, complaint_id, remedy_id, errand, lease)
             ORDER BY w.tenant, w.complaint_id, w.remedy_id, w.errand FOR UPDATE OF w
         )
         SELECT tenant, complaint_id, remedy_id, source_id, ordinal, terms, order_no, ordered_by, ordered_at, due_at,
                state, purse, advances, overdue, attempts, unwanted, late, reason, changed_at, proof,
                ARRAY(SELECT h.errand FROM held h
                      WHERE (h.tenant, h.complaint_id, h.remedy_id) = (r.tenant, r.complaint_id, r.remedy_id)) AS held
         FROM remedy r WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY tenant, complaint_id, ordinal",
    )
    .bind(column(cases, |(tenant, _)| tenant.as_str()))
    .bind(column(cases, |(_, id)| *id.as_uuid()))
    .bind(column(claimed, |c| c.case.0.as_str()))
    .bind(column(claimed, |c| *c.case.1.as_uuid()))
    .bind(column(claimed, |c| c.remedy))
    .bind(column(claimed, |c| c.errand.code()))
    .bind(column(claimed, |c| c.lease))
    .fetch_all(conn)
    .await?;
    let mut held = Vec::new();
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let one = OfCase::try_from(row.row)?;
        held.extend(row.held.into_iter().map(|errand| (one.remedy.id, errand)));
        all.push(one);
    }
    Ok((all, held))
}

/// The remedies of one case.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Vec<Remedy>, Error> {
    let found = of_cases(conn, &[(tenant.clone(), id)]).await?;
    Ok(found.into_iter().map(|one| one.remedy).collect())
}

/// Writes remedies that are ordered, and what is to be done about them: one statement. What was ordered already stays as
/// it is.
pub async fn order(conn: &mut PgConnection, new: &[OfCase], due: &[Due]) -> Result<(), Error> {
    if new.is_empty() && due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH new AS (
             INSERT INTO remedy (tenant, complaint_id, remedy_id, source_id, ordinal, terms, currency, amount_minor, order_no,
                                 ordered_by, ordered_at, due_at, state, changed_at)
             SELECT tenant, complaint_id, remedy_id, source_id, ordinal, terms, currency, amount_minor, order_no, ordered_by,
                    ordered_at, due_at, 'ordered', ordered_at
             FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::jsonb[], $7::text[],
                         $8::bigint[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[])
                  AS new (tenant, complaint_id, remedy_id, source_id, ordinal, terms, currency, amount_minor, order_no,
                          ordered_by, ordered_at, due_at)
             ON CONFLICT (tenant, complaint_id, remedy_id) DO NOTHING
         )
         INSERT INTO remedy_work (tenant, complaint_id, remedy_id, errand, due_at)
         SELECT * FROM unnest($13::text[], $14::uuid[], $15::uuid[], $16::text[], $17::timestamptz[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column(new, |one| one.case.0.as_str()))
    .bind(column(new, |one| *one.case.1.as_uuid()))
    .bind(column(new, |one| one.remedy.id))
    .bind(column(new, |one| one.remedy.source))
    .bind(column(new, |one| one.remedy.ordinal))
    .bind(column(new, |one| Json(&one.remedy.terms)))
    .bind(column(new, |one| one.remedy.terms.amount.map(|amount| amount.currency.to_string())))
    .bind(column(new, |one| one.remedy.terms.amount.map(|amount| amount.amount_minor)))
    .bind(column(new, |one| one.remedy.order_no.as_str()))
    .bind(column(new, |one| one.remedy.ordered_by.as_str()))
    .bind(column(new, |one| one.remedy.ordered_at.to_sqlx()))
    .bind(column(new, |one| one.remedy.due_at.map(ToSqlx::to_sqlx)))
    .bind(column(due, |d| d.case.0.as_str()))
    .bind(column(due, |d| *d.case.1.as_uuid()))
    .bind(column(due, |d| d.remedy))
    .bind(column(due, |d| d.errand.code()))
    .bind(column(due, |d| d.due_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

fn bind_standing<'q>(
    query: Query<'q, Postgres, PgArguments>,
    changed: &'q [OfCase],
) -> Query<'q, Postgres, PgArguments> {
    query
        .bind(column(changed, |one| one.case.0.as_str()))
        .bind(column(changed, |one| *one.case.1.as_uuid()))
        .bind(column(changed, |one| one.remedy.id))
        .bind(column(changed, |one| one.remedy.state.code()))
        .bind(column(changed, |one| one.remedy.purse.code()))
        .bind(column(changed, |one| i32::try_from(one.remedy.advances).unwrap_or(i32::MAX)))
        .bind(column(changed, |one| one.remedy.overdue))
        .bind(column(changed, |one| i32::try_from(one.remedy.attempts).unwrap_or(i32::MAX)))
        .bind(column(changed, |one| one.remedy.unwanted))
        .bind(column(changed, |one| one.remedy.late))
        .bind(column(changed, |one| one.remedy.reason.as_str()))
        .bind(column(changed, |one| one.remedy.changed_at.to_sqlx()))
        .bind(column(changed, |one| one.remedy.proof.as_ref().map(Json)))
}

/// Writes back where remedies stand; their cases are locked.
pub async fn save(conn: &mut PgConnection, changed: &[OfCase]) -> Result<(), Error> {
    if changed.is_empty() {
        return Ok(());
    }
    bind_standing(sqlx::query(standing!()), changed).execute(conn).await?;
    Ok(())
}

/// How many cases' money does not add up, in one currency each. Reads all remedies, so it may take its time.
pub async fn mismatches(conn: &mut PgConnection) -> Result<u64, Error> {
    sqlx::query("SET LOCAL statement_timeout = '10min'").execute(&mut *conn).await?;
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM money_mismatch").fetch_one(conn).await?;
    Ok(found.unsigned_abs())
}
