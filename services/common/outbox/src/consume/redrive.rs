//! What waits in a chain is applied in order, one record per transaction, until something fails.
//!
//! The live consumer may park further records of the chain meanwhile: it locks the waiting rows while it does so, and a
//! redrive reads the chain again until nothing waits, so none is left behind unseen.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use redress_messaging::EventMeta;
use redress_postgres::summary_of;
use sqlx::PgConnection;
use thiserror::Error;

use super::Kit;
use super::batch::{Failure, TransactionFailure};
use super::lane::TypedLane;
use super::plan::{Cause, CauseKind, Chain, Effect, Identity, Plan, Swap};
use crate::handler::{BatchHandler, Delivery};
use crate::store::parked::{self, Link, Place, Settled};
use crate::store::write;

/// Who redrives or discards, and why.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    pub(crate) actor: String,
    pub(crate) reason: String,
    /// Records whose gap is accepted: the operator named each of them.
    pub(crate) accepted: HashSet<(String, i32, i64)>,
}

/// What became of a chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Redriven {
    pub(crate) applied: i32,
    pub(crate) dropped: i32,
    pub(crate) still_parked: i32,
}

/// Redriving could not go on; nothing is half done.
#[derive(Debug, Error)]
pub(crate) enum RedriveError {
    #[error("asking the database")]
    Database(#[from] sqlx::Error),
    #[error("a dependency is away: {0}")]
    Away(String),
    #[error("the record does not wait any more, or others were faster again and again")]
    Overtaken,
}

/// How one record went.
enum Step {
    Applied,
    Dropped,
    /// It stays parked, and so does all that follows.
    Failed(Cause),
    /// Another transaction was faster; the chain is to be read again.
    Outdated,
}

/// How far a walk along records came.
enum Walked {
    /// To their end. `waited`: there were some that waited, and more may have come behind them.
    Through { waited: bool },
    /// To one that failed.
    Stopped,
    /// Another transaction was faster: they are to be read again.
    Overtaken,
}

/// How often a chain is read again because others were faster.
const ATTEMPTS: u32 = 20;

impl<H: BatchHandler> TypedLane<H> {
    /// Applies what waits in `chain`.
    pub(super) async fn redrive_chain(
        &self,
        kit: &Kit,
        chain: &Chain,
        by: &Operator,
    ) -> Result<Redriven, RedriveError> {
        let mut total = Redriven::default();
        for _ in 0..ATTEMPTS {
            match self.pass(kit, chain, by, &mut total).await? {
                Walked::Through { waited: false } => return Ok(total),
                Walked::Stopped => {
                    let waiting = parked::waiting_in(&kit.db, self.topic, chain).await?;
                    total.still_parked = i32::try_from(waiting).unwrap_or(i32::MAX);
                    return Ok(total);
                }
                Walked::Through { waited: true } | Walked::Overtaken => {}
            }
        }
        Err(RedriveError::Overtaken)
    }

    /// Walks once along a whole chain, a page at a time.
    async fn pass(
        &self,
        kit: &Kit,
        chain: &Chain,
        by: &Operator,
        total: &mut Redriven,
    ) -> Result<Walked, RedriveError> {
        let mut waited = false;
        let mut page = parked::chain(&kit.db, self.topic, chain, None).await?;
        while let Some(last) = page.last() {
            match self.walk(kit, &page, by, total).await? {
                Walked::Through { waited: here } => waited |= here,
                ended => return Ok(ended),
            }
            page = parked::chain(&kit.db, self.topic, chain, Some(last)).await?;
        }
        Ok(Walked::Through { waited })
    }

    /// Walks along records of one chain.
    async fn walk(
        &self,
        kit: &Kit,
        links: &[Link],
        by: &Operator,
        total: &mut Redriven,
    ) -> Result<Walked, RedriveError> {
        for link in links {
            match self.step(kit, link, by).await? {
                Step::Outdated => return Ok(Walked::Overtaken),
                _ if link.discarded => {}
                Step::Applied => total.applied += 1,
                Step::Dropped => total.dropped += 1,
                Step::Failed(cause) => {
                    parked::failed_again(&kit.db, &link.place, &cause).await?;
                    return Ok(Walked::Stopped);
                }
            }
        }
        Ok(Walked::Through { waited: links.iter().any(|link| !link.discarded) })
    }

    /// Applies one record that has no key.
    pub(super) async fn redrive_keyless(
        &self,
        kit: &Kit,
        place: &Place,
        by: &Operator,
    ) -> Result<Redriven, RedriveError> {
        let mut total = Redriven::default();
        for _ in 0..ATTEMPTS {
            let Some(link) = parked::single(&kit.db, place).await? else { return Ok(total) };
            if let Walked::Stopped = self.walk(kit, &[link], by, &mut total).await? {
                total.still_parked = 1;
                return Ok(total);
            }
        }
        Err(RedriveError::Overtaken)
    }

    /// Gives one record up. Its version counts as seen, so that later ones can follow.
    pub(super) async fn discard_link(
        &self,
        kit: &Kit,
        link: &Link,
        by: &Operator,
    ) -> Result<bool, RedriveError> {
        let item = self.read(&link.record);
        for _ in 0..ATTEMPTS {
            let swap = self.swap(kit, item.identity, false).await?.ok();
            let given_up = item.meta.clone();
            let settle = Some(Settled::Discarded);
            let change = Change { delivery: None, given_up, swap, settle, place: link.place.clone() };
            match self.write(kit, change, by).await {
                Ok(()) => {
                    if let Some(chain) = link.chain() {
                        self.pass_discarded(kit, &chain, by).await?;
                    }
                    return Ok(true);
                }
                Err(Failure::Outdated | Failure::Conflict(_)) => {
                    if !self.still_waits(kit, link).await? {
                        return Ok(false);
                    }
                }
                Err(Failure::Away(what) | Failure::TooSlow(what) | Failure::Unwritable(what)) => {
                    return Err(RedriveError::Away(what));
                }
                Err(Failure::Poison(cause)) => return Err(RedriveError::Away(cause.detail.into_owned())),
            }
        }
        Err(RedriveError::Overtaken)
    }

    /// Records given up before, that now stand at the front of their chain, count as seen too.
    async fn pass_discarded(&self, kit: &Kit, chain: &Chain, by: &Operator) -> Result<(), RedriveError> {
        let mut page = parked::chain(&kit.db, self.topic, chain, None).await?;
        while let Some(last) = page.last() {
            for link in page.iter().filter(|link| link.discarded) {
                self.step(kit, link, by).await?;
            }
            page = parked::chain(&kit.db, self.topic, chain, Some(last)).await?;
        }
        Ok(())
    }

    async fn still_waits(&self, kit: &Kit, link: &Link) -> Result<bool, RedriveError> {
        Ok(parked::single(&kit.db, &link.place).await?.is_some())
    }

    async fn step(&self, kit: &Kit, link: &Link, by: &Operator) -> Result<Step, RedriveError> {
        let item = self.read(&link.record);
        let accepted = by.accepted.contains(&link.place.named());
        let swap = match self.swap(kit, item.identity, accepted).await? {
            Ok(swap) => Some(swap).filter(|swap| swap.expected < swap.new),
            Err(Unfit::None) => None,
            Err(Unfit::Seen) => {
                return self.settle_only(kit, link, by).await;
            }
            Err(Unfit::Gap(cause)) => return Ok(Step::Failed(cause)),
        };
        let delivery = match (&item.effect, link.discarded) {
            (Effect::Impossible(cause), false) => return Ok(Step::Failed(cause.clone())),
            (Effect::Apply, false) => item.delivery.clone(),
            _ => None,
        };
        if link.discarded && swap.is_none() {
            return Ok(Step::Dropped);
        }
        let settle = (!link.discarded).then_some(Settled::Redriven);
        let change = Change { delivery, given_up: None, swap, settle, place: link.place.clone() };
        match self.write(kit, change, by).await {
            Ok(()) => Ok(Step::Applied),
            Err(Failure::Outdated | Failure::Conflict(_)) => Ok(Step::Outdated),
            Err(Failure::Away(what) | Failure::TooSlow(what)) => Err(RedriveError::Away(what)),
            Err(Failure::Unwritable(what)) => {
                Ok(Step::Failed(Cause { kind: CauseKind::Refused, detail: what.into() }))
            }
            Err(Failure::Poison(cause)) => Ok(Step::Failed(cause)),
        }
    }

    async fn settle_only(&self, kit: &Kit, link: &Link, by: &Operator) -> Result<Step, RedriveError> {
        if !link.discarded {
            let settle = parked::settle(&kit.db, &link.place, Settled::Redriven, &by.actor, &by.reason);
            // Division by zero: somebody else has settled it.
            settle.await.or_else(|error| match redress_postgres::kind_of(&error) {
                redress_domain::ErrorKind::Aborted => Ok(()),
                _ => Err(error),
            })?;
        }
        Ok(Step::Dropped)
    }

    /// The step that a record's version makes, if it fits.
    async fn swap(
        &self,
        kit: &Kit,
        identity: Option<Identity>,
        gap_accepted: bool,
    ) -> Result<Result<Swap, Unfit>, sqlx::Error> {
        let Some(Identity { aggregate, version }) = identity else { return Ok(Err(Unfit::None)) };
        let last = parked::last_version(&kit.db, self.topic, aggregate).await?.unwrap_or(0);
        Ok(if version <= last {
            Err(Unfit::Seen)
        } else if version == last + 1 || gap_accepted {
            Ok(Swap { aggregate, expected: last, new: version })
        } else {
            let detail = format!("version {version} came after version {last}").into();
            Err(Unfit::Gap(Cause { kind: CauseKind::Gap, detail }))
        })
    }

    async fn write(&self, kit: &Kit, change: Change<H::Event>, by: &Operator) -> Result<(), Failure> {
        let (handler, topic) = (Arc::clone(&self.handler), self.topic);
        let work = Arc::new((change, by.clone()));
        let redrive = async move {
            if let Some(delivery) = &work.0.delivery {
                let batch = std::slice::from_ref(delivery);
                handler.prepare(batch).await.map_err(TransactionFailure::Handler)?;
            }
            kit.db
                .run_tx("redrive", move |connection| {
                    let (handler, work) = (Arc::clone(&handler), Arc::clone(&work));
                    Box::pin(async move { work.0.within(connection, topic, &*handler, &work.1).await })
                })
                .await
        };
        let outcome = match AssertUnwindSafe(redrive).catch_unwind().await {
            Ok(outcome) => outcome.map_err(Failure::from),
            Err(_) => Err(Failure::Poison(Cause {
                kind: CauseKind::Panicked,
                detail: "the handler panicked".into(),
            })),
        };
        if let Err(Failure::Away(what)) = &outcome {
            tracing::warn!(
                messaging.destination.name = topic,
                what,
                "redriving stopped: a dependency is away"
            );
        }
        kit.wake.wake();
        outcome
    }
}

/// Why a version makes no step.
enum Unfit {
    /// The record has none.
    None,
    Seen,
    Gap(Cause),
}

/// What one transaction of a redrive writes.
struct Change<E> {
    delivery: Option<Delivery<E>>,
    given_up: Option<Arc<EventMeta>>,
    swap: Option<Swap>,
    settle: Option<Settled>,
    place: Place,
}

impl<E: Send + Sync + 'static> Change<E> {
    async fn within<H: BatchHandler<Event = E>>(
        &self,
        connection: &mut PgConnection,
        topic: &str,
        handler: &H,
        by: &Operator,
    ) -> Result<(), TransactionFailure> {
        let plan = Plan { swaps: self.swap.into_iter().collect(), ..Plan::default() };
        write::guard(connection, topic, &plan, &[]).await?;
        if let Some(delivery) = &self.delivery {
            let batch = std::slice::from_ref(delivery);
            handler.apply(connection, batch).await.map_err(TransactionFailure::Handler)?;
        }
        if let Some(event) = &self.given_up {
            handler.given_up(connection, event, &by.actor).await.map_err(TransactionFailure::Handler)?;
        }
        if let Some(how) = self.settle {
            parked::settle(connection, &self.place, how, &by.actor, &by.reason).await?;
        }
        Ok(())
    }
}

impl RedriveError {
    /// For the log; the caller is told only that it failed.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Database(error) => summary_of(error),
            other => other.to_string(),
        }
    }
}
