//! Incidents for people: list, look at, confirm, dissolve.

use std::collections::HashMap;
use std::sync::Arc;

use redress_domain::{ErrorKind, Principal, Problem, Violations};
use redress_outbox::{Call, Seen, enqueue};
use redress_proto::classification::v1 as wire;
use redress_proto::convert::to_wire_time;
use redress_proto::types::v1 as types;
use redress_runtime::page::{self, After};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::publish::Origin;
use crate::domain::incident::{Dimension, Evidence, IncidentState, WINDOW_MINUTES, may_become};
use crate::error::Error;
use crate::store::incident::{self, Stored};
use crate::store::{member, rate};
use crate::topics::INCIDENTS;

/// Incidents on a page: at most, and if the caller does not say.
const PAGE: (i32, i32) = (100, 50);
/// Members on a page.
const MEMBERS: (i32, i32) = (1_000, 100);

/// A page of incidents, newest first.
pub async fn list(
    desk: &Desk,
    caller: &Principal,
    request: &wire::ListIncidentsRequest,
) -> Result<wire::ListIncidentsResponse, Error> {
    let state = asked_state(request.state());
    let conditions = format!("incidents {state:?}");
    let after = After::read(&request.page_token, &conditions)?.map(|after| (after.at, after.id));
    let size = page::size(request.page_size, PAGE.1, PAGE.0)?;
    let mut conn = desk.db.pool().acquire().await?;
    // One more than asked tells whether there is another page.
    let mut found = incident::page(&mut conn, &caller.tenant, state, after, size + 1).await?;
    let size = usize::try_from(size).unwrap_or_default();
    let more = found.len() > size;
    found.truncate(size);
    let ids: Vec<Uuid> = found.iter().map(|incident| incident.id).collect();
    let mut terms: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (id, term) in member::common_terms(&mut conn, &caller.tenant, &ids).await? {
        terms.entry(id).or_default().push(term);
    }
    let last = found.last().filter(|_| more);
    let next_page_token =
        last.map(|last| After { at: last.opened_at, id: last.id }.write(&conditions)).unwrap_or_default();
    let incidents = found.iter().map(|i| told(i, terms.remove(&i.id).unwrap_or_default())).collect();
    Ok(wire::ListIncidentsResponse { incidents, next_page_token })
}

/// An incident with a page of its members.
pub async fn get(
    desk: &Desk,
    caller: &Principal,
    request: &wire::GetIncidentRequest,
) -> Result<wire::GetIncidentResponse, Error> {
    let id = super::id(&request.incident_id)?;
    let size = page::size(request.member_page_size, MEMBERS.1, MEMBERS.0)?;
    let after = match request.member_page_token.as_str() {
        "" => 0,
        token => token.parse::<i64>().map_err(|_| malformed("memberPageToken"))?,
    };
    let mut conn = desk.db.pool().acquire().await?;
    let tenant = &caller.tenant;
    let found = incident::find(&mut conn, tenant, id, false).await?.ok_or_else(Problem::not_found)?;
    let members = member::page(&mut conn, tenant, id, after, size).await?;
    let next = members.last().map(|(ordinal, _)| *ordinal).filter(|ordinal| *ordinal < found.members);
    Ok(wire::GetIncidentResponse {
        incident: Some(shown(&mut conn, &found).await?),
        member_complaint_ids: members.into_iter().map(|(_, complaint)| complaint.to_string()).collect(),
        next_member_page_token: next.map(|ordinal| ordinal.to_string()).unwrap_or_default(),
    })
}

/// Confirms a suspected incident.
pub async fn confirm(
    desk: &Desk,
    caller: &Principal,
    request: wire::ConfirmIncidentRequest,
) -> Result<wire::Incident, Error> {
    let content = wire::ConfirmIncidentRequest { request_id: String::new(), ..request.clone() };
    let call = super::call(caller, &request.request_id, &content)?;
    let id = super::id(&request.incident_id)?;
    decide(desk, caller, Decision { call, id, expected: request.expected_version, dissolved_for: None }).await
}

/// Dissolves an incident: none after all, or over. Its window becomes the subject's baseline, so that the same numbers
/// do not make the next one.
pub async fn dissolve(
    desk: &Desk,
    caller: &Principal,
    request: wire::DissolveIncidentRequest,
) -> Result<wire::Incident, Error> {
    let mut found = Violations::default();
    super::code(&mut found, "reason", &request.reason);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let content = wire::DissolveIncidentRequest { request_id: String::new(), ..request.clone() };
    let call = super::call(caller, &request.request_id, &content)?;
    let id = super::id(&request.incident_id)?;
    let dissolved_for = Some(request.reason);
    decide(desk, caller, Decision { call, id, expected: request.expected_version, dissolved_for }).await
}

/// What a person decides on an incident.
struct Decision {
    call: Call,
    id: Uuid,
    expected: u32,
    dissolved_for: Option<String>,
}

async fn decide(desk: &Desk, caller: &Principal, decision: Decision) -> Result<wire::Incident, Error> {
    let work = Arc::new((desk.clone(), caller.clone(), decision));
    let (tenant, id) = (caller.tenant.clone(), work.2.id);
    desk.db
        .run_tx("decide_incident", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.2.write(conn, &work.0, &work.1).await })
        })
        .await?;
    desk.wake.wake();
    let mut conn = desk.db.pool().acquire().await?;
    let found = incident::find(&mut conn, &tenant, id, false).await?.ok_or_else(Problem::not_found)?;
    shown(&mut conn, &found).await
}

/// The reason of whoever dissolves an incident that was one, and is over.
const OVER: &str = "over";

impl Decision {
    async fn write(&self, conn: &mut PgConnection, desk: &Desk, caller: &Principal) -> Result<(), Error> {
        let tenant = &caller.tenant;
        // One that is over was one: its numbers are no ordinary ones.
        if self.dissolved_for.as_deref().is_some_and(|reason| reason != OVER)
            && let Some(found) = incident::find(conn, tenant, self.id, false).await?
        {
            // Rates before incidents, as the consumer locks them.
            #[expect(clippy::cast_precision_loss, reason = "counts of a window and its minutes")]
            let per_minute = found.window_count as f64 / WINDOW_MINUTES as f64;
            rate::raise_baseline(conn, &found.key, per_minute).await?;
        }
        let mut found = incident::find(conn, tenant, self.id, true).await?.ok_or_else(Problem::not_found)?;
        match self.call.seen(conn).await? {
            Seen::Same(_) => return Ok(()),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        if self.expected != 0 && i64::from(self.expected) != found.version {
            let problem = Problem::new(
                ErrorKind::Aborted,
                "VERSION_MISMATCH",
                "the incident has changed meanwhile; look at it again",
            );
            return Err(problem.with("version", found.version.to_string()).into());
        }
        let to =
            if self.dissolved_for.is_some() { IncidentState::Dissolved } else { IncidentState::Confirmed };
        if !may_become(found.state, to) {
            let problem = Problem::new(
                ErrorKind::FailedPrecondition,
                "WRONG_STATE",
                "the incident does not stand where this is possible",
            );
            return Err(problem.with("state", found.state.code()).into());
        }
        let now = desk.now();
        found.state = to;
        found.version += 1;
        found.decided_by.clone_from(&caller.subject);
        found.reason = self.dissolved_for.clone().unwrap_or_default();
        incident::save(conn, &[&found]).await?;
        let origin = Origin::person(&caller.subject, now);
        let event = if let Some(reason) = self.dissolved_for.clone() {
            origin.event(INCIDENTS, tenant, self.id, found.version, &wire::IncidentDissolved { reason })
        } else {
            let message = wire::IncidentConfirmed { incident: Some(shown(conn, &found).await?) };
            origin.event(INCIDENTS, tenant, self.id, found.version, &message)
        };
        enqueue(conn, &[event]).await?;
        Ok(self.call.record(conn, "", now).await?)
    }
}

async fn shown(conn: &mut PgConnection, found: &Stored) -> Result<wire::Incident, Error> {
    let terms = member::common_terms(conn, &found.key.tenant, &[found.id]).await?;
    Ok(told(found, terms.into_iter().map(|(_, term)| term).collect()))
}

/// An incident with the terms that most of its members have in common.
pub fn told(stored: &Stored, common_terms: Vec<String>) -> wire::Incident {
    let count = u32::try_from(stored.window_count).unwrap_or(u32::MAX);
    let evidence = Evidence { count, baseline: stored.baseline };
    wire::Incident {
        incident_id: stored.id.to_string(),
        dimension: wire_dimension(stored.key.dimension).into(),
        subject: stored.key.subject.clone(),
        category: types::Category::from(stored.key.category).into(),
        state: wire_state(stored.state).into(),
        opened_at: Some(to_wire_time(stored.opened_at)),
        members: stored.members,
        evidence: Some(wire::IncidentEvidence {
            window_count: stored.window_count,
            window_seconds: u32::try_from(WINDOW_MINUTES * 60).unwrap_or_default(),
            baseline: stored.baseline,
            ratio: evidence.ratio(),
            common_terms,
        }),
        version: u32::try_from(stored.version).unwrap_or(u32::MAX),
        sub_category: stored.key.sub_category.clone(),
        decided_by: stored.decided_by.clone(),
        reason: stored.reason.clone(),
    }
}

fn wire_dimension(dimension: Dimension) -> wire::IncidentDimension {
    match dimension {
        Dimension::LiveRoom => wire::IncidentDimension::LiveRoom,
        Dimension::Anchor => wire::IncidentDimension::Anchor,
        Dimension::Sku => wire::IncidentDimension::Sku,
        Dimension::Merchant => wire::IncidentDimension::Merchant,
        Dimension::Carrier => wire::IncidentDimension::Carrier,
    }
}

fn wire_state(state: IncidentState) -> wire::IncidentState {
    match state {
        IncidentState::Suspected => wire::IncidentState::Suspected,
        IncidentState::Confirmed => wire::IncidentState::Confirmed,
        IncidentState::Handled => wire::IncidentState::Handled,
        IncidentState::Dissolved => wire::IncidentState::Dissolved,
    }
}

fn asked_state(state: wire::IncidentState) -> Option<IncidentState> {
    match state {
        wire::IncidentState::Unspecified => None,
        wire::IncidentState::Suspected => Some(IncidentState::Suspected),
        wire::IncidentState::Confirmed => Some(IncidentState::Confirmed),
        wire::IncidentState::Handled => Some(IncidentState::Handled),
        wire::IncidentState::Dissolved => Some(IncidentState::Dissolved),
    }
}

fn malformed(field: &'static str) -> Problem {
    let mut found = Violations::default();
    found.add(field, "MALFORMED", "the token is of another query, or none");
    Problem::invalid(found)
}
