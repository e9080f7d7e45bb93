//! Saving what a command changed: row, audit entries and events, in one transaction.

use jiff::Timestamp;
use prost::Message;
use redress_domain::DecidedBy;
use redress_messaging::EventMeta;
use redress_outbox::{OutboxEvent, enqueue};
use redress_proto::types::v1::{Sealed, SealedField};
use redress_runtime::telemetry::TraceContext;
use redress_vault::Sealer;
use serde_json::Value;
use sqlx::postgres::PgConnection;

use crate::app::event_id;
use crate::app::publish::{Surroundings, message};
use crate::domain::audit::Entry;
use crate::domain::lifecycle::{Event, StateKind};
use crate::error::Error;
use crate::store::complaint::{self, Complaint};
use crate::store::note::{self, Kind, Note};
use crate::store::{Corrupt, audit};
use crate::topics::LIFECYCLE;

/// An event with where it led.
pub(super) struct Change {
    pub(super) event: Event,
    pub(super) to: StateKind,
    pub(super) state_version: i32,
}

/// Saves `complaint` as it stands after `changes`.
pub(super) async fn save(
    conn: &mut PgConnection,
    mut complaint: Complaint,
    changes: Vec<Change>,
    actor: &str,
    now: Timestamp,
    trace: Option<&TraceContext>,
) -> Result<(), Error> {
    let mut entries = Vec::with_capacity(changes.len());
    let mut events = Vec::with_capacity(changes.len());
    for change in &changes {
        complaint.stream_version += 1;
        entries.push((complaint.tenant.clone(), entry(&complaint, change, actor, now)?));
        events.extend(published(&complaint, change, actor, now, trace));
    }
    complaint::save(conn, &complaint).await?;
    enqueue(conn, &events).await?;
    // Last, for the chain's end stays locked until the commit.
    audit::append(conn, &entries).await
}

fn entry(complaint: &Complaint, change: &Change, actor: &str, now: Timestamp) -> Result<Entry, Error> {
    let id = *complaint.id.as_uuid();
    let event =
        serde_json::to_value(&change.event).map_err(|e| Corrupt::new("audit_entry", "detail", id, e))?;
    Ok(Entry {
        complaint_id: id,
        state_version: Some(change.state_version),
        state: change.to.code().to_owned(),
        action: change.event.name().to_owned(),
        actor: actor.to_owned(),
        decided_by: DecidedBy::Human.code().to_owned(),
        happened_at: now,
        recorded_at: now,
        detail: event.get("data").unwrap_or(&Value::Null).to_string(),
    })
}

fn published(
    complaint: &Complaint,
    change: &Change,
    actor: &str,
    now: Timestamp,
    trace: Option<&TraceContext>,
) -> Option<OutboxEvent> {
    let around = Surroundings {
        to: change.to,
        category: complaint.category,
        severity: complaint.severity,
        urgent: complaint.urgent,
    };
    let message = message(&change.event, around)?;
    let id = *complaint.id.as_uuid();
    Some(OutboxEvent {
        topic: LIFECYCLE.name.into(),
        key: complaint.id.to_string(),
        meta: EventMeta {
            event_id: event_id(id, complaint.stream_version),
            event_type: message.event_type.into(),
            source: crate::SOURCE.into(),
            tenant: complaint.tenant.clone(),
            subject: id,
            version: Some(complaint.stream_version),
            occurred_at: now,
            recorded_at: Some(now),
            actor: Some(actor.to_owned()),
            decided_by: Some(DecidedBy::Human.code().to_owned()),
            causation: None,
            correlation: Some(complaint.id.to_string()),
            traceparent: trace.map(|t| t.traceparent.clone()),
            tracestate: trace.and_then(|t| t.tracestate.clone()),
        },
        payload: message.payload,
    })
}

/// A note, sealed under a name that binds it to its event.
pub(super) fn seal_note(sealer: &Sealer, kind: Kind, state_version: i32, text: &str) -> Result<Note, Error> {
    let name = note::field(kind.code(), state_version);
    let value = sealer.seal(&name, text.as_bytes())?;
    let sealed = Sealed { wrapped_key: Vec::new(), fields: vec![SealedField { name, value }] };
    Ok(Note { state_version, kind: kind.code().to_owned(), sealed: sealed.encode_to_vec() })
}
