//! Open clocks that are to be computed anew: their calendar has a newer version, or a newer policy moves them.

use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Corrupt;
use super::aside::Work;
use super::calendar::SHIPPED;
use crate::error::Error;

/// Some complaints of one tenant, and why their clocks are computed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub complaints: Vec<Uuid>,
    /// Why.
    pub by: By,
}

/// Why clocks are computed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// This calendar has a newer version.
    Calendar(String),
    /// This version of the policy moves running clocks.
    Policy(u32),
}

/// The complaints of at most so many of them; none if there are none. Complaints that are set aside wait.
pub async fn some(conn: &mut PgConnection, most: u32) -> Result<Option<Outdated>, Error> {
    match by_calendar(conn, most).await? {
        None => by_policy(conn, most).await,
        found => Ok(found),
    }
}

async fn by_calendar(conn: &mut PgConnection, most: u32) -> Result<Option<Outdated>, Error> {
    let row: Option<(String, String, Vec<Uuid>)> = sqlx::query_as(
        // Of a calendar with one version nothing can be outdated. Whoever has published one of that name does not count in the
        // product's; of those who have not, each is asked for by itself, since there may be millions of clocks.
        "WITH RECURSIVE tenants AS (
             SELECT min(tenant) AS tenant FROM clock WHERE state IN ('running', 'paused')
             UNION ALL
             SELECT (SELECT min(c.tenant) FROM clock AS c
                     WHERE c.tenant > t.tenant AND c.state IN ('running', 'paused'))
             FROM tenants AS t
             WHERE t.tenant IS NOT NULL
         ), newest AS (
             SELECT tenant, calendar_id, max(version) AS version FROM calendar
             WHERE tenant <> $3 GROUP BY tenant, calendar_id
             UNION ALL
             SELECT t.tenant, s.calendar_id, s.version
             FROM (SELECT calendar_id, max(version) AS version FROM calendar
                   WHERE tenant = $3 GROUP BY calendar_id HAVING count(*) > 1) AS s
                  JOIN tenants AS t ON NOT EXISTS (SELECT 1 FROM calendar AS own
                                                   WHERE own.tenant = t.tenant AND own.calendar_id = s.calendar_id)
             WHERE t.tenant IS NOT NULL
         )
         SELECT newest.tenant, newest.calendar_id, outdated.complaints
         FROM newest,
              LATERAL (SELECT array_agg(DISTINCT complaint_id) AS complaints
                       FROM (SELECT complaint_id FROM clock AS c
                             WHERE c.tenant = newest.tenant AND c.calendar_id = newest.calendar_id
                                   AND c.calendar_version < newest.version AND c.state IN ('running', 'paused')
                                   AND NOT EXISTS (SELECT 1 FROM set_aside AS s
                                                   WHERE s.tenant = c.tenant AND s.complaint_id = c.complaint_id
                                                         AND s.work = $2 AND s.until > now())
                             LIMIT $1) AS few) AS outdated
         WHERE outdated.complaints IS NOT NULL LIMIT 1",
    )
    .bind(i64::from(most))
    .bind(Work::Recalculation.code())
    .bind(SHIPPED)
    .fetch_optional(conn)
    .await?;
    row.map(|(tenant, calendar, complaints)| {
        let tenant = tenant.parse().map_err(|cause| Corrupt::new("calendar", "tenant", &calendar, cause))?;
        Ok(Outdated { tenant, complaints, by: By::Calendar(calendar) })
    })
    .transpose()
}

async fn by_policy(conn: &mut PgConnection, most: u32) -> Result<Option<Outdated>, Error> {
    let row: Option<(String, i32, Vec<Uuid>)> = sqlx::query_as(
        "SELECT newest.tenant, newest.version, outdated.complaints
         FROM (SELECT tenant, max(version) AS version FROM clock_policy
               WHERE move_running AND effective_at <= redress_time(now()) GROUP BY tenant) AS newest,
              LATERAL (SELECT array_agg(DISTINCT complaint_id) AS complaints
                       FROM (SELECT complaint_id FROM clock AS c
                             WHERE c.tenant = newest.tenant AND c.policy_version < newest.version
                                   AND c.state IN ('running', 'paused')
                                   AND NOT EXISTS (SELECT 1 FROM set_aside AS s
                                                   WHERE s.tenant = c.tenant AND s.complaint_id = c.complaint_id
                                                         AND s.work = $2 AND s.until > now())
                             LIMIT $1) AS few) AS outdated
         WHERE outdated.complaints IS NOT NULL LIMIT 1",
    )
    .bind(i64::from(most))
    .bind(Work::Recalculation.code())
    .fetch_optional(conn)
    .await?;
    row.map(|(tenant, version, complaints)| {
        let tenant =
            tenant.parse().map_err(|cause| Corrupt::new("clock_policy", "tenant", version, cause))?;
        // Positive, by the table's own check.
        Ok(Outdated { tenant, complaints, by: By::Policy(version.unsigned_abs()) })
    })
    .transpose()
}
