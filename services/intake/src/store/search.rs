//! Lists of complaints, newest first, by keyset: a page costs the same wherever it lies.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{Category, ComplaintId, TenantId};
use redress_runtime::page::After;
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::{FromRow as _, QueryBuilder};

use super::complaint::{Complaint, Row, columns};
use crate::error::Error;

/// Which complaints; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Code of the state.
    pub state: Option<&'static str>,
    /// The category.
    pub category: Option<Category>,
    /// Received at or after.
    pub received_from: Option<Timestamp>,
    /// Received before.
    pub received_until: Option<Timestamp>,
    /// Against this party, by its reference.
    pub respondent: Option<String>,
    /// About this live room.
    pub live_room: Option<String>,
    /// Only those that this complainant may see.
    pub visible_to: Option<Visible>,
}

/// What makes a complaint a complainant's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    /// The subject that submitted it …
    pub subject: String,
    /// … or the complainant it names.
    pub index: Vec<u8>,
}

/// Reads one page.
pub async fn page(
    conn: &mut PgConnection,
    tenant: &TenantId,
    filter: &Filter,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Complaint>, Error> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("SELECT ");
    query.push(columns!()).push(" FROM complaint c WHERE c.tenant = ").push_bind(tenant.as_str().to_owned());
    if let Some(state) = filter.state {
        query.push(" AND c.state = ").push_bind(state);
    }
    if let Some(category) = filter.category {
        query.push(" AND c.category = ").push_bind(category.code());
    }
    if let Some(from) = filter.received_from {
        query.push(" AND c.received_at >= ").push_bind(from.to_sqlx());
    }
    if let Some(until) = filter.received_until {
        query.push(" AND c.received_at < ").push_bind(until.to_sqlx());
    }
    if let Some(room) = &filter.live_room {
        query.push(" AND c.live_room_id = ").push_bind(room.clone());
    }
    if let Some(respondent) = &filter.respondent {
        query
            .push(" AND EXISTS (SELECT FROM party p WHERE p.tenant = c.tenant AND p.complaint_id = c.complaint_id")
            .push(" AND p.external_ref = ")
            .push_bind(respondent.clone())
            .push(")");
    }
    if let Some(visible) = &filter.visible_to {
        query.push(" AND (c.submitted_by = ").push_bind(visible.subject.clone());
        query.push(" OR c.complainant_index = ").push_bind(visible.index.clone()).push(")");
    }
    if let Some(after) = after {
        query.push(" AND (c.received_at, c.complaint_id) < (").push_bind(after.at.to_sqlx());
        query.push(", ").push_bind(after.id).push(")");
    }
    query.push(" ORDER BY c.received_at DESC, c.complaint_id DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(conn).await?;
    rows.iter().map(|row| Row::from_row(row)?.read()).collect()
}

/// The complaints a page holds.
pub fn ids(page: &[Complaint]) -> Vec<ComplaintId> {
    page.iter().map(|complaint| complaint.id).collect()
}
