//! What the platform claims back of what it paid first.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, Money, TenantId};
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::case::Key;
use super::{Corrupt, column};
use crate::domain::party::PartyRef;
use crate::domain::remedy::recourse::Claim;
use crate::error::Error;

#[derive(sqlx::FromRow)]
struct Row {
    recourse_id: Uuid,
    remedy_id: Uuid,
    debtor: Json<PartyRef>,
    currency: String,
    amount_minor: i64,
    state: String,
    claimed_by: String,
    claimed_at: SqlTime,
    reference: String,
    reason: String,
}

impl TryFrom<Row> for Claim {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.recourse_id;
        let amount = Money::new(&row.currency, row.amount_minor);
        Ok(Self {
            id,
            remedy: row.remedy_id,
            debtor: row.debtor.0,
            amount: amount.map_err(|e| Corrupt::new("recourse_claim", "amount_minor", id, e))?,
            state: row.state,
            claimed_by: row.claimed_by,
            claimed_at: row.claimed_at.to_jiff(),
            reference: row.reference,
            reason: row.reason,
        })
    }
}

/// The claims of a case, in their order.
pub async fn of_case(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Vec<Claim>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT recourse_id, remedy_id, debtor, currency, amount_minor, state, claimed_by, claimed_at, reference, reason
         FROM recourse_claim WHERE tenant = $1 AND complaint_id = $2 ORDER BY claimed_at, recourse_id",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Claim::try_from).collect()
}

/// Writes a claim.
pub async fn insert(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
    claim: &Claim,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO recourse_claim (tenant, complaint_id, recourse_id, remedy_id, debtor, currency, amount_minor, state,
                                     claimed_by, claimed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .bind(claim.id)
    .bind(claim.remedy)
    .bind(Json(&claim.debtor))
    .bind(claim.amount.currency.as_str())
    .bind(claim.amount.amount_minor)
    .bind(&claim.state)
    .bind(&claim.claimed_by)
    .bind(claim.claimed_at.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes that a claim is over; its case is locked.
pub async fn settle(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
    claim: &Claim,
    (by, now): (&str, Timestamp),
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE recourse_claim SET state = $4, reference = $5, reason = $6, settled_by = $7, settled_at = $8
         WHERE tenant = $1 AND complaint_id = $2 AND recourse_id = $3",
    )
    .bind(tenant.as_str())
    .bind(*id.as_uuid())
    .bind(claim.id)
    .bind(&claim.state)
    .bind(&claim.reference)
    .bind(&claim.reason)
    .bind(by)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives up what is still claimed for remedies that were taken back: nobody owes it any more. Gives the claims.
pub async fn give_up(
    conn: &mut PgConnection,
    remedies: &[(TenantId, ComplaintId, Uuid)],
    now: Timestamp,
) -> Result<Vec<(Key, Claim)>, Error> {
    if remedies.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "UPDATE recourse_claim c
         SET state = 'given_up', reason = 'remedy_reversed', settled_by = $4, settled_at = $5
         FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS back (tenant, complaint_id, remedy_id)
         WHERE (c.tenant, c.complaint_id, c.remedy_id) = (back.tenant, back.complaint_id, back.remedy_id)
           AND c.state = 'claimed'
         RETURNING c.recourse_id, c.remedy_id, c.debtor, c.currency, c.amount_minor, c.state, c.claimed_by, c.claimed_at,
                   c.reference, c.reason",
    )
    .bind(column(remedies, |(tenant, ..)| tenant.as_str()))
    .bind(column(remedies, |(_, id, _)| *id.as_uuid()))
    .bind(column(remedies, |(.., remedy)| *remedy))
    .bind(crate::SOURCE)
    .bind(now.to_sqlx())
    .fetch_all(conn)
    .await?;
    let mut over = Vec::with_capacity(rows.len());
    for claim in rows.into_iter().map(Claim::try_from) {
        let claim = claim?;
        let of = remedies.iter().find(|(.., remedy)| *remedy == claim.remedy);
        over.extend(of.map(|(tenant, id, _)| ((tenant.clone(), *id), claim)));
    }
    Ok(over)
}
