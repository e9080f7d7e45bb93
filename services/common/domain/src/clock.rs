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

/// What PostgreSQL keeps of an instant.
pub fn whole_microseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}
