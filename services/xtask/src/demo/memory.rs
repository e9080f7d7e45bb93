//! The memory that all services hold together, at its highest.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

/// From one look to the next.
const PERIOD: Duration = Duration::from_millis(250);

/// Looks at some processes until it is dropped.
pub(super) struct Memory {
    peak_kib: Arc<AtomicU64>,
    looking: JoinHandle<()>,
}

impl Memory {
    /// Of the processes with these ids.
    pub(super) fn of(pids: Vec<u32>) -> Self {
        let peak_kib = Arc::new(AtomicU64::new(resident_kib(&pids)));
        let kept = Arc::clone(&peak_kib);
        let looking = tokio::spawn(async move {
            loop {
                tokio::time::sleep(PERIOD).await;
                kept.fetch_max(resident_kib(&pids), Ordering::Relaxed);
            }
        });
        Self { peak_kib, looking }
    }

    /// The most that they have held at one moment, MiB.
    pub(super) fn peak_mib(&self) -> u64 {
        self.peak_kib.load(Ordering::Relaxed) / 1_024
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

/// Their resident sets together. A process that is gone holds nothing.
fn resident_kib(pids: &[u32]) -> u64 {
    let of = |pid: &u32| resident(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?);
    pids.iter().filter_map(of).sum()
}

/// `VmRSS:     1234 kB`
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_testkit::wait_until;

    #[test]
    fn what_a_process_holds_is_in_its_status_and_one_that_is_gone_holds_nothing() {
        assert_eq!(resident("VmPeak:\t 900 kB\nVmRSS:\t  1234 kB\nThreads:\t2\n"), Some(1234));
        assert_eq!(resident("Threads:\t2\n"), None);
        // The largest number of a process is below it.
        assert_eq!(resident_kib(&[4_194_305]), 0);
        let own = resident_kib(&[std::process::id()]);
        assert!(own > 1_024 && resident_kib(&[std::process::id(); 2]) > own, "{own}");
    }

    #[tokio::test]
    async fn the_peak_stays_when_what_was_held_is_let_go() {
        let memory = Memory::of(vec![std::process::id()]);
        let before = memory.peak_mib();
        let held = vec![1_u8; 64 << 20];
        let seen = async || (memory.peak_mib() >= before + 60).then_some(());
        wait_until("the peak is seen", Duration::from_secs(30), seen).await;
        assert_eq!(held.iter().map(|byte| usize::from(*byte)).sum::<usize>(), held.len());
        let peak = memory.peak_mib();
        drop(held);
        assert!(memory.peak_mib() >= peak);
    }
}
