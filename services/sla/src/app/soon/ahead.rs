//! How far apart the clocks of Redis and of the database are: the latter decides what is due, the former when a script
//! gives it out.

/// How many milliseconds Redis' clock is ahead of the database's; behind, if negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ahead(i64);

impl Ahead {
    /// After the database's clock was read in between two readings of Redis'. What the two allow is left as it was: how
    /// long an answer takes must not pass for a difference of the clocks.
    pub(super) fn read(self, before: i64, database: i64, after: i64) -> Self {
        let (least, most) = (before - database, after - database);
        if (least..=most).contains(&self.0) { self } else { Self(i64::midpoint(least, most)) }
    }

    /// In milliseconds.
    pub(super) fn ms(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_go_alike_are_not_apart_however_long_an_answer_takes() {
        assert_eq!(Ahead::default().read(1_000, 1_000, 1_001).ms(), 0);
        assert_eq!(Ahead::default().read(1_000, 3_000, 5_000).ms(), 0);
        assert_eq!(Ahead::default().read(1_000, 1_000, 9_000).ms(), 0);
    }

    #[test]
    fn clocks_that_are_apart_are_known_to_be_as_far_as_the_readings_say() {
        let ahead = Ahead::default().read(61_000, 1_000, 61_004);
        assert_eq!(ahead.ms(), 60_002);
        assert_eq!(ahead.read(71_000, 10_999, 71_500), ahead, "a slow reading says nothing else");
        assert_eq!(Ahead::default().read(1_000, 61_000, 1_004).ms(), -59_998);
        assert_eq!(ahead.read(1_000, 1_001, 1_002).ms(), 0, "it was set right");
        assert_eq!(ahead.read(1_004, 1_000, 1_000).ms(), 2, "it was set back in between");
    }
}
