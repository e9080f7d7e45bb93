//! The ladder: whom clocks and facts call, when the call goes out, and who is called next if nobody takes it up.
//!
//! A call is first only written down; it goes out at the next opening of whoever is called, in the calendar that the
//! tenant's policy has for their level, at once if the case is urgent. The same cause makes the same ticket, so nothing
//! that is repeated calls anybody twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use redress_proto::sla::v1 as wire;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::aside::{Claimed, isolated};
use super::background::repeated;
use super::book::Book;
use super::publish::{Emitted, clock_ref};
use super::recount::{Outcome, books};
use crate::domain::calendar::{BeyondHorizon, Calendar};
use crate::domain::course::{Calendars as _, Policies as _, attributes, has_ended, ordered};
use crate::domain::escalation::{Call, Case, Ladder, heard};
use crate::domain::fact::Fact;
use crate::domain::telling::Told;
use crate::error::Error;
use crate::store::aside::Work;
use crate::store::case::{Held, Key};
use crate::store::escalation::{self, Stored, TicketState};
use crate::store::{aside, case, clock, fact};

/// Complaints of one look at most.
const BATCH: i64 = 200;
/// How often calls are looked for.
const PERIOD: Duration = Duration::from_secs(1);

/// The tickets that `calls` make of the complaint `key`, of which `facts` are known.
pub(crate) fn tickets(
    key: &Key,
    facts: &[Fact],
    calls: Vec<Call>,
    book: &Book,
) -> Result<Vec<Stored>, Error> {
    let ladder = Ladder::builtin();
    if calls.iter().all(|call| ladder.level(call).is_none()) {
        return Ok(Vec::new());
    }
    let known = attributes(ordered(facts));
    let case = Case { tenant: &key.0, complaint_id: key.1, known: &known };
    let mut tickets = Vec::new();
    for call in calls {
        let Some(level) = ladder.level(&call) else { continue };
        let office = office(&ladder, level, book, call.at)?;
        let ticket = ladder.raise(case, &call, &office).map_err(beyond)?;
        tickets.extend(ticket.map(|ticket| Stored::new(key.clone(), ticket, call)));
    }
    Ok(tickets)
}

/// What the facts of a complaint themselves call for.
pub(crate) fn calls(facts: &[Fact]) -> Vec<Call> {
    heard(&ordered(facts))
}

/// Whether anybody is called by it.
pub(crate) fn reaches_somebody(call: &Call) -> bool {
    Ladder::builtin().rule(call).is_some()
}

/// The hours of those whom `level` calls, by the rules that the tenant has in effect at `at`.
fn office(ladder: &Ladder, level: u8, book: &Book, at: Timestamp) -> Result<Arc<Calendar>, Error> {
    let policy = book.effective(at);
    let id = policy.calendar(ladder.calendar(level));
    book.get(id, None).ok_or_else(|| Error::Defect(format!("there is no calendar {id}").into()))
}

fn beyond(error: BeyondHorizon) -> Error {
    Error::Defect(error.to_string().into())
}

/// Sends calls out. Cheap to clone; any number may run at once.
#[derive(Clone)]
pub struct Escalation {
    desk: Desk,
}

impl Escalation {
    /// By the desk's books.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Works until `stop`; a task of the service.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let pause = |looked| if looked > 0 { Duration::ZERO } else { PERIOD };
        let look = || async { Ok(pause(self.look().await?)) };
        repeated(stop, PERIOD, "calls could not be looked for", look).await;
        Ok(())
    }

    /// One look: tickets that were looked at.
    pub async fn look(&self) -> Result<usize, Error> {
        let claimed = Claimed::default();
        let looked = isolated(
            &self.desk,
            Work::Escalation,
            &claimed,
            self.transaction(Which::Due(claimed.clone())),
            |key| {
                let this = self.clone();
                Box::pin(async move { this.transaction(Which::One(key)).await })
            },
        );
        let looked = looked.await?.into_iter().sum();
        if looked > 0 {
            self.desk.wake.wake();
        }
        Ok(looked)
    }

    async fn transaction(&self, which: Which) -> Result<usize, Error> {
        let work = Arc::new((self.desk.clone(), which));
        let looked = self.desk.db.run_tx("escalate", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { batch(&work.0, conn, &work.1).await })
        });
        looked.await
    }
}

/// What a transaction takes.
enum Which {
    /// Whatever is to be looked at, and where it is noted.
    Due(Claimed),
    /// The tickets of one complaint.
    One(Key),
}

async fn batch(desk: &Desk, conn: &mut PgConnection, which: &Which) -> Result<usize, Error> {
    let claimed = match which {
        Which::Due(_) => escalation::claim(conn, BATCH).await?,
        Which::One(key) => case::lock_existing(conn, key).await?.into_iter().collect(),
    };
    let mut cases: BTreeMap<Key, Held> = claimed.into_iter().map(|held| (held.key.clone(), held)).collect();
    if cases.is_empty() {
        return Ok(0);
    }
    if let Which::Due(noted) = which {
        noted.note(cases.keys());
    }
    aside::clear(conn, cases.keys(), Work::Escalation).await?;
    let (due, now) = escalation::due(conn, cases.keys()).await?;
    let facts = fact::of_cases(conn, cases.keys()).await?;
    let clocks = clock::of_cases(conn, cases.keys()).await?;
    let held: Vec<Held> = cases.values().cloned().collect();
    let books = books(&desk.books, conn, &held).await?;
    let (mut made, mut changed, mut outcome) = (Vec::new(), Vec::new(), Outcome::default());
    let mut by_case: BTreeMap<Key, Vec<Stored>> = BTreeMap::new();
    for stored in due {
        by_case.entry(stored.key.clone()).or_default().push(stored);
    }
    for (key, tickets) in by_case {
        let Some(held) = cases.remove(&key) else { continue };
        let book = books.get(&key.0).ok_or_else(|| Error::Defect("a tenant without a book".into()))?;
        let known_facts = facts.get(&key).map(Vec::as_slice).unwrap_or_default();
        let known = attributes(ordered(known_facts));
        let told = clocks.get(&key).map(Vec::as_slice).unwrap_or_default();
        let case = Case { tenant: &key.0, complaint_id: key.1, known: &known };
        let ladder = Ladder::builtin();
        let mut emitted = Vec::new();
        for mut stored in tickets {
            let clock = stored.ticket.clock.and_then(|id| told.iter().find(|told| told.clock_id == id));
            // Without a clock of its own it is the case that must have ended; rights may live on in it.
            let over = match clock {
                Some(clock) => clock.is_over(),
                None => has_ended(known_facts, &**book),
            };
            let level = stored.ticket.level;
            stored.state = match stored.state {
                _ if over => TicketState::Settled,
                TicketState::Waiting if stored.ticket.not_before <= now => {
                    let office = office(&ladder, level, book, now)?;
                    stored.ticket.acknowledge_by =
                        ladder.acknowledge_by(case, level, now, &office).map_err(beyond)?;
                    emitted.push(raised(&stored, clock));
                    TicketState::Raised
                }
                TicketState::Raised if stored.ticket.acknowledge_by.is_some_and(|by| by <= now) => {
                    let office = office(&ladder, level + 1, book, now)?;
                    let next =
                        ladder.next(case, &stored.ticket, &stored.call, now, &office).map_err(beyond)?;
                    made.extend(next.map(|next| Stored::new(key.clone(), next, stored.call.clone())));
                    TicketState::PassedOn
                }
                // It was looked at only because something was heard of its case.
                other => other,
            };
            changed.push(stored);
        }
        outcome.put(held, Vec::new(), emitted, desk.now(), |_| None);
    }
    escalation::save(conn, &changed).await?;
    escalation::insert(conn, &made).await?;
    outcome.save(conn, &desk.noted).await?;
    Ok(changed.len())
}

fn raised(stored: &Stored, clock: Option<&Told>) -> Emitted {
    let ticket = &stored.ticket;
    let message = wire::EscalationRaised {
        ticket_id: ticket.id.to_string(),
        level: ticket.level.into(),
        reason: ticket.reason.clone(),
        target_role: ticket.target_role.clone(),
        clock: clock.map(clock_ref),
    };
    Emitted::new(&message, ticket.not_before, stored.call.cause.clone())
}
