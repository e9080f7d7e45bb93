//! Why a complaint is assessed as it is.

use redress_domain::{Principal, Problem};
use redress_postgres::Db;
use redress_proto::classification::v1 as wire;
use redress_proto::convert::to_wire_time;

use crate::error::Error;
use crate::store::assessment::{self, Stored};

/// The assessments of a complaint, the latest first.
pub async fn explain(
    db: &Db,
    caller: &Principal,
    request: &wire::ExplainAssessmentRequest,
) -> Result<Vec<wire::StoredAssessment>, Error> {
    let complaint = super::id(&request.complaint_id)?;
    let mut conn = db.pool().acquire().await?;
    let stored = assessment::of_complaint(&mut conn, &caller.tenant, complaint).await?;
    if stored.is_empty() {
        return Err(Problem::not_found().into());
    }
    Ok(stored.into_iter().map(told).collect())
}

/// An assessment as callers see it.
pub fn told(stored: Stored) -> wire::StoredAssessment {
    wire::StoredAssessment {
        assessment_id: stored.id.to_string(),
        complaint_id: stored.complaint.to_string(),
        assessment: Some(stored.content),
        made_at: Some(to_wire_time(stored.made_at)),
        actor: stored.actor,
        reason: stored.reason,
        supersedes: stored.supersedes.map(|id| id.to_string()).unwrap_or_default(),
    }
}
