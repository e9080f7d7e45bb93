//! Complaints that look the same: found by the machine, decided on by a person.

use std::sync::Arc;

use redress_domain::{Principal, Problem, Violations, coded_enum};
use redress_outbox::{Call, Seen, enqueue};
use redress_proto::classification::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::publish::Origin;
use crate::error::Error;
use crate::store::duplicate::{self, Link};
use crate::store::{assessment, complaint};
use crate::topics::ASSESSMENTS;

coded_enum! {
    /// What a person says of a pair.
    Decision {
        /// One matter, complained of twice.
        Same = "same",
        /// Two matters that belong together.
        Related = "related",
        /// Two matters.
        Different = "different",
    }
}

/// What looks the same as a complaint, the best first.
pub async fn find(
    desk: &Desk,
    caller: &Principal,
    request: &wire::FindDuplicatesRequest,
) -> Result<Vec<wire::DuplicateLink>, Error> {
    let complaint = super::id(&request.complaint_id)?;
    let mut conn = desk.db.pool().acquire().await?;
    let links = duplicate::of_complaint(&mut conn, &caller.tenant, complaint).await?;
    if links.is_empty() && assessment::of_complaint(&mut conn, &caller.tenant, complaint).await?.is_empty() {
        return Err(Problem::not_found().into());
    }
    Ok(links.into_iter().map(told).collect())
}

/// Decides on a pair; a later decision replaces an earlier one.
pub async fn decide(
    desk: &Desk,
    caller: &Principal,
    request: wire::DecideDuplicateRequest,
) -> Result<wire::DuplicateLink, Error> {
    let pair = (super::id(&request.complaint_id)?, super::id(&request.other_complaint_id)?);
    let Ok(decision) = request.decision.parse::<Decision>() else {
        let mut found = Violations::default();
        found.add("decision", "UNKNOWN", "same, related or different is expected");
        return Err(Problem::invalid(found).into());
    };
    let content = wire::DecideDuplicateRequest { request_id: String::new(), ..request.clone() };
    let call = super::call(caller, &request.request_id, &content)?;
    let work = Arc::new((desk.clone(), caller.clone(), call));
    desk.db
        .run_tx("decide_duplicate", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { write(conn, &work.0, &work.1, &work.2, pair, decision).await })
        })
        .await?;
    desk.wake.wake();
    let mut conn = desk.db.pool().acquire().await?;
    let links = duplicate::of_complaint(&mut conn, &caller.tenant, pair.0).await?;
    let link = links.into_iter().find(|link| link.seen_other == pair.1);
    Ok(told(link.ok_or_else(Problem::not_found)?))
}

async fn write(
    conn: &mut PgConnection,
    desk: &Desk,
    caller: &Principal,
    call: &Call,
    (one, other): (Uuid, Uuid),
    decision: Decision,
) -> Result<(), Error> {
    let tenant = &caller.tenant;
    let pair = duplicate::lock(conn, tenant, one, other).await?.ok_or_else(Problem::not_found)?;
    match call.seen(conn).await? {
        Seen::Same(_) => return Ok(()),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    let now = desk.now();
    let (_, version) = complaint::lock(conn, tenant, pair.0).await?.ok_or_else(Problem::not_found)?;
    duplicate::decide(conn, tenant, pair, decision.code(), &caller.subject, now).await?;
    complaint::move_version(conn, tenant, pair.0, version + 1).await?;
    let decided = wire::DuplicateDecided {
        other_complaint_id: pair.1.to_string(),
        decision: decision.code().to_owned(),
    };
    let origin = Origin::person(&caller.subject, now);
    enqueue(conn, &[origin.event(ASSESSMENTS, tenant, pair.0, version + 1, &decided)]).await?;
    Ok(call.record(conn, "", now).await?)
}

fn told(link: Link) -> wire::DuplicateLink {
    wire::DuplicateLink {
        other_complaint_id: link.seen_other.to_string(),
        score: link.score,
        features: link.features,
        decision: link.decision,
        decided_by: link.decided_by,
    }
}
