//! Numbers, made of the facts by one statement per question.
//!
//! The statements are put together of the fragments below; whatever a caller says is bound.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::TenantId;
use sqlx::QueryBuilder;
use sqlx::postgres::{PgConnection, Postgres};

use super::fact::push_selection;
use crate::domain::metric::{Condition, Measure, Number, Population};
use crate::domain::selection::{Dimension, Selection, Span};
use crate::error::Error;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Of which complaints.
    pub selection: Selection,
    /// What is made of them.
    pub measure: Measure,
    /// Length of a window in seconds; none for one window.
    pub window_seconds: Option<u32>,
    /// By what they are split.
    pub split: Option<Dimension>,
    /// Most rows.
    pub limit: i64,
}

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The window's beginning.
    pub window_start: Timestamp,
    /// The value of the dimension; empty if not split, and for complaints that have none.
    pub key: String,
    /// The number.
    pub value: f64,
    /// Of how many complaints it is made.
    pub population: i64,
}

/// The answer: windows in their order, the largest value first within one.
pub async fn rows(
    conn: &mut PgConnection,
    tenant: &TenantId,
    question: &Question,
) -> Result<Vec<Row>, Error> {
    let from = question.selection.span.from.to_sqlx();
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("SELECT ");
    match question.window_seconds {
        Some(seconds) => query
            .push("date_bin(")
            .push_bind(f64::from(seconds))
            .push(" * interval '1 second', received_at, ")
            .push_bind(from)
            .push(")"),
        None => query.push_bind(from),
    };
    query.push(" AS window_start, ");
    match question.split {
        Some(dimension) => query.push("coalesce(").push(dimension.code()).push(", '')"),
        None => query.push("''"),
    };
    query.push(" AS key, ");
    push_measure(&mut query, question.measure);
    query.push(" AS value, count(*) AS population FROM fact");
    if question.measure == Measure::Share(Condition::Repeated) {
        push_repetitions(&mut query, tenant, question.selection.span);
    }
    query.push(" WHERE ");
    push_selection(&mut query, tenant, &question.selection);
    query.push(" GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2 LIMIT ").push_bind(question.limit.saturating_add(1));
    let rows: Vec<(SqlTime, String, f64, i64)> = query.build_query_as().fetch_all(conn).await?;
    let row = |(window_start, key, value, population): (SqlTime, String, f64, i64)| Row {
        window_start: window_start.to_jiff(),
        key,
        value,
        population,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The complaints of a span that the view calls repeated, found in one pass: asked row by row, a million takes four times
/// as long.
fn push_repetitions(query: &mut QueryBuilder<Postgres>, tenant: &TenantId, span: Span) {
    query
        .push(
            " LEFT JOIN (SELECT complaint_id AS repetition_id
                         FROM (SELECT complaint_id, received_at - lag(received_at) OVER (
                                          PARTITION BY complainant_index ORDER BY received_at, complaint_id) AS since
                               FROM complaint_fact
                               WHERE complainant_index IS NOT NULL AND tenant = ",
        )
        .push_bind(tenant.as_str().to_owned())
        .push(" AND received_at >= ")
        .push_bind(span.from.to_sqlx())
        .push(" - interval '72 hours' AND received_at < ")
        .push_bind(span.until.to_sqlx())
        .push(
            ") AS one WHERE since <= interval '72 hours') AS repetition
              ON repetition_id = complaint_id",
        );
}

fn push_measure(query: &mut QueryBuilder<Postgres>, measure: Measure) {
    match measure {
        Measure::Count => query.push("count(*)::float8"),
        Measure::Incidents => query.push("count(DISTINCT incident_id)::float8"),
        Measure::Share(condition) => {
            query.push("(count(*) FILTER (WHERE ").push(holds(condition)).push("))::float8 / count(*)")
        }
        Measure::Ratio { of, to } => query
            .push("sum(")
            .push(value(of))
            .push(")::float8 / nullif(sum(")
            .push(value(to))
            .push("), 0)::float8"),
        Measure::Sum(number) => query.push("sum(").push(value(number)).push(")::float8"),
        Measure::Mean(number) => query.push("avg(").push(value(number)).push(")::float8"),
        Measure::Quantile { of, at } => query
            .push("percentile_cont(")
            .push_bind(at)
            .push(") WITHIN GROUP (ORDER BY ")
            .push(value(of))
            .push(")"),
    };
}

/// Whether a fact belongs to a population.
pub(super) fn push_population(
    query: &mut QueryBuilder<Postgres>,
    population: Population,
    notices_through: Option<Timestamp>,
) {
    let belongs = match population {
        Population::Registered => "TRUE",
        Population::Identified => "complainant_index IS NOT NULL",
        Population::Answered => "first_response_at IS NOT NULL",
        Population::Assessed => "category IS NOT NULL",
        Population::Decided => "decided_at IS NOT NULL",
        Population::Told => "result_at IS NOT NULL",
        Population::Ended => "(ended_at IS NOT NULL AND state <> 'merged')",
        Population::Surveyed => "satisfaction IS NOT NULL",
        Population::Investigated => "investigation_opened_at IS NOT NULL",
        Population::Concluded => "investigation_concluded_at IS NOT NULL",
        Population::EvidenceAsked => "evidence_requested > 0",
        Population::Remedied => "remedies_ordered > 0",
        Population::ClockJudged => "clocks_judged > 0",
        // What `incident_id IS NOT NULL` says, in a form that is answered for all rows at once.
        Population::InIncident => {
            "EXISTS (SELECT FROM incident_member AS m LEFT JOIN incident AS i USING (tenant, incident_id)
                     WHERE m.tenant = fact.tenant AND m.complaint_id = fact.complaint_id
                       AND i.state IS DISTINCT FROM 'dissolved')"
        }
        Population::AcknowledgementJudged => {
            let through = notices_through.map(ToSqlx::to_sqlx);
            query.push("(acknowledged_at IS NOT NULL OR acknowledge_by <= ").push_bind(through).push(")");
            return;
        }
    };
    query.push(belongs);
}

fn holds(condition: Condition) -> &'static str {
    match condition {
        Condition::Repeated => "repetition_id IS NOT NULL",
        Condition::AcknowledgedInTime => "acknowledged_at <= acknowledge_by",
        Condition::Urgent => "urgent",
        Condition::Resolved => "outcome IN ('upheld', 'partly_upheld', 'not_upheld', 'settled_no_finding')",
    }
}

fn value(number: Number) -> &'static str {
    match number {
        Number::FirstResponseSeconds => "extract(epoch FROM first_response_at - received_at)::float8",
        Number::DecisionSeconds => "extract(epoch FROM decided_at - received_at)::float8",
        Number::ResultSeconds => "extract(epoch FROM result_at - received_at)::float8",
        Number::Satisfaction => "satisfaction",
        Number::EndSeconds => "extract(epoch FROM ended_at - received_at)::float8",
        Number::InvestigationOpenedSeconds => {
            "extract(epoch FROM investigation_opened_at - received_at)::float8"
        }
        Number::InvestigationConcludedSeconds => {
            "extract(epoch FROM investigation_concluded_at - received_at)::float8"
        }
        // The code is the fact's column.
        counted => counted.code(),
    }
}
