//! What follows from the lifecycle's events: complaints are remembered, notices are queued.
//!
//! Nothing is opened here and nobody is written to: a batch is a few statements, and letters are written by whoever
//! sends them ([`dispatch`](super::dispatch)).

mod event;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use redress_domain::{ComplaintId, TenantId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use sqlx::postgres::PgConnection;

use super::Desk;
use super::asked::Asked;
use super::draft::{Draft, addressees};
use super::hear::{Teller, kept, last_asked_for};
use super::queue::{self, Complaints};
use super::terms::Terms;
use crate::domain::kind::NoticeKind;
use crate::error::Error;
use crate::store::complaint::{self, Complaint};
use crate::store::fact::{self, Answer, Kept};
use crate::store::notice::{Cause, Notice};
use crate::topics::LIFECYCLE;
pub use event::{Event, Registered};
pub(super) use table::completion;
use table::{Source, sent_on};

/// The handler of the lifecycle topic.
pub struct React {
    /// What every use needs.
    pub desk: Desk,
    /// The time limits that letters name.
    pub terms: Terms,
    /// What respondents are asked.
    pub asked: Asked,
}

#[async_trait]
impl BatchHandler for React {
    type Event = Event;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Event>, DecodeError> {
        Event::read(meta, payload)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Event>]) -> Result<(), HandlerError> {
        self.remember(conn, batch).await?;
        let ids: BTreeSet<(TenantId, ComplaintId)> = batch.iter().map(of).collect();
        let locked = complaint::lock_all(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
        let mut complaints: Complaints = locked
            .into_iter()
            .map(|complaint| ((complaint.tenant.clone(), complaint.id), complaint))
            .collect();
        fact::keep(conn, &quoted(batch)).await?;
        fact::answer(conn, &answers(batch)).await?;
        let lapsed: BTreeSet<_> =
            batch.iter().filter(|d| matches!(*d.event, Event::Lapsed { .. })).map(of).collect();
        let asked_for = last_asked_for(conn, &lapsed.into_iter().collect::<Vec<_>>()).await?;
        let now = self.desk.now();
        let mut notices = Vec::new();
        for delivery in batch {
            let Some(complaint) = complaints.get_mut(&of(delivery)) else {
                // The log's beginning was gone when reading began: nobody knows whom to write to.
                tracing::warn!(complaint = %delivery.meta.subject, "an event of a complaint that is not known");
                continue;
            };
            if let Event::ReviewStarted { category, urgent } = &*delivery.event {
                complaint.category = category.or(complaint.category);
                complaint.urgent = *urgent;
            }
            let asked_for = asked_for.get(&of(delivery)).map(Vec::as_slice).unwrap_or_default();
            notices.extend(self.notices(complaint, delivery, asked_for, now)?);
        }
        // A registration may come after what other topics tell of it, as an answer may come before its fact.
        let awaited = |event: &Event| {
            use Event::{Answered, CompletionRequested, Registered};
            matches!(event, Registered(_) | Answered { .. } | CompletionRequested { .. })
        };
        let ids: BTreeSet<_> = batch.iter().filter(|d| awaited(&d.event)).map(of).collect();
        // The lifecycle's own facts are quoted, and make no letters here.
        let teller = Teller { desk: &self.desk, terms: self.terms, in_hand: &BTreeSet::new() };
        notices.extend(teller.ready(conn, &complaints, &ids.into_iter().collect::<Vec<_>>(), now).await?);
        queue::queue(conn, &mut complaints, &notices, crate::SOURCE, now).await?;
        let mut moved: Vec<&Complaint> = complaints.values().collect();
        moved.sort_by_key(|complaint| (&complaint.tenant, complaint.id));
        Ok(complaint::save(conn, &moved).await?)
    }
}

fn of(delivery: &Delivery<Event>) -> (TenantId, ComplaintId) {
    (delivery.meta.tenant.clone(), ComplaintId::from_uuid(delivery.meta.subject))
}

impl React {
    /// Writes down the complaints that were registered.
    async fn remember(&self, conn: &mut PgConnection, batch: &[Delivery<Event>]) -> Result<(), Error> {
        let mut registered: BTreeMap<(TenantId, ComplaintId), &Registered> = BTreeMap::new();
        for delivery in batch {
            if let Event::Registered(event) = &*delivery.event {
                registered.insert(of(delivery), event);
            }
        }
        let keys: Vec<Vec<u8>> = registered.values().map(|event| event.wrapped_key.clone()).collect();
        let complaints: Vec<Complaint> =
            registered.into_iter().map(|((tenant, id), event)| remembered(tenant, id, event)).collect();
        complaint::insert(conn, &complaints, &keys).await
    }

    /// The notices that follow from an event.
    fn notices(
        &self,
        complaint: &Complaint,
        delivery: &Delivery<Event>,
        asked_for: &[String],
        now: Timestamp,
    ) -> Result<Vec<Notice>, HandlerError> {
        let meta = &delivery.meta;
        let source = Source {
            complaint,
            terms: self.terms,
            asked: &self.asked,
            asked_for,
            profile: self.desk.profiles.of(&complaint.tenant),
            at: whole_microseconds(meta.occurred_at),
        };
        let mut notices = Vec::new();
        // Where clocks are followed, the request for missing details is sent with its clock's due time.
        let by_clock = |kind| self.terms.follow_clocks && kind == NoticeKind::Completion;
        for (kind, role) in sent_on(&delivery.event).filter(|(kind, _)| !by_clock(*kind)) {
            for addressee in addressees(complaint, role) {
                let addressee_kind = addressee.kind;
                let draft = Draft::new(
                    kind,
                    addressee,
                    source.content(kind, addressee_kind, &delivery.event),
                    Vec::new(),
                );
                let draft = draft.map_err(|unmade| HandlerError::poison(unmade.to_string()))?;
                notices.push(draft.notice(&self.desk, complaint, (meta.event_id, cause(meta)), now)?);
            }
        }
        Ok(notices)
    }
}

/// What letters of later facts quote of the lifecycle.
fn quoted(batch: &[Delivery<Event>]) -> Vec<Kept> {
    let requests = batch.iter().filter(|d| matches!(*d.event, Event::CompletionRequested { .. }));
    let requests: BTreeMap<_, _> = requests.map(|delivery| kept(delivery, LIFECYCLE)).collect();
    requests.into_values().collect()
}

/// What the lifecycle says of facts in a batch; the last word on each.
fn answers(batch: &[Delivery<Event>]) -> Vec<Answer> {
    let mut answers = BTreeMap::new();
    for delivery in batch {
        if let Event::Answered { fact, verdict } = *delivery.event {
            let (tenant, complaint) = of(delivery);
            answers.insert((tenant, complaint, fact), verdict);
        }
    }
    let answer = |((tenant, complaint, event), verdict)| Answer { tenant, complaint, event, verdict };
    answers.into_iter().map(answer).collect()
}

fn remembered(tenant: TenantId, id: ComplaintId, event: &Registered) -> Complaint {
    Complaint {
        tenant,
        id,
        complaint_no: event.complaint_no.clone(),
        submitted_by: event.submitted_by.clone(),
        complainant_index: event.complainant_index.clone(),
        complainant_kind: event.complainant_kind,
        channel: event.channel,
        locale: event.locale,
        product: event.product.clone(),
        live_room: event.live_room.clone(),
        ordered_at: event.ordered_at,
        live_at: event.live_at,
        claimed: event.claimed.clone(),
        remedies: event.remedies.clone(),
        category: None,
        urgent: false,
        received_at: event.received_at,
        sealed: event.sealed.clone(),
        stream_version: 0,
        respondents: event.respondents.clone(),
    }
}

fn cause(meta: &Arc<EventMeta>) -> Cause {
    Cause {
        causation: Some(meta.event_id.to_string()),
        traceparent: meta.traceparent.clone(),
        tracestate: meta.tracestate.clone(),
    }
}
