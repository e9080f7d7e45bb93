//! Taking the facts of investigation and resolution, and the clocks that came due (T04, T09–T29).
//!
//! Whoever owns a fact has checked its own guards; the lifecycle decides what follows, and a fact that it cannot take is
//! answered by `FactRefused`, so that the owner undoes its side. A fact therefore never fails a batch: only a message that
//! does not say what its contract promises does. A clock that came due beside what stops it, and a level that the case has
//! reached already, say nothing: nobody has anything to undo. Who is recused moves nothing either, and is kept: they do
//! nothing more on the complaint.

mod clocks;
mod investigation;
mod reminders;
mod resolution;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use redress_domain::{Clock, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use sqlx::postgres::PgConnection;

use self::reminders::Reminders;
use super::given_up;
use super::reported::{Reported, by_service, key};
use crate::domain::lifecycle::{
    Act, Actor, Capacity, Command, EscalationReason, Fact, Level, Lifecycle, Policy, State,
};
use crate::error::Error;
use crate::store::recusal::{self, Recusal};

/// Whose topic is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// Evidence, tests, findings.
    Investigation,
    /// Offers, rulings, remedies, appeals.
    Resolution,
    /// Deadlines.
    Sla,
}

impl Teller {
    /// The service's name; it acts where nobody in particular does.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Investigation => "investigation",
            Self::Resolution => "resolution",
            Self::Sla => "sla",
        }
    }

    fn read(self, event_type: &str, payload: &[u8]) -> Result<Option<Told>, DecodeError> {
        match self {
            Self::Investigation => investigation::read(event_type, payload),
            Self::Resolution => resolution::read(event_type, payload),
            Self::Sla => clocks::read(event_type, payload),
        }
    }
}

/// What a message means to the lifecycle.
#[derive(Debug)]
pub enum Told {
    /// A fact.
    Happened(Fact),
    /// These may do nothing more on the complaint (L06, F141).
    Recused(Vec<String>),
    /// The clock of a completion has warned, which reminds the complainant.
    CompletionWarned,
    /// The clock of a completion came due.
    CompletionDue {
        /// When.
        due_at: Timestamp,
    },
    /// The ladder that clocks climb stands at a level.
    Escalated {
        /// Why.
        reason: EscalationReason,
        /// Which.
        level: Level,
    },
}

/// The handler of one teller's facts.
pub struct TakeFacts {
    /// Whose they are.
    pub teller: Teller,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The lifecycle's windows.
    pub policy: Arc<Policy>,
}

#[async_trait]
impl BatchHandler for TakeFacts {
    type Event = Told;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Told>, DecodeError> {
        self.teller.read(&meta.event_type, payload)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Told>]) -> Result<(), HandlerError> {
        let mut complaints = Reported::lock(conn, batch).await?;
        let mut reminders = Reminders::of(conn, batch).await?;
        let mut recusals = Vec::new();
        for delivery in batch {
            let transition = complaints.of(conn, delivery).await?;
            recusals.extend(recused(delivery));
            let Some(command) = meant(delivery, &transition.complaint.lifecycle, &mut reminders) else {
                continue;
            };
            let act = self.act(&command, &delivery.meta);
            transition.command(&command, &act, &self.policy).map_err(Error::from)?;
        }
        reminders.save(conn).await?;
        recusal::save(conn, &recusals).await?;
        complaints.save(conn, whole_microseconds(self.clock.now())).await
    }

    async fn given_up(
        &self,
        conn: &mut PgConnection,
        event: &EventMeta,
        operator: &str,
    ) -> Result<(), HandlerError> {
        Ok(given_up::note(conn, event, operator, whole_microseconds(self.clock.now())).await?)
    }
}

impl TakeFacts {
    fn act(&self, command: &Command, meta: &EventMeta) -> Act {
        let act = by_service(meta, self.teller.name());
        match command {
            Command::LapseCompletion { .. } | Command::Escalate { .. } => {
                Act { actor: Actor { capacity: Capacity::Timer, ..act.actor }, ..act }
            }
            _ => act,
        }
    }
}

/// Who takes no part in the complaint any more, by this message.
fn recused(delivery: &Delivery<Told>) -> Vec<Recusal> {
    let Told::Recused(subjects) = &*delivery.event else { return Vec::new() };
    let (tenant, complaint) = key(&delivery.meta);
    let told_at = whole_microseconds(delivery.meta.occurred_at);
    let of =
        |subject: &String| Recusal { tenant: tenant.clone(), complaint, subject: subject.clone(), told_at };
    subjects.iter().map(of).collect()
}

/// What a message asks of a complaint that stands so; none where it asks nothing of it.
fn meant(delivery: &Delivery<Told>, life: &Lifecycle, reminders: &mut Reminders) -> Option<Command> {
    let (meta, key) = (&delivery.meta, key(&delivery.meta));
    let asked_at = match life.state() {
        State::AwaitingCompletion { asked_at, .. } => Some(*asked_at),
        _ => None,
    };
    match &*delivery.event {
        Told::Happened(fact) => Some(Command::TakeFact(fact.clone())),
        Told::Recused(_) => None,
        Told::CompletionWarned => {
            reminders.remind(
                key,
                asked_at?,
                whole_microseconds(meta.recorded_at.unwrap_or(meta.occurred_at)),
            );
            None
        }
        Told::CompletionDue { due_at } => {
            // One that came due before the open request was made belongs to an earlier one, which was answered.
            let asked_at = asked_at.filter(|asked_at| asked_at < due_at)?;
            Some(Command::LapseCompletion { due_at: *due_at, reminded_at: reminders.at(&key, asked_at) })
        }
        Told::Escalated { reason, level } => {
            let higher = level > life.regions().escalation.get() && life.state().kind().is_open();
            higher.then_some(Command::Escalate { reason: *reason, to: Some(*level) })
        }
    }
}
