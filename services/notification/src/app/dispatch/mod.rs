//! Sending: claim what is due, write its letter if nobody has, hand it to a channel, write down what came of it.
//!
//! No remote call is made inside a transaction. A worker that dies leaves its claims to the end of their leases, which the
//! database's clock tells; what it
//! had handed over by then is handed over again under the same id, for a channel's yes and our record of it cannot be
//! one act. A worker that comes back after its lease has passed to another writes nothing.
//!
//! A channel that is slow holds up no other. Which channel a letter goes to is known only once its addressee's contacts are
//! opened; so everything is claimed by the workers of all, who carry it themselves while its channel is quick, wait for no
//! try longer than a second, and pass on to the channel's own workers what would wait for a slow one.
//!
//! Refused: a queue in the broker (a delivery waits for hours, and changes its way), a worker per channel and tenant
//! (idle most of the time; a claim of whatever is due serves all), passing everything on (twice the work for each letter).

mod carry;
mod pace;
mod prepare;
mod record;
mod settle;
mod turns;

use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use redress_domain::ContactType;
use tokio::task::JoinSet;
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
pub use pace::Pace;
use prepare::Prepared;
pub use turns::Turns;

/// How long the workers of all wait for the tries of a hand; what takes longer goes on without them.
const PATIENCE: Duration = Duration::from_secs(1);
/// Channels with workers of their own for what waits apart.
pub const APART: [ContactType; 2] = [ContactType::Email, ContactType::InApp];
/// When a delivery whose rows do not read is looked at again: another version of this program may read them.
const UNREADABLE: Duration = Duration::from_mins(10);
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
    /// Which channels are slow just now.
    pub pace: Pace,
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
    /// How many of them were passed on to a channel's own workers.
    passed_on: usize,
}

impl Dispatch {
    /// Sends until it is stopped, as one of the workers that take `turns` in looking for work. A failure of its own is logged
    /// and waited out: what was claimed comes again.
    pub async fn run(self, lane: Lane, turns: Turns) -> anyhow::Result<()> {
        let mut hand = Hand::new(self.batch);
        let mut rounds: u32 = 0;
        let mut slow = JoinSet::new();
        let patience = (lane == Lane::Parties).then_some(PATIENCE);
        while !self.stop.is_cancelled() {
            rounds = rounds.wrapping_add(1);
            if lane == Lane::Callbacks && rounds.is_multiple_of(SETTLE_EVERY) {
                self.settle_logged().await;
            }
            while slow.try_join_next().is_some() {}
            let until = match self.round(lane, hand.size(), patience.zip(Some(&mut slow))).await {
                Ok(Round { claimed: 0, .. }) => turns.next(Instant::now()),
                Ok(round) => {
                    hand = hand.after(round.claimed, round.deferred);
                    if round.deferred < round.claimed {
                        continue;
                    }
                    Instant::now() + DEFERRED
                }
                Err(error) => {
                    tracing::warn!(%error, "notices wait");
                    Instant::now() + AFTER_FAILURE
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
        while slow.join_next().await.is_some() {}
        Ok(())
    }

    /// One round with all that follows, in the lanes of the channels too: returns how many deliveries it had in hand.
    pub async fn pass(&self, lane: Lane) -> Result<usize, Error> {
        let round = self.round(lane, self.batch, None).await?;
        let mut claimed = round.claimed - round.passed_on;
        if round.claimed == 0 && lane == Lane::Callbacks {
            return self.settle_disabled().await;
        }
        if lane == Lane::Parties {
            for channel in APART {
                claimed += self.round(Lane::Channel(channel), self.batch, None).await?.claimed;
            }
        }
        Ok(claimed)
    }

    async fn round(
        &self,
        lane: Lane,
        most: u16,
        patience: Option<(Duration, &mut JoinSet<()>)>,
    ) -> Result<Round, Error> {
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
            return Ok(Round { claimed: 0, deferred: 0, passed_on: 0 });
        }
        // What is beyond an address's rate is not opened.
        let (claimed, beyond): (Vec<_>, Vec<_>) = claimed
            .into_iter()
            .partition(|claimed| claimed.webhook.is_none_or(|id| self.outlets.callbacks.admits(id)));
        let mut deferred = beyond.len();
        self.put_off(beyond, now).await?;
        let (prepared, unreadable) = self.prepare(claimed, now).await?;
        self.look_again(unreadable, now).await?;
        let (prepared, waiting) = self.apart(lane, prepared);
        let passed_on = waiting.len();
        self.pass_on(waiting, now).await?;
        let chance = Chance { held_until, stop: self.stop.clone() };
        // In tasks of their own: a try goes on while others are written down.
        let this = self.clone();
        let tries = futures::stream::iter(prepared)
            .map(move |prepared| tokio::spawn(this.clone().carried(prepared, chance.clone())));
        let done = tries.buffer_unordered(self.batch.into());
        // What is done at the same time is written down together; a slow channel holds up nobody's record but its own.
        let mut done = Box::pin(done.ready_chunks(self.batch.into()));
        let mut failure = None;
        let give_up_at = patience.as_ref().map(|(patience, _)| Instant::now() + *patience);
        loop {
            let next = match give_up_at {
                Some(at) => tokio::time::timeout_at(at, done.next()).await,
                None => Ok(done.next().await),
            };
            let Ok(next) = next else {
                // They are waited for and written down apart.
                if let Some((_, slow)) = patience {
                    let this = self.clone();
                    slow.spawn(async move {
                        while let Some(done) = done.next().await {
                            this.record_logged(done.into_iter().filter_map(Result::ok).collect()).await;
                        }
                    });
                }
                break;
            };
            let Some(done) = next else { break };
            // A try that broke off has no record: its claim runs out.
            let done: Vec<Done> = done.into_iter().filter_map(Result::ok).collect();
            deferred += done.iter().filter(|done| done.outcome == Outcome::Deferred).count();
            // Whatever becomes of one record, the tries that run are waited for and written down.
            if let Err(error) = self.record(done).await {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(Round { claimed: count, deferred, passed_on }), Err)
    }

    /// What the workers of `lane` carry themselves, and what waits for a slow channel apart.
    fn apart(&self, lane: Lane, prepared: Vec<Prepared>) -> (Vec<Prepared>, Vec<(Claimed, ContactType)>) {
        let (mut own, mut waiting) = (Vec::with_capacity(prepared.len()), Vec::new());
        for prepared in prepared {
            match prepared.channel().filter(|channel| APART.contains(channel) && self.pace.is_slow(*channel))
            {
                Some(channel) if lane == Lane::Parties => waiting.push((prepared.claimed, channel)),
                _ => own.push(prepared),
            }
        }
        (own, waiting)
    }

    async fn record_logged(&self, done: Vec<Done>) {
        if let Err(error) = self.record(done).await {
            tracing::warn!(%error, "what came of slow tries is not written down; they are tried again");
        }
    }

    /// A try within the trace of what caused the notice.
    async fn carried(self, prepared: Prepared, chance: Chance) -> Done {
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
