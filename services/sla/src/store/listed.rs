//! Lists of clocks, page by page.
//!
//! Each question reads about as many rows as it answers, however many clocks there are: the indexes have the order of the
//! list, for each state apart, so that several states are their first rows put together.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::TenantId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::clock::{BREACHED, LAPSED, Row, Stored};
use crate::domain::telling::ToldState;
use crate::error::Error;

/// Which clocks are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Of a complaint.
    pub complaint: Option<Uuid>,
    /// In a state of the table.
    pub state: Option<&'static str>,
    /// Of a definition.
    pub definition: Option<String>,
    /// Due at or after.
    pub due_from: Option<Timestamp>,
    /// Due before.
    pub due_until: Option<Timestamp>,
    /// Only those of which word is owed that it takes longer.
    pub notice_owed: bool,
}

/// Where clocks without a due time stand in the order of lists: behind all others.
pub const LAST: &str = "9999-12-30T00:00:00Z";

/// Every state of the table.
fn states() -> Vec<&'static str> {
    ToldState::ALL.iter().map(|state| state.code()).chain([BREACHED, LAPSED]).collect()
}

/// Where a page begins, that place excluded, and before what it ends.
struct Bounds {
    after: (Timestamp, Uuid),
    until: Timestamp,
}

impl Bounds {
    fn of(asked: &Conditions, after: Option<(Timestamp, Uuid)>) -> Self {
        // No clock has this id, so that those due at the very instant are behind it.
        let from = (asked.due_from.unwrap_or(Timestamp::UNIX_EPOCH), Uuid::nil());
        // Whoever asks for a span does not ask for what is never due.
        let spans = asked.due_from.is_some() || asked.due_until.is_some();
        let dated = LAST.parse::<Timestamp>().ok().filter(|_| spans).unwrap_or(Timestamp::MAX);
        Self {
            after: after.map_or(from, |after| after.max(from)),
            until: asked.due_until.map_or(dated, |until| until.min(dated)),
        }
    }
}

/// A page of clocks by due time and id, those without a due time last.
pub async fn page(
    conn: &mut PgConnection,
    tenant: &TenantId,
    asked: &Conditions,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Stored>, Error> {
    let bounds = Bounds::of(asked, after);
    let states = asked.state.map_or_else(states, |state| vec![state]);
    let sql = if asked.complaint.is_some() {
        // A complaint has some dozens.
        "SELECT complaint_id, told, reason FROM clock
         WHERE tenant = $1 AND complaint_id = $9 AND state = ANY ($2)
               AND ($3::text IS NULL OR definition = $3)
               AND (NOT $4 OR notice_owed_at IS NOT NULL)
               AND coalesce(due_at, timestamptz '9999-12-30 00:00:00+00') < $7
               AND (coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id) > ($5, $6)
         ORDER BY coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id LIMIT $8"
    } else {
        "SELECT c.complaint_id, c.told, c.reason
         FROM unnest($2::text[]) AS s(state)
              CROSS JOIN LATERAL (
                  SELECT complaint_id, told, reason, clock_id,
                         coalesce(due_at, timestamptz '9999-12-30 00:00:00+00') AS due
                  FROM clock
                  WHERE tenant = $1 AND state = s.state
                        AND ($3::text IS NULL OR definition = $3)
                        AND (NOT $4 OR notice_owed_at IS NOT NULL)
                        -- The indexes are by this very expression.
                        AND coalesce(due_at, timestamptz '9999-12-30 00:00:00+00') < $7
                        AND (coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id) > ($5, $6)
                  ORDER BY coalesce(due_at, timestamptz '9999-12-30 00:00:00+00'), clock_id LIMIT $8
              ) AS c
         WHERE $9::uuid IS NULL
         ORDER BY c.due, c.clock_id LIMIT $8"
    };
    let rows: Vec<Row> = sqlx::query_as(sql)
        .bind(tenant.as_str())
        .bind(states)
        .bind(asked.definition.as_deref())
        .bind(asked.notice_owed)
        .bind(bounds.after.0.to_sqlx())
        .bind(bounds.after.1)
        .bind(bounds.until.to_sqlx())
        .bind(limit)
        .bind(asked.complaint)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}
