//! Sending: claim what is due, write its letter if nobody has, hand it to a channel, write down what came of it.
//!
//! No remote call is made inside a transaction. A worker that dies leaves its claims to the end of their leases; what it
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
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::Desk;
use crate::channel::Outlets;
use crate::domain::delivery::Outcome;
use crate::error::Error;
use crate::store::delivery::{self, Claimed, Lane};
use crate::store::notice::Notice;

/// How often the workers of a lane together look for work while there is none.
const PERIOD: Duration = Duration::from_millis(50);
/// How long a lane waits after a failure of its own, such as a database that is away.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

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

impl Dispatch {
    /// Sends until `stop`, as worker `place` of `workers`, counted from 0: they take turns in looking for work. A failure
    /// of its own is logged and waited out: what was claimed comes again.
    pub async fn run(
        self,
        lane: Lane,
        place: u16,
        workers: u16,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        tokio::time::sleep(PERIOD * place.into()).await;
        while !stop.is_cancelled() {
            let idle = match self.pass(lane).await {
                Ok(0) => PERIOD * workers.into(),
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(%error, "notices wait");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(idle) => {}
            }
        }
        Ok(())
    }

    /// One round: returns how many deliveries it had in hand.
    pub async fn pass(&self, lane: Lane) -> Result<usize, Error> {
        let now = self.desk.now();
        let mut conn = self.desk.db.pool().acquire().await?;
        let lease = unique()?;
        let limit = i64::from(self.batch);
        let claimed = delivery::claim(&mut conn, lane, lease, now, self.lease, limit).await?;
        drop(conn);
        let count = claimed.len();
        if count == 0 {
            return Ok(if lane == Lane::Callbacks { self.settle_disabled().await? } else { 0 });
        }
        let prepared = self.prepare(claimed, now).await?;
        let tries = futures::stream::iter(prepared).map(|prepared| self.carried(prepared));
        let done = tries.buffer_unordered(self.batch.into());
        // What is done at the same time is written down together; a slow channel holds up nobody's record but its own.
        let mut done = done.ready_chunks(self.batch.into());
        while let Some(done) = done.next().await {
            self.record(done).await?;
        }
        Ok(count)
    }

    /// A try within the trace of what caused the notice.
    async fn carried(&self, prepared: prepare::Prepared) -> Done {
        let span = tracing::info_span!(
            "deliver",
            otel.name = "deliver notice",
            otel.kind = "client",
            redress.notice.kind = prepared.notice.kind.code(),
        );
        if let Some(context) = trace(&prepared.notice) {
            redress_runtime::telemetry::parent(&span, &context);
        }
        self.carry(prepared).instrument(span).await
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
