//! Whether two clocks agree.

use jiff::{SignedDuration, Timestamp};

use super::finding::{Finding, Level};

/// Deadlines fire within five seconds of being due: a clock may eat up a part of that only.
const WARN: SignedDuration = SignedDuration::from_millis(500);
const WRONG: SignedDuration = SignedDuration::from_secs(2);

/// Compares another's clock, read once, with this machine's, read before and after: what lies between says nothing.
pub(super) fn judge(subject: &str, before: Timestamp, there: Timestamp, after: Timestamp) -> Finding {
    let ahead = there.duration_since(after).max(SignedDuration::ZERO);
    let behind = before.duration_since(there).max(SignedDuration::ZERO);
    let skew = ahead.max(behind);
    let level = match skew {
        skew if skew >= WRONG => Level::Problem,
        skew if skew >= WARN => Level::Warning,
        _ => Level::Ok,
    };
    if level == Level::Ok {
        return Finding::new("clock", subject, level, "agrees with this machine's");
    }
    let side = if ahead > behind { "ahead of" } else { "behind" };
    let message = format!("is {} ms {side} this machine's", skew.as_millis());
    Finding::new("clock", subject, level, message).remedy(
        "Let both machines follow the same time servers (chrony or systemd-timesyncd), and look which of them is wrong: \
         deadlines are counted by these clocks.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn what_the_way_explains_is_no_skew_and_what_it_does_not_is() {
        assert!(judge("x", at(0), at(3_000), at(4_000)).is(Level::Ok));
        assert!(judge("x", at(0), at(4_499), at(4_000)).is(Level::Ok));
        assert!(judge("x", at(0), at(4_500), at(4_000)).is(Level::Warning));
        let behind = judge("x", at(5_000), at(3_000), at(5_010));
        assert!(behind.is(Level::Problem) && behind.text().contains("2000 ms behind"), "{behind:?}");
    }
}
