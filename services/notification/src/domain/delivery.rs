//! What follows from a try to deliver, and from what a channel reports later.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use redress_domain::coded_enum;
use uuid::Uuid;

use super::retry;

coded_enum! {
    /// Where a notice stands. The order is that of a good course.
    NoticeState {
        /// Complete, and waiting for its channel or for the morning.
        Queued = "queued",
        /// Handed to a channel.
        Sent = "sent",
        /// The channel reports delivery.
        Delivered = "delivered",
        /// The channel reports that it was read.
        Read = "read",
        /// Every channel refused it.
        Undeliverable = "undeliverable",
    }
}

coded_enum! {
    /// What is written down of an attempt.
    AttemptOutcome {
        /// The channel took it.
        Accepted = "accepted",
        /// The channel will never take it.
        Refused = "refused",
        /// The channel did not take it this time.
        Failed = "failed",
        /// The channel reports delivery.
        Delivered = "delivered",
        /// The channel reports that it was read.
        Read = "read",
        /// The channel reports that it came back.
        Bounced = "bounced",
    }
}

/// What became of a try. Reasons are codes without a word of the notice or its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it.
    Accepted,
    /// The channel took it and reports delivery at once.
    Delivered,
    /// This address will never take it.
    Refused(Cow<'static, str>),
    /// Not this time.
    Failed(Cow<'static, str>),
    /// There was no turn for it in time: no try was made.
    Deferred,
}

/// What follows for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is over.
    Done,
    /// Once more, through the same channel.
    Again(Timestamp),
    /// Through the addressee's next channel, at once.
    NextChannel,
    /// It is over without success.
    GivenUp,
}

/// How long a delivery waits that was deferred.
pub const DEFERRED: Duration = Duration::from_millis(500);

/// A try at a party's channel: the `tries`-th, the first of which was at `first_tried_at`. `more` tells whether the
/// party can be reached in another way.
pub fn after_party(
    outcome: &Outcome,
    delivery: Uuid,
    tries: u32,
    first_tried_at: Timestamp,
    now: Timestamp,
    more: bool,
) -> Next {
    match outcome {
        Outcome::Accepted | Outcome::Delivered => Next::Done,
        Outcome::Refused(_) => Next::NextChannel,
        Outcome::Deferred => Next::Again(after(now, DEFERRED)),
        Outcome::Failed(_) => {
            let patience = if more { retry::PATIENCE_WITH_FALLBACK } else { retry::PATIENCE };
            if now >= after(first_tried_at, patience) {
                Next::NextChannel
            } else {
                Next::Again(after(now, retry::party(delivery, tries)))
            }
        }
    }
}

/// A try at a callback address.
pub fn after_callback(outcome: &Outcome, delivery: Uuid, tries: u32, now: Timestamp) -> Next {
    match outcome {
        Outcome::Accepted | Outcome::Delivered => Next::Done,
        Outcome::Refused(_) => Next::GivenUp,
        Outcome::Deferred => Next::Again(after(now, DEFERRED)),
        Outcome::Failed(_) => {
            retry::callback(delivery, tries).map_or(Next::GivenUp, |wait| Next::Again(after(now, wait)))
        }
    }
}

/// What a notice that is queued comes to once its addressee has no channel left: the platform's callbacks stand in.
/// None while one of them may still take it.
pub const fn without_channel(callback_took: bool, callbacks_waiting: bool) -> Option<NoticeState> {
    match (callback_took, callbacks_waiting) {
        (true, _) => Some(NoticeState::Sent),
        (false, true) => None,
        (false, false) => Some(NoticeState::Undeliverable),
    }
}

/// What a later report changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The notice moves on.
    To(NoticeState),
    /// The notice came back: it is queued again for the next channel.
    Back,
    /// Nothing: it is old news, or of a channel that the notice has left behind.
    Nothing,
}

/// A report that the channel named makes of a notice; `current` tells whether the notice went out through it last.
pub fn report(state: NoticeState, outcome: AttemptOutcome, current: bool) -> Report {
    let later = |to: NoticeState| {
        let out = matches!(state, NoticeState::Sent | NoticeState::Delivered | NoticeState::Read);
        if out && current && to > state { Report::To(to) } else { Report::Nothing }
    };
    match outcome {
        AttemptOutcome::Delivered => later(NoticeState::Delivered),
        AttemptOutcome::Read => later(NoticeState::Read),
        // What was read did not come back.
        AttemptOutcome::Bounced if current && matches!(state, NoticeState::Sent | NoticeState::Delivered) => {
            Report::Back
        }
        _ => Report::Nothing,
    }
}

fn after(instant: Timestamp, wait: Duration) -> Timestamp {
    instant.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Outcome = Outcome::Failed(Cow::Borrowed("CONNECTION"));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_refusal_leads_to_the_next_channel_at_once_and_a_failure_only_after_patience() {
        let id = Uuid::from_u128(1);
        let next = |outcome: &Outcome, seconds, more| after_party(outcome, id, 3, at(0), at(seconds), more);
        assert_eq!(next(&Outcome::Refused("ADDRESS_REFUSED".into()), 0, false), Next::NextChannel);
        assert!(matches!(next(&FAILED, 899, true), Next::Again(_)));
        assert_eq!(next(&FAILED, 900, true), Next::NextChannel);
        assert!(matches!(next(&FAILED, 900, false), Next::Again(_)), "the last channel is given a day");
        assert_eq!(next(&FAILED, 86_400, false), Next::NextChannel);
    }

    #[test]
    fn a_failed_callback_is_repeated_sixteen_times_in_all() {
        let id = Uuid::from_u128(1);
        assert!(matches!(after_callback(&FAILED, id, 15, at(0)), Next::Again(when) if when > at(0)));
        assert_eq!(after_callback(&FAILED, id, 16, at(0)), Next::GivenUp);
    }

    #[test]
    fn reports_move_a_notice_forwards_only_and_a_bounce_sends_it_out_anew() {
        use AttemptOutcome::{Bounced, Delivered, Read};
        use NoticeState as State;
        assert_eq!(report(State::Sent, Delivered, true), Report::To(State::Delivered));
        assert_eq!(report(State::Read, Delivered, true), Report::Nothing);
        assert_eq!(report(State::Delivered, Read, true), Report::To(State::Read));
        assert_eq!(report(State::Sent, Bounced, true), Report::Back);
        assert_eq!(report(State::Read, Bounced, true), Report::Nothing);
        assert_eq!(report(State::Sent, Bounced, false), Report::Nothing, "it has gone out elsewhere since");
        assert_eq!(report(State::Undeliverable, Delivered, true), Report::Nothing);
    }

    #[test]
    fn a_notice_that_nobody_takes_is_told_to_be_undeliverable_and_not_before() {
        assert_eq!(without_channel(true, true), Some(NoticeState::Sent));
        assert_eq!(without_channel(false, true), None);
        assert_eq!(without_channel(false, false), Some(NoticeState::Undeliverable));
    }
}
