//! What the answer promises, and from when it counts.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use redress_domain::{ComplaintId, ComplaintNo};
use redress_redis::Remembered;

use super::{Accepted, at};

/// The terms that the answer names.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The zone in which the number's day is counted.
    pub zone: TimeZone,
    /// Time to the acknowledgement of receipt (C05).
    pub acknowledge_within: SignedDuration,
}

impl Terms {
    /// From when an attempt counts that is made `now`, where `first` is remembered and not confirmed.
    ///
    /// A retry of the same body keeps the first attempt's time, and so its number, while half of the time to acknowledge is
    /// left: what had no answer for longer has hardly been written, and from its time the promise would be broken the moment
    /// it is told. Was it written after all, the register keeps the first, whose promise is the earlier one; the id is the
    /// same, and of the number the day alone may differ, which identifies nothing.
    pub(super) fn counts_from(
        &self,
        first: Option<&Remembered>,
        fingerprint: &[u8; 32],
        now: Timestamp,
    ) -> Timestamp {
        let same = first.filter(|first| first.fingerprint == *fingerprint);
        let Some(first) = same.map(|first| at(first.received_at_ms, now)) else { return now };
        if now.duration_since(first) <= self.acknowledge_within / 2 { first } else { now }
    }

    /// The answer to a complaint that counts from `received_at`.
    pub(super) fn answer(&self, id: ComplaintId, received_at: Timestamp, duplicate: bool) -> Accepted {
        let day = received_at.to_zoned(self.zone.clone()).date();
        let acknowledge_by = received_at.saturating_add(self.acknowledge_within).unwrap_or(Timestamp::MAX);
        Accepted { id, no: ComplaintNo::new(day, &id), received_at, acknowledge_by, duplicate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const FIRST: [u8; 32] = [1; 32];
    const OTHER: [u8; 32] = [2; 32];

    fn terms() -> Terms {
        Terms { zone: TimeZone::UTC, acknowledge_within: SignedDuration::from_hours(1) }
    }

    /// Minutes after a first attempt shortly before midnight, and from when a retry then counts, in minutes after it.
    fn counts_after(minutes: i64, fingerprint: &[u8; 32]) -> i64 {
        let began: Timestamp = "2026-11-25T23:50:00Z".parse().unwrap();
        let first =
            Remembered { fingerprint: FIRST, received_at_ms: began.as_millisecond(), confirmed: false };
        let now = began + SignedDuration::from_mins(minutes);
        terms().counts_from(Some(&first), fingerprint, now).duration_since(began).as_mins()
    }

    #[test]
    fn a_retry_keeps_the_first_attempts_time_while_there_is_time_to_acknowledge_it() {
        for minutes in [0, 1, 29, 30] {
            assert_eq!(counts_after(minutes, &FIRST), 0, "after {minutes} minutes");
        }
        // The first attempt was made on a machine whose clock is ahead.
        assert_eq!(counts_after(-1, &FIRST), 0);
        assert_eq!(counts_after(1, &OTHER), 1, "another body has a time of its own");
    }

    #[test]
    fn no_retry_is_promised_what_is_past_and_all_have_one_identity() {
        let id = ComplaintId::from_uuid(Uuid::from_u128(1));
        let began: Timestamp = "2026-11-25T23:50:00Z".parse().unwrap();
        let first = terms().answer(id, began, false);
        for minutes in [31, 61, 24 * 60] {
            assert_eq!(counts_after(minutes, &FIRST), minutes);
            let now = began + SignedDuration::from_mins(minutes);
            let answer =
                terms().answer(id, began + SignedDuration::from_mins(counts_after(minutes, &FIRST)), false);
            assert!(answer.acknowledge_by > now);
            assert_eq!((answer.id, answer.no.code()), (first.id, first.no.code()));
        }
    }
}
