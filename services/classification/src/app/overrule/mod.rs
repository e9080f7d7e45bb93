//! A person's assessment in the place of the latest one. The one before stays, to be read.

mod merge;

use std::sync::Arc;

use redress_domain::{DecidedBy, ErrorKind, Principal, Problem, Violations};
use redress_outbox::{Call, Seen, enqueue};
use redress_proto::classification::v1 as wire;
use redress_proto::types::v1 as types;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::assess::assessment_id;
use super::engine::Engine;
use super::publish::Origin;
use super::{Desk, explain, labels};
use crate::error::Error;
use crate::store::assessment::{self, Stored};
use crate::store::{assignment, complaint};
use crate::topics::ASSESSMENTS;
use merge::Merge;

/// The rule that a person's labels name in their reasons.
const PERSON: &str = "person";

/// Puts a person's labels in the place of those before; `engine` knows the sub-categories.
pub async fn overrule(
    desk: &Desk,
    engine: Arc<Engine>,
    caller: &Principal,
    request: wire::OverrideAssessmentRequest,
) -> Result<wire::StoredAssessment, Error> {
    let complaint = super::id(&request.complaint_id)?;
    let supersedes = super::id(&request.supersedes)?;
    let mut found = Violations::default();
    super::code(&mut found, "reason", &request.reason);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let content = wire::OverrideAssessmentRequest { request_id: String::new(), ..request.clone() };
    let call = super::call(caller, &request.request_id, &content)?;
    let (db, wake) = (desk.db.clone(), desk.wake.clone());
    let work = Arc::new(Work {
        desk: desk.clone(),
        engine,
        caller: caller.clone(),
        call,
        request,
        complaint,
        supersedes,
    });
    let stored = db
        .run_tx("override_assessment", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.run(conn).await })
        })
        .await?;
    wake.wake();
    Ok(explain::told(stored))
}

struct Work {
    desk: Desk,
    engine: Arc<Engine>,
    caller: Principal,
    call: Call,
    request: wire::OverrideAssessmentRequest,
    complaint: Uuid,
    supersedes: Uuid,
}

impl Work {
    async fn run(&self, conn: &mut PgConnection) -> Result<Stored, Error> {
        let tenant = &self.caller.tenant;
        let (count, version) =
            complaint::lock(conn, tenant, self.complaint).await?.ok_or_else(Problem::not_found)?;
        let before = assessment::of_complaint(conn, tenant, self.complaint).await?;
        match self.call.seen(conn).await? {
            Seen::Same(made) => {
                let made = before.into_iter().find(|stored| stored.id.to_string() == made);
                return Ok(made.ok_or_else(Problem::not_found)?);
            }
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        let latest = before.into_iter().next().ok_or_else(Problem::not_found)?;
        if latest.id != self.supersedes {
            let problem = Problem::new(
                ErrorKind::Aborted,
                "VERSION_MISMATCH",
                "another assessment is the latest by now; look at it again",
            );
            return Err(problem.with("latest", latest.id.to_string()).into());
        }
        let (ordinal, now) = (count + 1, self.desk.now());
        let new = Stored {
            tenant: tenant.clone(),
            complaint: self.complaint,
            ordinal,
            id: assessment_id(tenant, self.complaint, ordinal),
            supersedes: Some(latest.id),
            content: self.merged(latest.content)?,
            decided_by: DecidedBy::Human,
            actor: self.caller.subject.clone(),
            reason: self.request.reason.clone(),
            made_at: now,
        };
        let labels = labels::of(&new.content)?;
        assessment::insert(conn, std::slice::from_ref(&new)).await?;
        complaint::relabel(conn, tenant, self.complaint, &labels, ordinal, version + 1).await?;
        assignment::requeue(conn, tenant, self.complaint, &labels).await?;
        let overridden = wire::AssessmentOverridden {
            assessment_id: new.id.to_string(),
            assessment: Some(new.content.clone()),
            supersedes: latest.id.to_string(),
            reason: new.reason.clone(),
        };
        let origin = Origin::person(&self.caller.subject, now);
        enqueue(conn, &[origin.event(ASSESSMENTS, tenant, self.complaint, version + 1, &overridden)]).await?;
        self.call.record(conn, &new.id.to_string(), now).await?;
        Ok(new)
    }

    fn merged(&self, before: wire::Assessment) -> Result<wire::Assessment, Error> {
        let merge = Merge::of(before, &self.request, &self.engine.rules);
        let Merge { mut merged, mut found, changed } = merge;
        if changed.is_empty() && found.is_empty() {
            found.add("assessment", "REQUIRED", "at least one label is to be told");
        }
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        merged.reasons = changed.into_iter().map(|label| self.reason(label)).collect();
        merged.needs_human = false;
        merged.decided_by = types::DecidedBy::Human.into();
        Ok(merged)
    }

    fn reason(&self, label: &'static str) -> wire::AssessmentReason {
        wire::AssessmentReason {
            rule_id: PERSON.to_owned(),
            label: label.to_owned(),
            score: 1.0,
            explanation: self.request.reason.clone(),
            spans: Vec::new(),
        }
    }
}
