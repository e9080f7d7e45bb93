//! The clocks of complaints computed anew from all that was heard, held against what was told of them.
//!
//! Consumers, extensions and new calendars all come here: a complaint's clocks are a function of its facts, and only the
//! difference to what was told before leaves this service.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::TenantId;
use redress_messaging::EventMeta;
use redress_outbox::{OutboxEvent, enqueue};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::book::Book;
use super::publish::{self, Emitted};
use super::soon::Noted;
use crate::domain::course::{CaseFacts, Clock, Extension, Fault, Pin, State, course};
use crate::domain::fact::{Fact, FactRef};
use crate::domain::telling::{Told, compare, vanished};
use crate::error::Error;
use crate::store::case::{Held, Key};
use crate::store::clock::Saved;
use crate::store::{case, clock, extension, fact};

/// What is known of one complaint, whose row is locked.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its row.
    pub held: Held,
    /// All that was heard of it.
    pub facts: Vec<Fact>,
    /// What was told of its clocks.
    pub told: Vec<Told>,
    /// What was granted.
    pub extensions: Vec<Extension>,
}

impl Known {
    /// Reads what is known of `cases`; three statements, whatever their number.
    pub async fn load(conn: &mut PgConnection, cases: Vec<Held>) -> Result<Vec<Self>, Error> {
        let keys: Vec<Key> = cases.iter().map(|held| held.key.clone()).collect();
        let extended: Vec<&Key> = cases.iter().filter(|held| held.extended).map(|held| &held.key).collect();
        let mut facts = fact::of_cases(conn, &keys).await?;
        let mut told = clock::of_cases(conn, &keys).await?;
        let mut extensions = extension::granted(conn, &extended).await?;
        let known = |held: Held| Self {
            facts: facts.remove(&held.key).unwrap_or_default(),
            told: told.remove(&held.key).unwrap_or_default(),
            extensions: extensions.remove(&held.key).unwrap_or_default(),
            held,
        };
        Ok(cases.into_iter().map(known).collect())
    }

    /// The clocks as they follow from the facts. `pin` says with what each goes on to be computed: see [`as_before`].
    pub fn course(&self, book: &Book, pin: impl Fn(&Told) -> Pin) -> Result<Vec<Clock>, Fault> {
        let pins: BTreeMap<Uuid, Pin> = self.told.iter().map(|told| (told.clock_id, pin(told))).collect();
        let (tenant, complaint_id) = (&self.held.key.0, self.held.key.1);
        let Self { facts, extensions, .. } = self;
        course(&CaseFacts { tenant, complaint_id, facts, extensions, pinned: &pins }, book, book)
    }
}

/// A clock keeps the calendar and the policy it was computed with.
pub fn as_before(told: &Told) -> Pin {
    Pin { calendar: told.calendar.clone(), policy: Some(told.policy_version) }
}

/// What a computation leaves to be written, for any number of complaints.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Their rows.
    pub cases: Vec<Held>,
    /// What is told of clocks from now on.
    pub clocks: Vec<Saved>,
    /// What is to be published.
    pub events: Vec<OutboxEvent>,
}

impl Outcome {
    /// Adds the difference between what follows from the facts of a complaint and what was told of its clocks.
    ///
    /// # Errors
    /// If a calendar is unknown or cannot answer: nothing was added then.
    pub fn add(
        &mut self,
        known: Known,
        book: &Book,
        now: Timestamp,
        pin: impl Fn(&Told) -> Pin,
        traced: impl Fn(&FactRef) -> Option<Arc<EventMeta>>,
    ) -> Result<(), Fault> {
        let clocks = known.course(book, pin)?;
        let before: BTreeMap<Uuid, &Told> = known.told.iter().map(|told| (told.clock_id, told)).collect();
        let mut emitted: Vec<Emitted> = Vec::new();
        let mut changed: Vec<(Told, Option<String>)> = Vec::new();
        for computed in &clocks {
            let earlier = before.get(&computed.id).copied();
            let (told, tellings) = compare(earlier, computed);
            emitted.extend(tellings.iter().map(|telling| publish::telling(&told, telling)));
            if earlier != Some(&told) {
                changed.push((told, Some(reason(computed).to_owned())));
            }
        }
        let heard_last = known.facts.iter().map(|fact| fact.at).max().unwrap_or(now);
        let gone = known.told.iter().filter(|told| clocks.iter().all(|clock| clock.id != told.clock_id));
        for (told, telling) in gone.filter_map(|told| vanished(told, heard_last)) {
            emitted.push(publish::telling(&told, &telling));
            changed.push((told, Some(SUPERSEDED.to_owned())));
        }
        self.put(known.held, changed, emitted, now, traced);
        Ok(())
    }

    /// Adds what has become of a complaint's clocks, and what is told of it.
    pub fn put(
        &mut self,
        mut held: Held,
        clocks: Vec<(Told, Option<String>)>,
        emitted: Vec<Emitted>,
        now: Timestamp,
        traced: impl Fn(&FactRef) -> Option<Arc<EventMeta>>,
    ) {
        if clocks.is_empty() && emitted.is_empty() {
            return;
        }
        self.events.extend(publish::bind(&mut held, emitted, now, traced));
        self.clocks.extend(clocks.into_iter().map(|(told, reason)| Saved {
            key: held.key.clone(),
            told,
            reason,
        }));
        self.cases.push(held);
    }

    /// Adds to the one complaint at hand what a person's act on the clock `id` tells, after what it made of the clocks.
    pub fn also(&mut self, id: Uuid, emitted: impl FnOnce(Option<&Told>) -> Emitted, now: Timestamp) {
        let told = self.clocks.iter().map(|saved| &saved.told).find(|told| told.clock_id == id);
        let emitted = emitted(told);
        if let Some(held) = self.cases.last_mut() {
            self.events.extend(publish::bind(held, vec![emitted], now, |_| None));
        }
    }

    /// Writes all of it; three statements. What is due soon is told to the index, which bears it if nothing of it is
    /// committed.
    pub async fn save(&self, conn: &mut PgConnection, noted: &Noted) -> Result<(), Error> {
        clock::save(conn, &self.clocks).await?;
        case::save(conn, &self.cases).await?;
        enqueue(conn, &self.events).await?;
        noted.note(&self.clocks);
        Ok(())
    }
}

/// Of a clock that never ran, as came to light later.
const SUPERSEDED: &str = "superseded";

/// Why a clock is paused or cancelled; else empty.
fn reason(clock: &Clock) -> &str {
    match &clock.state {
        State::Paused { reason } | State::Cancelled { reason, .. } => reason,
        State::Running | State::Met { .. } => "",
    }
}

/// The books of the tenants of `cases`.
pub async fn books(
    books: &super::book::Books,
    conn: &mut PgConnection,
    cases: &[Held],
) -> Result<BTreeMap<TenantId, Arc<Book>>, Error> {
    let mut all = BTreeMap::new();
    for held in cases {
        if !all.contains_key(&held.key.0) {
            all.insert(held.key.0.clone(), books.of(conn, &held.key.0).await?);
        }
    }
    Ok(all)
}
