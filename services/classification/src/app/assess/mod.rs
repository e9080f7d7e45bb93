//! Every registered complaint is assessed, compared, counted and queued, once.
//!
//! Before the transaction: the sealed text is opened for its purpose, read by the rules in effect, and shown to an
//! outside model where the rules are unsure. What is kept of the text are labels, places in it, a similarity hash and
//! words of the lexicon. In the transaction: complaints, assessments, pairs that look the same, queues, incidents and
//! all events, each with one statement per table and batch.

mod alike;
mod completed;
mod gather;
mod moved;
mod near;
mod registered;
mod telemetry;

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{Clock, ComplaintId, TenantId, derived_id, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError, OutboxEvent, enqueue};
use redress_proto::classification::v1::{AssessmentMade, DuplicateSuspected};
use redress_proto::intake::v1 as intake;
use redress_redis::SimilarTexts;
use redress_vault::{Purpose, Vault};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::assessor::Assessor;
use super::engine::Understood;
use super::labels::{self, decided_by};
use super::publish::Origin;
use crate::error::Error;
use crate::store::assessment::{self, Stored};
use crate::store::complaint::{self, NewComplaint};
use crate::store::{access, assignment, duplicate};
use crate::topics::ASSESSMENTS;
pub use completed::Supplied;
pub use registered::{Beside, Registered};

/// What happened to a complaint, as far as classification is concerned.
#[derive(Debug)]
pub enum Happened {
    /// It was registered.
    Registered(Box<Registered>),
    /// Its complainant supplied what was missing.
    Completed(Box<Supplied>),
    /// It needs nobody any more.
    Ended,
    /// It needs somebody again.
    Reopened,
}

/// The handler of intake's lifecycle.
pub struct AssessComplaints {
    /// Opens.
    pub vault: Arc<Vault>,
    /// Understands.
    pub assessor: Assessor,
    /// Finds near texts.
    pub similar: SimilarTexts,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl BatchHandler for AssessComplaints {
    type Event = Happened;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Happened>, DecodeError> {
        let is = |name: String| meta.event_type == name;
        if is(intake::ComplaintRegistered::full_name()) {
            let registered = Registered::read(intake::ComplaintRegistered::decode(payload)?)?;
            return Ok(Some(Happened::Registered(Box::new(registered))));
        }
        moved::read(&meta.event_type, payload)
    }

    async fn prepare(&self, batch: &[Delivery<Happened>]) -> Result<(), HandlerError> {
        self.understand(batch).await?;
        near::look_up(&self.similar, batch).await;
        Ok(())
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<(), HandlerError> {
        Ok(self.keep(conn, batch).await?)
    }
}

/// A complaint of the batch that is new here.
struct New<'a> {
    meta: &'a Arc<EventMeta>,
    registered: &'a Registered,
    understood: &'a Understood,
}

impl AssessComplaints {
    /// Opens and reads what was not read before: a batch comes again in parts if one of its records cannot be applied.
    async fn understand(&self, batch: &[Delivery<Happened>]) -> Result<(), Error> {
        let mut unread = Vec::new();
        let mut opened = Vec::new();
        for delivery in batch {
            let tenant = delivery.meta.tenant.clone();
            let complaint = ComplaintId::from_uuid(delivery.meta.subject);
            match &*delivery.event {
                Happened::Registered(registered) if registered.understood.get().is_none() => {
                    opened.push(registered.open(&self.vault, &tenant, complaint).await?);
                    unread.push(registered);
                }
                Happened::Completed(supplied) => supplied.open(&self.vault, &tenant, complaint).await?,
                Happened::Registered(_) | Happened::Ended | Happened::Reopened => {}
            }
        }
        let understood = self.assessor.understand(opened).await?;
        for (registered, understood) in unread.into_iter().zip(understood) {
            // Set before by nobody: a batch has one task.
            let _first = registered.understood.set(understood);
        }
        Ok(())
    }

    async fn keep(&self, conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<(), Error> {
        let now = whole_microseconds(self.clock.now());
        let new = news(conn, batch).await?;
        let (mut events, mut complaints) = (Vec::new(), Vec::with_capacity(new.len()));
        if !new.is_empty() {
            let pairs = alike::pairs(conn, &new).await?;
            let mut assessments = Vec::with_capacity(new.len());
            for (new, pairs) in new.iter().zip(&pairs) {
                let assessment = first_assessment(new);
                let told = events_of(new, &assessment, pairs, now);
                complaints.push(complaint_of(new, told.len())?);
                assessments.push(assessment);
                events.extend(told);
            }
            let opened: Vec<(TenantId, Uuid)> =
                new.iter().map(|new| (new.meta.tenant.clone(), new.meta.subject)).collect();
            complaint::insert(conn, &complaints).await?;
            assessment::insert(conn, &assessments).await?;
            access::record(conn, &opened, crate::SOURCE, Purpose::Classification, now).await?;
            assignment::insert(conn, &complaints).await?;
            let found = new.iter().zip(&pairs).flat_map(|(new, pairs)| {
                let found_at = whole_microseconds(new.meta.occurred_at);
                pairs.iter().map(move |pair| (pair, found_at))
            });
            duplicate::insert(conn, &found.collect::<Vec<_>>()).await?;
        }
        events.extend(completed::assess(conn, batch, &self.assessor.engines, now).await?);
        // Last, for the rates of a busy subject stay locked until the commit.
        events.extend(gather::gather(conn, &new, &complaints, now).await?);
        for turn in moved::settled(batch) {
            assignment::settle(conn, &turn).await?;
        }
        enqueue(conn, &events).await?;
        for new in &new {
            telemetry::assessed(&new.understood.assessment);
        }
        Ok(())
    }
}

/// The registered complaints that are not here yet. The kit drops what it has applied; this table drops also what
/// a kit that lost its memory brings again.
async fn news<'a>(conn: &mut PgConnection, batch: &'a [Delivery<Happened>]) -> Result<Vec<New<'a>>, Error> {
    let registered = |delivery: &'a Delivery<Happened>| match &*delivery.event {
        Happened::Registered(registered) => Some((&delivery.meta, &**registered)),
        Happened::Completed(_) | Happened::Ended | Happened::Reopened => None,
    };
    let ids: Vec<(TenantId, Uuid)> =
        batch.iter().filter_map(registered).map(|(meta, _)| (meta.tenant.clone(), meta.subject)).collect();
    let mut known: HashSet<(String, Uuid)> = complaint::known(conn, &ids).await?;
    let mut new = Vec::with_capacity(ids.len());
    for (meta, registered) in batch.iter().filter_map(registered) {
        if known.insert((meta.tenant.to_string(), meta.subject)) {
            let understood = registered.understood.get().ok_or_else(Error::unprepared)?;
            new.push(New { meta, registered, understood });
        }
    }
    Ok(new)
}

/// Made when the complaint was registered, as far as the record is concerned: a replay makes the same one.
fn first_assessment(new: &New<'_>) -> Stored {
    let content = new.understood.assessment.clone();
    Stored {
        tenant: new.meta.tenant.clone(),
        complaint: new.meta.subject,
        ordinal: 1,
        id: assessment_id(&new.meta.tenant, new.meta.subject, 1),
        supersedes: None,
        decided_by: decided_by(&content),
        content,
        actor: crate::SOURCE.to_owned(),
        reason: String::new(),
        made_at: whole_microseconds(new.meta.occurred_at),
    }
}

/// The identity of a complaint's `ordinal`th assessment.
pub fn assessment_id(tenant: &TenantId, complaint: Uuid, ordinal: i32) -> Uuid {
    let parts: [&[u8]; 3] = [tenant.as_str().as_bytes(), complaint.as_bytes(), &ordinal.to_be_bytes()];
    derived_id("redress/assessment/1", &parts)
}

fn events_of(
    new: &New<'_>,
    assessment: &Stored,
    pairs: &[duplicate::NewLink],
    now: Timestamp,
) -> Vec<OutboxEvent> {
    let (tenant, id) = (&new.meta.tenant, new.meta.subject);
    let occurred_at = whole_microseconds(new.meta.occurred_at);
    let origin = Origin::machine(new.meta, assessment.decided_by, occurred_at, now);
    let made = AssessmentMade {
        assessment_id: assessment.id.to_string(),
        assessment: Some(assessment.content.clone()),
    };
    let mut events = vec![origin.event(ASSESSMENTS, tenant, id, 1, &made)];
    for (pair, version) in pairs.iter().zip(2..) {
        let suspected = DuplicateSuspected {
            other_complaint_id: pair.other.to_string(),
            score: pair.score,
            features: pair.features.iter().map(|&feature| feature.to_owned()).collect(),
        };
        events.push(origin.event(ASSESSMENTS, tenant, id, version, &suspected));
    }
    events
}

fn complaint_of(new: &New<'_>, events: usize) -> Result<NewComplaint, Error> {
    let submission = &new.registered.submission;
    Ok(NewComplaint {
        tenant: new.meta.tenant.clone(),
        id: new.meta.subject,
        received_at: new.registered.received_at,
        complainant_index: new.registered.complainant_index.clone(),
        order_no: registered::order_no(submission).to_owned(),
        subjects: registered::subjects(submission),
        text_hash: new.understood.text_hash,
        terms: new.understood.terms.clone(),
        labels: labels::of(&new.understood.assessment)?,
        stream_version: i64::try_from(events).unwrap_or(i64::MAX),
    })
}
