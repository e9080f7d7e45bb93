//! The callers' ledger beside the service's stores.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use prost::Name as _;
use redress_proto::intake::v1::{ComplaintRegistered, SubmissionConflicted, SubmissionDeduplicated};
use redress_simulator::ledger::{Book, Complaint};
use redress_simulator::reckoning::{Arrived, Stores};
use serde_json::{Value, json};

use super::measured::Measured;
use super::published::Events;
use super::stores::Contents;
use super::told::Told;
use super::understood::Understood;

/// What the run came to.
#[derive(Debug)]
pub(super) struct Report {
    sent: u64,
    accepted: u64,
    registered: u64,
    published: u64,
    duplicates_recognised: u64,
    conflicts_kept: u64,
    conflicts_refused: u64,
    nonsense_refused: u64,
    lost: u64,
    doubled: u64,
    assessed: u64,
    urgent: u64,
    notices: u64,
    mails: u64,
    callbacks: u64,
    counted: u64,
    p50_ms: f64,
    p99_ms: f64,
    /// What the services have written of the whole way.
    stores: Stores,
    planned_together: u64,
    /// What all services held together at the most, MiB.
    pub(super) memory_mib: u64,
    /// What does not fit together, in words.
    disagreements: Vec<String>,
}

impl Report {
    pub(super) fn of(book: &Book, stores: &Contents, events: &Events) -> Self {
        let registrations: BTreeMap<&Complaint, usize> = events
            .iter()
            .map(|(complaint, by_version)| {
                (complaint, by_version.values().filter(|e| *e == REGISTERED).count())
            })
            .filter(|(_, times)| *times > 0)
            .collect();
        let arrived = |c: &&Complaint| stores.complaints.contains_key(*c) && registrations.contains_key(*c);
        // One key is one complaint, so what nobody was told of is a second one.
        let unknown =
            stores.complaints.keys().filter(|complaint| !book.accepted.contains(*complaint)).count();
        let again: usize = registrations.values().map(|times| times - 1).sum();
        let mut latencies = book.latencies.clone();
        latencies.sort_unstable();
        Self {
            sent: book.sent,
            accepted: book.accepted.len() as u64,
            registered: stores.complaints.len() as u64,
            published: registrations.len() as u64,
            duplicates_recognised: book.repeats_at_the_door + book.repeats_passed_on,
            conflicts_kept: stores.conflicting,
            conflicts_refused: book.conflicts_at_the_door,
            nonsense_refused: book.nonsense_refused,
            lost: (book.accepted.len() - book.accepted.iter().filter(arrived).count()) as u64,
            doubled: (unknown + again) as u64,
            assessed: 0,
            urgent: 0,
            notices: 0,
            mails: 0,
            callbacks: 0,
            counted: 0,
            stores: Stores::default(),
            planned_together: book.planned_together,
            memory_mib: 0,
            p50_ms: percentile_ms(&latencies, 50),
            p99_ms: percentile_ms(&latencies, 99),
            disagreements: disagreements(book, stores, events),
        }
    }

    /// The same with what the other services have made of it, held against the ledger.
    pub(super) fn and(
        mut self,
        book: &Book,
        stores: Stores,
        arrived: &Arrived,
        (understood, told, measured): (&Understood, &Told, &Measured),
    ) -> Self {
        (self.assessed, self.urgent) = (understood.assessed, understood.urgent);
        (self.notices, self.mails, self.callbacks) = (told.notices, told.mails, told.callbacks);
        self.counted = measured.complaints;
        if self.counted != self.registered {
            self.disagreements
                .push(format!("{} counted by the metrics, {} registered", self.counted, self.registered));
        }
        self.disagreements.extend(told.disagreements.iter().cloned());
        self.disagreements.extend(stores.disagreements(book, arrived));
        self.stores = stores;
        self
    }

    /// The numbers for people.
    pub(super) fn table(&self) -> String {
        let rows = [
            ("sent", self.sent, "calls, repetitions included"),
            ("accepted", self.accepted, "complaints, each with a number in its caller's hand"),
            ("registered", self.registered, "of them in PostgreSQL"),
            ("published", self.published, "of them on the lifecycle topic"),
            (
                "duplicates recognised",
                self.duplicates_recognised,
                "repetitions that made no second complaint",
            ),
            (
                "conflicts kept",
                self.conflicts_kept,
                "other bodies under a used key, shown with the complaint",
            ),
            ("conflicts refused", self.conflicts_refused, "other bodies under a used key, at the door"),
            ("nonsense", self.nonsense_refused, "without a text, refused at the door"),
            ("assessed", self.assessed, "with category, severity and the reasons for them"),
            ("urgent", self.urgent, "of them"),
            ("admitted", self.stores.admitted, "taken up by a person or, where it is plain, by a machine"),
            ("refused", self.stores.refused, "by a person, with a reason"),
            ("incidents", self.stores.incidents, "many complaints with one cause, confirmed by a person"),
            ("planned together", self.planned_together, "members of an incident, by one plan"),
            ("remedies paid", self.stores.remedies_paid, "each once, to the last fen what was owed"),
            ("closed", self.stores.closed, "with result, report and the complainant's answer"),
            ("withdrawn", self.stores.withdrawn, "by the complainant"),
            ("open", self.stores.open, "handed to a regulator"),
            ("deadlines met", self.stores.deadlines_met, "clocks that were stopped in time"),
            (
                "deadlines missed",
                self.stores.deadlines_missed,
                "by those who never answered: time was moved on past their deadlines",
            ),
            ("notices", self.notices, "letters that the parties are owed"),
            ("mails", self.mails, "arrived at the mail server"),
            ("callbacks", self.callbacks, "arrived at the platform's address, signed"),
            ("counted", self.counted, "complaints by the metrics, which must equal the ledger"),
            ("parked", self.stores.parked, "events set aside"),
            ("memory peak", self.memory_mib, "MiB of all services together, as they are built here"),
            ("lost", self.lost, ""),
            ("duplicated", self.doubled, ""),
        ];
        let rows = rows.iter().map(|(name, number, meaning)| format!("  {name:<22} {number:>8}  {meaning}"));
        let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        let latency =
            format!("  {:<22} {:>8.1} / {:.1} ms", "acceptance p50 / p99", self.p50_ms, self.p99_ms);
        format!("{}\n{latency}", rows.join("\n"))
    }

    /// The same numbers for programs.
    pub(super) fn json(&self) -> Value {
        let stores = &self.stores;
        json!({ "summary": {
            "accepted": self.accepted,
            "registered": self.registered,
            "assessed": self.assessed,
            "admitted": stores.admitted,
            "refused": stores.refused,
            "closed": stores.closed,
            "withdrawn": stores.withdrawn,
            "open": stores.open,
            "incidents": stores.incidents,
            "notices_sent": stores.notices_sent,
            "remedies_paid": stores.remedies_paid,
            "deadlines_met": stores.deadlines_met,
            "deadlines_missed": stores.deadlines_missed,
            "parked": stores.parked,
            "lost": self.lost,
            "duplicated": self.doubled,
        } })
    }

    /// An error if the promise was broken or the accounts differ.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        if self.lost + self.doubled == 0 && self.disagreements.is_empty() {
            return Ok(());
        }
        let shown = self.disagreements.iter().take(10).map(|line| format!("\n  {line}"));
        bail!("lost {}, duplicated {}{}", self.lost, self.doubled, shown.collect::<String>())
    }
}

/// The events by the contract's own names.
pub(super) const REGISTERED: &str = ComplaintRegistered::NAME;
const REPEATED: &str = SubmissionDeduplicated::NAME;
const CONFLICTED: &str = SubmissionConflicted::NAME;

fn disagreements(book: &Book, stores: &Contents, events: &Events) -> Vec<String> {
    let mut found = book.wrong.clone();
    // A call that was made again because its outcome was unknown may have been written twice; the register tells. And
    // one that Redis, away before the log was written, recognised only afterwards was answered at the door and noted
    // by the register.
    let mut compare = |what: &str, told: u64, at_the_door: u64, stored: u64| {
        if !(told..=told + book.tried_again + at_the_door).contains(&stored) {
            found.push(format!("{what}: {told} by the callers' ledger, {stored} in PostgreSQL"));
        }
    };
    compare(
        "repetitions left to the register",
        book.repeats_passed_on,
        book.repeats_at_the_door,
        stores.repeated,
    );
    compare(
        "other bodies left to the register",
        book.conflicts_passed_on,
        book.conflicts_at_the_door,
        stores.conflicting,
    );
    for (event, stored) in [
        (REGISTERED, stores.complaints.len() as u64),
        (REPEATED, stores.repeated),
        (CONFLICTED, stores.conflicting),
    ] {
        let published =
            events.values().flat_map(BTreeMap::values).filter(|name| *name == event).count() as u64;
        if published != stored {
            found.push(format!("{event}: {stored} in PostgreSQL, {published} on the topic"));
        }
    }
    let holes = stores.complaints.iter().filter(|(complaint, version)| {
        let published = events.get(*complaint).map(|by_version| by_version.keys().copied());
        !published.is_some_and(|versions| versions.eq(1..=**version))
    });
    found.extend(
        holes.map(|((tenant, id), _)| format!("{tenant}/{id}: its versions on the topic have holes")),
    );
    found
}

/// By nearest rank; 0 if there is none.
fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |took| (took.as_secs_f64() * 10_000.0).round() / 10.0)
}

#[cfg(test)]
mod tests;
