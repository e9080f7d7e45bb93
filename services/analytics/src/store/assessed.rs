//! The columns of assessments.

use std::collections::BTreeMap;

use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;

use super::column;
use crate::domain::assessed::Assessed;
use crate::error::Error;

/// Puts each in the place of the one before.
pub async fn save(
    conn: &mut PgConnection,
    assessed: &BTreeMap<(TenantId, ComplaintId), Assessed>,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO complaint_fact (tenant, complaint_id, assessed_category, assessed_severity, assessed_urgent)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::boolean[])
         ON CONFLICT (tenant, complaint_id) DO UPDATE
             SET assessed_category = excluded.assessed_category, assessed_severity = excluded.assessed_severity,
                 assessed_urgent = excluded.assessed_urgent",
    )
    .bind(column(assessed.keys(), |(tenant, _)| tenant.as_str()))
    .bind(column(assessed.keys(), |(_, id)| *id.as_uuid()))
    .bind(column(assessed.values(), |a| a.category.code()))
    .bind(column(assessed.values(), |a| a.severity.code()))
    .bind(column(assessed.values(), |a| a.urgent))
    .execute(conn)
    .await?;
    Ok(())
}
