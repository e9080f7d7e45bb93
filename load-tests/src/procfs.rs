//! Processor time and memory of processes, from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinHandle;

/// How often memory is looked at.
const SAMPLE_PERIOD: Duration = Duration::from_millis(250);

/// A process by the name it has in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) pid: u32,
}

/// What a line of `/proc/<pid>/stat` says, in ticks and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Own, and of children that ended and were waited for; user and system.
    ticks: u64,
    resident_pages: u64,
}

impl Stat {
    fn read(pid: &str) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(line: &str) -> Option<Self> {
        // The name in brackets may hold anything, so begin after the last bracket; the third field is the first there.
        let (_, rest) = line.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(4)?).ok()?,
            ticks: number(14)? + number(15)? + number(16)? + number(17)?,
            resident_pages: number(24)?,
        })
    }
}

/// User and system time of a process and all its descendants, also of those that have ended. Steps of 10 ms.
pub(crate) fn cpu_of_tree(root: u32) -> anyhow::Result<Duration> {
    let mut all = HashMap::new();
    for entry in fs::read_dir("/proc").context("cannot read /proc")? {
        let name = entry.context("cannot read /proc")?.file_name();
        let Some(name) = name.to_str().filter(|name| name.bytes().all(|b| b.is_ascii_digit())) else {
            continue;
        };
        // A process may end between the listing and the look.
        if let (Ok(pid), Some(stat)) = (name.parse::<u32>(), Stat::read(name)) {
            all.insert(pid, stat);
        }
    }
    all.get(&root).with_context(|| format!("process {root} has ended"))?;
    let ticks: u64 =
        all.iter().filter(|(pid, _)| descends(&all, **pid, root)).map(|(_, stat)| stat.ticks).sum();
    Ok(Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / clock_ticks_per_second().max(1))))
}

fn descends(all: &HashMap<u32, Stat>, mut pid: u32, root: u32) -> bool {
    while pid != root {
        match all.get(&pid) {
            Some(stat) if stat.parent != 0 => pid = stat.parent,
            _ => return false,
        }
    }
    true
}

/// User and system time of this process, to the nanosecond.
pub(crate) fn own_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Measures what processes use between two moments.
#[derive(Debug)]
pub(crate) struct Meter {
    processes: Vec<Named>,
    begun: Vec<Duration>,
}

impl Meter {
    pub(crate) fn start(processes: &[Named]) -> anyhow::Result<Self> {
        Ok(Self { begun: all_cpu(processes)?, processes: processes.to_vec() })
    }

    /// Processor time since the start, by name.
    pub(crate) fn stop(self) -> anyhow::Result<Vec<(&'static str, Duration)>> {
        let used =
            all_cpu(&self.processes)?.into_iter().zip(self.begun).map(|(now, then)| now.saturating_sub(then));
        Ok(self.processes.iter().map(|process| process.name).zip(used).collect())
    }
}

/// The servers are descendants of this process, which therefore counts alone.
fn all_cpu(processes: &[Named]) -> anyhow::Result<Vec<Duration>> {
    let own = std::process::id();
    let cpu = |process: &Named| if process.pid == own { Ok(own_cpu()) } else { cpu_of_tree(process.pid) };
    processes.iter().map(cpu).collect()
}

/// Follows the resident memory of one process in the background; a process that has ended counts as nothing.
#[derive(Debug)]
pub(crate) struct Memory {
    samples: Arc<Mutex<Vec<u64>>>,
    task: JoinHandle<()>,
}

impl Memory {
    pub(crate) fn follow(pid: u32) -> Self {
        let samples = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&samples);
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(SAMPLE_PERIOD);
            loop {
                tick.tick().await;
                if let Some(stat) = Stat::read(&pid.to_string()) {
                    let bytes = stat.resident_pages * page_size() as u64;
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
                }
            }
        });
        Self { samples, task }
    }

    /// Median and peak, bytes.
    pub(crate) fn stop(self) -> (u64, u64) {
        self.task.abort();
        let mut samples = std::mem::take(&mut *self.samples.lock().unwrap_or_else(PoisonError::into_inner));
        samples.sort_unstable();
        (samples.get(samples.len() / 2).copied().unwrap_or(0), samples.last().copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line =
            "7 (a) b (c) S 3 7 7 0 -1 0 0 0 0 0 11 22 33 44 20 0 5 0 900 1048576 64 18446744073709551615 1";
        assert_eq!(Stat::parse(line), Some(Stat { parent: 3, ticks: 110, resident_pages: 64 }));
        assert_eq!(Stat::parse("7 (a"), None);
    }

    #[test]
    fn descendants_are_told_from_strangers() {
        let stat = |parent| Stat { parent, ticks: 0, resident_pages: 0 };
        let all = HashMap::from([(1, stat(0)), (5, stat(1)), (6, stat(5)), (7, stat(6)), (8, stat(1))]);
        let below_five: Vec<bool> = [5, 6, 7, 8, 1].iter().map(|pid| descends(&all, *pid, 5)).collect();
        assert_eq!(below_five, [true, true, true, false, false]);
    }

    #[test]
    fn work_of_this_process_shows_on_its_own_clock_and_in_its_tree() {
        let (own, tree) = (own_cpu(), cpu_of_tree(std::process::id()).unwrap());
        let mut sum = 0_u64;
        while own_cpu().saturating_sub(own) < Duration::from_millis(60) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(cpu_of_tree(std::process::id()).unwrap().saturating_sub(tree) >= Duration::from_millis(20));
    }

    #[tokio::test]
    async fn memory_of_this_process_is_followed() {
        let memory = Memory::follow(std::process::id());
        while memory.samples.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let (median, peak) = memory.stop();
        assert!(median > 1_000_000 && peak >= median);
    }
}
