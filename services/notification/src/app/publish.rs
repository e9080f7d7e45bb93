//! Events about notices on their way into the outbox.

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{DecidedBy, event_id};
use redress_messaging::EventMeta;
use redress_outbox::OutboxEvent;

use crate::store::complaint::Complaint;
use crate::store::notice::Cause;
use crate::topics::NOTICES;

/// The next event about a notice of `complaint`, whose version moves on.
pub(super) fn event<M: Message + Name>(
    complaint: &mut Complaint,
    cause: &Cause,
    actor: &str,
    now: Timestamp,
    message: &M,
) -> OutboxEvent {
    complaint.stream_version += 1;
    let id = *complaint.id.as_uuid();
    // A person who has a notice sent decides that; all else follows from the table of notices.
    let decided_by = if actor == crate::SOURCE { DecidedBy::Rule } else { DecidedBy::Human };
    OutboxEvent {
        topic: NOTICES.into(),
        key: complaint.id.to_string(),
        meta: EventMeta {
            event_id: event_id(NOTICES, id, complaint.stream_version),
            event_type: M::full_name().into(),
            source: crate::SOURCE.into(),
            tenant: complaint.tenant.clone(),
            subject: id,
            version: Some(complaint.stream_version),
            occurred_at: now,
            recorded_at: Some(now),
            actor: Some(actor.to_owned()),
            decided_by: Some(decided_by.code().to_owned()),
            causation: cause.causation.clone(),
            correlation: Some(complaint.id.to_string()),
            traceparent: cause.traceparent.clone(),
            tracestate: cause.tracestate.clone(),
        },
        payload: message.encode_to_vec(),
    }
}
