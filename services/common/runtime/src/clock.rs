use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use redress_domain::Clock;

use crate::config::TimeConfig;

/// The wall clock of the machine: the one place that reads it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The clock of an installation whose time is moved, so that deadlines of days pass in seconds: the machine's and what a
/// file says on top, in whole seconds. Test profile only, which the configuration sees to.
///
/// The file is read at each look. So all processes of a machine are moved at the same instant, when the file is renamed
/// into place, and none has a copy that may be old. It only moves forward: a file that says less than before, or that
/// cannot be read, changes nothing.
///
/// What the databases judge by is moved apart, and after this: see `redress_time` in the kit's migrations. Time-outs,
/// leases and pauses between tries are measured by other clocks and are not moved at all.
#[derive(Debug)]
struct MovedClock {
    file: PathBuf,
    furthest: AtomicI64,
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let told = std::fs::read_to_string(&self.file).ok().and_then(|text| text.trim().parse().ok());
        let told: i64 = told.unwrap_or(0);
        let seconds = self.furthest.fetch_max(told, Ordering::Relaxed).max(told);
        let real = SystemClock.now();
        real.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(real)
    }
}

/// The clock that the configuration asks for.
pub(crate) fn configured(time: &TimeConfig) -> Arc<dyn Clock> {
    let Some(file) = &time.shift_file else { return Arc::new(SystemClock) };
    tracing::warn!(file = %file.display(), "this process does not go by the machine's time but by a moved one");
    Arc::new(MovedClock { file: file.clone(), furthest: AtomicI64::new(0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;

    /// How far `clock` is ahead of the machine, in whole hours.
    fn ahead(clock: &dyn Clock) -> i64 {
        let ahead = clock.now().duration_since(SystemClock.now());
        (ahead + SignedDuration::from_mins(1)).as_hours()
    }

    #[test]
    fn a_moved_clock_follows_its_file_forward_and_never_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("shift");
        let clock = configured(&TimeConfig { profile: Profile::Test, shift_file: Some(file.clone()) });
        assert_eq!(ahead(&*clock), 0, "there is no file yet");
        std::fs::write(&file, "7200\n").unwrap();
        assert_eq!(ahead(&*clock), 2);
        std::fs::write(&file, "172800").unwrap();
        assert_eq!(ahead(&*clock), 48);
        for less in ["3600", "-1", "soon", ""] {
            std::fs::write(&file, less).unwrap();
            assert_eq!(ahead(&*clock), 48, "{less:?}");
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(ahead(&*clock), 48, "gone");
    }

    #[test]
    fn without_a_file_the_time_is_the_machine_s() {
        let clock = configured(&TimeConfig { profile: Profile::Test, shift_file: None });
        assert_eq!(ahead(&*clock), 0);
    }
}
