//! What the outside saw: the one account that owes nothing to the services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redress_proto::types::v1::ComplaintState;
use uuid::Uuid;

use crate::plan::Script;

/// A complaint, by its tenant and its id.
pub type Complaint = (String, Uuid);

/// The open ledger.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Book>);

/// What it says.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Calls, repetitions included.
    pub sent: u64,
    /// Calls that were made again because the first outcome is not known or was "later".
    pub tried_again: u64,
    /// Complaints that were accepted.
    pub accepted: BTreeSet<Complaint>,
    /// From the intended start of a complaint to its acceptance.
    pub latencies: Vec<Duration>,
    /// Repetitions that were recognised at once.
    pub repeats_at_the_door: u64,
    /// Repetitions that were accepted like new and left to the register.
    pub repeats_passed_on: u64,
    /// Other bodies under a used key that were refused at once.
    pub conflicts_at_the_door: u64,
    /// Other bodies that were accepted and left to the register.
    pub conflicts_passed_on: u64,
    /// Nonsense that was refused.
    pub nonsense_refused: u64,
    /// Texts that the complainants had to bring in later.
    pub completions: u64,
    /// How each case went, as its parties saw it.
    pub courses: BTreeMap<Complaint, Course>,
    /// Incidents that a supervisor has confirmed.
    pub incidents_confirmed: BTreeSet<(String, String)>,
    /// Members of incidents that got their proposal by the plan for all.
    pub planned_together: u64,
    /// Answers that should not have been, in words.
    pub wrong: Vec<String>,
}

/// How a case went, as its parties saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// By which script.
    pub script: Script,
    /// Whether it was taken up.
    pub admitted: bool,
    /// What was agreed or ruled that somebody pays, minor units; 0 for nothing.
    pub owed_minor: i64,
    /// Deadlines of a party that passed without an answer.
    pub lapsed: u64,
    /// Deadlines that were kept, as those who kept them know, by the clock's definition.
    pub kept: BTreeMap<&'static str, u64>,
    /// Where it stands.
    pub state: ComplaintState,
    /// Whether the script has come to its end.
    pub over: bool,
}

impl Course {
    pub(crate) fn begun(script: Script) -> Self {
        Self {
            script,
            admitted: false,
            owed_minor: 0,
            lapsed: 0,
            kept: BTreeMap::new(),
            state: ComplaintState::Unspecified,
            over: false,
        }
    }

    /// A deadline of this definition was kept.
    pub(crate) fn keeps(&mut self, definition: &'static str) {
        *self.kept.entry(definition).or_default() += 1;
    }
}

impl Ledger {
    /// Makes an entry.
    pub fn note(&self, entry: impl FnOnce(&mut Book)) {
        entry(&mut self.open());
    }

    /// Calls made and complaints accepted.
    pub fn so_far(&self) -> (u64, u64) {
        let book = self.open();
        (book.sent, book.accepted.len() as u64)
    }

    /// How many submissions the register must have written at least.
    pub fn written(&self) -> u64 {
        let book = self.open();
        book.accepted.len() as u64 + book.repeats_passed_on + book.conflicts_passed_on + book.completions
    }

    /// Scripts that have come to their end.
    pub fn over(&self) -> u64 {
        self.open().courses.values().filter(|course| course.over).count() as u64
    }

    /// The account as it stands.
    pub fn close(&self) -> Book {
        self.open().clone()
    }

    pub(crate) fn course(&self, complaint: &Complaint, entry: impl FnOnce(&mut Course)) {
        if let Some(course) = self.open().courses.get_mut(complaint) {
            entry(course);
        }
    }

    fn open(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Cases that stand in `state`, as their parties saw it last.
    pub fn standing(&self, state: ComplaintState) -> u64 {
        self.courses.values().filter(|course| course.state == state).count() as u64
    }

    /// Cases that were taken up.
    pub fn admitted(&self) -> u64 {
        self.courses.values().filter(|course| course.admitted).count() as u64
    }

    /// Deadlines that were kept in all cases, as those who kept them know, by the clock's definition.
    pub fn kept(&self) -> BTreeMap<&'static str, u64> {
        let mut kept = BTreeMap::new();
        for (definition, count) in self.courses.values().flat_map(|course| &course.kept) {
            *kept.entry(*definition).or_default() += count;
        }
        kept
    }

    /// What is owed to whom by what was agreed or ruled: complaints with their amounts.
    pub fn owed(&self) -> BTreeMap<(String, String), i64> {
        let owed = self.courses.iter().filter(|(_, course)| course.owed_minor > 0);
        owed.map(|((tenant, id), course)| ((tenant.clone(), id.to_string()), course.owed_minor)).collect()
    }

    /// Cases whose script broke off.
    pub fn left_behind(&self) -> u64 {
        self.courses.values().filter(|course| !course.over).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(n: u8) -> Complaint {
        ("tenant-a".into(), Uuid::from_u128(n.into()))
    }

    #[test]
    fn a_case_is_left_behind_until_its_script_is_over_and_owes_what_was_agreed() {
        let ledger = Ledger::default();
        for n in [1, 2] {
            ledger.note(|book| {
                book.courses.insert(complaint(n), Course::begun(Script::Settle));
            });
        }
        ledger.course(&complaint(1), |course| {
            (course.admitted, course.owed_minor, course.over) = (true, 700, true);
            course.state = ComplaintState::Closed;
        });
        let book = ledger.close();
        assert_eq!((book.left_behind(), ledger.over(), book.admitted()), (1, 1, 1));
        assert_eq!(book.standing(ComplaintState::Closed), 1);
        let (tenant, id) = complaint(1);
        assert_eq!(book.owed(), BTreeMap::from([((tenant, id.to_string()), 700)]));
    }

    #[test]
    fn every_deadline_that_was_kept_counts_under_its_definition() {
        let ledger = Ledger::default();
        for n in [1, 2, 3] {
            ledger.note(|book| {
                book.courses.insert(complaint(n), Course::begun(Script::Settle));
            });
        }
        for (n, definition) in [(1, "C11"), (1, "C29"), (2, "C18"), (2, "C29"), (2, "C18")] {
            ledger.course(&complaint(n), |course| course.keeps(definition));
        }
        assert_eq!(ledger.close().kept(), BTreeMap::from([("C11", 1), ("C18", 2), ("C29", 2)]));
    }

    #[test]
    fn the_register_writes_every_submission_that_was_not_answered_at_the_door() {
        let ledger = Ledger::default();
        ledger.note(|book| {
            book.accepted.insert(complaint(1));
            (book.repeats_at_the_door, book.repeats_passed_on) = (5, 2);
            (book.conflicts_at_the_door, book.conflicts_passed_on, book.completions) = (7, 1, 1);
        });
        assert_eq!(ledger.written(), 5);
    }
}
