//! Where reading starts when a partition is given to this process.

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
pub(crate) enum Start {
    /// Read from here on. The first record may be the witness.
    At(i64),
    /// The log ends before the position: it was replaced. Begin at its beginning.
    Replaced,
    /// The log begins after the position: records were trimmed before they were read.
    Trimmed,
}

/// Judges a position against the log's first offset and its end.
pub(crate) fn start(next: i64, witness: Option<i64>, low: i64, high: i64) -> Start {
    if next > high {
        Start::Replaced
    } else if next < low {
        Start::Trimmed
    } else {
        Start::At(witness.filter(|offset| *offset >= low && *offset < next).unwrap_or(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reading_starts_inside_the_log_and_never_after_the_position(
            low in 0_i64..100, length in 0_i64..100, next in 0_i64..300, witness in proptest::option::of(0_i64..300),
        ) {
            let high = low + length;
            match start(next, witness, low, high) {
                Start::At(offset) => {
                    prop_assert!((low..=high).contains(&offset) && offset <= next);
                    prop_assert!(offset == next || Some(offset) == witness);
                }
                Start::Replaced => prop_assert!(next > high),
                Start::Trimmed => prop_assert!(next < low),
            }
        }
    }

    #[test]
    fn a_partition_read_to_its_end_and_then_emptied_by_retention_goes_on() {
        assert_eq!(start(50, Some(49), 50, 50), Start::At(50));
    }
}
