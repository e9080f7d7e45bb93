//! What a case consists of beside its course: requests for evidence, remedies, appeals, clocks.

use jiff::Timestamp;
use redress_domain::coded_enum;

coded_enum! {
    /// What an item is.
    ItemKind {
        /// A request for evidence (T13).
        EvidenceRequest = "evidence_request",
        /// A remedy that was ordered.
        Remedy = "remedy",
        /// An appeal (T28).
        Appeal = "appeal",
        /// A clock of sla.
        Clock = "clock",
    }
}

coded_enum! {
    /// Where an item stands.
    ItemState {
        /// A request or an appeal that nothing has come of yet.
        Open = "open",
        /// A request that was answered in full, an appeal that was decided.
        Settled = "settled",
        /// A request that was taken back, a remedy or a clock that is not needed any more.
        Cancelled = "cancelled",
        /// A request that nobody answered in time.
        Lapsed = "lapsed",
        /// A remedy that is to be carried out.
        Ordered = "ordered",
        /// A remedy that was carried out.
        Executed = "executed",
        /// A remedy that the platform paid first (L43).
        Advanced = "advanced",
        /// A remedy that could not be carried out.
        Failed = "failed",
        /// A remedy that was carried out and taken back.
        Reversed = "reversed",
        /// A clock that runs or is paused.
        Running = "running",
        /// A clock that was met in time.
        Met = "met",
        /// A clock that was met after it had been breached.
        MetLate = "met_late",
        /// A clock that was breached.
        Breached = "breached",
    }
}

/// What one event, or several in their order, tell of an item. What they do not tell is as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// The type of a remedy, the definition of a clock.
    pub what: Option<String>,
    /// Where it stands.
    pub state: Option<ItemState>,
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// When it came to where it stands.
    pub ended_at: Option<Timestamp>,
    /// The currency of what was ordered.
    pub currency: Option<String>,
    /// How much was ordered, minor units.
    pub amount_minor: Option<i64>,
}

impl Item {
    /// Takes in what a later event tells.
    pub fn follow(&mut self, later: &Self) {
        self.what = later.what.clone().or(self.what.take());
        self.state = later.state.or(self.state);
        self.began_at = later.began_at.or(self.began_at);
        self.due_at = later.due_at.or(self.due_at);
        self.ended_at = later.ended_at.or(self.ended_at);
        self.currency = later.currency.clone().or(self.currency.take());
        self.amount_minor = later.amount_minor.or(self.amount_minor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_event_does_not_tell_stays() {
        let mut item = Item {
            what: Some("C11".into()),
            state: Some(ItemState::Running),
            due_at: Some(Timestamp::UNIX_EPOCH),
            ..Item::default()
        };
        item.follow(&Item { state: Some(ItemState::Breached), ..Item::default() });
        assert_eq!((item.what.as_deref(), item.state), (Some("C11"), Some(ItemState::Breached)));
        assert_eq!(item.due_at, Some(Timestamp::UNIX_EPOCH));
    }
}
