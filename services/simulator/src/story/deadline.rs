//! A deadline that really passes. Whoever lets one pass waits here; once nobody has anything else to do, the installation's
//! time is moved on past the latest of them, and everybody gets a new token, for the old ones are out of date by then.
//!
//! Only an installation that is for tests has a time that can be moved ([`MovedTime`]); without one nobody waits.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use redress_testkit::MovedTime;
use tokio::sync::watch;

/// A breach is told when all topics have been read up to it, which their writers promise a quarter of a minute later.
const AFTERWARDS: SignedDuration = SignedDuration::from_secs(30);

/// The deadlines that are let pass.
pub(super) struct Deadlines {
    time: Option<Arc<MovedTime>>,
    awaited: watch::Sender<Vec<Timestamp>>,
    passed: watch::Sender<Timestamp>,
}

impl Deadlines {
    pub(super) fn of(time: Option<Arc<MovedTime>>) -> Self {
        let (awaited, passed) = (watch::Sender::default(), watch::Sender::new(Timestamp::MIN));
        Self { time, awaited, passed }
    }

    /// Whether a deadline can pass while somebody waits.
    pub(super) fn pass(&self) -> bool {
        self.time.is_some()
    }

    /// Waits until it is later than `due`.
    pub(super) async fn wait(&self, due: Timestamp) -> anyhow::Result<()> {
        self.awaited.send_modify(|awaited| awaited.push(due));
        let mut passed = self.passed.subscribe();
        passed.wait_for(|passed| *passed >= due).await.context("time has an end")?;
        Ok(())
    }

    /// Waits until so many wait, and tells until when.
    pub(super) async fn are_all_that_is_waited_for(&self, by: usize) -> Timestamp {
        let mut awaited = self.awaited.subscribe();
        loop {
            let (count, latest) = {
                let awaited = awaited.borrow_and_update();
                (awaited.len(), awaited.iter().max().copied())
            };
            if let Some(latest) = latest.filter(|_| by > 0 && count >= by) {
                return latest;
            }
            // The sender is ours: it does not go away.
            let _ = awaited.changed().await;
        }
    }

    /// Moves the time on past `due`; nothing of those who wait has gone on when it returns.
    pub(super) async fn move_past(&self, due: Timestamp) -> anyhow::Result<()> {
        let time = self.time.as_ref().context("no time that can be moved")?;
        time.move_to(due + AFTERWARDS).await.context("the installation's time cannot be moved")
    }

    /// Lets those go on whose deadlines are over.
    pub(super) fn are_over(&self, due: Timestamp) {
        self.awaited.send_modify(|awaited| awaited.retain(|awaited| *awaited > due));
        self.passed.send_replace(due);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Duration, timeout};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn time_goes_on_when_everybody_waits_for_it_and_up_to_the_latest() {
        let deadlines = Arc::new(Deadlines::of(None));
        let waits = |due| {
            let deadlines = Arc::clone(&deadlines);
            tokio::spawn(async move { deadlines.wait(at(due)).await })
        };
        let first = waits(10);
        deadlines.are_all_that_is_waited_for(1).await;
        let soon = Duration::from_millis(50);
        assert!(
            timeout(soon, deadlines.are_all_that_is_waited_for(2)).await.is_err(),
            "one has other things to do"
        );
        assert!(timeout(soon, deadlines.are_all_that_is_waited_for(0)).await.is_err(), "nobody is left");
        let second = waits(20);
        assert_eq!(deadlines.are_all_that_is_waited_for(2).await, at(20));
        deadlines.are_over(at(15));
        first.await.unwrap().unwrap();
        assert!(!second.is_finished());
        deadlines.are_over(at(20));
        second.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_time_that_cannot_be_moved_is_not_waited_for() {
        let deadlines = Deadlines::of(None);
        assert!(!deadlines.pass());
        assert!(deadlines.move_past(at(1)).await.is_err());
    }
}
