//! Published rule sets, by tenant and version.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;

use crate::error::Error;

/// A rule set's files by name.
pub type Files = BTreeMap<String, String>;

/// The newest version of every tenant that has published one.
pub async fn versions(conn: &mut PgConnection) -> Result<Vec<(String, i32)>, Error> {
    Ok(sqlx::query_as("SELECT tenant, max(version) FROM rule_set GROUP BY tenant").fetch_all(conn).await?)
}

/// The files of one version.
pub async fn files(conn: &mut PgConnection, tenant: &str, version: i32) -> Result<Option<Files>, Error> {
    let found: Option<Json<Files>> =
        sqlx::query_scalar("SELECT files FROM rule_set WHERE tenant = $1 AND version = $2")
            .bind(tenant)
            .bind(version)
            .fetch_optional(conn)
            .await?;
    Ok(found.map(|Json(files)| files))
}

/// Publishes the next version and gives its number. Two at once: the primary key lets one through.
pub async fn publish(
    conn: &mut PgConnection,
    tenant: &TenantId,
    digest: &str,
    files: &Files,
    published_by: &str,
    now: Timestamp,
) -> Result<i32, Error> {
    Ok(sqlx::query_scalar(
        "INSERT INTO rule_set (tenant, version, digest, files, published_by, published_at)
         SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5 FROM rule_set WHERE tenant = $1
         RETURNING version",
    )
    .bind(tenant.as_str())
    .bind(digest)
    .bind(Json(files))
    .bind(published_by)
    .bind(now.to_sqlx())
    .fetch_one(conn)
    .await?)
}

/// A published rule set without its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// From 1.
    pub version: i32,
    /// The name by which assessments pin it.
    pub digest: String,
    /// Who published it.
    pub published_by: String,
    /// When.
    pub published_at: Timestamp,
}

/// What a tenant has published, newest first, older than the version `before`.
pub async fn published(
    conn: &mut PgConnection,
    tenant: &TenantId,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Published>, Error> {
    let rows: Vec<(i32, String, String, SqlTime)> = sqlx::query_as(
        "SELECT version, digest, published_by, published_at FROM rule_set
         WHERE tenant = $1 AND ($2::integer IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
    )
    .bind(tenant.as_str())
    .bind(before)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let read = |(version, digest, published_by, at): (i32, String, String, SqlTime)| Published {
        version,
        digest,
        published_by,
        published_at: at.to_jiff(),
    };
    Ok(rows.into_iter().map(read).collect())
}
