//! What the platform claims back of what it paid first.

use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, Money, TenantId};
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Corrupt;
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
        "SELECT recourse_id, remedy_id, debtor, currency, amount_minor, state, claimed_by, claimed_at
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
