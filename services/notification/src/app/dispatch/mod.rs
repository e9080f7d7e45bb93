//! Sending: claim what is due, write its letter if nobody has, hand it to a channel, write down what came of it.
//!
//! No remote call is made inside a transaction. A worker that dies leaves its claims to the end of their leases, which the
//! database's clock tells; what it
//! had handed over by then is handed over again under the same id, for a channel's yes and our record of it cannot be
//! one act. A worker that comes back after its lease has passed to another writes nothing.
//!
//! Refused: a queue in the broker (a delivery waits for hours, and changes its way), a worker per channel and tenant
//! (idle most of the time; a claim of whatever is due serves all).

mod carry;
mod prepare;
mod record;
mod settle;

use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use redress_domain::ContactType;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::Desk;
use crate::channel::{Chance, Outlets};
use crate::domain::delivery::{DEFERRED, Outcome};
use crate::domain::hand::Hand;
use crate::error::Error;
use crate::store::delivery::{self, Claimed, Lane};
use crate::store::notice::Notice;

/// How often the workers of a lane together look for work while there is none.
const PERIOD: Duration = Duration::from_millis(50);
/// How long a lane waits after a failure of its own, such as a database that is away.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// What of a claim's time is left for the record of a try.
const FOR_THE_RECORD: Duration = Duration::from_secs(2);
/// To how many callback addresses a full hand goes, at least.
const ADDRESSES: u16 = 4;
/// After how many rounds a worker looks whether anything waits for a disabled address.
const SETTLE_EVERY: u32 = 16;

/// Sends notices.
#[derive(Clone)]
pub struct Dispatch {
    /// What every use needs.
    pub desk: Desk,
    /// The ways out.
    pub outlets: Outlets,
    /// Deliveries that one pass claims, and tries at once.
    pub batch: u16,
    /// How long a claim lasts; longer than the slowest try.
    pub lease: Duration,
    /// When nothing is begun any more; what runs is finished.
    pub stop: CancellationToken,
}

/// What a try was, and what came of it.
#[derive(Debug, Clone)]
struct Done {
    claimed: Claimed,
    notice: std::sync::Arc<NoticeRef>,
    /// Through what it went; none if nothing was tried.
    through: Through,
    outcome: Outcome,
    at: Timestamp,
}

/// What the record needs of a notice.
#[derive(Debug)]
struct NoticeRef {
    complaint: redress_domain::ComplaintId,
}

/// Through what a try went.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Through {
    /// A station of the addressee's route; whether another one comes after it.
    Station { name: String, channel: ContactType, more: bool },
    /// The callback address of the claim.
    Callback,
    /// No channel is left.
    Nothing,
}

/// What a round had in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Round {
    /// How many deliveries.
    claimed: usize,
    /// How many of them went back untried.
    deferred: usize,
}

impl Dispatch {
    /// Sends until it is stopped, as worker `place` of `workers`, counted from 0: they take turns in looking for work. A
    /// failure of its own is logged and waited out: what was claimed comes again.
    pub async fn run(self, lane: Lane, place: u16, workers: u16) -> anyhow::Result<()> {
        tokio::time::sleep(PERIOD * place.into()).await;
        let mut hand = Hand::new(self.batch);
        let mut rounds: u32 = 0;
        while !self.stop.is_cancelled() {
            rounds = rounds.wrapping_add(1);
            if lane == Lane::Callbacks && rounds.is_multiple_of(SETTLE_EVERY) {
                self.settle_logged().await;
            }
            let wait = match self.round(lane, hand.size()).await {
                Ok(Round { claimed: 0, .. }) => PERIOD * workers.into(),
                Ok(round) => {
                    hand = hand.after(round.claimed, round.deferred);
                    if round.deferred < round.claimed {
                        continue;
                    }
                    DEFERRED
                }
                Err(error) => {
                    tracing::warn!(%error, "notices wait");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// One round with all that follows: returns how many deliveries it had in hand.
    pub async fn pass(&self, lane: Lane) -> Result<usize, Error> {
        let round = self.round(lane, self.batch).await?;
        if round.claimed == 0 && lane == Lane::Callbacks {
            return self.settle_disabled().await;
        }
        Ok(round.claimed)
    }

    async fn round(&self, lane: Lane, most: u16) -> Result<Round, Error> {
        let now = self.desk.now();
        // Before the claim, so that it is never thought to last longer than it does.
        let held_until = Instant::now() + self.lease.saturating_sub(FOR_THE_RECORD);
        let resting = if lane == Lane::Callbacks { self.outlets.callbacks.at_rest() } else { Vec::new() };
        let hand = delivery::Hand {
            most: most.into(),
            most_of_address: (most / ADDRESSES).max(1).into(),
            resting: &resting,
        };
        let mut conn = self.desk.db.pool().acquire().await?;
        let claimed = delivery::claim(&mut conn, lane, unique()?, now, self.lease, hand).await?;
        drop(conn);
        let count = claimed.len();
        if count == 0 {
            return Ok(Round { claimed: 0, deferred: 0 });
        }
        // What is beyond an address's rate is not opened.
        let (claimed, beyond): (Vec<_>, Vec<_>) = claimed
            .into_iter()
            .partition(|claimed| claimed.webhook.is_none_or(|id| self.outlets.callbacks.admits(id)));
        let mut deferred = beyond.len();
        self.put_off(beyond, now).await?;
        let prepared = self.prepare(claimed, now).await?;
        let chance = Chance { held_until, stop: self.stop.clone() };
        // In tasks of their own: a try goes on while others are written down.
        let tries = futures::stream::iter(prepared)
            .map(|prepared| tokio::spawn(self.clone().carried(prepared, chance.clone())));
        let done = tries.buffer_unordered(self.batch.into());
        // What is done at the same time is written down together; a slow channel holds up nobody's record but its own.
        let mut done = done.ready_chunks(self.batch.into());
        let mut failure = None;
        while let Some(done) = done.next().await {
            // A try that broke off has no record: its claim runs out.
            let done: Vec<Done> = done.into_iter().filter_map(Result::ok).collect();
            deferred += done.iter().filter(|done| done.outcome == Outcome::Deferred).count();
            // Whatever becomes of one record, the tries that run are waited for and written down.
            if let Err(error) = self.record(done).await {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(Round { claimed: count, deferred }), Err)
    }

    /// A try within the trace of what caused the notice.
    async fn carried(self, prepared: prepare::Prepared, chance: Chance) -> Done {
        let span = tracing::info_span!(
            "deliver",
            otel.name = "deliver notice",
            otel.kind = "client",
            redress.notice.kind = prepared.notice.kind.code(),
        );
        if let Some(context) = trace(&prepared.notice) {
            redress_runtime::telemetry::parent(&span, &context);
        }
        self.carry(prepared, &chance).instrument(span).await
    }
}

fn trace(notice: &Notice) -> Option<redress_runtime::telemetry::TraceContext> {
    Some(redress_runtime::telemetry::TraceContext {
        traceparent: notice.cause.traceparent.clone()?,
        tracestate: notice.cause.tracestate.clone(),
    })
}

/// A name that no other claim has.
fn unique() -> Result<Uuid, Error> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| redress_vault::VaultError::Library)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
