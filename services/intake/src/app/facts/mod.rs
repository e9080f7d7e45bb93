//! Taking the facts of investigation and resolution, and the clocks that came due (T04, T09–T29).
//!
//! Whoever owns a fact has checked its own guards; the lifecycle decides what follows, and a fact that it cannot take is
//! answered by `FactRefused`, so that the owner undoes its side. A fact therefore never fails a batch: only a message that
//! does not say what its contract promises does.

mod clocks;
mod investigation;
mod resolution;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use redress_domain::{Clock, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use sqlx::postgres::PgConnection;

use super::given_up;
use super::reported::{Reported, by_service};
use crate::domain::lifecycle::{Act, Actor, Capacity, Command, Policy, StateKind};
use crate::error::Error;

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
pub struct Told(Command);

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
        for delivery in batch {
            let transition = complaints.of(conn, delivery).await?;
            let Told(command) = &*delivery.event;
            // A clock that came due beside an answer has lost against it; nobody has anything to undo.
            if matches!(command, Command::LapseCompletion { .. })
                && transition.complaint.lifecycle.state().kind() != StateKind::AwaitingCompletion
            {
                continue;
            }
            let act = self.act(command, &delivery.meta);
            transition.command(command, &act, &self.policy).map_err(Error::from)?;
        }
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
            Command::LapseCompletion { .. } => {
                Act { actor: Actor { capacity: Capacity::Timer, ..act.actor }, ..act }
            }
            _ => act,
        }
    }
}
