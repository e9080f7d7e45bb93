//! Where reading starts when a partition is given to this process, and up to when a partition counts as applied.

use jiff::{SignedDuration, Timestamp};
use redress_messaging::Record;
use sha2::{Digest as _, Sha256};

/// What a position remembers of the last record read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Witness {
    pub(crate) offset: i64,
    pub(crate) fingerprint: Vec<u8>,
}

impl Witness {
    pub(crate) fn of(record: &Record) -> Self {
        let mut hash = Sha256::new();
        hash.update(record.timestamp.as_millisecond().to_be_bytes());
        hash.update((record.payload.len() as u64).to_be_bytes());
        hash.update(&record.payload);
        hash.update(record.key.as_deref().unwrap_or_default());
        // Tells apart two events with the same content within one millisecond.
        hash.update(record.header("ce_id").unwrap_or_default());
        Self { offset: record.offset, fingerprint: hash.finalize()[..16].to_vec() }
    }
}

/// What a stored position means for the log as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Read from here on. The first record may be the witness.
    At(i64),
    /// The log ends before the position: it was replaced. Begin at its beginning.
    Replaced,
    /// The log begins after the position: records were trimmed before they were read.
    Trimmed,
}

/// Judges a position against the log's first offset and its end.
pub(crate) fn start(next: i64, witness: Option<i64>, low: i64, high: i64) -> Verdict {
    if next > high {
        Verdict::Replaced
    } else if next < low {
        Verdict::Trimmed
    } else {
        Verdict::At(witness.filter(|offset| *offset >= low && *offset < next).unwrap_or(next))
    }
}

/// Within which an event comes into the log after it was recorded, and by which clocks of hosts differ at most: a
/// statement takes at most 10 s, and the lease of a relay that died 5 s.
pub(crate) const BOUND: SignedDuration = SignedDuration::from_secs(15);

/// Up to when a partition is applied with the records of these times as its last ones; `None` if they do not say.
///
/// The earliest of them counts, less the bound: times do not ascend in a partition, as several relays write to it and
/// transactions take unlike times. One that lies in the future by more than clocks differ says nothing, or a single record
/// with a wrong time would lift the mark for good.
pub(crate) fn applied_through(
    times: impl IntoIterator<Item = Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let earliest = times.into_iter().min()?;
    let ahead = earliest.duration_since(now);
    (ahead <= BOUND).then(|| before(earliest.min(now)))
}

/// What is surely in the log by the time `seen`, when its end is seen.
pub(crate) fn before(seen: Timestamp) -> Timestamp {
    seen.saturating_sub(BOUND).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    proptest! {
        #[test]
        fn what_comes_into_the_log_within_the_bound_is_never_counted_as_applied_before_it_is(
            log in proptest::collection::vec((1_000_i64..2_000, 0_i64..=15), 1..40),
            cut in any::<prop::sample::Index>(),
        ) {
            // Each is recorded, and comes into the log so many seconds later: in the order of the log.
            let mut log = log;
            log.sort_by_key(|(recorded, delay)| recorded + delay);
            let (read, unread) = log.split_at(cut.index(log.len()));
            // A batch is read no earlier than its last record was written.
            let Some(now) = read.iter().map(|(recorded, delay)| recorded + delay).max() else { return Ok(()) };
            let through = applied_through(read.iter().map(|(recorded, _)| at(*recorded)), at(now)).unwrap();
            for (recorded, _) in unread {
                prop_assert!(at(*recorded) >= through, "{recorded} is not applied, and the mark is at {through}");
            }
        }
    }

    #[test]
    fn a_time_in_the_future_lifts_nothing_beyond_now() {
        assert_eq!(applied_through([at(1_010)], at(1_000)), Some(at(985)));
        assert_eq!(applied_through([at(1_016)], at(1_000)), None);
        assert_eq!(applied_through([Timestamp::MAX, at(900)], at(1_000)), Some(at(885)));
        assert_eq!(applied_through([at(0)], at(1_000)), Some(at(0)), "nothing is older than the tables hold");
    }

    proptest! {
        #[test]
        fn reading_starts_inside_the_log_and_never_after_the_position(
            low in 0_i64..100, length in 0_i64..100, next in 0_i64..300, witness in proptest::option::of(0_i64..300),
        ) {
            let high = low + length;
            match start(next, witness, low, high) {
                Verdict::At(offset) => {
                    prop_assert!((low..=high).contains(&offset) && offset <= next);
                    prop_assert!(offset == next || Some(offset) == witness);
                }
                Verdict::Replaced => prop_assert!(next > high),
                Verdict::Trimmed => prop_assert!(next < low),
            }
        }
    }

    #[test]
    fn a_partition_read_to_its_end_and_then_emptied_by_retention_goes_on() {
        assert_eq!(start(50, Some(49), 50, 50), Verdict::At(50));
    }
}
