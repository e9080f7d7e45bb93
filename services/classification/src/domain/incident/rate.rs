use uuid::Uuid;

/// Length of the window, in minutes.
pub const WINDOW_MINUTES: usize = 5;
/// The same as a difference of minutes.
pub(super) const WINDOW: i64 = 5;
/// Complaints whose identity a rate keeps, so that what an incident explains is taken out of other subjects' windows. The
/// members of an incident are read from the complaints themselves.
pub const KEPT: usize = 64;

/// Fewer complaints than this in a window are no incident, however quiet the subject was.
const LEAST: u32 = 20;
/// How many times its baseline a window must have.
const RATIO: f64 = 5.0;
/// How many deviations above its baseline (Poisson), so that a busy subject's chance does not count.
const DEVIATIONS: f64 = 6.0;
/// Weight of one minute in the baseline, which so forgets by half in a day: 1 − 2^(−1/1440).
const WEIGHT: f64 = 0.000_481_2;

/// How many complaints a subject draws about one matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rate {
    /// The latest minute counted, since 1970 UTC.
    pub minute: i64,
    /// Complaints per minute, that minute first.
    pub recent: [u32; WINDOW_MINUTES],
    /// Complaints per minute before the window.
    pub baseline: f64,
    /// The last complaints of the window, oldest first, with their minute; [`KEPT`] at most.
    pub latest: Vec<(Uuid, i64)>,
}

/// Why a window is thought to be an incident.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Complaints in the window.
    pub count: u32,
    /// Complaints that such a window has had before, on average.
    pub baseline: f64,
}

impl Evidence {
    /// How many times the baseline the window is; a baseline below one complaint counts as one.
    pub fn ratio(&self) -> f64 {
        f64::from(self.count) / self.baseline.max(1.0)
    }
}

impl Rate {
    /// Counts a complaint received in `minute`, and tells whether it belongs to the window. One that comes late tells
    /// nothing about now: it is part of the baseline, as if it had come in time.
    pub fn count(&mut self, minute: i64, complaint: Uuid) -> bool {
        self.advance(minute);
        let Some(place) = self.place(minute) else {
            self.count_late(minute);
            return false;
        };
        self.recent[place] = self.recent[place].saturating_add(1);
        if self.latest.len() == KEPT {
            self.latest.remove(0);
        }
        self.latest.push((complaint, minute));
        true
    }

    /// The baseline is a sum of what has left the window, each less by half for every day since: so the order makes no
    /// difference.
    fn count_late(&mut self, minute: i64) {
        let since = self.minute.saturating_sub(minute).saturating_sub(WINDOW).max(0);
        #[expect(clippy::cast_precision_loss, reason = "minutes")]
        let forgotten = (1.0 - WEIGHT).powf(since as f64);
        self.baseline += WEIGHT * forgotten;
    }

    /// Takes complaints out again that another cause explains.
    pub fn forget(&mut self, explained: &[(Uuid, i64)]) {
        let taken: Vec<i64> =
            self.latest.extract_if(.., |seen| explained.contains(seen)).map(|(_, minute)| minute).collect();
        self.forget_minutes(taken);
    }

    /// Takes out complaints that another cause explains, by their minutes alone: those whose identity is not kept any more.
    pub fn forget_minutes(&mut self, minutes: impl IntoIterator<Item = i64>) {
        for minute in minutes {
            if let Some(place) = self.place(minute) {
                self.recent[place] = self.recent[place].saturating_sub(1);
            }
        }
    }

    /// Empties the window, whose complaints became an incident, and gives the last of them.
    pub fn take(&mut self) -> Vec<(Uuid, i64)> {
        self.recent = [0; WINDOW_MINUTES];
        std::mem::take(&mut self.latest)
    }

    /// Whether the window is far above the baseline, and if so, the numbers.
    pub fn evidence(&self) -> Option<Evidence> {
        let count: u32 = self.recent.iter().fold(0, |sum, &n| sum.saturating_add(n));
        #[expect(clippy::cast_precision_loss, reason = "five")]
        let baseline = self.baseline * WINDOW_MINUTES as f64;
        let found = Evidence { count, baseline };
        let excess = f64::from(count) - baseline;
        let far = found.ratio() >= RATIO && excess >= DEVIATIONS * (baseline + 1.0).sqrt();
        (count >= LEAST && far).then_some(found)
    }

    fn place(&self, minute: i64) -> Option<usize> {
        usize::try_from(self.minute - minute).ok().filter(|&place| place < WINDOW_MINUTES)
    }

    /// Moves the window on to `minute`; what leaves it becomes part of the baseline.
    fn advance(&mut self, minute: i64) {
        if self.minute == 0 {
            self.minute = minute;
        }
        let passed = minute.saturating_sub(self.minute);
        if passed <= 0 {
            return;
        }
        let leaving = passed.min(WINDOW);
        for _ in 0..leaving {
            let oldest = self.recent[WINDOW_MINUTES - 1];
            self.baseline += (f64::from(oldest) - self.baseline) * WEIGHT;
            self.recent.rotate_right(1);
            self.recent[0] = 0;
        }
        #[expect(clippy::cast_precision_loss, reason = "minutes")]
        let quiet = (passed - leaving) as f64;
        self.baseline *= (1.0 - WEIGHT).powf(quiet);
        self.minute = minute;
        self.latest.retain(|&(_, seen)| minute - seen < WINDOW);
    }
}
