//! How long a complaint is kept here: until nothing was heard of it for the whole time of keeping, and nothing of it is
//! still to come.
//!
//! Refused: deleting clocks one by one as they end. A case that is taken up again is computed from all its facts, so they go
//! together or not at all.

use jiff::{SignedDuration, Timestamp};

use super::telling::{Told, ToldState};

/// After what time a complaint is looked at again of which something was still to come.
const AGAIN: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What is known of a complaint when its time of keeping may be over.
#[derive(Debug, Clone, Copy)]
pub struct Story<'a> {
    /// When what was heard of it last had happened; none if nothing was.
    pub last_heard: Option<Timestamp>,
    /// What was told of its clocks.
    pub told: &'a [Told],
    /// Whether the case has ended, and was not taken up again.
    pub has_ended: bool,
    /// Whether a record of it is parked.
    pub is_parked: bool,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It goes.
    Forgotten,
    /// Its time of keeping counts from then.
    From(Timestamp),
}

/// What becomes of a complaint at `now` that is kept for `time` after the last that was heard of it.
pub fn keeping(story: Story<'_>, now: Timestamp, time: SignedDuration) -> Keeping {
    if let Some(heard) = story.last_heard.filter(|heard| now.duration_since(*heard) < time) {
        return Keeping::From(heard);
    }
    if story.is_parked || story.told.iter().any(|told| waits(told, story.has_ended)) {
        return Keeping::From(now - time + AGAIN);
    }
    Keeping::Forgotten
}

/// Whether something of the clock is still to come. One that was breached is owed until its case has ended; what somebody
/// is owed after that for longer than a case is kept is no matter of clocks any more.
fn waits(told: &Told, has_ended: bool) -> bool {
    match told.state {
        ToldState::Running | ToldState::Paused => told.breached_at.is_none() || !(told.window || has_ended),
        ToldState::Met | ToldState::Cancelled => told.to_judge,
    }
}
