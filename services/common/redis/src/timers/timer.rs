use jiff::Timestamp;
use redis::Value;
use uuid::Uuid;

use crate::RedisError;

/// Nanoseconds of a millisecond.
const NANOS: i128 = 1_000_000;
/// Key and generation.
const MEMBER: usize = 8 + 4;

/// That something is to be looked at when it is due. Which thing, and whether there is still something to do, only the
/// database knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timer {
    /// When it is due, in milliseconds since 1970 UTC.
    pub due_ms: i64,
    /// By which the database finds what is due. Two things may share a key: then both are looked at.
    ///
    /// Eight bytes and not the whole id, since from 15 bytes of key and generation on Debian's Redis takes 126 bytes for
    /// a timer instead of 110.
    pub key: i64,
    /// Counts the times that the clock's due time has changed: a timer of an old generation is another timer.
    pub generation: u32,
}

impl Timer {
    /// A timer of `id` that is not due before `due`: part of a millisecond counts as a whole one.
    pub fn new(id: Uuid, generation: u32, due: Timestamp) -> Self {
        let up = (due.as_nanosecond() + NANOS - 1).div_euclid(NANOS);
        // Timestamps end in the year 9999, far within the range.
        Self { key: Self::key_of(id), generation, due_ms: i64::try_from(up).unwrap_or(i64::MAX) }
    }

    /// The key of an id: its last eight bytes as a number. In SQL, for an index and for a search by many keys:
    /// `('x' || right(replace(id::text, '-', ''), 16))::bit(64)::bigint`.
    pub fn key_of(id: Uuid) -> i64 {
        id.as_u64_pair().1.cast_signed()
    }

    /// As it stands in the set of due timers: 12 bytes, for which Redis takes 94 to 110 in all.
    pub(super) fn member(&self) -> [u8; MEMBER] {
        let mut member = [0; MEMBER];
        member[..8].copy_from_slice(&self.key.to_be_bytes());
        member[8..].copy_from_slice(&self.generation.to_be_bytes());
        member
    }

    /// As it stands in the set of those in flight: the member and the due time in digits, as the scripts put it.
    pub(super) fn entry(&self) -> Vec<u8> {
        let mut entry = self.member().to_vec();
        entry.extend_from_slice(self.due_ms.to_string().as_bytes());
        entry
    }

    pub(super) fn read(entry: &Value) -> Result<Self, RedisError> {
        let Value::BulkString(entry) = entry else { return Err(malformed()) };
        let (key, rest) = entry.split_first_chunk::<8>().ok_or_else(malformed)?;
        let (generation, due) = rest.split_first_chunk::<4>().ok_or_else(malformed)?;
        let due = std::str::from_utf8(due).ok().and_then(|due| due.parse().ok());
        Ok(Self {
            key: i64::from_be_bytes(*key),
            generation: u32::from_be_bytes(*generation),
            due_ms: due.ok_or_else(malformed)?,
        })
    }
}

pub(super) fn malformed() -> RedisError {
    RedisError::Unexpected(
        (redis::ErrorKind::UnexpectedReturnType, "an answer of the timer index has another form").into(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_entry_reads_back(key: i64, generation: u32, due_ms: i64) {
            let timer = Timer { due_ms, key, generation };
            prop_assert_eq!(Timer::read(&Value::BulkString(timer.entry())).unwrap(), timer);
        }

        #[test]
        fn a_due_time_is_never_rounded_down(
            nanos in Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond(),
        ) {
            let timer = Timer::new(Uuid::nil(), 0, Timestamp::from_nanosecond(nanos).unwrap());
            let early = i128::from(timer.due_ms) * NANOS - nanos;
            prop_assert!((0..NANOS).contains(&early));
        }

        #[test]
        fn any_answer_is_read_or_refused(entry in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(timer) = Timer::read(&Value::BulkString(entry.clone())) {
                prop_assert!(entry.starts_with(&timer.member()));
            }
        }
    }
}
