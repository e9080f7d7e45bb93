//! The remedies and the money of a case, as they are shown.

use redress_domain::{ComplaintId, Principal, Problem, TenantId};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::told;
use crate::app::commands::Commands;
use crate::app::standing::{self, Standing};
use crate::domain::remedy::ledger;
use crate::error::Error;
use crate::store::{case, recourse, remedy};

/// The remedies of a case in the order of their ordering, as everybody in the case may see them.
pub async fn shown(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
) -> Result<Vec<wire::Remedy>, Error> {
    let all = remedy::of_case(conn, tenant, complaint).await?;
    Ok(all.iter().map(|one| told::remedy(one, false)).collect())
}

/// The money of a case, per currency (I12).
pub async fn lines(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: ComplaintId,
) -> Result<Vec<wire::MoneyLine>, Error> {
    let all = remedy::of_case(conn, tenant, complaint).await?;
    let claims = recourse::of_case(conn, tenant, complaint).await?;
    let late = remedy::late_of_case(conn, tenant, complaint).await?;
    Ok(ledger::lines(&all, &claims, &late)
        .into_iter()
        .map(|(currency, line)| told::line(currency, line))
        .collect())
}

/// `GetMoneyLedger`: for staff and auditors.
pub async fn ledger(
    commands: &Commands,
    caller: &Principal,
    message: wire::GetMoneyLedgerRequest,
) -> Result<wire::GetMoneyLedgerResponse, Error> {
    let id: ComplaintId = message.complaint_id.parse().map_err(|_| Problem::not_found())?;
    let mut conn = commands.desk.db.pool().acquire().await?;
    let found = case::find(&mut conn, &caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    let index = standing::index_of(&commands.desk.vault, caller).await?;
    if !matches!(Standing::of(caller, &index, &found), Standing::Staff | Standing::Auditor) {
        return Err(Problem::not_found().into());
    }
    let all = remedy::of_case(&mut conn, &caller.tenant, id).await?;
    let claims = recourse::of_case(&mut conn, &caller.tenant, id).await?;
    let late = remedy::late_of_case(&mut conn, &caller.tenant, id).await?;
    let lines = ledger::lines(&all, &claims, &late);
    Ok(wire::GetMoneyLedgerResponse {
        lines: lines.into_iter().map(|(currency, line)| told::line(currency, line)).collect(),
        remedies: all.iter().map(|one| told::remedy(one, true)).collect(),
        recourse: claims.iter().map(told::claim).collect(),
    })
}
