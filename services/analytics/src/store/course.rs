//! The lifecycle's columns of the facts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{Channel, ComplaintId, TenantId};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::assessed::Assessed;
use crate::domain::course::{Course, Registration};
use crate::error::Error;

/// Courses by complaint, in the order in which rows are locked.
pub type Courses = BTreeMap<(TenantId, ComplaintId), Course>;

#[derive(FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    received_at: Option<SqlTime>,
    acknowledge_by: Option<SqlTime>,
    channel: Option<String>,
    complainant_index: Option<Vec<u8>>,
    merchant: Option<String>,
    anchor: Option<String>,
    live_room: Option<String>,
    state: Option<String>,
    category: Option<String>,
    severity: Option<String>,
    urgent: Option<bool>,
    decided_at: Option<SqlTime>,
    result_at: Option<SqlTime>,
    ended_at: Option<SqlTime>,
    outcome: Option<String>,
    cause: Option<String>,
    resubmissions: i32,
}

impl Row {
    fn read(self) -> Result<((TenantId, ComplaintId), Course), Error> {
        let id = self.complaint_id;
        let tenant = self.tenant.parse().map_err(|cause| Corrupt::new("tenant", id, cause))?;
        let channel: Option<Channel> =
            self.channel.map(|code| code.parse()).transpose().map_err(|e| Corrupt::new("channel", id, e))?;
        let registration = match (self.received_at, self.acknowledge_by, channel) {
            (Some(received_at), Some(acknowledge_by), Some(channel)) => Some(Registration {
                received_at: received_at.to_jiff(),
                acknowledge_by: acknowledge_by.to_jiff(),
                channel,
                complainant_index: self.complainant_index,
                merchant: self.merchant,
                anchor: self.anchor,
                live_room: self.live_room,
            }),
            _ => None,
        };
        let category = self.category.map(|code| code.parse()).transpose();
        let severity = self.severity.map(|code| code.parse()).transpose();
        let category = category.map_err(|cause| Corrupt::new("category", id, cause))?;
        let severity = severity.map_err(|cause| Corrupt::new("severity", id, cause))?;
        let assessed = match (category, severity, self.urgent) {
            (Some(category), Some(severity), Some(urgent)) => Some(Assessed { category, severity, urgent }),
            _ => None,
        };
        let state = self.state.map(|code| code.parse()).transpose();
        let course = Course {
            registration,
            state: state.map_err(|cause| Corrupt::new("state", id, cause))?,
            assessed,
            decided_at: self.decided_at.map(SqlTime::to_jiff),
            result_at: self.result_at.map(SqlTime::to_jiff),
            ended_at: self.ended_at.map(SqlTime::to_jiff),
            outcome: self.outcome,
            cause: self.cause,
            resubmissions: self.resubmissions,
        };
        Ok(((tenant, ComplaintId::from_uuid(id)), course))
    }
}

/// Replaces those of `courses` that are known by what is known of them.
///
/// Nothing is locked: the kit lets one batch at a time follow a complaint's lifecycle, and nobody else writes these
/// columns.
pub async fn load(conn: &mut PgConnection, courses: &mut Courses) -> Result<(), Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT tenant, complaint_id, received_at, acknowledge_by, channel, complainant_index, merchant, anchor,
                live_room, state, category, severity, urgent, decided_at, result_at, ended_at, outcome, cause,
                resubmissions
         FROM complaint_fact
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(courses.keys(), |(tenant, _)| tenant.as_str()))
    .bind(column(courses.keys(), |(_, id)| *id.as_uuid()))
    .fetch_all(conn)
    .await?;
    for row in rows {
        let (id, course) = row.read()?;
        courses.insert(id, course);
    }
    Ok(())
}

/// Writes the courses as they stand.
pub async fn save(conn: &mut PgConnection, courses: &Courses) -> Result<(), Error> {
    let registered = |get: fn(&Registration) -> Option<&str>| {
        column(courses.values(), move |course| course.registration.as_ref().and_then(get))
    };
    let received = |get: fn(&Registration) -> Timestamp| {
        column(courses.values(), move |course| course.registration.as_ref().map(|r| get(r).to_sqlx()))
    };
    let happened = |get: fn(&Course) -> Option<Timestamp>| {
        column(courses.values(), move |course| get(course).map(ToSqlx::to_sqlx))
    };
    let index = |course: &Course| course.registration.as_ref().and_then(|r| r.complainant_index.clone());
    sqlx::query(
        "INSERT INTO complaint_fact (tenant, complaint_id, received_at, acknowledge_by, channel, complainant_index,
                                     merchant, anchor, live_room, state, category, severity, urgent, decided_at,
                                     result_at, ended_at, outcome, resubmissions, cause)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::bytea[],
                              $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[],
                              $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::text[], $18::integer[],
                              $19::text[])
         ON CONFLICT (tenant, complaint_id) DO UPDATE
             SET received_at = excluded.received_at, acknowledge_by = excluded.acknowledge_by,
                 channel = excluded.channel, complainant_index = excluded.complainant_index,
                 merchant = excluded.merchant, anchor = excluded.anchor, live_room = excluded.live_room,
                 state = excluded.state, category = excluded.category, severity = excluded.severity,
                 urgent = excluded.urgent, decided_at = excluded.decided_at, result_at = excluded.result_at,
                 ended_at = excluded.ended_at, outcome = excluded.outcome, cause = excluded.cause,
                 resubmissions = excluded.resubmissions",
    )
    .bind(column(courses.keys(), |(tenant, _)| tenant.as_str()))
    .bind(column(courses.keys(), |(_, id)| *id.as_uuid()))
    .bind(received(|r| r.received_at))
    .bind(received(|r| r.acknowledge_by))
    .bind(registered(|r| Some(r.channel.code())))
    .bind(column(courses.values(), index))
    .bind(registered(|r| r.merchant.as_deref()))
    .bind(registered(|r| r.anchor.as_deref()))
    .bind(registered(|r| r.live_room.as_deref()))
    .bind(column(courses.values(), |course| course.state.map(crate::domain::state::State::code)))
    .bind(column(courses.values(), |course| course.assessed.map(|a| a.category.code())))
    .bind(column(courses.values(), |course| course.assessed.map(|a| a.severity.code())))
    .bind(column(courses.values(), |course| course.assessed.map(|a| a.urgent)))
    .bind(happened(|course| course.decided_at))
    .bind(happened(|course| course.result_at))
    .bind(happened(|course| course.ended_at))
    .bind(column(courses.values(), |course| course.outcome.as_deref()))
    .bind(column(courses.values(), |course| course.resubmissions))
    .bind(column(courses.values(), |course| course.cause.as_deref()))
    .execute(conn)
    .await?;
    Ok(())
}
