use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Thread;

/// Records that may wait in one topic's queue: four full batches.
const RECORDS: usize = 2_000;
/// Bytes that may wait in one topic's queue.
const BYTES: usize = 8 << 20;

/// How much waits between the polling thread and the reader of one topic.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    records: AtomicUsize,
    bytes: AtomicUsize,
    poller: OnceLock<Thread>,
    paused: AtomicBool,
}

impl Backlog {
    /// Names the thread to wake when there is room again.
    pub(super) fn polled_by(&self, thread: Thread) {
        self.poller.set(thread).ok();
    }

    /// Notes whether fetching is paused, after it was done.
    pub(super) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: usize) {
        self.records.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&self, bytes: usize) {
        let was_full = self.is_full();
        self.records.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if was_full
            && !self.is_full()
            && let Some(poller) = self.poller.get()
        {
            poller.unpark();
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.records.load(Ordering::Relaxed) >= RECORDS || self.bytes.load(Ordering::Relaxed) >= BYTES
    }

    /// Low enough to resume a paused topic.
    pub(super) fn is_low(&self) -> bool {
        self.records.load(Ordering::Relaxed) <= RECORDS / 2 && self.bytes.load(Ordering::Relaxed) <= BYTES / 2
    }
}
