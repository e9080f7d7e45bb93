//! A request whose clock runs out, and the proof that its party was told (T14, F026).

use jiff::Timestamp;
use redress_domain::whole_milliseconds;

use super::{EvidenceRequest, Party, RequestState};

/// What became of a request whose clock ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RanOut {
    /// Nothing: it was settled, or has more time.
    Nothing,
    /// It waits for proof that the party was told (T14).
    Unproved,
    /// It has lapsed.
    Lapsed,
}

impl EvidenceRequest {
    /// Its clock ran out for `due_at`. A clock of before an extension, or an answer that came in time, changes nothing. A
    /// side of the case lapses only if it was told in time (T14), where `needs_notice`.
    ///
    /// Clocks count to the millisecond (D1): what was announced to the microsecond is due at its millisecond.
    pub fn run_out(&mut self, due_at: Timestamp, now: Timestamp, needs_notice: bool) -> RanOut {
        if !self.state.is_open() || due_at < whole_milliseconds(self.due_at) {
            return RanOut::Nothing;
        }
        if needs_notice && !self.was_told() {
            self.overdue_at = Some(due_at);
            return RanOut::Unproved;
        }
        self.lapse(now);
        RanOut::Lapsed
    }

    /// Proof came that its notice went out at `at`. Whether it lapses by that: its clock ran out before the proof came.
    pub fn notice(&mut self, at: Timestamp, now: Timestamp) -> bool {
        self.noticed_at = Some(self.noticed_at.map_or(at, |known| known.min(at)));
        let lapses = self.state.is_open() && self.overdue_at.is_some() && self.was_told();
        if lapses {
            self.lapse(now);
        }
        lapses
    }

    /// The notice came back: there is no proof any more, until it goes out another way.
    pub fn unnotice(&mut self) {
        self.noticed_at = None;
    }

    /// Whether whoever is asked knew in time. Laboratories, departments and authorities are asked otherwise than by
    /// notices.
    fn was_told(&self) -> bool {
        !matches!(self.party, Party::Complainant | Party::Respondent)
            || self.noticed_at.is_some_and(|at| at <= self.due_at)
    }

    fn lapse(&mut self, now: Timestamp) {
        self.state = RequestState::Lapsed;
        self.settled_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::tests::{BOTH, asked, at};
    use super::*;
    use crate::domain::Refusal;
    use crate::domain::evidence::EvidenceType;

    #[test]
    fn a_clock_of_before_the_extension_lapses_nothing() {
        let mut request = asked(BOTH);
        request.extend(SignedDuration::from_hours(48), at(1)).unwrap();
        assert_eq!(request.run_out(at(48), at(48), false), RanOut::Nothing);
        assert_eq!(request.run_out(at(96), at(97), false), RanOut::Lapsed);
        assert_eq!(request.answer(EvidenceType::Invoice, at(97)), Err(Refusal::RequestSettled));
    }

    #[test]
    fn a_deadline_that_was_announced_to_the_microsecond_is_over_when_its_clock_is_which_counts_milliseconds()
    {
        let announced = at(48) + SignedDuration::from_micros(123_868);
        let mut request = EvidenceRequest { due_at: announced, ..asked(BOTH) };
        let due = at(48) + SignedDuration::from_millis(123);
        assert_eq!(
            request.clone().run_out(due - SignedDuration::from_millis(1), at(49), false),
            RanOut::Nothing
        );
        assert_eq!(request.run_out(due, at(49), false), RanOut::Lapsed);
    }

    #[test]
    fn nobody_lapses_who_was_not_told_in_time() {
        let mut request = asked(BOTH);
        assert_eq!(request.run_out(at(48), at(48), true), RanOut::Unproved);
        assert!(request.state.is_open() && request.settled_at.is_none());
        assert!(!request.clone().notice(at(49), at(50)), "told after the time was over");
        assert!(request.clone().notice(at(1), at(50)), "the proof came late, the notice did not");
        let mut told = asked(BOTH);
        assert!(!told.notice(at(1), at(1)));
        told.unnotice();
        assert_eq!(told.clone().run_out(at(48), at(48), true), RanOut::Unproved, "it came back");
        told.notice(at(2), at(2));
        assert_eq!(told.run_out(at(48), at(48), true), RanOut::Lapsed);
        let mut lab = EvidenceRequest { party: Party::Lab, ..asked(BOTH) };
        assert_eq!(lab.run_out(at(48), at(48), true), RanOut::Lapsed, "asked otherwise than by a notice");
    }
}
