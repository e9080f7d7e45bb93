//! Applying what classification found: category, severity and urgency, the first steps that a machine may take, and who
//! has the case.
//!
//! A machine may begin the review (T05), ask for mandatory details (T02), and take a complaint up (T06) where the
//! tenant's profile allows it, the case is plain and complete, and rules, not a model, have found it so. It never refuses (T07): that is a person's decision, so a proposed
//! refusal waits in the review. A complaint that a person has moved on is left to that person.

mod finding;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use redress_domain::{Clock, DecidedBy, Severity, TenantId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::types::v1::Admissibility;
use sqlx::postgres::PgConnection;

use super::given_up;
use super::reported::{Reported, by_service};
use super::transition::Transition;
use crate::domain::lifecycle::{Act, Actor, Capacity, Command, Policy, StateKind};
use crate::error::Error;
pub use finding::{Assessed, Finding};

/// Who acts where nobody in particular does.
const CLASSIFICATION: &str = "classification";
/// Below this confidence a machine takes nothing up.
const PLAIN_ENOUGH: f64 = 0.8;

/// What a tenant lets a machine do.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Whether it may ask the complainant for what is missing.
    pub asks_for_completion: bool,
    /// Whose complaints it may take up: tenants, or `*` for all.
    pub accepts_for: BTreeSet<String>,
}

impl Profile {
    fn accepts(&self, tenant: &TenantId) -> bool {
        self.accepts_for.contains(tenant.as_str()) || self.accepts_for.contains("*")
    }
}

/// The handler of what classification finds.
pub struct ApplyAssessments {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The lifecycle's windows.
    pub policy: Arc<Policy>,
    /// What a machine may do.
    pub profile: Profile,
}

#[async_trait]
impl BatchHandler for ApplyAssessments {
    type Event = Finding;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Finding>, DecodeError> {
        Finding::read(&meta.event_type, payload)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Finding>]) -> Result<(), HandlerError> {
        let mut complaints = Reported::lock(conn, batch).await?;
        for delivery in batch {
            let transition = complaints.of(conn, delivery).await?;
            match &*delivery.event {
                Finding::Assessed(assessed) => self.assessed(transition, assessed, &delivery.meta)?,
                Finding::Assignment(fact) => {
                    let told = Command::TakeFact(fact.clone());
                    let act = by_service(&delivery.meta, CLASSIFICATION);
                    transition.command(&told, &act, &self.policy).map_err(Error::from)?;
                }
            }
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

impl ApplyAssessments {
    fn assessed(
        &self,
        transition: &mut Transition,
        assessed: &Assessed,
        meta: &EventMeta,
    ) -> Result<(), Error> {
        let untouched = transition.complaint.lifecycle.state().kind() == StateKind::Received;
        if assessed.by_person {
            let act = Act { decided_by: DecidedBy::Human, ..by_service(meta, CLASSIFICATION) };
            transition.assess(&assessed.found, &act, &self.policy)?;
        }
        if !untouched {
            return Ok(());
        }
        let act = Act {
            at: whole_microseconds(meta.occurred_at),
            actor: Actor { subject: CLASSIFICATION.to_owned(), capacity: Capacity::Machine },
            decided_by: DecidedBy::Rule,
        };
        if self.asks(assessed) {
            transition.assess(&assessed.found, &act, &self.policy)?;
            let ask = Command::RequestCompletion { missing: assessed.missing.clone() };
            return Ok(transition.command(&ask, &act, &self.policy)?);
        }
        for command in self.review(&transition.complaint.tenant, assessed) {
            transition.command(&command, &act, &self.policy)?;
        }
        Ok(())
    }

    /// Whether a machine asks the complainant for what is missing. What is urgent or grave waits for nobody's answer (F060): its
    /// review begins, and a person asks.
    fn asks(&self, assessed: &Assessed) -> bool {
        assessed.admissibility == Admissibility::NeedsCompletion
            && !assessed.found.urgent
            && assessed.found.severity == Severity::General
            && self.profile.asks_for_completion
            && !assessed.missing.is_empty()
    }

    /// How a machine reviews a complaint that nobody has looked at: it begins, and takes up what is plain.
    fn review(&self, tenant: &TenantId, assessed: &Assessed) -> Vec<Command> {
        let found = assessed.found;
        let mut steps = vec![Command::StartReview { assessment: Some(found) }];
        let plain = assessed.admissibility == Admissibility::Yes
            && assessed.lacking == 0
            && !assessed.by_model
            && found.severity == Severity::General
            && !found.urgent
            && !assessed.needs_human
            && assessed.confidence >= PLAIN_ENOUGH;
        if plain && self.profile.accepts(tenant) {
            steps.push(Command::AcceptComplaint {
                in_scope: true,
                conflict: false,
                handler: Some(format!("queue-{}", found.category.code().to_lowercase())),
                rule_may_accept: true,
            });
        }
        steps
    }
}
