//! Complaints that come in as time goes on, and the list of what is to be told of their clocks, reckoned apart from the
//! service.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_messaging::{Pending, Producer};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1 as notification;
use redress_proto::types::v1 as types;
use redress_sla::topics::{LIFECYCLE, NOTICES};
use redress_testkit::{EventStream, Told, wait_until};
use sqlx::PgPool;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::verdict::fired;
use crate::world::{SOON, TENANT, World};

/// The share of the acknowledgement's time that is warned of (C05).
const WARNED_AT: f64 = 0.8;

/// What is told by the passing of time alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Warning,
    Breach,
}

/// An instant at which something is due of a complaint's acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    /// Whether it must be told. A receipt that was sent in time and is heard late may come before the warning or after it.
    pub(crate) must: bool,
}

/// What is to be told, and nothing else.
pub(crate) type Expected = BTreeMap<(Uuid, What), Due>;

/// The real time, to the millisecond.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the database's clock, which decides, is this machine's")]
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap()
}

fn seconds(seconds: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(seconds).unwrap()
}

/// A complaint that was received and is to be acknowledged by an instant.
pub(crate) struct Complaint {
    pub(crate) id: Uuid,
    pub(crate) events: Vec<Told>,
    /// Comes into the log only after a while.
    late: Vec<Told>,
    expected: Vec<(What, Due)>,
}

impl Complaint {
    fn new(n: u128, received: Timestamp, acknowledge_by: Timestamp, receipt: Option<Timestamp>) -> Self {
        let id = Uuid::from_u128(0x51A0_0000_0000 + n);
        let mut lifecycle = EventStream::new(LIFECYCLE, TENANT, id);
        let submission = types::Submission { channel: types::Channel::App.into(), ..Default::default() };
        let event = intake::ComplaintRegistered {
            received_at: Some(to_wire_time(received)),
            acknowledge_by: Some(to_wire_time(acknowledge_by)),
            submission: Some(submission),
            ..Default::default()
        };
        lifecycle.tell(received, &event);
        let mut late = Vec::new();
        if let Some(at) = receipt {
            let kind = notification::NoticeKind::N01Receipt.into();
            let mut notices = EventStream::new(NOTICES, TENANT, id);
            notices.tell(at, &notification::NoticeSent { kind, ..Default::default() });
            late = notices.events;
        }
        let span = acknowledge_by.duration_since(received).as_secs_f64();
        let warning = Due { at: received + seconds(span * WARNED_AT), must: receipt.is_none() };
        let breach = receipt.is_none().then_some(Due { at: acknowledge_by, must: true });
        let breach = breach.map(|due| (What::Breach, due));
        let expected = [(What::Warning, warning)].into_iter().chain(breach).collect();
        Self { id, events: lifecycle.events, late, expected }
    }

    /// One of every sort, in turn.
    fn coming_in(n: u128, at: Timestamp) -> Self {
        let spread = seconds(f64::from(u32::try_from(n % 17).unwrap()) / 10.0);
        match n % 4 {
            // Warned of in 1 to 3 s and due 2 s after that.
            0 | 1 => {
                let warned = at + seconds(1.0) + spread;
                Self::new(n, warned - seconds(8.0), warned + seconds(2.0), None)
            }
            // Heard late: due before anybody heard of it.
            2 => Self::new(n, at - seconds(30.0), at - seconds(12.0) + spread, None),
            // Due when it is heard of; but the receipt had gone out in time, and that comes into the log much later. Whoever
            // judges by what was heard so far tells a breach that is none.
            _ => Self::new(n, at - seconds(30.0), at - seconds(0.5), Some(at - seconds(1.0))),
        }
    }

    /// Warned of long after the test, yet near enough to be held in Redis.
    fn far(n: u128, at: Timestamp) -> Self {
        let far = Self::new(n, at, at + SignedDuration::from_mins(14), None);
        Self { expected: Vec::new(), ..far }
    }
}

/// Complaints that may wait to be heard while the database is there: a machine that is busy with other things must not
/// be driven into a backlog. While it is away they come in all the same.
const UNHEARD: usize = 60;
/// After how many that is looked at again.
const LOOKED: u128 = 8;

/// After what time that comes into the log which comes late: within the time that a topic is known to lag at most.
const LATE: Duration = Duration::from_secs(2);

/// Complaints come in until it is stopped.
pub(crate) struct Load {
    stop: CancellationToken,
    come_in: Arc<Mutex<Vec<Complaint>>>,
    running: tokio::task::JoinHandle<()>,
}

impl Load {
    /// So many per second; before them `far` ones that are warned of long after the test.
    pub(crate) async fn start(world: &World, per_second: u32, far: u32) -> Self {
        let (producer, database) = (world.producer.clone(), world.database.clone());
        let far: Vec<Complaint> =
            (0..far).map(|n| Complaint::far(1_000_000 + u128::from(n), now())).collect();
        for pending in
            far.iter().flat_map(|complaint| write(&producer, &complaint.events)).collect::<Vec<_>>()
        {
            pending.outcome().await.unwrap();
        }
        let (stop, come_in) = (CancellationToken::new(), Arc::new(Mutex::new(far)));
        let running = {
            let (stop, come_in) = (stop.clone(), Arc::clone(&come_in));
            tokio::spawn(async move {
                let mut tick = tokio::time::interval(Duration::from_secs(1) / per_second);
                tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let (mut n, mut late) = (0, VecDeque::<(Instant, Vec<Told>)>::new());
                loop {
                    tokio::select! {
                        () = stop.cancelled() => break,
                        _ = tick.tick() => {}
                    }
                    while late.front().is_some_and(|(since, _)| since.elapsed() >= LATE) {
                        let (_, events) = late.pop_front().unwrap();
                        written(&producer, &events).await;
                    }
                    let come = come_in.lock().unwrap_or_else(PoisonError::into_inner).len();
                    if n % LOOKED == 0 && heard(&database).await.is_some_and(|heard| heard + UNHEARD < come) {
                        continue;
                    }
                    let complaint = Complaint::coming_in(n, now());
                    n += 1;
                    written(&producer, &complaint.events).await;
                    if !complaint.late.is_empty() {
                        late.push_back((Instant::now(), complaint.late.clone()));
                    }
                    come_in.lock().unwrap_or_else(PoisonError::into_inner).push(complaint);
                }
                for (_, events) in late {
                    written(&producer, &events).await;
                }
            })
        };
        Self { stop, come_in, running }
    }

    /// What is to be told of all that came in so far, or of those after the `skipped` first.
    pub(crate) fn expected(&self, skipped: usize) -> Expected {
        expected(&self.come_in, skipped)
    }

    /// How many came in so far.
    pub(crate) fn count(&self) -> usize {
        self.come_in.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until `count` more have come in.
    pub(crate) async fn comes_in(&self, count: usize) {
        let wanted = self.count() + count;
        wait_until("complaints come in", SOON, async || (self.count() >= wanted).then_some(())).await;
    }

    /// Waits until `count` more are warned of that came in after this call.
    pub(crate) async fn warns(&self, world: &World, count: usize) {
        let skipped = self.count();
        wait_until("clocks that are set now are warned of", SOON, async || {
            let told = fired(&world.fired().await?);
            let expected = self.expected(skipped);
            let warned = expected.keys().filter(|key| key.1 == What::Warning && told.contains_key(key));
            (warned.count() >= count).then_some(())
        })
        .await;
    }

    /// Waits until something is warned of of which the share passed at `from` or later.
    pub(crate) async fn warns_of(&self, world: &World, from: Timestamp) {
        wait_until("a share that passed later is warned of", SOON, async || {
            let told = fired(&world.fired().await?);
            let expected = self.expected(0);
            let mut later = expected.iter().filter(|(key, due)| key.1 == What::Warning && due.at >= from);
            later.any(|(key, _)| told.contains_key(key)).then_some(())
        })
        .await;
    }

    /// No more come in; what is to be told of all that did.
    pub(crate) async fn stop(self) -> Expected {
        self.stop.cancel();
        self.running.await.unwrap();
        expected(&self.come_in, 0)
    }
}

fn expected(come_in: &Mutex<Vec<Complaint>>, skipped: usize) -> Expected {
    let all = come_in.lock().unwrap_or_else(PoisonError::into_inner);
    let of =
        |one: &Complaint| one.expected.iter().map(|(what, due)| ((one.id, *what), *due)).collect::<Vec<_>>();
    all.iter().skip(skipped).flat_map(of).collect()
}

/// How many complaints were heard of; none while the database is away.
async fn heard(database: &PgPool) -> Option<usize> {
    let count = sqlx::query_scalar("SELECT count(*) FROM case_file").fetch_one(database);
    let count: i64 = tokio::time::timeout(Duration::from_millis(200), count).await.ok()?.ok()?;
    usize::try_from(count).ok()
}

async fn written(producer: &Producer, events: &[Told]) {
    for pending in write(producer, events) {
        pending.outcome().await.unwrap();
    }
}

fn write(producer: &Producer, events: &[Told]) -> Vec<Pending> {
    events.iter().map(|told| producer.enqueue(&told.outgoing()).unwrap()).collect()
}
