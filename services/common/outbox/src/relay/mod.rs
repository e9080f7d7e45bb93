//! Publishes what waits in the outbox: bucket by bucket leased, in order, deleted after the acknowledgement.
//!
//! A relay that died, or was stopped past its lease, may have published what another publishes again: consumers drop
//! that by version. As each relay publishes a bucket from its oldest row on, a later event of an aggregate is not first
//! seen before an earlier one; with one exception. Where Kafka takes a page in part, and what it refuses has later events
//! of its aggregate behind it in that page, those come first. Consumers park them as a gap, and apply them in order once
//! the earlier one has come.
//!
//! What Kafka refuses holds up its topic, or its aggregate, and nothing else.

pub(crate) mod depth;
mod held;
mod lease;
mod mark;
mod page;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use redress_messaging::Producer;
use redress_postgres::{Db, summary_of};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::held::{HeldUp, Refusal};
use self::lease::Leases;
use self::page::Page;
use crate::telemetry::RelayTelemetry;
use crate::{RelayError, Wake};

/// The period of looking without being woken, unless another is set.
const PERIOD: Duration = Duration::from_millis(50);
/// It doubles with each look in vain, up to so many periods: an idle service shall cost its database next to nothing.
const DOUBLINGS: u32 = 3;
/// How long a lease holds.
const LEASE: Duration = Duration::from_secs(5);
/// How often leases are renewed.
const TERM: Duration = Duration::from_secs(1);
/// A lease is not used for its last part: a page must be on its way before another relay may begin.
const MARGIN: Duration = Duration::from_secs(1);
/// Wait after something failed.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How long a page on its way is waited for when the process stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// Publishes the outbox of one database.
#[derive(Debug)]
pub struct Relay {
    db: Db,
    producer: Producer,
    holder: String,
    wake: Wake,
    period: Duration,
    /// Looks in vain since the last that found something.
    in_vain: u32,
    leases: Leases,
    held_up: HeldUp,
    telemetry: Arc<RelayTelemetry>,
    marked: Vec<&'static str>,
    renew_at: Instant,
    /// Whether the last thing tried failed: then it was said, and need not be said again.
    failing: bool,
}

impl Relay {
    /// `producer` must be made by [`Producer::for_relay`]. `holder` names this process among the replicas of the
    /// service: the pod's name. A restart under the same name goes on at once.
    pub fn new(db: Db, producer: Producer, holder: impl Into<String>, wake: Wake) -> Self {
        Self {
            db,
            producer,
            holder: holder.into(),
            wake,
            period: PERIOD,
            in_vain: 0,
            leases: Leases::default(),
            held_up: HeldUp::default(),
            telemetry: Arc::new(RelayTelemetry::new()),
            marked: Vec::new(),
            renew_at: Instant::now(),
            failing: false,
        }
    }

    /// Promises of `topics`, once a second, up to when they are complete: see [`redress_messaging::Mark`]. They are those that
    /// are written through this outbox and by no other way.
    #[must_use]
    pub fn marking(self, topics: impl IntoIterator<Item = &'static str>) -> Self {
        Self { marked: topics.into_iter().collect(), ..self }
    }

    /// Looks every `period` for what nobody woke it for, instead of every 50 ms; an eighth as often while there is nothing.
    #[must_use]
    pub fn looking_every(self, period: Duration) -> Self {
        Self { period, ..self }
    }

    /// Publishes until `stop`, then gives its leases back. Rows that wait stay.
    ///
    /// A database or broker that is away is waited for; an error means that the producer is broken for good.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), RelayError> {
        let producer = self.producer.clone();
        let (db, holder, telemetry) = (self.db.clone(), self.holder.clone(), Arc::clone(&self.telemetry));
        let failed = producer.failed();
        let telling = depth::tell(&db, &holder, &telemetry);
        let keeping = upkeep::keep(&db);
        let marked = std::mem::take(&mut self.marked);
        let marking = mark::tell(&db, &holder, &producer, &marked);
        tokio::pin!(failed, telling, keeping, marking);
        while !stop.is_cancelled() {
            tokio::select! {
                error = &mut failed => return Err(error.into()),
                never = &mut telling => match never {},
                never = &mut keeping => match never {},
                never = &mut marking => match never {},
                outcome = self.cycle(&stop) => self.note(outcome, &stop).await,
            }
        }
        if tokio::time::timeout(FAREWELL, lease::release(&self.db, &self.holder)).await.is_err() {
            tracing::debug!("leases were not given back in time; they expire");
        }
        Ok(())
    }

    /// One look: renew if it is time, publish a page, or wait for something to publish.
    async fn cycle(&mut self, stop: &CancellationToken) -> Result<(), sqlx::Error> {
        if Instant::now() >= self.renew_at {
            self.renew(false).await?;
        }
        self.held_up.let_go(Instant::now());
        let buckets = self.leases.valid(Instant::now() + MARGIN);
        if !buckets.is_empty() {
            let page = Page::read(&self.db, &buckets, &self.held_up).await?;
            // Judged again by the monotonic clock, right before publishing: reading may have taken long.
            let buckets = self.leases.valid(Instant::now() + MARGIN);
            if !page.is_empty() {
                self.in_vain = 0;
                return self.publish(page, &buckets, stop).await;
            }
        }
        let pause = self.period.saturating_mul(1 << self.in_vain);
        self.in_vain = DOUBLINGS.min(self.in_vain + 1);
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.woken() => {}
            () = tokio::time::sleep(pause) => {}
        }
        Ok(())
    }

    /// Publishes a page and deletes what was acknowledged. Leases are renewed while the broker lets it wait.
    async fn publish(
        &mut self,
        page: Page,
        buckets: &[i16],
        stop: &CancellationToken,
    ) -> Result<(), sqlx::Error> {
        let producer = self.producer.clone();
        let acknowledged = page.publish(&producer, buckets);
        let farewell = farewell(stop);
        tokio::pin!(acknowledged, farewell);
        let outcome = loop {
            tokio::select! {
                outcome = &mut acknowledged => break outcome,
                () = tokio::time::sleep_until(self.renew_at) => tokio::select! {
                    // A failure is no reason to forget what is on its way.
                    renewed = self.renew(true) => if let Err(error) = renewed {
                        tracing::warn!(error = summary_of(&error), "leases were not renewed");
                    },
                    () = &mut farewell => return Ok(()),
                },
                () = &mut farewell => return Ok(()),
            }
        };
        fail::fail_point!("relay-acknowledged");
        page::delete(&self.db, &outcome.published).await?;
        self.telemetry.published(outcome.published.len());
        for refusal in outcome.refusals {
            self.hold(refusal);
        }
        Ok(())
    }

    fn hold(&mut self, refusal: Refusal) {
        match &refusal {
            Refusal::Topic(topic, error) => tracing::error!(
                messaging.destination.name = topic,
                %error,
                "Kafka refuses a topic; its events wait, all others go on",
            ),
            Refusal::Aggregate(_, error) => tracing::error!(
                %error,
                "an event was not published; it and later ones of its aggregate wait, all others go on",
            ),
        }
        self.held_up.hold(refusal, Instant::now());
    }

    /// `publishing`: a page is on its way, so no lease is given up.
    async fn renew(&mut self, publishing: bool) -> Result<(), sqlx::Error> {
        // The lease is counted from before it was asked for, so it ends here before it ends there.
        let asked_at = Instant::now();
        self.renew_at = asked_at + TERM;
        let keep = if publishing { self.leases.valid(asked_at) } else { Vec::new() };
        let refused = self.held_up.topics();
        let held = lease::renew(&self.db, &self.holder, LEASE, &keep, &refused).await?;
        self.leases.renewed(&held, asked_at + LEASE);
        Ok(())
    }

    async fn note(&mut self, outcome: Result<(), sqlx::Error>, stop: &CancellationToken) {
        match outcome {
            Ok(()) => self.failing = false,
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(error = summary_of(&error), "relaying waits: the database is away");
                }
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(AFTER_FAILURE) => {}
                }
            }
        }
    }
}

async fn farewell(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
}
