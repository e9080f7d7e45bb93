use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use redress_messaging::Record;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::Kit;
use super::batch::{Batch, Failure};
use super::hops;
use super::item::Item;
use super::patience::Patience;
use super::plan::{Candidate, Cause, CauseKind, Chain, Cursors, Halt, Plan, plan};
use super::redrive::{Operator, RedriveError, Redriven};
use crate::handler::{BatchHandler, Guard};
use crate::store::parked::{Link, Place};
use crate::store::view;

/// A topic with its guard and handler, whatever its event type.
#[async_trait]
pub(crate) trait Lane: Send + Sync + 'static {
    fn topic(&self) -> &'static str;

    /// Applies a batch, however often it must be tried and cut, and moves the cursors on as far as it came.
    async fn apply(&self, kit: &Kit, batch: &[Arc<Record>], cursors: &mut Cursors)
    -> Result<(), Interrupted>;

    /// Applies what waits in one chain, in order, until something fails.
    async fn redrive(&self, kit: &Kit, chain: &Chain, by: &Operator) -> Result<Redriven, RedriveError>;

    /// Applies one record that waits and has no key.
    async fn redrive_single(&self, kit: &Kit, place: &Place, by: &Operator)
    -> Result<Redriven, RedriveError>;

    /// Gives one record up; answers whether it still waited.
    async fn discard(&self, kit: &Kit, link: &Link, by: &Operator) -> Result<bool, RedriveError>;
}

/// Why a batch was left, in part or in whole.
#[derive(Debug)]
pub(crate) enum Interrupted {
    /// The process stops.
    Stopped,
    /// The read position has changed under it.
    Halted(Halt),
}

/// See [`Lane`].
pub(crate) struct TypedLane<H> {
    pub(super) topic: &'static str,
    pub(super) guard: Guard,
    pub(super) handler: Arc<H>,
}

impl<H: BatchHandler> TypedLane<H> {
    pub(crate) fn new(topic: &'static str, guard: Guard, handler: H) -> Self {
        Self { topic, guard, handler: Arc::new(handler) }
    }

    pub(super) fn read(&self, record: &Arc<Record>) -> Item<H::Event> {
        Item::read(&*self.handler, self.guard, Arc::clone(record))
    }

    /// Applies items from the left; a range that fails is cut in two until the culprit stands alone.
    async fn bisect(
        &self,
        kit: &Kit,
        items: &mut [Item<H::Event>],
        cursors: &mut Cursors,
    ) -> Result<usize, Interrupted> {
        let all = 0..items.len();
        let mut ranges: Vec<Range<usize>> = vec![all];
        let mut dropped = 0;
        let mut patience = Patience::default();
        while let Some(range) = ranges.pop() {
            match self.attempt(kit, &items[range.clone()], cursors).await? {
                Outcome::Written { dropped: more } => {
                    dropped += more;
                    patience = Patience::default();
                }
                Outcome::Failed(Failure::Outdated, _) => {
                    patience.outdated(kit).await?;
                    ranges.push(range);
                }
                Outcome::Failed(Failure::Conflict(_), _) if patience.conflict(kit).await? => {
                    ranges.push(range);
                }
                // Nobody is to blame, and half of it may be quick enough.
                Outcome::Failed(Failure::TooSlow(what), _) if range.len() > 1 => {
                    tracing::warn!(
                        messaging.destination.name = self.topic,
                        records = range.len(),
                        what,
                        "a batch took too long; it is cut in two"
                    );
                    cut(&mut ranges, &range, range.len() / 2);
                }
                Outcome::Failed(Failure::Away(what) | Failure::TooSlow(what), _) => {
                    patience.away(kit, self.topic, &what).await?;
                    ranges.push(range);
                }
                Outcome::Failed(Failure::Unwritable(what), _) => {
                    self.leave_out(kit, items, &mut ranges, range, &mut patience, &what).await?;
                }
                Outcome::Failed(Failure::Poison(cause) | Failure::Conflict(cause), plan) => {
                    patience = Patience::default();
                    if let Some(middle) = plan.middle() {
                        cut(&mut ranges, &range, middle);
                    } else if let Some(&alone) = plan.apply.first() {
                        items[range.start + alone].give_up(cause);
                        ranges.push(range);
                    } else {
                        // Nothing was applied: it is what was to be set aside.
                        self.leave_out(kit, items, &mut ranges, range, &mut patience, &cause.detail).await?;
                    }
                }
            }
        }
        Ok(dropped)
    }

    /// Seeks the record of which the database refuses what the kit itself keeps, and sets it aside without that.
    async fn leave_out(
        &self,
        kit: &Kit,
        items: &mut [Item<H::Event>],
        ranges: &mut Vec<Range<usize>>,
        range: Range<usize>,
        patience: &mut Patience,
        what: &str,
    ) -> Result<(), Interrupted> {
        if range.len() > 1 {
            cut(ranges, &range, range.len() / 2);
            return Ok(());
        }
        if !items[range.start].strip() {
            patience.away(kit, self.topic, what).await?;
        }
        ranges.push(range);
        Ok(())
    }

    async fn attempt(
        &self,
        kit: &Kit,
        items: &[Item<H::Event>],
        cursors: &mut Cursors,
    ) -> Result<Outcome, Interrupted> {
        let candidates: Vec<Candidate<'_>> = items.iter().map(Item::candidate).collect();
        let view = match view::read(&kit.db, self.topic, &candidates).await {
            Ok(view) => view,
            Err(error) => {
                let away = Failure::Away(redress_postgres::summary_of(&error));
                return Ok(Outcome::Failed(away, Plan::default()));
            }
        };
        let plan = plan(&candidates, cursors, &view).map_err(Interrupted::Halted)?;
        let outline = plan.outline();
        let parked: Vec<(usize, Cause)> = plan.park.clone();
        if !plan.is_empty() {
            let batch = Batch::new(Arc::clone(&self.handler), self.topic, items, plan, kit.clock.now());
            if let Err(failure) = batch.write(&kit.db).await {
                return Ok(Outcome::Failed(failure, outline));
            }
            fail::fail_point!("consumer-committed");
            kit.wake.wake();
        }
        for item in items {
            if let Some(cursor) = cursors.get_mut(&item.record.partition) {
                cursor.first = cursor.first.max(item.record.offset + 1);
            }
        }
        self.report(kit, items, &outline.apply, &parked);
        for chain in &outline.closed {
            self.go_on(kit, chain).await;
        }
        Ok(Outcome::Written { dropped: outline.dropped })
    }

    /// What was missing in a chain has come: what waits there goes on by itself, as far as it can. What fails now is for an
    /// operator, and so is what another process was faster at.
    async fn go_on(&self, kit: &Kit, chain: &Chain) {
        let by = Operator {
            actor: "redress".to_owned(),
            reason: "what was missing has come".to_owned(),
            accepted: HashSet::new(),
        };
        match self.redrive_chain(kit, chain, &by).await {
            Ok(done) => tracing::info!(
                messaging.destination.name = self.topic,
                applied = done.applied,
                still_parked = done.still_parked,
                "a gap has closed; what waited behind it goes on",
            ),
            Err(error) => tracing::warn!(
                messaging.destination.name = self.topic,
                error = error.summary(),
                "a gap has closed, and what waited behind it was not applied",
            ),
        }
    }

    fn report(&self, kit: &Kit, items: &[Item<H::Event>], applied: &[usize], parked: &[(usize, Cause)]) {
        let now = kit.clock.now();
        // A writer's clock may be ahead of ours.
        let waited =
            |at: &usize| now.duration_since(items[*at].record.timestamp).try_into().unwrap_or_default();
        kit.telemetry.applied(self.topic, applied.iter().map(waited));
        for (at, cause) in parked {
            let record = &items[*at].record;
            kit.telemetry.parked(self.topic, cause.kind.code());
            if cause.kind == CauseKind::Behind {
                continue;
            }
            tracing::error!(
                messaging.destination.name = self.topic,
                messaging.destination.partition.id = record.partition,
                messaging.kafka.offset = record.offset,
                cause = cause.kind.code(),
                detail = &*cause.detail,
                "a record was parked; later records of its key wait behind it",
            );
        }
    }
}

/// Puts the halves of `range` on the stack, the left one on top.
fn cut(ranges: &mut Vec<Range<usize>>, range: &Range<usize>, middle: usize) {
    ranges.push(range.start + middle..range.end);
    ranges.push(range.start..range.start + middle);
}

/// How one attempt went. A failed one keeps the plan's outline, to cut by.
enum Outcome {
    Written { dropped: usize },
    Failed(Failure, Plan),
}

#[async_trait]
impl<H: BatchHandler> Lane for TypedLane<H> {
    fn topic(&self) -> &'static str {
        self.topic
    }

    async fn apply(
        &self,
        kit: &Kit,
        batch: &[Arc<Record>],
        cursors: &mut Cursors,
    ) -> Result<(), Interrupted> {
        let began = Instant::now();
        let mut items: Vec<Item<H::Event>> = batch.iter().map(|record| self.read(record)).collect();
        let span = tracing::info_span!(
            "process",
            otel.name = format!("process {}", self.topic),
            otel.kind = "consumer",
            messaging.system = "kafka",
            messaging.operation.name = "process",
            messaging.operation.type = "process",
            messaging.destination.name = self.topic,
            messaging.consumer.group.name = kit.group,
            messaging.batch.message_count = batch.len(),
        );
        hops::link(&span, &items);
        // Until the batch is applied: what the handler makes of an event is a child of its hop.
        let _hops = hops::begin(&span, self.topic, &kit.group, &mut items);
        let dropped = self.bisect(kit, &mut items, cursors).instrument(span).await?;
        kit.telemetry.processed(self.topic, batch.len(), dropped, began.elapsed());
        Ok(())
    }

    async fn redrive(&self, kit: &Kit, chain: &Chain, by: &Operator) -> Result<Redriven, RedriveError> {
        self.redrive_chain(kit, chain, by).await
    }

    async fn redrive_single(
        &self,
        kit: &Kit,
        place: &Place,
        by: &Operator,
    ) -> Result<Redriven, RedriveError> {
        self.redrive_keyless(kit, place, by).await
    }

    async fn discard(&self, kit: &Kit, link: &Link, by: &Operator) -> Result<bool, RedriveError> {
        self.discard_link(kit, link, by).await
    }
}
