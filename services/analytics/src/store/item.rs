//! Requests for evidence, remedies, appeals and clocks, and the columns of investigation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::item::{Item, ItemKind, ItemState};
use crate::domain::selection::Span;
use crate::error::Error;

/// Items by tenant, complaint, kind and id, in the order in which rows are locked.
pub type Items = BTreeMap<(TenantId, ComplaintId, ItemKind, Uuid), Item>;

/// When an investigation was first opened and first concluded, as far as a batch tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Investigated {
    /// First opened.
    pub opened_at: Option<Timestamp>,
    /// First concluded.
    pub concluded_at: Option<Timestamp>,
}

/// Adds what is told of items to what is known of them.
pub async fn save(conn: &mut PgConnection, items: &Items) -> Result<(), Error> {
    if items.is_empty() {
        return Ok(());
    }
    let times = |get: fn(&Item) -> Option<Timestamp>| {
        column(items.values(), move |item| get(item).map(ToSqlx::to_sqlx))
    };
    sqlx::query(
        "INSERT INTO case_item AS i (tenant, complaint_id, kind, item_id, what, state, began_at, due_at, ended_at, currency,
                                     amount_minor)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
                              $8::timestamptz[], $9::timestamptz[], $10::text[], $11::bigint[])
         ON CONFLICT (tenant, complaint_id, kind, item_id) DO UPDATE
             SET what = coalesce(excluded.what, i.what), state = coalesce(excluded.state, i.state),
                 began_at = coalesce(excluded.began_at, i.began_at), due_at = coalesce(excluded.due_at, i.due_at),
                 ended_at = coalesce(excluded.ended_at, i.ended_at),
                 currency = coalesce(excluded.currency, i.currency),
                 amount_minor = coalesce(excluded.amount_minor, i.amount_minor)",
    )
    .bind(column(items.keys(), |(tenant, ..)| tenant.as_str()))
    .bind(column(items.keys(), |(_, id, ..)| *id.as_uuid()))
    .bind(column(items.keys(), |(.., kind, _)| kind.code()))
    .bind(column(items.keys(), |(.., id)| *id))
    .bind(column(items.values(), |item| item.what.as_deref()))
    .bind(column(items.values(), |item| item.state.map(ItemState::code)))
    .bind(times(|item| item.began_at))
    .bind(times(|item| item.due_at))
    .bind(times(|item| item.ended_at))
    .bind(column(items.values(), |item| item.currency.as_deref()))
    .bind(column(items.values(), |item| item.amount_minor))
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds when investigations were opened and concluded; the first time of each counts.
pub async fn save_investigated(
    conn: &mut PgConnection,
    investigated: &BTreeMap<(TenantId, ComplaintId), Investigated>,
) -> Result<(), Error> {
    if investigated.is_empty() {
        return Ok(());
    }
    let times = |get: fn(&Investigated) -> Option<Timestamp>| {
        column(investigated.values(), move |one| get(one).map(ToSqlx::to_sqlx))
    };
    sqlx::query(
        "INSERT INTO complaint_fact AS f (tenant, complaint_id, investigation_opened_at, investigation_concluded_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
         ON CONFLICT (tenant, complaint_id) DO UPDATE
             SET investigation_opened_at = coalesce(f.investigation_opened_at, excluded.investigation_opened_at),
                 investigation_concluded_at =
                     coalesce(f.investigation_concluded_at, excluded.investigation_concluded_at)",
    )
    .bind(column(investigated.keys(), |(tenant, _)| tenant.as_str()))
    .bind(column(investigated.keys(), |(_, id)| *id.as_uuid()))
    .bind(times(|one| one.opened_at))
    .bind(times(|one| one.concluded_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// A clock that was met or breached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The complaint's time of receipt.
    pub received_at: Timestamp,
    /// The complaint.
    pub complaint: Uuid,
    /// The clock.
    pub id: Uuid,
    /// Its definition.
    pub definition: String,
    /// When it was due; none if it was met while it was paused.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub state: ItemState,
    /// When it came to that.
    pub ended_at: Option<Timestamp>,
}

/// A page of the judged clocks of complaints of a span, by time of receipt; without C05, whose facts are those of
/// notices.
pub async fn judged(
    conn: &mut PgConnection,
    tenant: &TenantId,
    span: Span,
    after: Option<&Judged>,
    limit: i64,
) -> Result<Vec<Judged>, Error> {
    type Row = (SqlTime, Uuid, Uuid, String, Option<SqlTime>, String, Option<SqlTime>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT f.received_at, i.complaint_id, i.item_id, i.what, i.due_at, i.state, i.ended_at
         FROM complaint_fact AS f JOIN case_item AS i USING (tenant, complaint_id)
         -- What the page begins with is told to the index too: the comparison of rows spans two tables.
         WHERE f.tenant = $1 AND f.received_at >= coalesce($4, $2) AND f.received_at < $3
               AND i.kind = 'clock' AND i.what <> 'C05' AND i.state IN ('met', 'met_late', 'breached')
               AND ($4::timestamptz IS NULL OR (f.received_at, i.complaint_id, i.item_id) > ($4, $5, $6))
         ORDER BY f.received_at, i.complaint_id, i.item_id LIMIT $7",
    )
    .bind(tenant.as_str())
    .bind(span.from.to_sqlx())
    .bind(span.until.to_sqlx())
    .bind(after.map(|after| after.received_at.to_sqlx()))
    .bind(after.map(|after| after.complaint))
    .bind(after.map(|after| after.id))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let read = |(received_at, complaint, id, definition, due_at, state, ended_at): Row| {
        let state = state.parse().map_err(|cause| Corrupt::new("clock.state", complaint, cause))?;
        Ok(Judged {
            received_at: received_at.to_jiff(),
            complaint,
            id,
            definition,
            due_at: due_at.map(SqlTime::to_jiff),
            state,
            ended_at: ended_at.map(SqlTime::to_jiff),
        })
    };
    rows.into_iter().map(read).collect()
}
