//! What the callers were told: the one account that owes nothing to the service.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

/// A complaint, by its tenant and its id.
pub(super) type Complaint = (String, Uuid);

/// The open ledger.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Book>);

/// What it says.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    /// Calls, repetitions included.
    pub(super) sent: u64,
    /// Calls that were made again because the first outcome is not known or was "later".
    pub(super) tried_again: u64,
    /// Complaints that were accepted.
    pub(super) accepted: BTreeSet<Complaint>,
    /// From the intended start of a complaint to its acceptance.
    pub(super) latencies: Vec<Duration>,
    /// Repetitions that were recognised at once.
    pub(super) repeats_at_the_door: u64,
    /// Repetitions that were accepted like new and left to the register.
    pub(super) repeats_passed_on: u64,
    /// Other bodies under a used key that were refused at once.
    pub(super) conflicts_at_the_door: u64,
    /// Other bodies that were accepted and left to the register.
    pub(super) conflicts_passed_on: u64,
    /// Nonsense that was refused.
    pub(super) refused: u64,
    /// Answers that should not have been, in words.
    pub(super) wrong: Vec<String>,
}

impl Ledger {
    /// Makes an entry.
    pub(super) fn note(&self, entry: impl FnOnce(&mut Book)) {
        entry(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Calls made and complaints accepted.
    pub(super) fn so_far(&self) -> (u64, u64) {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (book.sent, book.accepted.len() as u64)
    }

    /// How many submissions the register must have written at least.
    pub(super) fn written(&self) -> u64 {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.accepted.len() as u64 + book.repeats_passed_on + book.conflicts_passed_on
    }

    /// The account as it stands.
    pub(super) fn close(&self) -> Book {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
