//! `WatchDueSoon`: running clocks as they come near their due time.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use jiff::{SignedDuration, Timestamp};
use redress_domain::{ErrorKind, Principal, Problem, TenantId, Violations};
use redress_proto::sla::v1 as wire;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Desk;
use super::wire::clock::message;
use crate::error::Error;
use crate::store::{due_soon, time_of};

/// How often the database is asked for each watcher.
const PERIOD: Duration = Duration::from_secs(1);
/// Watchers of a process at most.
const WATCHERS: usize = 64;
/// Clocks of one question at most; the others come with the next.
const PAGE: i64 = 500;
/// After which delay a caller whose process leaves, or is full, tries again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Clocks that are remembered for a watcher. One that was told of so many looks no further ahead than the furthest of
/// them: those behind it come as the nearest pass.
const REMEMBERED: usize = 2_000;
/// The longest time that can be looked ahead: a week.
const LONGEST: u32 = 604_800;

/// Lets callers watch.
#[derive(Clone)]
pub struct DueSoon {
    desk: Desk,
    places: Arc<Semaphore>,
    draining: CancellationToken,
}

struct Watcher {
    this: DueSoon,
    tenant: TenantId,
    within: SignedDuration,
    definitions: Vec<String>,
    /// The deadline for which each clock was told of.
    told: HashMap<Uuid, Timestamp>,
    ready: VecDeque<wire::Clock>,
    asked_before: bool,
    over: bool,
    _place: OwnedSemaphorePermit,
}

impl DueSoon {
    /// Streams end when `draining` is cancelled.
    pub fn new(desk: Desk, draining: CancellationToken) -> Self {
        Self { desk, places: Arc::new(Semaphore::new(WATCHERS)), draining }
    }

    /// The clocks of the caller's tenant, each once per deadline.
    pub fn watch(
        &self,
        caller: &Principal,
        request: wire::WatchDueSoonRequest,
    ) -> Result<impl Stream<Item = Result<wire::WatchDueSoonResponse, Error>> + Send + use<>, Error> {
        let mut found = Violations::default();
        let seconds = match request.within_seconds {
            0 => 3_600,
            seconds => seconds,
        };
        if seconds > LONGEST {
            found.add("withinSeconds", "OUT_OF_RANGE", "at most a week");
        }
        if request.definitions.len() > 35 {
            found.add("definitions", "TOO_MANY", "at most 35");
        }
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| full())?;
        let watcher = Watcher {
            this: self.clone(),
            tenant: caller.tenant.clone(),
            within: SignedDuration::from_secs(seconds.into()),
            definitions: request.definitions.into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
            told: HashMap::new(),
            ready: VecDeque::new(),
            asked_before: false,
            over: false,
            _place: place,
        };
        Ok(futures::stream::unfold(watcher, |mut watcher| async move {
            let next = watcher.next().await?;
            Some((next.map(|clock| wire::WatchDueSoonResponse { clock: Some(clock) }), watcher))
        }))
    }
}

impl Watcher {
    async fn next(&mut self) -> Option<Result<wire::Clock, Error>> {
        loop {
            if self.over {
                return None;
            }
            if let Some(clock) = self.ready.pop_front() {
                return Some(Ok(clock));
            }
            if self.asked_before {
                tokio::select! {
                    () = self.this.draining.cancelled() => {
                        self.over = true;
                        return Some(Err(leaving().into()));
                    }
                    () = tokio::time::sleep(PERIOD) => {}
                }
            }
            self.asked_before = true;
            if let Err(error) = self.ask().await {
                self.over = true;
                return Some(Err(error));
            }
        }
    }

    async fn ask(&mut self) -> Result<(), Error> {
        let mut conn = self.this.desk.db.pool().acquire().await?;
        // The database's clock, as in the question: what is past there is not asked for again, so that what is remembered
        // stays as small as the window.
        let now = time_of(&mut conn).await?;
        self.told.retain(|_, due| *due >= now);
        let until = furthest(now + self.within, &self.told);
        let (ids, dues): (Vec<Uuid>, Vec<Timestamp>) = self.told.iter().map(|(id, due)| (*id, *due)).unzip();
        let found =
            due_soon::untold(&mut conn, &self.tenant, until, &self.definitions, (&ids, &dues), PAGE).await?;
        drop(conn);
        for stored in found {
            if let Some(due) = stored.told.due_at {
                self.told.insert(stored.told.clock_id, due);
                self.ready.push_back(message(&stored));
            }
        }
        Ok(())
    }
}

/// How far ahead is looked.
fn furthest(window: Timestamp, told: &HashMap<Uuid, Timestamp>) -> Timestamp {
    let furthest = told.values().max().filter(|_| told.len() >= REMEMBERED);
    furthest.map_or(window, |furthest| window.min(*furthest))
}

fn full() -> Problem {
    Problem::new(
        ErrorKind::ResourceExhausted,
        "TOO_MANY_WATCHERS",
        "this process has no room for another watcher",
    )
    .after(AGAIN_AFTER)
}

fn leaving() -> Problem {
    Problem::new(ErrorKind::Unavailable, "PROCESS_LEAVING", "this process leaves; watch on at another")
        .after(AGAIN_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_told_of_many_looks_no_further_than_the_furthest_of_them() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let told = |count: u32| (0..count).map(|n| (Uuid::from_u128(n.into()), at(n.into()))).collect();
        let many = u32::try_from(REMEMBERED).unwrap();
        let window = at(1_000_000);
        assert_eq!(furthest(window, &told(many - 1)), window);
        assert_eq!(furthest(window, &told(many)), at(i64::from(many) - 1));
        assert_eq!(furthest(at(7), &told(many)), at(7), "the window is nearer");
    }
}
