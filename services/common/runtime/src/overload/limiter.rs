use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::slots::{Entry, Slots};
use crate::Criticality;
use crate::config::OverloadConfig;

/// The limit of the process over everything it handles at once.
pub(crate) struct Limiter {
    slots: Mutex<Slots<oneshot::Sender<()>>>,
    wait: Duration,
}

/// Room for one call, given back when dropped.
pub(crate) struct Permit(Arc<Limiter>);

impl Limiter {
    pub(crate) fn new(config: &OverloadConfig) -> Arc<Self> {
        Arc::new(Self {
            slots: Mutex::new(Slots::new(config.max_in_flight, config.queue_length)),
            wait: Duration::from_millis(config.queue_wait_ms),
        })
    }

    /// Room for a call of `class`, waiting a little but not beyond `until`. `None` says overload.
    pub(crate) async fn acquire(self: &Arc<Self>, class: Criticality, until: Instant) -> Option<Permit> {
        let (sender, called) = oneshot::channel();
        let entry = self.slots().enter(class, || sender);
        let id = match entry {
            Entry::Admitted => return Some(Permit(Arc::clone(self))),
            Entry::Refused => return None,
            Entry::Waits(id) => id,
        };
        let mut place = Place { limiter: Arc::clone(self), class, id, called, settled: false };
        let until = until.min(Instant::now() + self.wait);
        let outcome = tokio::time::timeout_at(until, &mut place.called).await.ok()?;
        place.settled = true;
        // Else a dearer call took its place in the queue.
        outcome.ok().map(|()| Permit(Arc::clone(self)))
    }

    fn leave(&self) {
        loop {
            let waiter = self.slots().leave();
            // One that has gone away meanwhile does not take the room: the next one may.
            if waiter.is_none_or(|waiter| waiter.send(()).is_ok()) {
                break;
            }
        }
    }

    /// Nothing in the critical sections can panic halfway, so a poisoned lock is as good as any.
    fn slots(&self) -> MutexGuard<'_, Slots<oneshot::Sender<()>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A place in the queue; given up when the caller goes away or its time is over.
struct Place {
    limiter: Arc<Limiter>,
    class: Criticality,
    id: u64,
    called: oneshot::Receiver<()>,
    settled: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.settled || self.limiter.slots().give_up(self.class, self.id) {
            return;
        }
        // Called, or displaced. Once this is closed nobody can call any more, and who tries knows it.
        self.called.close();
        if self.called.try_recv().is_ok() {
            self.limiter.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(max_in_flight: usize, queue_wait_ms: u64) -> Arc<Limiter> {
        Limiter::new(&OverloadConfig {
            max_in_flight,
            queue_length: 100,
            queue_wait_ms,
            tenant_per_second: 1,
            tenant_burst: 1,
            tenant_in_flight: 1,
        })
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test]
    async fn a_place_in_the_queue_is_lost_after_the_wait() {
        let limiter = limiter(4, 30);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(limiter.acquire(Criticality::Accept, soon()).await.unwrap());
        }
        let began = Instant::now();
        assert!(limiter.acquire(Criticality::Accept, soon()).await.is_none());
        assert!(began.elapsed() >= Duration::from_millis(30));
        held.clear();
        assert!(limiter.acquire(Criticality::Accept, soon()).await.is_some());
    }

    #[tokio::test]
    async fn who_waits_gets_the_room_that_becomes_free() {
        let limiter = limiter(4, 40);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(limiter.acquire(Criticality::Accept, soon()).await.unwrap());
        }
        let waiting = limiter.acquire(Criticality::Accept, soon());
        // Polled first, so it waits when the room is given back.
        let (got, ()) = tokio::join!(waiting, async { drop(held.pop()) });
        assert!(got.is_some());
    }

    #[tokio::test]
    async fn who_is_displaced_in_the_queue_is_told_at_once_and_gives_no_room_back_that_it_never_had() {
        let limiter = Limiter::new(&OverloadConfig {
            max_in_flight: 4,
            queue_length: 1,
            queue_wait_ms: 5_000,
            tenant_per_second: 1,
            tenant_burst: 1,
            tenant_in_flight: 1,
        });
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(limiter.acquire(Criticality::Accept, soon()).await.unwrap());
        }
        let mut told = Box::pin(limiter.acquire(Criticality::Status, soon()));
        assert!(futures::poll!(&mut told).is_pending());
        let mut dearer = Box::pin(limiter.acquire(Criticality::Staff, soon()));
        assert!(futures::poll!(&mut dearer).is_pending());
        assert!(matches!(futures::poll!(&mut told), std::task::Poll::Ready(None)));
        let mut dearest = Box::pin(limiter.acquire(Criticality::Accept, soon()));
        assert!(futures::poll!(&mut dearest).is_pending());
        // Displaced and dropped before it hears of it.
        drop(dearer);
        assert!(limiter.acquire(Criticality::Accept, Instant::now()).await.is_none(), "four are in");
        held.pop();
        assert!(dearest.await.is_some());
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_after_it_was_called_gives_its_room_back() {
        let limiter = limiter(4, 40);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(limiter.acquire(Criticality::Accept, soon()).await.unwrap());
        }
        {
            let mut waiting = Box::pin(limiter.acquire(Criticality::Accept, soon()));
            assert!(futures::poll!(&mut waiting).is_pending());
            // Calls the one that waits; it is dropped before it can answer.
            held.pop();
        }
        assert!(limiter.acquire(Criticality::Accept, Instant::now()).await.is_some());
    }
}
