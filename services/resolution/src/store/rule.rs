//! The tenant's rules, in all their versions.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;

use crate::domain::rules::RuleVersion;
use crate::error::Error;

#[derive(sqlx::FromRow)]
struct Row {
    rule_id: String,
    version: i32,
    title: String,
    text: String,
    published_at: SqlTime,
    effective_at: SqlTime,
    large_change: bool,
    law: bool,
}

impl From<Row> for RuleVersion {
    fn from(row: Row) -> Self {
        Self {
            id: row.rule_id,
            // From 1, by the table's own check.
            version: row.version.unsigned_abs(),
            title: row.title,
            text: row.text,
            published_at: row.published_at.to_jiff(),
            effective_at: row.effective_at.to_jiff(),
            large_change: row.large_change,
            law: row.law,
        }
    }
}

/// Every version of the rules `ids`, by rule and number; their texts only where `with_texts`.
pub async fn versions(
    conn: &mut PgConnection,
    tenant: &TenantId,
    ids: &[&str],
    with_texts: bool,
) -> Result<Vec<RuleVersion>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT rule_id, version, title, CASE WHEN $3 THEN text ELSE '' END AS text, published_at, effective_at,
                large_change, law
         FROM rule_version WHERE tenant = $1 AND rule_id = ANY($2) ORDER BY rule_id, version",
    )
    .bind(tenant.as_str())
    .bind(ids)
    .bind(with_texts)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(RuleVersion::from).collect())
}

/// Keeps others from publishing the same rule until the transaction ends.
pub async fn lock(conn: &mut PgConnection, tenant: &TenantId, id: &str) -> Result<(), Error> {
    // There may be no row yet to lock. Two names that share a hash wait for each other, no more.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1 || '/' || $2, 0))")
        .bind(tenant.as_str())
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes a version.
pub async fn insert(
    conn: &mut PgConnection,
    tenant: &TenantId,
    rule: &RuleVersion,
    (published_by, seconded_by): (&str, &str),
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO rule_version (tenant, rule_id, version, title, text, published_at, effective_at, large_change, law,
                                   sha256, published_by, registered_at, seconded_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(tenant.as_str())
    .bind(&rule.id)
    .bind(i32::try_from(rule.version).unwrap_or(i32::MAX))
    .bind(&rule.title)
    .bind(&rule.text)
    .bind(rule.published_at.to_sqlx())
    .bind(rule.effective_at.to_sqlx())
    .bind(rule.large_change)
    .bind(rule.law)
    .bind(rule.sha256())
    .bind(published_by)
    .bind(now.to_sqlx())
    .bind(seconded_by)
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets a version that another person has proposed in the same words wait no more; gives who proposed it.
pub async fn take_awaiting(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: &str,
    (by, sha256): (&str, &str),
) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar(
        "DELETE FROM rule_awaiting WHERE tenant = $1 AND rule_id = $2 AND proposed_by <> $3 AND sha256 = $4
         RETURNING proposed_by",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(by)
    .bind(sha256)
    .fetch_optional(conn)
    .await?)
}

/// Lets a version wait for a second person, in the place of what waited before.
pub async fn await_second(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: &str,
    (by, sha256): (&str, &str),
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO rule_awaiting (tenant, rule_id, sha256, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, rule_id) DO UPDATE
         SET sha256 = EXCLUDED.sha256, proposed_by = EXCLUDED.proposed_by, proposed_at = EXCLUDED.proposed_at",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(sha256)
    .bind(by)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

/// When a decision last rested on a rule, in whichever version. Reads the tenant's decisions, for a text of law that is
/// entered late, which is seldom: it may take its time.
pub async fn last_decision(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<Timestamp>, Error> {
    sqlx::query("SET LOCAL statement_timeout = '10min'").execute(&mut *conn).await?;
    let last: Option<SqlTime> = sqlx::query_scalar(
        "SELECT max(at) FROM (
             SELECT coalesce(content->>'determined_at', content->>'recommended_at')::timestamptz AS at
             FROM case_record
             WHERE tenant = $1 AND kind IN ('liability', 'sanction')
                   AND EXISTS (SELECT FROM jsonb_array_elements_text(content->'rules') AS rule
                               WHERE starts_with(rule, $2 || '@'))
             UNION ALL
             SELECT ordered_at FROM remedy
             WHERE tenant = $1 AND starts_with(terms->>'charge_rule', $2 || '@')
         ) AS rested",
    )
    .bind(tenant.as_str())
    .bind(id)
    .fetch_one(conn)
    .await?;
    Ok(last.map(SqlTime::to_jiff))
}
