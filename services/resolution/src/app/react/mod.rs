//! What follows from other services' events: the case is remembered, its state followed, and what may start only from
//! the lifecycle starts here. A batch has one course: lock its cases, let each event do its part, save at once.

mod clocks;
mod enter;
mod incidents;
mod investigation;
mod lifecycle;
mod notices;
mod registered;
mod undo;
pub mod window;

pub use clocks::{ClockTold, FollowClocks};
pub use incidents::FollowIncidents;
pub use investigation::FollowInvestigation;
pub use lifecycle::FollowLifecycle;
pub use notices::FollowNotices;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use redress_domain::{Clock, ComplaintId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{Delivery, HandlerError, read_through};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::out::Out;
use super::publish::Origin;
use super::save::Left;
use crate::domain::case::Case;
use crate::domain::offer::{LinkBody, OfferAction};
use crate::domain::proposal::ProposalState;
use crate::domain::window::Windows;
use crate::store::case::{self, Held, Key};
use crate::topics::LIFECYCLE;

/// How far the clocks of those who write to the log may be apart.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(5);

/// What every handler needs.
#[derive(Clone)]
pub struct Follower {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whether money that is overdue and has failed leads to a ruling on an advance payment (L43).
    pub advance_overdue: bool,
    /// How long can be appealed.
    pub windows: Arc<Windows>,
}

impl Follower {
    fn now(&self) -> Timestamp {
        whole_microseconds(self.clock.now())
    }

    /// Announces the time to appeal where it ends later than it was told: sla's clock follows (C27).
    fn tell_window(&self, case: &mut Case, out: &mut Out) {
        if let Some((ruling, until)) = self.windows.of(&case.tenant).moved(case) {
            let appeal_until = crate::app::wire::time(until);
            out.push(&wire::AppealWindowMoved { ruling_id: ruling.to_string(), appeal_until });
        }
    }
}

/// The locked cases of a batch.
struct Cases {
    held: BTreeMap<Key, Held>,
    touched: BTreeSet<Key>,
    left: Left,
    now: Timestamp,
}

impl Cases {
    /// Locks the cases that `batch` is about, in the order of their keys.
    async fn lock<E>(
        conn: &mut PgConnection,
        batch: &[Delivery<E>],
        now: Timestamp,
    ) -> Result<Self, HandlerError> {
        let keys: BTreeSet<Key> = batch.iter().map(|delivery| key(&delivery.meta)).collect();
        let keys: Vec<Key> = keys.into_iter().collect();
        let held = case::lock_all(conn, &keys).await?;
        Ok(Self { held, touched: BTreeSet::new(), left: Left::default(), now })
    }

    /// The case that a delivery is about.
    async fn of<E>(
        &mut self,
        conn: &mut PgConnection,
        delivery: &Delivery<E>,
    ) -> Result<&mut Case, HandlerError> {
        match self.held.get_mut(&key(&delivery.meta)) {
            Some(held) => Ok(&mut held.case),
            None => Err(unknown(conn, delivery).await?),
        }
    }

    /// Takes what a delivery left behind.
    fn take<E>(&mut self, delivery: &Delivery<E>, out: Out) {
        let key = key(&delivery.meta);
        if let Some(held) = self.held.get_mut(&key) {
            self.left.take(held, &Origin::machine(&delivery.meta, self.now), out);
            self.touched.insert(key);
        }
    }

    /// Saves what has changed.
    async fn save(self, conn: &mut PgConnection) -> Result<(), HandlerError> {
        let touched: Vec<&Held> = self.touched.iter().filter_map(|key| self.held.get(key)).collect();
        Ok(self.left.save(conn, &touched).await?)
    }
}

fn key(meta: &EventMeta) -> Key {
    (meta.tenant.clone(), ComplaintId::from_uuid(meta.subject))
}

/// A complaint that another service knows is not here. It comes as long as registrations older than the record were not
/// read; after that it never comes.
async fn unknown<E>(conn: &mut PgConnection, delivery: &Delivery<E>) -> Result<HandlerError, sqlx::Error> {
    let read = read_through(conn, LIFECYCLE).await?;
    let older = delivery.record.timestamp.saturating_add(CLOCKS_APART).unwrap_or(Timestamp::MAX);
    Ok(if read.is_some_and(|read| read > older) {
        HandlerError::poison("the complaint is unknown")
    } else {
        HandlerError::Unavailable("the complaint is not registered yet".into())
    })
}

/// Ends what lies with the parties or waits for a review, and says so in the chain.
fn end_proposals(
    case: &mut Case,
    out: &mut Out,
    at: Timestamp,
    (state, action): (ProposalState, OfferAction),
    which: impl Fn(&crate::domain::proposal::Proposal) -> bool,
) {
    let mut ended: Vec<(Uuid, u32)> = Vec::new();
    for proposal in case.proposals.iter_mut().filter(|proposal| proposal.is_pending() && which(proposal)) {
        if proposal.state == ProposalState::Open && proposal.number() > 0 {
            ended.push((proposal.id, proposal.number()));
        }
        proposal.state = state;
    }
    for (proposal, revision) in ended {
        let body = LinkBody {
            sequence: 0,
            proposal,
            revision,
            option: 0,
            action,
            side: None,
            actor: crate::SOURCE.to_owned(),
            at: whole_microseconds(at),
            consent: None,
            comment_sha256: String::new(),
            counter_terms: Vec::new(),
        };
        out.link(case, body);
    }
}
