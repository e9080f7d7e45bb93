//! Watching complaints: changes as they happen.
//!
//! One reader per process asks the database for all watched complaints at once, four times a second, and only while
//! somebody watches. A notification per change was refused: it would make every registration wait in the queue of
//! notifications at commit, for the sake of a few watchers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures::Stream;
use redress_domain::{ComplaintId, ErrorKind, Principal, Problem, TenantId};
use redress_proto::intake::v1 as wire;
use tokio::sync::watch as signal;
use tokio_util::sync::CancellationToken;

use super::view::{self, Views};
use super::watchers::{Limits, Place, Watchers};
use crate::domain::lifecycle::StateKind;
use crate::error::Error;
use crate::store::complaint::Key;
use crate::store::{audit, watched};

/// How often the database is asked.
const PERIOD: Duration = Duration::from_millis(250);
/// After which delay a caller whose process leaves finds another one.
const ELSEWHERE_AFTER: Duration = Duration::from_millis(500);

type Watched = (TenantId, ComplaintId);

/// Lets callers watch complaints.
#[derive(Clone)]
pub struct Watch {
    views: Views,
    /// The version last seen of each watched complaint. A watcher holds its entry alive.
    watched: Arc<Mutex<HashMap<Watched, Weak<signal::Sender<i32>>>>>,
    watchers: Arc<Watchers>,
    draining: CancellationToken,
}

impl Watch {
    /// Streams end when `draining` is cancelled.
    pub fn new(views: Views, limits: Limits, draining: CancellationToken) -> Self {
        Self { views, watched: Arc::default(), watchers: Watchers::new(limits), draining }
    }

    /// The changes of a complaint after a version, then as they happen, until it is over for good; none if it is over
    /// and nothing came after that version. A process that leaves ends it with an error: the caller is to go on elsewhere.
    ///
    /// The caller's token may expire meanwhile: whoever serves the stream ends it then.
    pub async fn watch(
        &self,
        caller: &Principal,
        request: wire::WatchComplaintRequest,
    ) -> Result<Option<impl Stream<Item = Result<wire::HistoryEntry, Error>> + Send + use<>>, Error> {
        let id: ComplaintId = request.complaint_id.parse().map_err(|_| Problem::not_found())?;
        let Some((complaint, _)) = self.views.find(caller, &Key::Id(id)).await? else {
            return Err(Problem::not_found().into());
        };
        let lifecycle = &complaint.lifecycle;
        if is_over(lifecycle.state().kind().code()) && lifecycle.version() <= request.after_version {
            return Ok(None);
        }
        let place = self.watchers.enter(&caller.tenant)?;
        let key = (complaint.tenant, complaint.id);
        let sender = self.entry(&key);
        let watcher = Watcher {
            this: self.clone(),
            key,
            news: sender.subscribe(),
            _alive: sender,
            _place: place,
            seen: i32::try_from(request.after_version).unwrap_or(i32::MAX),
            over: false,
        };
        Ok(Some(futures::stream::unfold(
            (watcher, Vec::new().into_iter()),
            |(mut watcher, mut ready)| async move {
                loop {
                    if let Some(entry) = ready.next() {
                        return Some((Ok(entry), (watcher, ready)));
                    }
                    match watcher.next().await {
                        Ok(Some(entries)) => ready = entries.into_iter(),
                        Ok(None) => return None,
                        Err(error) => {
                            watcher.over = true;
                            return Some((Err(error), (watcher, ready)));
                        }
                    }
                }
            },
        )))
    }

    fn entry(&self, key: &Watched) -> Arc<signal::Sender<i32>> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = watched.get(key).and_then(Weak::upgrade) {
            return sender;
        }
        let sender = Arc::new(signal::Sender::new(0));
        watched.insert(key.clone(), Arc::downgrade(&sender));
        sender
    }

    /// Looks for changes until `stop`; a task of the service.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = ticks.tick() => {}
            }
            // The database may be away; watchers then wait as everybody does.
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "watched complaints could not be read");
            }
        }
    }

    async fn look(&self) -> Result<(), Error> {
        let live: HashMap<Watched, Arc<signal::Sender<i32>>> = {
            let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            watched.retain(|_, sender| sender.strong_count() > 0);
            watched.iter().filter_map(|(key, sender)| Some((key.clone(), sender.upgrade()?))).collect()
        };
        if live.is_empty() {
            return Ok(());
        }
        let keys: Vec<Watched> = live.keys().cloned().collect();
        let mut conn = self.views.db.pool().acquire().await?;
        for (key, version) in watched::versions(&mut conn, &keys).await? {
            if let Some(sender) = live.get(&key) {
                sender.send_if_modified(|known| std::mem::replace(known, version) != version);
            }
        }
        Ok(())
    }
}

/// One caller's view of one complaint.
struct Watcher {
    this: Watch,
    key: Watched,
    news: signal::Receiver<i32>,
    _alive: Arc<signal::Sender<i32>>,
    _place: Place,
    seen: i32,
    over: bool,
}

impl Watcher {
    /// The next changes; none at the end.
    async fn next(&mut self) -> Result<Option<Vec<wire::HistoryEntry>>, Error> {
        while !self.over {
            let entries = {
                let mut conn = self.this.views.db.pool().acquire().await?;
                audit::history(&mut conn, &self.key.0, self.key.1, self.seen).await?
            };
            if let Some(last) = entries.last() {
                self.seen = last.state_version.unwrap_or(self.seen);
                self.over = is_over(&last.state);
                return Ok(Some(entries.iter().map(view::entry).collect()));
            }
            tokio::select! {
                () = self.this.draining.cancelled() => return Err(leaving().into()),
                changed = self.news.wait_for(|version| *version > self.seen) => {
                    if changed.is_err() { return Ok(None); }
                }
            }
        }
        Ok(None)
    }
}

/// Withdrawn has no way back; every other end has one.
fn is_over(state: &str) -> bool {
    state == StateKind::Withdrawn.code()
}

fn leaving() -> Problem {
    let message = "this process leaves; watch on from the last version seen";
    Problem::new(ErrorKind::Unavailable, "PROCESS_LEAVING", message).after(ELSEWHERE_AFTER)
}
