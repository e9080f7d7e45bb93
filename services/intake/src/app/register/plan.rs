//! What a batch of submissions comes to: pure, so that every order of repetitions can be tried.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use prost::Message;
use redress_domain::{ComplaintId, DecidedBy, Problem, TenantId, event_id};
use redress_messaging::EventMeta;
use redress_outbox::{Delivery, OutboxEvent};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{self as types, LiveRef, OrderRef, Sealed};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Submitted;
use crate::app::publish::Published;
use crate::domain::audit::Entry;
use crate::domain::lifecycle::{Act, Actor, Lifecycle, Refusal, Registration, StateKind};
use crate::error::Error;
use crate::store::complaint::state_version;
use crate::store::known::Known;
use crate::store::register::{NewComplaint, NewSubmission};
use crate::store::submission::Disposition;
use crate::topics::LIFECYCLE;

type Id = (TenantId, ComplaintId);

/// Everything that is to be written for a batch.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) complaints: Vec<NewComplaint>,
    pub(super) submissions: Vec<NewSubmission>,
    /// New versions on the lifecycle topic of complaints that existed before the batch.
    pub(super) moved: Vec<(TenantId, ComplaintId, i64)>,
    pub(super) entries: Vec<(TenantId, Entry)>,
    pub(super) events: Vec<OutboxEvent>,
}

impl Plan {
    /// Plans `batch`. `known` tells what exists and is brought up to date with what the plan will write.
    pub(super) fn of(
        batch: &[Delivery<Submitted>],
        known: &mut HashMap<Id, Known>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut plan = Self::default();
        let mut moved: HashMap<Id, i64> = HashMap::new();
        for delivery in batch {
            let id = (delivery.meta.tenant.clone(), ComplaintId::from_uuid(delivery.meta.subject));
            match known.get_mut(&id) {
                None => {
                    known.insert(id.clone(), plan.register(delivery, &id, now)?);
                }
                Some(known) => {
                    if known.recorded.insert(delivery.meta.event_id) {
                        known.stream_version += 1;
                        plan.again(delivery, known, now);
                        moved.insert(id, known.stream_version);
                    }
                }
            }
        }
        plan.settle(moved);
        Ok(plan)
    }

    /// Versions of complaints that the batch itself creates go into their rows; the others move.
    fn settle(&mut self, mut moved: HashMap<Id, i64>) {
        for complaint in &mut self.complaints {
            if let Some(version) = moved.remove(&(complaint.tenant.clone(), complaint.id)) {
                complaint.stream_version = version;
            }
        }
        self.moved = moved.into_iter().map(|((tenant, id), version)| (tenant, id, version)).collect();
        self.moved.sort();
    }

    /// T01: a complaint that nobody has seen.
    fn register(
        &mut self,
        delivery: &Delivery<Submitted>,
        (tenant, id): &Id,
        now: Timestamp,
    ) -> Result<Known, Error> {
        let submitted = &delivery.event;
        let act = Act {
            at: submitted.received_at,
            actor: Actor { subject: submitted.submitted_by.clone(), capacity: submitted.submitted_as },
            decided_by: DecidedBy::Human,
        };
        // The token was a tenant's, and the row decides whether the key was seen.
        let registration = Registration { complaint: *id, tenant_active: true, key_seen: false };
        let begun = Lifecycle::register(&registration, &act).map_err(Problem::from)?;
        let lifecycle = Lifecycle::begin(&begun).map_err(|refused| Problem::from(Refusal::from(refused)))?;
        let message = wire::ComplaintRegistered {
            complaint_no: submitted.no.to_string(),
            received_at: Some(to_wire_time(submitted.received_at)),
            acknowledge_by: Some(to_wire_time(submitted.acknowledge_by)),
            submitted_by: submitted.submitted_by.clone(),
            submission: Some(submitted.public.clone()),
            sealed: Some(submitted.sealed.clone()),
            complainant_index: submitted.complainant_index.clone(),
            registered_at: Some(to_wire_time(now)),
        };
        self.publish(delivery, 1, now, Published::of(&message));
        let kind = lifecycle.state().kind();
        let version = state_version(&lifecycle);
        self.record(delivery, Some(version), kind.code(), begun.name(), now);
        self.keep(delivery, Disposition::Registered);
        self.complaints.push(NewComplaint {
            tenant: tenant.clone(),
            id: *id,
            complaint_no: submitted.no.to_string(),
            no_code: submitted.no.code(),
            submitted_by: submitted.submitted_by.clone(),
            submitted_as: submitted.submitted_as,
            complainant_index: submitted.complainant_index.clone(),
            complainant_kind: submitted.complainant_kind,
            channel: submitted.channel,
            origin: submitted.origin,
            language: Some(submitted.public.language.clone()).filter(|tag| !tag.is_empty()),
            state: kind.code(),
            lifecycle: json!(lifecycle).to_string(),
            state_version: version,
            stream_version: 1,
            live_room_id: submitted.public.live.as_ref().map(|l| l.room_id.clone()).filter(|r| !r.is_empty()),
            received_at: submitted.received_at,
            submitted_at: submitted.submitted_at,
            registered_at: now,
            acknowledge_by: submitted.acknowledge_by,
            respondents: submitted.respondents.clone(),
            context: context(submitted.public.order.as_ref(), submitted.public.live.as_ref()),
        });
        Ok(Known {
            stream_version: 1,
            fingerprint: submitted.fingerprint.clone(),
            state: StateKind::Received.code().to_owned(),
            recorded: HashSet::from([delivery.meta.event_id]),
        })
    }

    /// A complaint that exists was submitted again, by another attempt.
    fn again(&mut self, delivery: &Delivery<Submitted>, known: &Known, now: Timestamp) {
        let submitted = &delivery.event;
        let received_at = Some(to_wire_time(submitted.received_at));
        if submitted.fingerprint == known.fingerprint {
            self.publish(
                delivery,
                known.stream_version,
                now,
                Published::of(&wire::SubmissionDeduplicated { received_at }),
            );
            self.record(delivery, None, &known.state, "SubmissionDeduplicated", now);
            self.keep(delivery, Disposition::Repeated);
        } else {
            let channel = types::Channel::from(submitted.channel).into();
            let message = wire::SubmissionConflicted { received_at, channel };
            self.publish(delivery, known.stream_version, now, Published::of(&message));
            self.record(delivery, None, &known.state, "SubmissionConflicted", now);
            self.keep(delivery, Disposition::Conflicting);
        }
    }

    /// Keeps the submission; a repetition without its content. The key stays apart from what it opens.
    fn keep(&mut self, delivery: &Delivery<Submitted>, disposition: Disposition) {
        let submitted = &delivery.event;
        let new = disposition != Disposition::Repeated;
        let Sealed { wrapped_key, fields } = submitted.sealed.clone();
        let sealed = Sealed { wrapped_key: Vec::new(), fields };
        self.submissions.push(NewSubmission {
            tenant: delivery.meta.tenant.clone(),
            complaint: ComplaintId::from_uuid(delivery.meta.subject),
            id: delivery.meta.event_id,
            disposition,
            fingerprint: submitted.fingerprint.clone(),
            received_at: submitted.received_at,
            body: new.then(|| submitted.public.encode_to_vec()),
            sealed: new.then(|| sealed.encode_to_vec()),
            wrapped_key: new.then_some(wrapped_key),
        });
    }

    fn record(
        &mut self,
        delivery: &Delivery<Submitted>,
        state_version: Option<i32>,
        state: &str,
        action: &str,
        now: Timestamp,
    ) {
        let submitted = &delivery.event;
        let detail = json!({"channel": submitted.channel.code(), "submission": delivery.meta.event_id});
        let entry = Entry {
            complaint_id: delivery.meta.subject,
            state_version,
            state: state.to_owned(),
            action: action.to_owned(),
            actor: submitted.submitted_by.clone(),
            decided_by: DecidedBy::Human.code().to_owned(),
            happened_at: submitted.received_at,
            recorded_at: now,
            detail: detail.to_string(),
        };
        self.entries.push((delivery.meta.tenant.clone(), entry));
    }

    fn publish(&mut self, delivery: &Delivery<Submitted>, version: i64, now: Timestamp, message: Published) {
        let cause: &Arc<EventMeta> = &delivery.meta;
        self.events.push(OutboxEvent {
            topic: LIFECYCLE.name.into(),
            key: cause.subject.to_string(),
            meta: EventMeta {
                event_id: event_id(LIFECYCLE.name, cause.subject, version),
                event_type: message.event_type.into(),
                source: crate::SOURCE.into(),
                tenant: cause.tenant.clone(),
                subject: cause.subject,
                version: Some(version),
                occurred_at: delivery.event.received_at,
                recorded_at: Some(now),
                actor: Some(delivery.event.submitted_by.clone()),
                decided_by: Some(DecidedBy::Human.code().to_owned()),
                causation: Some(cause.event_id.to_string()),
                correlation: Some(cause.subject.to_string()),
                traceparent: cause.traceparent.clone(),
                tracestate: cause.tracestate.clone(),
            },
            payload: message.payload,
        });
    }
}

/// Order and live session as told, with the hash that shows a later change (F002, F109).
fn context(order: Option<&OrderRef>, live: Option<&LiveRef>) -> Option<(String, [u8; 32])> {
    if order.is_none() && live.is_none() {
        return None;
    }
    let content = json!({"order": order, "live": live}).to_string();
    let hash = Sha256::digest(content.as_bytes()).into();
    Some((content, hash))
}
