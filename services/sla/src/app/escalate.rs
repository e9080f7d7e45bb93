//! The ladder: whom clocks and facts call, when the call goes out, and who is called next if nobody takes it up.
//!
//! A call is first only written down; it goes out at the next opening of the office of whoever is called, at once if the
//! case is urgent. The same cause makes the same ticket, so nothing that is repeated calls anybody twice.

use std::collections::BTreeMap;
use std::time::Duration;

use redress_proto::sla::v1 as wire;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::book::Book;
use super::publish::{Emitted, clock_ref};
use super::recount::{Outcome, books};
use crate::domain::course::{Calendars as _, attributes, ordered};
use crate::domain::escalation::{Call, Case, Ladder, heard};
use crate::domain::fact::Fact;
use crate::domain::telling::Told;
use crate::error::Error;
use crate::store::case::{Held, Key};
use crate::store::escalation::{self, Stored, TicketState};
use crate::store::{clock, fact};

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
    if calls.iter().all(|call| ladder.rule(call).is_none()) {
        return Ok(Vec::new());
    }
    let known = attributes(ordered(facts));
    let case = Case { tenant: &key.0, complaint_id: key.1, known: &known };
    let office = office(&ladder, book)?;
    let mut tickets = Vec::new();
    for call in calls {
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

fn office(ladder: &Ladder, book: &Book) -> Result<std::sync::Arc<crate::domain::calendar::Calendar>, Error> {
    let id = ladder.calendar();
    book.get(id, None).ok_or_else(|| Error::Defect(format!("there is no calendar {id}").into()))
}

fn beyond(error: crate::domain::calendar::BeyondHorizon) -> Error {
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
        loop {
            let pause = match self.look().await {
                Ok(looked) if looked > 0 => Duration::ZERO,
                Ok(_) => PERIOD,
                Err(error) => {
                    tracing::warn!(%error, "calls could not be looked for");
                    PERIOD
                }
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One look: tickets that were looked at.
    pub async fn look(&self) -> Result<usize, Error> {
        let desk = self.desk.clone();
        let looked = self.desk.db.run_tx("escalate", move |conn| {
            let desk = desk.clone();
            Box::pin(async move { batch(&desk, conn).await })
        });
        let looked = looked.await?;
        if looked > 0 {
            self.desk.wake.wake();
        }
        Ok(looked)
    }
}

async fn batch(desk: &Desk, conn: &mut PgConnection) -> Result<usize, Error> {
    let claimed = escalation::claim(conn, BATCH).await?;
    let mut cases: BTreeMap<Key, Held> = claimed.into_iter().map(|held| (held.key.clone(), held)).collect();
    if cases.is_empty() {
        return Ok(0);
    }
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
        let known = attributes(ordered(facts.get(&key).map(Vec::as_slice).unwrap_or_default()));
        let told = clocks.get(&key).map(Vec::as_slice).unwrap_or_default();
        let case = Case { tenant: &key.0, complaint_id: key.1, known: &known };
        let ladder = Ladder::builtin();
        let mut emitted = Vec::new();
        for mut stored in tickets {
            let clock = stored.ticket.clock.and_then(|id| told.iter().find(|told| told.clock_id == id));
            // Without a clock of its own it is the case that must have ended.
            let over = match clock {
                Some(clock) => clock.is_over(),
                None => !told.is_empty() && told.iter().all(Told::is_over),
            };
            stored.state = if over {
                TicketState::Settled
            } else if stored.state == TicketState::Waiting {
                emitted.push(raised(&stored, clock));
                TicketState::Raised
            } else {
                let office = office(&ladder, book)?;
                let next = ladder.next(case, &stored.ticket, &stored.call, now, &office).map_err(beyond)?;
                made.extend(next.map(|next| Stored::new(key.clone(), next, stored.call.clone())));
                TicketState::PassedOn
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
