//! Moving complaints through their lifecycle and saving where they came to: row, audit entries and events, set-based, in
//! the transaction of whoever moves them. People's commands and the facts of other services come together here.

use jiff::Timestamp;
use redress_domain::{Problem, event_id};
use redress_messaging::EventMeta;
use redress_outbox::{OutboxEvent, enqueue};
use redress_proto::types::v1::Sealed;
use serde_json::Value;
use sqlx::postgres::PgConnection;

use super::publish::message;
use crate::domain::audit::Entry;
use crate::domain::lifecycle::{Act, Assessment, Command, Event, Policy, Refusal, StateKind};
use crate::error::Error;
use crate::store::complaint::{self, Complaint};
use crate::store::{Corrupt, audit};
use crate::topics::LIFECYCLE;

/// A locked complaint with what happened to it and is not saved yet.
pub struct Transition {
    /// The complaint as it stands now.
    pub complaint: Complaint,
    /// What led to it, for the events' envelopes.
    pub cause: Cause,
    changes: Vec<Change>,
}

/// What led to a transition.
#[derive(Debug, Clone, Default)]
pub struct Cause {
    /// The event that did, if one did.
    pub causation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// W3C trace state.
    pub tracestate: Option<String>,
}

struct Change {
    event: Event,
    act: Act,
    to: StateKind,
    state_version: i32,
    /// What its message carries sealed.
    sealed: Option<Sealed>,
}

impl Transition {
    /// Nothing has happened yet.
    pub fn new(complaint: Complaint, cause: Cause) -> Self {
        Self { complaint, cause, changes: Vec::new() }
    }

    /// Lets one command happen, or says why not; then nothing has changed. Category, severity and urgency follow the
    /// events that carry an assessment, and nothing else sets them.
    pub fn command(&mut self, command: &Command, act: &Act, policy: &Policy) -> Result<(), Problem> {
        for event in self.complaint.lifecycle.decide(command, act, policy)? {
            let after = self.complaint.lifecycle.clone().evolve(&event).map_err(Refusal::from)?;
            self.complaint.lifecycle = after;
            if let Some(assessment) = event.assessment() {
                self.complaint.category = Some(assessment.category);
                self.complaint.severity = Some(assessment.severity);
                self.complaint.urgent = assessment.urgent;
            }
            self.changes.push(Change {
                event,
                act: act.clone(),
                to: self.complaint.lifecycle.state().kind(),
                state_version: complaint::state_version(&self.complaint.lifecycle),
                sealed: None,
            });
        }
        Ok(())
    }

    /// The last event's message carries this, if it has a place for it.
    pub fn carry(&mut self, sealed: Sealed) {
        if let Some(last) = self.changes.last_mut() {
            last.sealed = Some(sealed);
        }
    }

    /// Brings the complaint under `assessment`, if that says anything new.
    pub fn assess(&mut self, assessment: &Assessment, act: &Act, policy: &Policy) -> Result<(), Problem> {
        if self.complaint.is_assessed_as(assessment) {
            return Ok(());
        }
        self.command(&Command::Assess(*assessment), act, policy)
    }
}

/// Saves complaints as they stand, with one statement per table. `now` is whole microseconds.
pub async fn save(
    conn: &mut PgConnection,
    mut transitions: Vec<Transition>,
    now: Timestamp,
) -> Result<(), Error> {
    let mut entries = Vec::new();
    let mut events = Vec::new();
    for Transition { complaint, cause, changes } in &mut transitions {
        for change in changes.iter() {
            complaint.stream_version += 1;
            entries.push((complaint.tenant.clone(), entry(complaint, change, now)?));
            events.extend(published(complaint, change, cause, now));
        }
    }
    let complaints: Vec<&Complaint> = transitions.iter().map(|transition| &transition.complaint).collect();
    complaint::save(conn, &complaints).await?;
    enqueue(conn, &events).await?;
    // Last, for the chains' ends stay locked until the commit.
    audit::append(conn, &entries).await
}

fn entry(complaint: &Complaint, change: &Change, now: Timestamp) -> Result<Entry, Error> {
    let id = *complaint.id.as_uuid();
    let event =
        serde_json::to_value(&change.event).map_err(|e| Corrupt::new("audit_entry", "detail", id, e))?;
    Ok(Entry {
        complaint_id: id,
        state_version: Some(change.state_version),
        state: change.to.code().to_owned(),
        action: change.event.name().to_owned(),
        actor: change.act.actor.subject.clone(),
        decided_by: change.act.decided_by.code().to_owned(),
        happened_at: change.act.at,
        recorded_at: now,
        detail: event.get("data").unwrap_or(&Value::Null).to_string(),
    })
}

fn published(complaint: &Complaint, change: &Change, cause: &Cause, now: Timestamp) -> Option<OutboxEvent> {
    let message = message(&change.event, change.to, change.sealed.as_ref())?;
    let id = *complaint.id.as_uuid();
    Some(OutboxEvent {
        topic: LIFECYCLE.name.into(),
        key: complaint.id.to_string(),
        meta: EventMeta {
            event_id: event_id(LIFECYCLE.name, id, complaint.stream_version),
            event_type: message.event_type.into(),
            source: crate::SOURCE.into(),
            tenant: complaint.tenant.clone(),
            subject: id,
            version: Some(complaint.stream_version),
            occurred_at: change.act.at,
            recorded_at: Some(now),
            actor: Some(change.act.actor.subject.clone()),
            decided_by: Some(change.act.decided_by.code().to_owned()),
            causation: cause.causation.clone(),
            correlation: Some(complaint.id.to_string()),
            traceparent: cause.traceparent.clone(),
            tracestate: cause.tracestate.clone(),
        },
        payload: message.payload,
    })
}
