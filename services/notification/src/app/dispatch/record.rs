//! Writing down what came of tries: deliveries move, notices move, events say so, in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{ComplaintId, ContactType, TenantId};
use redress_outbox::OutboxEvent;
use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1 as wire_events;
use redress_proto::types::v1 as types;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Dispatch, Done, Through, UNREADABLE};
use crate::app::queue::Complaints;
use crate::app::{publish, wire};
use crate::channel::callback::GONE;
use crate::domain::delivery::{
    AttemptOutcome, DEFERRED, Next, NoticeState, Outcome, after_callback, after_party,
};
use crate::domain::retry;
use crate::error::Error;
use crate::store::attempt::{self, Attempt};
use crate::store::complaint::{self, Complaint};
use crate::store::delivery::{self, Claimed, GoesOn};
use crate::store::notice::{self, Moved, Notice};
use crate::store::webhook;

impl Dispatch {
    /// Writes down what came of some tries.
    pub(super) async fn record(&self, done: Vec<Done>) -> Result<(), Error> {
        let done = Arc::new(done);
        self.desk
            .db
            .run_tx("notice_outcomes", move |conn| {
                let done = Arc::clone(&done);
                Box::pin(async move { recorded(conn, &done).await })
            })
            .await?;
        self.desk.wake.wake();
        Ok(())
    }

    /// Puts back what waits for a slow channel, for that channel's own workers.
    pub(super) async fn pass_on(
        &self,
        waiting: Vec<(Claimed, ContactType)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let to = |(claimed, channel): (Claimed, ContactType)| GoesOn {
            channel: Some(channel.code().to_owned()),
            ..untried(&claimed, now)
        };
        self.put_back(waiting.into_iter().map(to).collect()).await
    }

    /// Puts back what does not read; it was logged. Whatever else was claimed with it goes on.
    pub(super) async fn look_again(&self, unreadable: Vec<Claimed>, now: Timestamp) -> Result<(), Error> {
        let due_at = now.saturating_add(UNREADABLE).unwrap_or(now);
        self.put_back(unreadable.iter().map(|claimed| untried(claimed, due_at)).collect()).await
    }

    async fn put_back(&self, going_on: Vec<GoesOn>) -> Result<(), Error> {
        if going_on.is_empty() {
            return Ok(());
        }
        let going_on = Arc::new(going_on);
        self.desk
            .db
            .run_tx("put_back_notices", move |conn| {
                let going_on = Arc::clone(&going_on);
                Box::pin(async move { put_back(conn, &going_on).await })
            })
            .await
    }

    /// Puts back what there is no turn for, unopened.
    pub(super) async fn put_off(&self, claimed: Vec<Claimed>, now: Timestamp) -> Result<(), Error> {
        let due_at = now.saturating_add(DEFERRED).unwrap_or(now);
        self.put_back(claimed.iter().map(|claimed| untried(claimed, due_at)).collect()).await
    }
}

async fn put_back(conn: &mut PgConnection, going_on: &[GoesOn]) -> Result<(), Error> {
    let claims: Vec<&Claimed> = going_on.iter().map(|one| &one.claimed).collect();
    let held: HashSet<(Uuid, Uuid)> = delivery::lock_held(conn, &claims).await?.into_iter().collect();
    let is_held = |c: &Claimed| held.contains(&(c.notice, c.webhook.unwrap_or_default()));
    let held: Vec<GoesOn> = going_on.iter().filter(|one| is_held(&one.claimed)).cloned().collect();
    delivery::put_back(conn, &held).await
}

/// A try that was not made does not count.
fn untried(claimed: &Claimed, due_at: Timestamp) -> GoesOn {
    let tries = claimed.tries - 1;
    let channel = claimed.channel.clone();
    GoesOn { claimed: claimed.clone(), due_at, tries, afresh: tries == 0, channel }
}

async fn recorded(conn: &mut PgConnection, done: &[Done]) -> Result<(), Error> {
    let complaints: BTreeSet<(TenantId, ComplaintId)> =
        done.iter().map(|done| (done.claimed.tenant.clone(), done.notice.complaint)).collect();
    let locked = complaint::lock_all(conn, &complaints.into_iter().collect::<Vec<_>>()).await?;
    let mut complaints: Complaints = locked.into_iter().map(|c| ((c.tenant.clone(), c.id), c)).collect();
    let claims: Vec<&Claimed> = done.iter().map(|done| &done.claimed).collect();
    let held: HashSet<(Uuid, Uuid)> = delivery::lock_held(conn, &claims).await?.into_iter().collect();
    let done: Vec<&Done> = done
        .iter()
        .filter(|done| held.contains(&(done.claimed.notice, done.claimed.webhook.unwrap_or_default())))
        .collect();
    let ids: BTreeSet<(TenantId, Uuid)> =
        done.iter().map(|done| (done.claimed.tenant.clone(), done.claimed.notice)).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    let notices: HashMap<Uuid, Notice> =
        notice::find_all(conn, &ids).await?.into_iter().map(|notice| (notice.id, notice)).collect();

    save_deliveries(conn, &done).await?;
    attempt::insert(conn, &done.iter().filter_map(|done| attempt_of(done)).collect::<Vec<_>>()).await?;
    save_health(conn, &done).await?;

    let at = done.iter().map(|done| done.at).max().unwrap_or_default();
    let mut outcomes = Outcomes { at, ..Outcomes::default() };
    for done in &done {
        if let Some(notice) = notices.get(&done.claimed.notice) {
            outcomes.of_try(&mut complaints, notice, done);
        }
    }
    super::settle::settle(conn, &mut complaints, &notices, &mut outcomes).await?;
    outcomes.save(conn, &complaints).await
}

/// What follows for the delivery.
fn next(done: &Done) -> Next {
    let (claimed, tries) = (&done.claimed, u32::try_from(done.claimed.tries).unwrap_or_default());
    if claimed.webhook.is_some() {
        return after_callback(&done.outcome, claimed.notice, tries, done.at);
    }
    let more = matches!(&done.through, Through::Station { more: true, .. });
    let next = after_party(&done.outcome, claimed.notice, tries, claimed.first_tried_at, done.at, more);
    match (&done.through, next) {
        // There was no channel, so there is none after it.
        (Through::Nothing, Next::NextChannel) => Next::GivenUp,
        (_, next) => next,
    }
}

async fn save_deliveries(conn: &mut PgConnection, done: &[&Done]) -> Result<(), Error> {
    let mut over = Vec::new();
    let mut going_on = Vec::new();
    for done in done {
        let claimed = &done.claimed;
        match next(done) {
            Next::Done | Next::GivenUp => over.push(claimed),
            Next::Again(due_at) if done.outcome == Outcome::Deferred => {
                going_on.push(untried(claimed, due_at));
            }
            Next::Again(due_at) => {
                let claimed = claimed.clone();
                let channel = claimed.channel.clone();
                going_on.push(GoesOn { tries: claimed.tries, claimed, due_at, afresh: false, channel });
            }
            Next::NextChannel => {
                let mut claimed = claimed.clone();
                if let Through::Station { name, .. } = &done.through {
                    claimed.tried.push(name.clone());
                }
                going_on.push(GoesOn { claimed, due_at: done.at, tries: 0, afresh: true, channel: None });
            }
        }
    }
    delivery::finish(conn, &over).await?;
    delivery::put_back(conn, &going_on).await
}

fn attempt_of(done: &Done) -> Option<Attempt> {
    let (outcome, reason) = match &done.outcome {
        Outcome::Accepted => (AttemptOutcome::Accepted, ""),
        Outcome::Delivered => (AttemptOutcome::Delivered, ""),
        Outcome::Refused(reason) => (AttemptOutcome::Refused, &**reason),
        Outcome::Failed(reason) => (AttemptOutcome::Failed, &**reason),
        Outcome::Deferred => return None,
    };
    let channel = match &done.through {
        Through::Station { channel, .. } => Some(*channel),
        Through::Callback => None,
        // Nothing was tried.
        Through::Nothing => return None,
    };
    Some(Attempt {
        tenant: done.claimed.tenant.clone(),
        notice: done.claimed.notice,
        channel,
        webhook: done.claimed.webhook,
        at: done.at,
        outcome,
        reason: reason.to_owned(),
    })
}

/// Whether callback addresses are well: a success forgets, failures pause, a day of failures or a farewell disables.
async fn save_health(conn: &mut PgConnection, done: &[&Done]) -> Result<(), Error> {
    let mut tries: BTreeMap<(TenantId, Uuid), Vec<&Done>> = BTreeMap::new();
    for done in done.iter().filter(|done| done.through == Through::Callback) {
        let id = (done.claimed.tenant.clone(), done.claimed.webhook.unwrap_or_default());
        tries.entry(id).or_default().push(done);
    }
    if tries.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = tries.keys().cloned().collect();
    let mut changed = Vec::new();
    for before in webhook::lock_health(conn, &ids).await? {
        let mut health = before.clone();
        let own = tries.get(&(health.tenant.clone(), health.id)).map(Vec::as_slice).unwrap_or_default();
        if own.iter().any(|done| matches!(done.outcome, Outcome::Accepted | Outcome::Delivered)) {
            (health.failures, health.failing_since, health.paused_until) = (0, None, None);
        } else if let Some(failed) = own.iter().find(|done| matches!(done.outcome, Outcome::Failed(_))) {
            // What failed together counts once: it tells of one moment.
            health.failures += 1;
            let since = *health.failing_since.get_or_insert(failed.at);
            let pause = retry::callback_pause(u32::try_from(health.failures).unwrap_or_default());
            health.paused_until = failed.at.saturating_add(pause).ok();
            health.enabled &= failed.at.duration_since(since).unsigned_abs() < retry::CALLBACK_PATIENCE;
        }
        if own.iter().any(|done| matches!(&done.outcome, Outcome::Refused(reason) if reason == GONE)) {
            health.enabled = false;
        }
        if before.enabled && !health.enabled {
            tracing::warn!(webhook = %health.id, tenant = %health.tenant, "a callback address is disabled");
        }
        if before != health {
            changed.push(health);
        }
    }
    webhook::save_health(conn, &changed).await
}

/// What moves, and what is said of it.
#[derive(Default)]
pub(super) struct Outcomes {
    pub(super) moved: Vec<Moved>,
    pub(super) events: Vec<OutboxEvent>,
    /// Now.
    pub(super) at: Timestamp,
    /// Why notices found no channel, for those that come to be undeliverable.
    pub(super) reasons: HashMap<Uuid, String>,
}

impl Outcomes {
    /// A try that a channel of the addressee answered.
    fn of_try(&mut self, complaints: &mut Complaints, notice: &Notice, done: &Done) {
        if done.claimed.webhook.is_some() {
            return;
        }
        let Through::Station { name, channel, .. } = &done.through else {
            if let Outcome::Refused(reason) = &done.outcome {
                self.reasons.insert(notice.id, reason.to_string());
            }
            return;
        };
        let state = match done.outcome {
            Outcome::Accepted => NoticeState::Sent,
            Outcome::Delivered => NoticeState::Delivered,
            _ => return,
        };
        let Some(complaint) = complaints.get_mut(&(notice.tenant.clone(), notice.complaint)) else { return };
        let stations = done.claimed.tried.iter().chain([name]).cloned().collect();
        self.moved.push(Moved {
            tenant: notice.tenant.clone(),
            id: notice.id,
            state,
            stations: Some(stations),
        });
        let channel = types::ContactType::from(*channel);
        self.events.push(sent(complaint, notice, channel, String::new(), done.at));
        if state == NoticeState::Delivered {
            let message = wire_events::NoticeDelivered {
                notice_id: notice.id.to_string(),
                kind: wire::kind(notice.kind).into(),
                channel: channel.into(),
                addressee: Some(wire::addressee(&notice.addressee)),
            };
            self.events.push(publish::event(complaint, &notice.cause, crate::SOURCE, done.at, &message));
        }
    }

    /// Writes it down.
    pub(super) async fn save(self, conn: &mut PgConnection, complaints: &Complaints) -> Result<(), Error> {
        notice::advance(conn, &self.moved).await?;
        let mut moved: Vec<&Complaint> = complaints.values().collect();
        moved.sort_by_key(|complaint| (&complaint.tenant, complaint.id));
        complaint::save(conn, &moved).await?;
        redress_outbox::enqueue(conn, &self.events).await?;
        Ok(())
    }
}

/// That a channel took a notice.
pub(super) fn sent(
    complaint: &mut Complaint,
    notice: &Notice,
    channel: types::ContactType,
    webhook_id: String,
    now: Timestamp,
) -> OutboxEvent {
    let message = wire_events::NoticeSent {
        notice_id: notice.id.to_string(),
        kind: wire::kind(notice.kind).into(),
        channel: channel.into(),
        content_sha256: notice.content_sha256.as_deref().map(hex::encode).unwrap_or_default(),
        webhook_id,
        addressee: Some(wire::addressee(&notice.addressee)),
        // A mail server's yes is the last that is heard of a mail, as is a callback address's of its copy; the platform's
        // message box reports what becomes of its messages.
        receipts_expected: channel == types::ContactType::InApp,
        clock: notice.delay.as_ref().map(|delay| delay.clock.clone()).unwrap_or_default(),
        new_due_at: notice.delay.as_ref().map(|delay| to_wire_time(delay.new_due_at)),
    };
    publish::event(complaint, &notice.cause, crate::SOURCE, now, &message)
}
