//! The ledger: every request with its outcome, and the verdict over what the service made of them.
//!
//! Pure, so that the checker itself is tested: one that cannot find a planted loss proves nothing.

use std::collections::HashMap;

use uuid::Uuid;

/// What the caller knows of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Answered with the complaint's id: it must exist, once.
    Accepted,
    /// Refused: it must not exist.
    Rejected,
    /// No answer, or one that leaves it open: it may exist, once.
    Unknown,
}

/// All requests of a run, by number from 0.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<(Uuid, Outcome)>,
}

/// The outcome of comparing the ledger with a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Accepted and not there.
    pub(crate) lost: u64,
    /// There more than once.
    pub(crate) duplicated: u64,
    /// There, though refused or never sent.
    pub(crate) phantom: u64,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub(crate) fn is_clean(self) -> bool {
        self == Self::default()
    }
}

impl Ledger {
    /// Notes that a request is sent, which would become the complaint `id`; returns the request's number.
    pub(crate) fn open(&mut self, id: Uuid) -> usize {
        self.entries.push((id, Outcome::Unknown));
        self.entries.len() - 1
    }

    /// How many requests were sent; also the number of the next one.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Notes what became of a request.
    pub(crate) fn close(&mut self, number: usize, outcome: Outcome) {
        if let Some((_, known)) = self.entries.get_mut(number) {
            *known = outcome;
        }
    }

    /// The id that the answer to a request must name.
    pub(crate) fn id(&self, number: usize) -> Option<Uuid> {
        self.entries.get(number).map(|(id, _)| *id)
    }

    /// The requests with this outcome.
    pub(crate) fn numbers(&self, wanted: Outcome) -> Vec<usize> {
        self.entries
            .iter()
            .enumerate()
            .filter(|(_, (_, is))| *is == wanted)
            .map(|(number, _)| number)
            .collect()
    }

    /// Compares with what is there: how often each complaint was found.
    pub(crate) fn judge(&self, found: &HashMap<Uuid, u32>) -> Verdict {
        let mut verdict = Verdict::default();
        let mut sent = 0_u64;
        for (id, outcome) in &self.entries {
            let times = found.get(id).copied().unwrap_or(0);
            sent += u64::from(times > 0);
            verdict.lost += u64::from(*outcome == Outcome::Accepted && times == 0);
            verdict.phantom += u64::from(*outcome == Outcome::Rejected && times > 0);
            verdict.duplicated += u64::from(times > 1);
        }
        verdict.phantom += (found.len() as u64).saturating_sub(sent);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two accepted, one rejected, one without an answer.
    fn ledger() -> (Ledger, [Uuid; 4]) {
        let ids = [1, 2, 3, 4].map(Uuid::from_u128);
        let mut ledger = Ledger::default();
        let numbers = ids.map(|id| ledger.open(id));
        ledger.close(numbers[0], Outcome::Accepted);
        ledger.close(numbers[1], Outcome::Accepted);
        ledger.close(numbers[2], Outcome::Rejected);
        (ledger, ids)
    }

    fn verdict(found: &[(Uuid, u32)]) -> Verdict {
        ledger().0.judge(&found.iter().copied().collect())
    }

    #[test]
    fn a_store_that_holds_what_was_accepted_is_clean_with_or_without_the_unknown() {
        let (_, [one, two, _, unknown]) = ledger();
        assert!(verdict(&[(one, 1), (two, 1)]).is_clean());
        assert!(verdict(&[(one, 1), (two, 1), (unknown, 1)]).is_clean());
    }

    #[test]
    fn a_planted_loss_is_found() {
        let (_, [one, ..]) = ledger();
        assert_eq!(verdict(&[(one, 1)]), Verdict { lost: 1, ..Verdict::default() });
        assert_eq!(verdict(&[]).lost, 2);
    }

    #[test]
    fn a_planted_duplicate_is_found_also_of_an_unknown_request() {
        let (_, [one, two, _, unknown]) = ledger();
        let twice = verdict(&[(one, 2), (two, 1), (unknown, 3)]);
        assert_eq!(twice, Verdict { duplicated: 2, ..Verdict::default() });
    }

    #[test]
    fn a_planted_phantom_is_found_whether_refused_or_never_sent() {
        let (_, [one, two, refused, _]) = ledger();
        let stranger = Uuid::from_u128(99);
        let found = verdict(&[(one, 1), (two, 1), (refused, 1), (stranger, 1)]);
        assert_eq!(found, Verdict { phantom: 2, ..Verdict::default() });
    }

    #[test]
    fn a_later_answer_replaces_the_unknown() {
        let (mut ledger, [_, _, _, unknown]) = ledger();
        assert_eq!(ledger.numbers(Outcome::Unknown), [3]);
        ledger.close(3, Outcome::Accepted);
        assert_eq!(ledger.numbers(Outcome::Unknown), [0_usize; 0]);
        assert_eq!((ledger.id(3), ledger.len()), (Some(unknown), 4));
    }
}
