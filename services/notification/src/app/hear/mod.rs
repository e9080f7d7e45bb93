//! What investigation, resolution and the clocks tell, and the letters that follow.
//!
//! A letter cannot be taken back. So one that follows from a fact which the lifecycle may refuse waits until intake has
//! taken the fact (`ComplaintAdvanced`), and is never written if intake refused it (`FactRefused`); the answer names the
//! fact's event as its cause. Topics have no order between them: a fact may come before its complaint's registration,
//! and its answer before the fact. Facts are therefore kept as they came, and whichever handler finds one whole tells it.

mod appeals;
mod case;
mod clocks;
mod contents;
mod copies;
mod decisions;
mod fact;
mod money;

pub(in crate::app) use money::money;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use redress_domain::{Channel, ComplaintId, PartyKind, TenantId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::draft::Draft;
use super::queue::{self, Complaints};
use super::terms::Terms;
use crate::error::Error;
use crate::store::complaint::{self, Complaint};
use crate::store::fact::{self as stored, Kept, Verdict};
use crate::store::notice::{Cause, Notice};
use case::Case;
pub use fact::{Fact, WAITING};

/// The handler of a topic of another service than intake.
pub struct Hear {
    /// What every use needs.
    pub desk: Desk,
    /// The time limits that letters name.
    pub terms: Terms,
    /// The topic.
    pub topic: &'static str,
}

#[async_trait]
impl BatchHandler for Hear {
    type Event = Fact;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Fact>, DecodeError> {
        Fact::read(&meta.event_type, payload)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Fact>]) -> Result<(), HandlerError> {
        let facts: BTreeMap<Key, Kept> = batch.iter().map(|d| kept(d, self.topic)).collect();
        let mut ids: Vec<_> =
            facts.keys().map(|(tenant, complaint, _)| (tenant.clone(), *complaint)).collect();
        ids.dedup();
        let mut complaints = Complaints::new();
        let lock = |locked: Vec<Complaint>, all: &mut Complaints| {
            all.extend(locked.into_iter().map(|c| ((c.tenant.clone(), c.id), c)));
        };
        lock(complaint::lock_all(conn, &ids).await?, &mut complaints);
        let in_hand: BTreeSet<Key> = facts.keys().cloned().collect();
        stored::keep(conn, &facts.into_values().collect::<Vec<_>>()).await?;
        let unknown: Vec<_> = ids.iter().filter(|id| !complaints.contains_key(id)).cloned().collect();
        complaint::await_registration(conn, &unknown).await?;
        if !unknown.is_empty() {
            lock(complaint::lock_all(conn, &unknown).await?, &mut complaints);
        }
        let now = self.desk.now();
        let teller = Teller { desk: &self.desk, terms: self.terms, in_hand: &in_hand };
        let notices = teller.ready(conn, &complaints, &ids, now).await?;
        queue::queue(conn, &mut complaints, &notices, crate::SOURCE, now).await?;
        let mut moved: Vec<&Complaint> = complaints.values().collect();
        moved.sort_by_key(|complaint| (&complaint.tenant, complaint.id));
        Ok(complaint::save(conn, &moved).await?)
    }
}

/// Tenant, complaint, event.
pub(super) type Key = (TenantId, ComplaintId, Uuid);

/// A fact as it is kept.
pub(super) fn kept<E>(delivery: &Delivery<E>, topic: &str) -> (Key, Kept) {
    let meta: &Arc<EventMeta> = &delivery.meta;
    let complaint = ComplaintId::from_uuid(meta.subject);
    let kept = Kept {
        tenant: meta.tenant.clone(),
        complaint,
        event: meta.event_id,
        topic: topic.to_owned(),
        version: meta.version.unwrap_or_default(),
        event_type: meta.event_type.to_string(),
        at: whole_microseconds(meta.occurred_at),
        payload: delivery.record.payload.clone(),
        actor: meta.actor.clone(),
        causation: meta.causation.as_deref().and_then(|cause| cause.parse().ok()),
        decided_by: meta.decided_by.clone(),
        traceparent: meta.traceparent.clone(),
        tracestate: meta.tracestate.clone(),
        verdict: None,
        told: false,
    };
    ((meta.tenant.clone(), complaint, meta.event_id), kept)
}

/// Tells what is whole.
pub(super) struct Teller<'a> {
    pub(super) desk: &'a Desk,
    pub(super) terms: Terms,
    /// The facts of the batch in hand.
    pub(super) in_hand: &'a BTreeSet<Key>,
}

impl Teller<'_> {
    /// The notices of the facts about `ids` that are whole and not told yet, which are told from now on. `complaints` are
    /// locked; a complaint that is not among them is not registered yet, and its facts wait.
    pub(super) async fn ready(
        &self,
        conn: &mut PgConnection,
        complaints: &Complaints,
        ids: &[(TenantId, ComplaintId)],
        now: Timestamp,
    ) -> Result<Vec<Notice>, HandlerError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut notices = Vec::new();
        let mut told = Vec::new();
        for facts in
            stored::of(conn, ids).await?.chunk_by(|a, b| (&a.tenant, a.complaint) == (&b.tenant, b.complaint))
        {
            let Some(first) = facts.first() else { continue };
            let Some(complaint) = complaints.get(&(first.tenant.clone(), first.complaint)) else {
                self.try_out(facts)?;
                continue;
            };
            let case = Case::read(complaint, facts);
            for kept in facts.iter().filter(|kept| !kept.told) {
                let Some(drafts) = self.drafts(&case, kept)? else { continue };
                for draft in drafts {
                    notices.push(draft.notice(self.desk, complaint, (kept.event, cause(kept)), now)?);
                }
                told.push((kept.tenant.clone(), kept.complaint, kept.event));
            }
        }
        stored::mark_told(conn, &told).await?;
        Ok(notices)
    }

    /// Whether facts in hand about a complaint that is not registered yet make their letters, tried on one that stands in
    /// for it: a fact that does not is set aside while it is in hand. Later nobody could: it would be lost with a line of
    /// the log.
    fn try_out(&self, facts: &[Kept]) -> Result<(), HandlerError> {
        let Some(first) = facts.first() else { return Ok(()) };
        let complaint = stand_in(first.tenant.clone(), first.complaint);
        let case = Case::read(&complaint, facts);
        for kept in facts.iter().filter(|kept| !kept.told && self.has_in_hand(kept)) {
            self.drafts(&case, kept)?;
        }
        Ok(())
    }

    fn has_in_hand(&self, kept: &Kept) -> bool {
        self.in_hand.contains(&(kept.tenant.clone(), kept.complaint, kept.event))
    }

    /// The letters of a fact; none while it is not whole, and for one that the lifecycle refused.
    fn drafts(&self, case: &Case<'_>, kept: &Kept) -> Result<Option<Vec<Draft>>, HandlerError> {
        let Some(fact) = case.fact(kept.event) else { return Ok(None) };
        if fact.waits() && kept.verdict == Some(Verdict::Refused) {
            return Ok(None);
        }
        let scene = contents::Scene { desk: self.desk, terms: self.terms, case, kept };
        match scene.drafts(fact) {
            Ok(_) if fact.waits() && kept.verdict.is_none() => Ok(None),
            Ok(drafts) => Ok(drafts),
            // A fact that makes no letter is set aside while it is in hand, where it can be mended and applied again.
            Err(unmade) if self.has_in_hand(kept) => Err(HandlerError::poison(unmade.to_string())),
            // Whatever is in hand now is innocent of it: its letters go on. This one stays untold, and is tried again with
            // all that comes later.
            Err(unmade) => {
                tracing::error!(fact = %kept.event, complaint = %kept.complaint, %unmade, "a letter is left out");
                Ok(None)
            }
        }
    }
}

/// What was last asked for of each complaint.
pub(super) async fn last_asked_for(
    conn: &mut PgConnection,
    ids: &[(TenantId, ComplaintId)],
) -> Result<BTreeMap<(TenantId, ComplaintId), Vec<String>>, Error> {
    let mut asked_for = BTreeMap::new();
    if ids.is_empty() {
        return Ok(asked_for);
    }
    // In the order of versions: the last one stands.
    for kept in stored::of(conn, ids).await? {
        if let Ok(Some(Fact::CompletionRequested(request))) = Fact::read(&kept.event_type, &kept.payload) {
            asked_for.insert((kept.tenant, kept.complaint), request.missing);
        }
    }
    Ok(asked_for)
}

/// A complaint that is not registered yet, as far as letters of facts depend on it: somebody on either side.
fn stand_in(tenant: TenantId, id: ComplaintId) -> Complaint {
    Complaint {
        tenant,
        id,
        complaint_no: String::new(),
        submitted_by: String::new(),
        complainant_index: Vec::new(),
        complainant_kind: PartyKind::Consumer,
        channel: Channel::App,
        locale: None,
        product: String::new(),
        live_room: String::new(),
        ordered_at: None,
        live_at: None,
        claimed: String::new(),
        remedies: Vec::new(),
        category: None,
        urgent: false,
        received_at: Timestamp::UNIX_EPOCH,
        sealed: None,
        stream_version: 0,
        respondents: vec![(PartyKind::Merchant, String::new())],
    }
}

fn cause(kept: &Kept) -> Cause {
    Cause {
        causation: Some(kept.event.to_string()),
        traceparent: kept.traceparent.clone(),
        tracestate: kept.tracestate.clone(),
    }
}
