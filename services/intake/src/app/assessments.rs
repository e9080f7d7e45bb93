//! Applying what classification found: category, severity and urgency, and the first steps that a machine may take.
//!
//! A machine may begin the review (T05), ask for mandatory details (T02), and take a complaint up (T06) where the
//! tenant's profile allows it and the case is plain. It never refuses (T07): that is a person's decision, so a proposed
//! refusal waits in the review. A complaint that a person has moved on is left to that person.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::{Category, Clock, ComplaintId, DecidedBy, Severity, TenantId};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::classification::v1::{Assessment, AssessmentMade, AssessmentOverridden};
use redress_proto::types::v1::Admissibility;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::register::whole_microseconds;
use super::transition::{self, Cause, Transition};
use crate::domain::lifecycle::{Act, Actor, Capacity, Command, Policy, StateKind};
use crate::error::Error;
use crate::store::complaint;

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

/// An assessment as far as the lifecycle is concerned.
#[derive(Debug)]
pub struct Assessed {
    id: Uuid,
    /// Whether a person made it: such an assessment counts whatever stood before.
    by_person: bool,
    category: Category,
    severity: Severity,
    urgent: bool,
    admissibility: Admissibility,
    confidence: f64,
    needs_human: bool,
    missing: Vec<String>,
}

/// The handler of classification's assessments.
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
    type Event = Assessed;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Assessed>, DecodeError> {
        let (id, by_person, assessment) = if meta.event_type == AssessmentMade::full_name() {
            let made = AssessmentMade::decode(payload)?;
            (made.assessment_id, false, made.assessment)
        } else if meta.event_type == AssessmentOverridden::full_name() {
            let overridden = AssessmentOverridden::decode(payload)?;
            (overridden.assessment_id, true, overridden.assessment)
        } else {
            return Ok(None);
        };
        let assessment = assessment.ok_or_else(|| DecodeError::new("assessment is missing"))?;
        Assessed::read(&id, by_person, assessment).map(Some)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Assessed>]) -> Result<(), HandlerError> {
        let ids: BTreeSet<(TenantId, ComplaintId)> =
            batch.iter().map(|d| (d.meta.tenant.clone(), ComplaintId::from_uuid(d.meta.subject))).collect();
        let locked = complaint::lock_all(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
        let mut transitions: HashMap<(TenantId, ComplaintId), Transition> = locked
            .into_iter()
            .map(|c| ((c.tenant.clone(), c.id), Transition::new(c, Cause::default())))
            .collect();
        for delivery in batch {
            let id = (delivery.meta.tenant.clone(), ComplaintId::from_uuid(delivery.meta.subject));
            // Classification knows it from us; if it is not here, this database is behind and is reading again.
            let transition = transitions
                .get_mut(&id)
                .ok_or_else(|| HandlerError::Unavailable("the complaint is not registered yet".into()))?;
            transition.cause = cause(&delivery.meta);
            self.assessed(transition, &delivery.event, &delivery.meta)?;
        }
        let now = whole_microseconds(self.clock.now());
        let mut moved: Vec<Transition> = transitions.into_values().collect();
        moved.sort_by(|a, b| {
            (&a.complaint.tenant, a.complaint.id).cmp(&(&b.complaint.tenant, b.complaint.id))
        });
        Ok(transition::save(conn, moved, now).await?)
    }
}

impl ApplyAssessments {
    fn assessed(
        &self,
        transition: &mut Transition,
        assessed: &Assessed,
        meta: &EventMeta,
    ) -> Result<(), Error> {
        let undecided = transition.complaint.lifecycle.state().kind() == StateKind::Received;
        if !undecided && !assessed.by_person {
            return Ok(());
        }
        let complaint = &mut transition.complaint;
        complaint.category = Some(assessed.category);
        complaint.severity = Some(assessed.severity);
        complaint.urgent = assessed.urgent;
        if !undecided {
            return Ok(());
        }
        let act = Act {
            at: whole_microseconds(meta.occurred_at),
            actor: Actor { subject: "classification".to_owned(), capacity: Capacity::Machine },
            decided_by: DecidedBy::Rule,
        };
        for command in self.steps(&transition.complaint.tenant, assessed) {
            transition.command(&command, &act, &self.policy)?;
        }
        Ok(())
    }

    /// What a machine does with a complaint that nobody has looked at.
    fn steps(&self, tenant: &TenantId, assessed: &Assessed) -> Vec<Command> {
        let asks = assessed.admissibility == Admissibility::NeedsCompletion
            && self.profile.asks_for_completion
            && !assessed.missing.is_empty();
        if asks {
            return vec![Command::RequestCompletion { missing: assessed.missing.clone() }];
        }
        let mut steps = vec![Command::StartReview { assessment: Some(assessed.id) }];
        let plain = assessed.admissibility == Admissibility::Yes
            && assessed.severity == Severity::General
            && !assessed.urgent
            && !assessed.needs_human
            && assessed.confidence >= PLAIN_ENOUGH;
        if plain && self.profile.accepts(tenant) {
            steps.push(Command::AcceptComplaint {
                in_scope: true,
                conflict: false,
                handler: Some(format!("queue-{}", assessed.category.code().to_lowercase())),
                rule_may_accept: true,
            });
        }
        steps
    }
}

impl Assessed {
    fn read(id: &str, by_person: bool, assessment: Assessment) -> Result<Self, DecodeError> {
        let unfit = |field: &'static str| DecodeError::new(format!("{field} does not fit"));
        Ok(Self {
            id: id.parse().map_err(|_| unfit("assessment_id"))?,
            by_person,
            category: assessment.category().try_into().map_err(|_| unfit("assessment.category"))?,
            severity: assessment.severity().try_into().map_err(|_| unfit("assessment.severity"))?,
            urgent: assessment.urgent,
            admissibility: assessment.admissibility(),
            confidence: assessment.confidence,
            needs_human: assessment.needs_human,
            missing: assessment.missing,
        })
    }
}

fn cause(meta: &EventMeta) -> Cause {
    Cause {
        causation: Some(meta.event_id.to_string()),
        traceparent: meta.traceparent.clone(),
        tracestate: meta.tracestate.clone(),
    }
}
