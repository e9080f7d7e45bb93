//! Applying what classification found: category, severity and urgency, the first steps that a machine may take, and who
//! has the case.
//!
//! A machine may begin the review (T05), ask for mandatory details (T02), and take a complaint up (T06) where the
//! tenant's profile allows it and the case is plain. It never refuses (T07): that is a person's decision, so a proposed
//! refusal waits in the review. A complaint that a person has moved on is left to that person.

mod finding;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use redress_domain::{Clock, ComplaintId, DecidedBy, Severity, TenantId, whole_microseconds};
use redress_messaging::{EventMeta, Record};
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError, read_through};
use redress_proto::types::v1::Admissibility;
use sqlx::postgres::PgConnection;

use super::given_up;
use super::transition::{self, Cause, Transition};
use crate::domain::lifecycle::{Act, Actor, Capacity, Command, Policy, StateKind};
use crate::error::Error;
use crate::store::complaint;
use crate::topics::SUBMISSIONS;
pub use finding::{Assessed, Finding};

/// Who acts where nobody in particular does.
const CLASSIFICATION: &str = "classification";
/// How far the clocks of those who write to the log may be apart.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(5);
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
        let ids: BTreeSet<(TenantId, ComplaintId)> =
            batch.iter().map(|d| (d.meta.tenant.clone(), ComplaintId::from_uuid(d.meta.subject))).collect();
        let locked = complaint::lock_all(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
        let mut transitions: HashMap<(TenantId, ComplaintId), Transition> = locked
            .into_iter()
            .map(|c| ((c.tenant.clone(), c.id), Transition::new(c, Cause::default())))
            .collect();
        for delivery in batch {
            let id = (delivery.meta.tenant.clone(), ComplaintId::from_uuid(delivery.meta.subject));
            let Some(transition) = transitions.get_mut(&id) else {
                return Err(unknown(conn, &delivery.record).await?);
            };
            transition.cause = cause(&delivery.meta);
            match &*delivery.event {
                Finding::Assessed(assessed) => self.assessed(transition, assessed, &delivery.meta)?,
                Finding::Assignment(fact) => {
                    let told = Command::TakeFact(fact.clone());
                    transition
                        .command(&told, &by_service(&delivery.meta), &self.policy)
                        .map_err(Error::from)?;
                }
            }
        }
        let now = whole_microseconds(self.clock.now());
        let mut moved: Vec<Transition> = transitions.into_values().collect();
        moved.sort_by(|a, b| {
            (&a.complaint.tenant, a.complaint.id).cmp(&(&b.complaint.tenant, b.complaint.id))
        });
        Ok(transition::save(conn, moved, now).await?)
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

/// A complaint that classification knows from us is not here. It comes as long as submissions that are older than the
/// record were not read: then this database was set back, and is reading again. After that it never comes.
async fn unknown(conn: &mut PgConnection, record: &Record) -> Result<HandlerError, sqlx::Error> {
    let read = read_through(conn, SUBMISSIONS.name).await?;
    let older = record.timestamp.saturating_add(CLOCKS_APART).unwrap_or(Timestamp::MAX);
    Ok(if read.is_some_and(|read| read > older) {
        HandlerError::poison("the complaint is unknown")
    } else {
        HandlerError::Unavailable("the complaint is not registered yet".into())
    })
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
            let act = Act { decided_by: DecidedBy::Human, ..by_service(meta) };
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

    /// Whether a machine asks the complainant for what is missing.
    fn asks(&self, assessed: &Assessed) -> bool {
        assessed.admissibility == Admissibility::NeedsCompletion
            && self.profile.asks_for_completion
            && !assessed.missing.is_empty()
    }

    /// How a machine reviews a complaint that nobody has looked at: it begins, and takes up what is plain.
    fn review(&self, tenant: &TenantId, assessed: &Assessed) -> Vec<Command> {
        let found = assessed.found;
        let mut steps = vec![Command::StartReview { assessment: Some(found) }];
        let plain = assessed.admissibility == Admissibility::Yes
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

/// What somebody did in classification, which has checked their rights.
fn by_service(meta: &EventMeta) -> Act {
    let decided_by = meta.decided_by.as_deref().and_then(|code| code.parse().ok());
    Act {
        at: whole_microseconds(meta.occurred_at),
        actor: Actor {
            subject: meta.actor.clone().unwrap_or_else(|| CLASSIFICATION.to_owned()),
            capacity: Capacity::Service,
        },
        decided_by: decided_by.unwrap_or(DecidedBy::Rule),
    }
}

fn cause(meta: &EventMeta) -> Cause {
    Cause {
        causation: Some(meta.event_id.to_string()),
        traceparent: meta.traceparent.clone(),
        tracestate: meta.tracestate.clone(),
    }
}
