//! What was found, of complaints and of incidents.

use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Corrupt, read};
use crate::domain::finding::{Finding, Mark};
use crate::error::Error;

const TABLE: &str = "finding";

#[derive(Debug, FromRow)]
struct Row {
    finding_id: Uuid,
    issue: String,
    fact: Vec<u8>,
    marks: Json<Vec<Mark>>,
    outcome: String,
    standard: String,
    burden: String,
    burden_rule: String,
    found_by: String,
    found_at: Stored,
    supersedes: Option<Uuid>,
    superseded: bool,
}

impl TryFrom<Row> for Finding {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let id = row.finding_id;
        Ok(Self {
            id,
            issue: row.issue,
            fact: row.fact,
            marks: row.marks.0,
            outcome: read(TABLE, "outcome", id, &row.outcome)?,
            standard: read(TABLE, "standard", id, &row.standard)?,
            burden: read(TABLE, "burden", id, &row.burden)?,
            burden_rule: row.burden_rule,
            found_by: row.found_by,
            found_at: row.found_at.to_jiff(),
            supersedes: row.supersedes,
            superseded: row.superseded,
        })
    }
}

/// The findings of a complaint or an incident, oldest first.
pub async fn of(conn: &mut PgConnection, tenant: &TenantId, file: Uuid) -> Result<Vec<Finding>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT finding_id, issue, fact, marks, outcome, standard, burden, burden_rule, found_by, found_at, supersedes,
                superseded
         FROM finding WHERE tenant = $1 AND file_id = $2 ORDER BY found_at, finding_id",
    )
    .bind(tenant.as_str())
    .bind(file)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Finding::try_from).collect::<Result<_, _>>()?)
}

/// Adds a finding to a file that is locked, and marks the one it replaces.
pub async fn insert(
    conn: &mut PgConnection,
    tenant: &TenantId,
    file: Uuid,
    finding: &Finding,
) -> Result<(), Error> {
    sqlx::query(
        "WITH replaced AS (
             UPDATE finding SET superseded = true WHERE tenant = $1 AND file_id = $2 AND finding_id = $13
         )
         INSERT INTO finding (tenant, file_id, finding_id, issue, fact, marks, outcome, standard, burden, burden_rule,
                              found_by, found_at, supersedes, superseded)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, false)",
    )
    .bind(tenant.as_str())
    .bind(file)
    .bind(finding.id)
    .bind(&finding.issue)
    .bind(&finding.fact)
    .bind(Json(&finding.marks))
    .bind(finding.outcome.code())
    .bind(finding.standard.code())
    .bind(finding.burden.code())
    .bind(&finding.burden_rule)
    .bind(&finding.found_by)
    .bind(finding.found_at.to_sqlx())
    .bind(finding.supersedes)
    .execute(conn)
    .await?;
    Ok(())
}
