//! Facts of single complaints: one, and pages of them by keyset, so that a page costs the same wherever it lies.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{Category, Channel, ComplaintId, Severity, TenantId};
use redress_runtime::page::After;
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::Corrupt;
use super::metric::push_population;
use crate::domain::selection::Selection;
use crate::domain::state::State;
use crate::error::Error;

/// What is counted of one complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The complaint.
    pub id: ComplaintId,
    /// When it was received.
    pub received_at: Timestamp,
    /// Through which channel.
    pub channel: Channel,
    /// What it is about, once assessed.
    pub category: Option<Category>,
    /// How grave it is, once assessed.
    pub severity: Option<Severity>,
    /// Whether it is urgent; not until assessed.
    pub urgent: bool,
    /// Where it stands.
    pub state: State,
    /// The first merchant complained of.
    pub merchant: Option<String>,
    /// The anchor.
    pub anchor: Option<String>,
    /// The live room.
    pub live_room: Option<String>,
    /// The incident it counts to.
    pub incident_id: Option<Uuid>,
    /// By when its receipt is to be acknowledged (C05).
    pub acknowledge_by: Timestamp,
    /// When it first was.
    pub acknowledged_at: Option<Timestamp>,
    /// When the complainant was first answered.
    pub first_response_at: Option<Timestamp>,
    /// When it was first decided whether it is taken up.
    pub decided_at: Option<Timestamp>,
    /// When a result was first told.
    pub result_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it came to.
    pub outcome: Option<String>,
    /// Whether the same complainant had complained in the 72 hours before.
    pub repeated: bool,
    /// The complainant's last answer to the survey, 1 to 5.
    pub satisfaction: Option<i16>,
    /// How often its submission came again.
    pub resubmissions: i32,
    /// Where the cause lay.
    pub cause: Option<String>,
    /// When an investigation was first opened.
    pub investigation_opened_at: Option<Timestamp>,
    /// When one was first concluded.
    pub investigation_concluded_at: Option<Timestamp>,
    /// The currency of its remedies.
    pub currency: Option<String>,
    /// What was done in it.
    pub steps: Steps,
}

/// What investigation, resolution and the clocks tell of a complaint, added up.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Steps {
    /// Requests for evidence that were made.
    pub evidence_requested: i32,
    /// Of them: lapsed.
    pub evidence_lapsed: i32,
    /// Remedies that were ordered.
    pub remedies_ordered: i32,
    /// Of them: carried out.
    pub remedies_executed: i32,
    /// Of them: paid first by the platform.
    pub remedies_advanced: i32,
    /// Of them: failed.
    pub remedies_failed: i32,
    /// Money ordered, minor units.
    pub amount_ordered: i64,
    /// Of it: paid by whoever had to.
    pub amount_executed: i64,
    /// Of it: paid first by the platform.
    pub amount_advanced: i64,
    /// Of it: not paid.
    pub amount_failed: i64,
    /// Appeals that were filed.
    pub appeals: i32,
    /// Clocks met in time, C05 aside.
    pub clocks_met: i32,
    /// Clocks met or breached.
    pub clocks_judged: i32,
}

#[derive(FromRow)]
struct Row {
    complaint_id: Uuid,
    received_at: SqlTime,
    channel: String,
    category: Option<String>,
    severity: Option<String>,
    urgent: Option<bool>,
    state: String,
    merchant: Option<String>,
    anchor: Option<String>,
    live_room: Option<String>,
    incident_id: Option<Uuid>,
    acknowledge_by: SqlTime,
    acknowledged_at: Option<SqlTime>,
    first_response_at: Option<SqlTime>,
    decided_at: Option<SqlTime>,
    result_at: Option<SqlTime>,
    ended_at: Option<SqlTime>,
    outcome: Option<String>,
    repeated: bool,
    satisfaction: Option<i16>,
    resubmissions: i32,
    cause: Option<String>,
    investigation_opened_at: Option<SqlTime>,
    investigation_concluded_at: Option<SqlTime>,
    currency: Option<String>,
    #[sqlx(flatten)]
    steps: Steps,
}

const COLUMNS: &str = "complaint_id, received_at, channel, category, severity, urgent, state, merchant, anchor, \
                       live_room, incident_id, acknowledge_by, acknowledged_at, first_response_at, decided_at, \
                       result_at, ended_at, outcome, repeated, satisfaction, resubmissions, cause, investigation_opened_at, \
                       investigation_concluded_at, currency, evidence_requested, evidence_lapsed, remedies_ordered, \
                       remedies_executed, remedies_advanced, remedies_failed, amount_ordered, amount_executed, \
                       amount_advanced, amount_failed, appeals, clocks_met, clocks_judged";

impl Row {
    fn read(self) -> Result<Fact, Error> {
        let id = self.complaint_id;
        let category = self.category.map(|code| code.parse()).transpose();
        let severity = self.severity.map(|code| code.parse()).transpose();
        Ok(Fact {
            id: ComplaintId::from_uuid(id),
            received_at: self.received_at.to_jiff(),
            channel: self.channel.parse().map_err(|cause| Corrupt::new("channel", id, cause))?,
            category: category.map_err(|cause| Corrupt::new("category", id, cause))?,
            severity: severity.map_err(|cause| Corrupt::new("severity", id, cause))?,
            urgent: self.urgent.unwrap_or(false),
            state: self.state.parse().map_err(|cause| Corrupt::new("state", id, cause))?,
            merchant: self.merchant,
            anchor: self.anchor,
            live_room: self.live_room,
            incident_id: self.incident_id,
            acknowledge_by: self.acknowledge_by.to_jiff(),
            acknowledged_at: self.acknowledged_at.map(SqlTime::to_jiff),
            first_response_at: self.first_response_at.map(SqlTime::to_jiff),
            decided_at: self.decided_at.map(SqlTime::to_jiff),
            result_at: self.result_at.map(SqlTime::to_jiff),
            ended_at: self.ended_at.map(SqlTime::to_jiff),
            outcome: self.outcome,
            repeated: self.repeated,
            satisfaction: self.satisfaction,
            resubmissions: self.resubmissions,
            cause: self.cause,
            investigation_opened_at: self.investigation_opened_at.map(SqlTime::to_jiff),
            investigation_concluded_at: self.investigation_concluded_at.map(SqlTime::to_jiff),
            currency: self.currency,
            steps: self.steps,
        })
    }
}

/// The order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By time of receipt.
    OldestFirst,
    /// Against it.
    NewestFirst,
}

/// The facts of a complaint.
pub async fn find(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: ComplaintId,
) -> Result<Option<Fact>, Error> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM fact WHERE tenant = ").push_bind(tenant.as_str().to_owned());
    query.push(" AND complaint_id = ").push_bind(*id.as_uuid());
    let row: Option<Row> = query.build_query_as().fetch_optional(conn).await?;
    row.map(Row::read).transpose()
}

/// A page of the facts that are selected.
pub async fn page(
    conn: &mut PgConnection,
    tenant: &TenantId,
    selection: &Selection,
    order: Order,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Fact>, Error> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM fact WHERE ");
    push_selection(&mut query, tenant, selection);
    let (beyond, direction) = match order {
        Order::OldestFirst => (" AND (received_at, complaint_id) > (", "ASC"),
        Order::NewestFirst => (" AND (received_at, complaint_id) < (", "DESC"),
    };
    if let Some(after) = after {
        query.push(beyond).push_bind(after.at.to_sqlx()).push(", ").push_bind(after.id).push(")");
    }
    query.push(" ORDER BY received_at ").push(direction).push(", complaint_id ").push(direction);
    query.push(" LIMIT ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(Row::read).collect()
}

/// The condition of a selection.
pub(super) fn push_selection(query: &mut QueryBuilder<Postgres>, tenant: &TenantId, selection: &Selection) {
    let span = selection.span;
    query.push("tenant = ").push_bind(tenant.as_str().to_owned());
    query.push(" AND received_at >= ").push_bind(span.from.to_sqlx());
    query.push(" AND received_at < ").push_bind(span.until.to_sqlx()).push(" AND ");
    push_population(query, selection.among, selection.notices_through);
    match &selection.slice {
        None => {}
        Some((dimension, None)) => {
            query.push(" AND ").push(dimension.code()).push(" IS NULL");
        }
        Some((dimension, Some(value))) => {
            query.push(" AND ").push(dimension.code()).push(" = ").push_bind(value.clone());
        }
    }
}
