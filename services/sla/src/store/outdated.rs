//! Open clocks whose calendar has a newer version.

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Corrupt;
use crate::error::Error;

/// Some complaints of one tenant whose clocks count in an older version of one calendar; none if there are none.
pub async fn some(
    conn: &mut PgConnection,
    most: u32,
) -> Result<Option<(TenantId, String, Vec<Uuid>)>, Error> {
    let row: Option<(String, String, Vec<Uuid>)> = sqlx::query_as(
        "SELECT newest.tenant, newest.calendar_id, outdated.complaints
         FROM (SELECT tenant, calendar_id, max(version) AS version FROM calendar GROUP BY tenant, calendar_id) AS newest,
              LATERAL (SELECT array_agg(complaint_id) AS complaints
                       FROM (SELECT DISTINCT complaint_id FROM clock AS c
                             WHERE c.tenant = newest.tenant AND c.calendar_id = newest.calendar_id
                                   AND c.calendar_version < newest.version AND c.state IN ('running', 'paused')
                             LIMIT $1) AS few) AS outdated
         WHERE outdated.complaints IS NOT NULL LIMIT 1",
    )
    .bind(i64::from(most))
    .fetch_optional(conn)
    .await?;
    row.map(|(tenant, calendar, complaints)| {
        let tenant = tenant.parse().map_err(|cause| Corrupt::new("calendar", "tenant", &calendar, cause))?;
        Ok((tenant, calendar, complaints))
    })
    .transpose()
}
