//! What the handlers of other services' topics share: the complaints of a batch, locked together, moved one event after
//! the other, saved at once.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use redress_domain::{ComplaintId, DecidedBy, TenantId, whole_microseconds};
use redress_messaging::{EventMeta, Record};
use redress_outbox::{Delivery, HandlerError, read_through};
use sqlx::postgres::PgConnection;

use super::transition::{self, Cause, Transition};
use crate::domain::lifecycle::{Act, Actor, Capacity};
use crate::store::complaint;
use crate::topics::SUBMISSIONS;

/// How far the clocks of those who write to the log may be apart.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(5);

/// A complaint.
pub(super) type Key = (TenantId, ComplaintId);

/// The locked complaints of a batch.
pub(super) struct Reported {
    transitions: HashMap<Key, Transition>,
}

impl Reported {
    /// Locks the complaints that `batch` is about, in the order of their keys.
    pub(super) async fn lock<E>(
        conn: &mut PgConnection,
        batch: &[Delivery<E>],
    ) -> Result<Self, HandlerError> {
        let keys: BTreeSet<Key> = batch.iter().map(|delivery| key(&delivery.meta)).collect();
        let locked = complaint::lock_all(conn, &keys.into_iter().collect::<Vec<_>>()).await?;
        let transitions = locked
            .into_iter()
            .map(|complaint| {
                let key = (complaint.tenant.clone(), complaint.id);
                (key, Transition::new(complaint, Cause::default()))
            })
            .collect();
        Ok(Self { transitions })
    }

    /// The complaint that a delivery is about, with the delivery as the cause of what follows.
    pub(super) async fn of<E>(
        &mut self,
        conn: &mut PgConnection,
        delivery: &Delivery<E>,
    ) -> Result<&mut Transition, HandlerError> {
        match self.transitions.get_mut(&key(&delivery.meta)) {
            Some(transition) => {
                transition.cause = cause(&delivery.meta);
                Ok(transition)
            }
            None => Err(unknown(conn, &delivery.record).await?),
        }
    }

    /// Saves what has moved.
    pub(super) async fn save(self, conn: &mut PgConnection, now: Timestamp) -> Result<(), HandlerError> {
        let mut moved: Vec<Transition> = self.transitions.into_values().collect();
        moved.sort_by(|a, b| {
            (&a.complaint.tenant, a.complaint.id).cmp(&(&b.complaint.tenant, b.complaint.id))
        });
        Ok(transition::save(conn, moved, now).await?)
    }
}

/// What somebody did in another service, which has checked their rights. `service` acts where nobody in particular does.
pub(super) fn by_service(meta: &EventMeta, service: &str) -> Act {
    let decided_by = meta.decided_by.as_deref().and_then(|code| code.parse().ok());
    Act {
        at: whole_microseconds(meta.occurred_at),
        actor: Actor {
            subject: meta.actor.clone().unwrap_or_else(|| service.to_owned()),
            capacity: Capacity::Service,
        },
        decided_by: decided_by.unwrap_or(DecidedBy::Rule),
    }
}

/// A complaint that another service knows from us is not here. It comes as long as submissions that are older than the
/// record were not read: then this database was set back, and is reading again. After that it never comes.
async fn unknown(conn: &mut PgConnection, record: &Record) -> Result<HandlerError, sqlx::Error> {
    let read = read_through(conn, SUBMISSIONS.name).await?;
    let older = record.timestamp.saturating_add(CLOCKS_APART).unwrap_or(Timestamp::MAX);
    Ok(if read.is_some_and(|read| read > older) {
        HandlerError::poison("the complaint is unknown")
    } else {
        HandlerError::Unavailable("the complaint is not registered yet".into())
    })
}

/// What a message is about.
pub(super) fn key(meta: &EventMeta) -> Key {
    (meta.tenant.clone(), ComplaintId::from_uuid(meta.subject))
}

fn cause(meta: &EventMeta) -> Cause {
    Cause {
        causation: Some(meta.event_id.to_string()),
        traceparent: meta.traceparent.clone(),
        tracestate: meta.tracestate.clone(),
    }
}
