//! What was told of clocks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::case::Key;
use super::{Corrupt, column};
use crate::domain::telling::{Mark, Told, ToldState};
use crate::error::Error;

/// The state of the table: that of the rules, or breached.
pub(crate) fn state(told: &Told) -> &'static str {
    match told.breached_at {
        Some(_) if !told.is_over() && told.window => LAPSED,
        Some(_) if !told.is_over() => BREACHED,
        _ => told.state.code(),
    }
}

/// A clock that was due and that nothing has stopped yet.
pub(crate) const BREACHED: &str = "breached";
/// A window that has passed unused.
pub(crate) const LAPSED: &str = "lapsed";

/// Whether time alone may still make something of it due.
fn is_armed(told: &Told) -> bool {
    !told.is_over() && told.breached_at.is_none()
}

/// The next share that is to be warned of.
pub(crate) fn warn_at(told: &Told) -> Option<Timestamp> {
    let waiting = told.thresholds.iter().filter(|threshold| threshold.mark == Mark::Waiting);
    waiting.filter_map(|threshold| threshold.at).min().filter(|_| is_armed(told))
}

/// When a breach is to be judged.
fn breach_at(told: &Told) -> Option<Timestamp> {
    told.due_at.filter(|_| told.to_judge || (is_armed(told) && told.state == ToldState::Running))
}

/// A clock as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Whose.
    pub key: Key,
    /// What is told of it from now on.
    pub told: Told,
    /// Why it is paused or cancelled, empty if it is neither; none where that has not changed.
    pub reason: Option<String>,
}

/// A clock as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The complaint.
    pub complaint: Uuid,
    /// What was told of it.
    pub told: Told,
    /// Why it is paused or cancelled; else empty.
    pub reason: String,
}

/// Complaint, what was told, and why it is paused or cancelled.
pub(super) type Row = (Uuid, Json<Told>, String);

impl From<Row> for Stored {
    fn from((complaint, Json(told), reason): Row) -> Self {
        Self { complaint, told, reason }
    }
}

/// Writes what is told from now on.
pub async fn save(conn: &mut PgConnection, clocks: &[Saved]) -> Result<(), Error> {
    if clocks.is_empty() {
        return Ok(());
    }
    let time = |get: fn(&Told) -> Option<Timestamp>| {
        column(clocks, move |saved| get(&saved.told).map(ToSqlx::to_sqlx))
    };
    sqlx::query(
        "INSERT INTO clock AS c (tenant, complaint_id, clock_id, definition, subject_id, state, started_at, due_at,
                                 warn_at, breach_at, calendar_id, calendar_version, told, reason, policy_version,
                                 notice_owed_at)
         SELECT tenant, complaint, clock, definition, subject, state, started, due, warn, breach, calendar, version,
                told, coalesce(reason, '-'), policy, owed
         FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                              $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],
                              $11::text[], $12::int[], $13::jsonb[], $14::text[], $15::int[], $16::timestamptz[])
              AS n(tenant, complaint, clock, definition, subject, state, started, due, warn, breach, calendar, version,
                   told, reason, policy, owed)
         ON CONFLICT (tenant, clock_id) DO UPDATE
             SET definition = excluded.definition, subject_id = excluded.subject_id, state = excluded.state,
                 started_at = excluded.started_at, due_at = excluded.due_at, warn_at = excluded.warn_at,
                 breach_at = excluded.breach_at, calendar_id = excluded.calendar_id,
                 calendar_version = excluded.calendar_version, told = excluded.told,
                 policy_version = excluded.policy_version, notice_owed_at = excluded.notice_owed_at,
                 -- No code is a hyphen: what is not told stays.
                 reason = CASE excluded.reason WHEN '-' THEN c.reason ELSE excluded.reason END",
    )
    .bind(column(clocks, |saved| saved.key.0.as_str()))
    .bind(column(clocks, |saved| saved.key.1))
    .bind(column(clocks, |saved| saved.told.clock_id))
    .bind(column(clocks, |saved| saved.told.definition.as_str()))
    .bind(column(clocks, |saved| saved.told.subject.as_str()))
    .bind(column(clocks, |saved| state(&saved.told)))
    .bind(column(clocks, |saved| saved.told.started_at.to_sqlx()))
    .bind(time(|told| told.due_at))
    .bind(time(warn_at))
    .bind(time(breach_at))
    .bind(column(clocks, |saved| saved.told.calendar.as_ref().map_or("", |pin| pin.id.as_str())))
    .bind(column(clocks, |saved| calendar_version(&saved.told)))
    .bind(column(clocks, |saved| Json(&saved.told)))
    .bind(column(clocks, |saved| saved.reason.as_deref()))
    .bind(column(clocks, |saved| i32::try_from(saved.told.policy_version).unwrap_or(i32::MAX)))
    .bind(time(Told::notice_owed_since))
    .execute(conn)
    .await?;
    Ok(())
}

/// The number of the calendar's version; 0 where it counts in none.
fn calendar_version(told: &Told) -> i32 {
    told.calendar.as_ref().and_then(|pin| pin.version.parse().ok()).unwrap_or(0)
}

/// What was told of the clocks of the complaints `keys`.
pub async fn of_cases(
    conn: &mut PgConnection,
    keys: impl IntoIterator<Item = &Key> + Clone,
) -> Result<BTreeMap<Key, Vec<Told>>, Error> {
    let rows: Vec<(String, Uuid, Json<Told>)> = sqlx::query_as(
        "SELECT c.tenant, c.complaint_id, c.told
         FROM unnest($1::text[], $2::uuid[]) AS k(tenant, complaint_id)
              JOIN clock AS c USING (tenant, complaint_id)",
    )
    .bind(column(keys.clone(), |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, complaint)| *complaint))
    .fetch_all(conn)
    .await?;
    let mut all: BTreeMap<Key, Vec<Told>> = BTreeMap::new();
    for (tenant, complaint, Json(told)) in rows {
        let tenant = tenant.parse().map_err(|cause| Corrupt::new("clock", "tenant", complaint, cause))?;
        all.entry((tenant, complaint)).or_default().push(told);
    }
    Ok(all)
}

/// A clock of the tenant's, and whose it is.
pub async fn find(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<Option<Stored>, Error> {
    let row: Option<Row> =
        sqlx::query_as("SELECT complaint_id, told, reason FROM clock WHERE tenant = $1 AND clock_id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(Stored::from))
}
