//! The ledger: what callers were told, against what the log and the database hold in the end.
//!
//! A complaint is *lost* when a caller was told that it is accepted and it has no row, or no event announces it. It is
//! *doubled* when more than one act registered it, or its events contradict each other. It is a *phantom* when nobody
//! may have sent it, or whoever did was refused. An unknown outcome may have come to something or to nothing. A record
//! that is in the log twice, alike, is no fault: consumers drop it by its version; it is counted.
//!
//! Judging is pure; [`Evidence`](crate::evidence::Evidence) reads what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use uuid::Uuid;

/// What a caller was told about one submission, by its last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Accepted.
    Accepted,
    /// Refused by every answer: nothing may come of it.
    Refused,
    /// At least one attempt ended without a clear answer, and none was accepted.
    Unknown,
}

/// An event as it stands in the lifecycle topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The complaint.
    pub complaint: Uuid,
    /// The complaint's version on the topic, from 1.
    pub version: i64,
    /// The event's own id.
    pub id: Uuid,
    /// The full name of its message.
    pub kind: String,
    /// The message.
    pub payload: Vec<u8>,
}

/// A complaint as the database has it, on which nobody has acted since it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub complaint: Uuid,
    /// Attempts to submit it that are in the log: each is one act, however often it is read.
    pub attempts: usize,
    /// Acts that are kept.
    pub kept: usize,
    /// Of these, the ones that are kept as what was registered.
    pub registered: usize,
    /// Of these, the ones that are kept as another body under the same key.
    pub conflicting: usize,
    /// Entries of the audit trail.
    pub audited: usize,
}

impl Row {
    /// Whether one act registered it, and each act left one trace of each kind.
    fn is_single(&self, events: usize) -> bool {
        let traces = [self.kept, self.audited, events];
        self.registered == 1 && self.conflicting == 0 && traces.iter().all(|&count| count == self.attempts)
    }
}

/// What is wrong, if anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Submissions that callers were told to be accepted.
    pub accepted: usize,
    /// Accepted, without a row.
    pub lost: Vec<Uuid>,
    /// With a row, and no event says so.
    pub unpublished: Vec<Uuid>,
    /// Registered by several acts, with more or fewer traces than acts, or with events that contradict each other.
    pub doubled: Vec<Uuid>,
    /// There, though nobody may have sent it.
    pub phantoms: Vec<Uuid>,
    /// With versions that do not follow each other from 1, by the first record of each.
    pub disordered: Vec<Uuid>,
    /// Records that are in the log once more, alike.
    pub repeated: usize,
}

impl Verdict {
    /// Compares what was told about each complaint with what there is. `events` are in the order of their partitions.
    pub fn of(told: &BTreeMap<Uuid, Told>, rows: &[Row], events: &[Event]) -> Self {
        let accepted: BTreeSet<Uuid> =
            told.iter().filter(|(_, told)| **told == Told::Accepted).map(|(id, _)| *id).collect();
        let possible = |id: &Uuid| told.get(id).is_some_and(|told| *told != Told::Refused);
        let kept: BTreeSet<Uuid> = rows.iter().map(|row| row.complaint).collect();
        let log = Log::read(events);
        let published: BTreeSet<Uuid> = log.versions.keys().copied().collect();
        // Without any event it is unpublished, and nothing more.
        let events_of = |row: &Row| log.versions.get(&row.complaint).map_or(row.attempts, Vec::len);
        let doubled = rows.iter().filter(|row| !row.is_single(events_of(row))).map(|row| row.complaint);
        let doubled: BTreeSet<Uuid> = doubled.chain(log.contradicted).collect();
        Self {
            accepted: accepted.len(),
            lost: accepted.difference(&kept).copied().collect(),
            unpublished: kept.difference(&published).copied().collect(),
            doubled: doubled.into_iter().collect(),
            phantoms: kept.union(&published).filter(|id| !possible(id)).copied().collect(),
            disordered: log.disordered.into_iter().collect(),
            repeated: log.repeated,
        }
    }

    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        *self == Self { accepted: self.accepted, repeated: self.repeated, ..Self::default() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accepted {}", self.accepted)?;
        let faults = [
            ("lost", &self.lost),
            ("unpublished", &self.unpublished),
            ("doubled", &self.doubled),
            ("phantoms", &self.phantoms),
            ("disordered", &self.disordered),
        ];
        for (name, ids) in faults {
            write!(f, ", {name} {}", ids.len())?;
            if let Some(first) = ids.first() {
                write!(f, " (first {first})")?;
            }
        }
        write!(f, ", repeated records {}", self.repeated)
    }
}

/// The events of each complaint, and what is odd about them.
#[derive(Default)]
struct Log<'a> {
    versions: BTreeMap<Uuid, Vec<&'a Event>>,
    contradicted: BTreeSet<Uuid>,
    disordered: BTreeSet<Uuid>,
    repeated: usize,
}

impl<'a> Log<'a> {
    fn read(events: &'a [Event]) -> Self {
        let mut log = Self::default();
        for event in events {
            log.take(event);
        }
        log
    }

    fn take(&mut self, event: &'a Event) {
        let seen = self.versions.entry(event.complaint).or_default();
        let known = usize::try_from(event.version - 1).ok().and_then(|at| seen.get(at));
        match known {
            Some(same) if *same == event => self.repeated += 1,
            Some(_) => {
                self.contradicted.insert(event.complaint);
            }
            None if usize::try_from(event.version) == Ok(seen.len() + 1) => seen.push(event),
            None => {
                self.disordered.insert(event.complaint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u128) -> Row {
        let complaint = Uuid::from_u128(n);
        Row { complaint, attempts: 1, kept: 1, registered: 1, conflicting: 0, audited: 1 }
    }

    fn event(n: u128, version: i64) -> Event {
        let id = Uuid::from_u128((n << 8) | u128::from(version.cast_unsigned()));
        let kind = "redress.intake.v1.ComplaintRegistered".to_owned();
        Event { complaint: Uuid::from_u128(n), version, id, kind, payload: vec![1] }
    }

    fn told(all: &[(u128, Told)]) -> BTreeMap<Uuid, Told> {
        all.iter().map(|&(n, told)| (Uuid::from_u128(n), told)).collect()
    }

    #[test]
    fn what_was_accepted_registered_and_announced_is_in_order_whatever_became_of_the_unknown() {
        let told = told(&[(1, Told::Accepted), (2, Told::Unknown), (3, Told::Unknown), (4, Told::Refused)]);
        let events = [event(1, 1), event(2, 1), event(2, 2), event(2, 1)];
        let repeated = Row { attempts: 2, kept: 2, audited: 2, ..row(2) };
        let verdict = Verdict::of(&told, &[row(1), repeated], &events);
        assert!(verdict.is_clean(), "{verdict}");
        assert_eq!((verdict.accepted, verdict.repeated), (1, 1));
    }

    #[test]
    fn each_planted_fault_is_found_and_named() {
        let one = [Uuid::from_u128(1)];
        let accepted = told(&[(1, Told::Accepted)]);
        let fault = |rows: &[Row], events: &[Event]| {
            let verdict = Verdict::of(&accepted, rows, events);
            assert!(!verdict.is_clean(), "{verdict}");
            verdict
        };
        assert_eq!(fault(&[], &[]).lost, one);
        assert_eq!(fault(&[row(1)], &[]).unpublished, one);
        assert_eq!(fault(&[Row { registered: 2, ..row(1) }], &[event(1, 1)]).doubled, one);
        assert_eq!(fault(&[Row { conflicting: 1, ..row(1) }], &[event(1, 1)]).doubled, one);
        assert_eq!(fault(&[Row { audited: 2, ..row(1) }], &[event(1, 1)]).doubled, one);
        assert_eq!(fault(&[Row { kept: 2, ..row(1) }], &[event(1, 1)]).doubled, one);
        assert_eq!(fault(&[row(1)], &[event(1, 1), event(1, 2)]).doubled, one);
        let another = Event { payload: vec![2], ..event(1, 1) };
        assert_eq!(fault(&[row(1)], &[event(1, 1), another]).doubled, one);
        assert_eq!(fault(&[row(1)], &[event(1, 2)]).disordered, one);
        assert_eq!(fault(&[row(1)], &[event(1, 1), event(1, 3)]).disordered, one);
        let stranger = Uuid::from_u128(9);
        assert_eq!(fault(&[row(1), row(9)], &[event(1, 1), event(9, 1)]).phantoms, [stranger]);
    }

    #[test]
    fn a_refused_submission_that_is_there_is_a_phantom() {
        let verdict = Verdict::of(&told(&[(1, Told::Refused)]), &[row(1)], &[event(1, 1)]);
        assert_eq!(verdict.phantoms, [Uuid::from_u128(1)]);
    }
}
