use jiff::Timestamp;

/// Where the time comes from.
///
/// Rules never ask for the time: they take an instant. Shells that need one hold a `Clock`, so that a test can stand
/// still. The clock of production is the runtime's.
pub trait Clock: Send + Sync + 'static {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// What deadlines count of an instant (D1): whoever compares an instant of its own with one that a clock was due at compares
/// these.
pub fn whole_milliseconds(instant: Timestamp) -> Timestamp {
    let cut = Timestamp::from_millisecond(instant.as_millisecond()).unwrap_or(instant);
    // The library cuts towards 1970; before it that is up.
    if cut <= instant {
        cut
    } else {
        cut.saturating_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(Timestamp::MIN)
    }
}

/// What PostgreSQL keeps of an instant.
pub fn whole_microseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_cut_down_to_its_millisecond_before_1970_too() {
        let cut = |instant: &str| whole_milliseconds(instant.parse().unwrap()).to_string();
        assert_eq!(cut("2026-11-25T02:00:00.123868Z"), "2026-11-25T02:00:00.123Z");
        assert_eq!(cut("2026-11-25T02:00:00.123Z"), "2026-11-25T02:00:00.123Z");
        assert_eq!(cut("1969-12-31T23:59:59.9995Z"), "1969-12-31T23:59:59.999Z");
    }
}
