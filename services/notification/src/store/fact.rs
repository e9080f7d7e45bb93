//! What other services told of complaints, and whether the lifecycle took it.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, TenantId, coded_enum};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::error::Error;

coded_enum! {
    /// What the lifecycle said of a fact.
    Verdict {
        /// It took it.
        Taken = "taken",
        /// It could not: whoever told the fact undoes it.
        Refused = "refused",
    }
}

/// A fact as it was told.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: ComplaintId,
    /// The event.
    pub event: Uuid,
    /// Its topic.
    pub topic: String,
    /// Its version within complaint and topic.
    pub version: i64,
    /// Its type.
    pub event_type: String,
    /// When it happened.
    pub at: Timestamp,
    /// The message.
    pub payload: Vec<u8>,
    /// Who did it, if told.
    pub actor: Option<String>,
    /// The event that caused it, if told.
    pub causation: Option<Uuid>,
    /// Code of what kind of decider was at work, if told.
    pub decided_by: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// W3C trace state.
    pub tracestate: Option<String>,
    /// What the lifecycle said of it.
    pub verdict: Option<Verdict>,
    /// Whether its letters are queued.
    pub told: bool,
}

/// The lifecycle's answer to a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: ComplaintId,
    /// The fact's event.
    pub event: Uuid,
    /// What it said.
    pub verdict: Verdict,
}

/// Keeps facts that are not there yet; what the lifecycle said of them before stays.
pub async fn keep(conn: &mut PgConnection, facts: &[Kept]) -> Result<(), Error> {
    if facts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO fact AS f (tenant, complaint_id, event_id, topic, version, event_type, occurred_at, payload, decided_by,
                                traceparent, tracestate, actor, causation)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[],
                              $7::timestamptz[], $8::bytea[], $9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[])
         ON CONFLICT (tenant, complaint_id, event_id) DO UPDATE
             SET topic = excluded.topic, version = excluded.version, event_type = excluded.event_type,
                 occurred_at = excluded.occurred_at, payload = excluded.payload, decided_by = excluded.decided_by,
                 traceparent = excluded.traceparent, tracestate = excluded.tracestate,
                 actor = excluded.actor, causation = excluded.causation
             WHERE f.topic IS NULL",
    )
    .bind(column(facts, |f| f.tenant.as_str()))
    .bind(column(facts, |f| *f.complaint.as_uuid()))
    .bind(column(facts, |f| f.event))
    .bind(column(facts, |f| f.topic.as_str()))
    .bind(column(facts, |f| f.version))
    .bind(column(facts, |f| f.event_type.as_str()))
    .bind(column(facts, |f| f.at.to_sqlx()))
    .bind(column(facts, |f| f.payload.as_slice()))
    .bind(column(facts, |f| f.decided_by.as_deref()))
    .bind(column(facts, |f| f.traceparent.as_deref()))
    .bind(column(facts, |f| f.tracestate.as_deref()))
    .bind(column(facts, |f| f.actor.as_deref()))
    .bind(column(facts, |f| f.causation))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down what the lifecycle said; each fact once among `answers`.
pub async fn answer(conn: &mut PgConnection, answers: &[Answer]) -> Result<(), Error> {
    if answers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO fact (tenant, complaint_id, event_id, verdict)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[])
         ON CONFLICT (tenant, complaint_id, event_id) DO UPDATE SET verdict = excluded.verdict",
    )
    .bind(column(answers, |a| a.tenant.as_str()))
    .bind(column(answers, |a| *a.complaint.as_uuid()))
    .bind(column(answers, |a| a.event))
    .bind(column(answers, |a| a.verdict.code()))
    .execute(conn)
    .await?;
    Ok(())
}

/// All that was told of complaints, in the order of topics and versions.
pub async fn of(conn: &mut PgConnection, ids: &[(TenantId, ComplaintId)]) -> Result<Vec<Kept>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT tenant, complaint_id, event_id, topic, version, event_type, occurred_at, payload, decided_by,
                traceparent, tracestate, actor, causation, verdict, told
         FROM fact
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[])) AND topic IS NOT NULL
         ORDER BY tenant, complaint_id, topic, version",
    )
    .bind(column(ids, |(tenant, _)| tenant.as_str()))
    .bind(column(ids, |(_, id)| *id.as_uuid()))
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Notes that the letters of facts are queued.
pub async fn mark_told(conn: &mut PgConnection, told: &[(TenantId, ComplaintId, Uuid)]) -> Result<(), Error> {
    if told.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE fact SET told = true
         FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS new (tenant, complaint_id, event_id)
         WHERE fact.tenant = new.tenant AND fact.complaint_id = new.complaint_id AND fact.event_id = new.event_id",
    )
    .bind(column(told, |(tenant, ..)| tenant.as_str()))
    .bind(column(told, |(_, id, _)| *id.as_uuid()))
    .bind(column(told, |(.., event)| *event))
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    event_id: Uuid,
    topic: String,
    version: i64,
    event_type: String,
    occurred_at: SqlTime,
    payload: Vec<u8>,
    decided_by: Option<String>,
    traceparent: Option<String>,
    tracestate: Option<String>,
    actor: Option<String>,
    causation: Option<Uuid>,
    verdict: Option<String>,
    told: bool,
}

impl Row {
    fn read(self) -> Result<Kept, Error> {
        let id = self.event_id;
        let corrupt = |column, cause: &dyn std::fmt::Display| Corrupt::new("fact", column, id, cause);
        Ok(Kept {
            tenant: self.tenant.parse().map_err(|e| corrupt("tenant", &e))?,
            complaint: ComplaintId::from_uuid(self.complaint_id),
            event: id,
            topic: self.topic,
            version: self.version,
            event_type: self.event_type,
            at: self.occurred_at.to_jiff(),
            payload: self.payload,
            decided_by: self.decided_by,
            traceparent: self.traceparent,
            tracestate: self.tracestate,
            actor: self.actor,
            causation: self.causation,
            verdict: self.verdict.map(|v| v.parse()).transpose().map_err(|e| corrupt("verdict", &e))?,
            told: self.told,
        })
    }
}
