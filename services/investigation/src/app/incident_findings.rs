//! Findings of an incident: found once, and counting for every member (L34).
//!
//! The incident has a data key of its own, made when somebody first writes: words about many complaints belong to none.

use std::sync::Arc;

use redress_domain::{ComplaintId, Principal, Problem};
use redress_outbox::{Call, Seen, enqueue};
use redress_proto::investigation::v1 as wire;
use redress_vault::Purpose;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::change::expect;
use super::findings::Said;
use super::publish::Origin;
use super::words::{Words, field, seal};
use super::{Desk, id};
use crate::domain::Refusal;
use crate::domain::burden::{self, Matter};
use crate::domain::finding::require_grounds;
use crate::error::Error;
use crate::store::incident::{self, IncidentFile, IncidentState};
use crate::store::{cited, finding};

/// Records a finding of an incident.
pub(super) async fn record(
    desk: &Desk,
    principal: &Principal,
    request: wire::RecordFindingRequest,
    said: Said,
) -> Result<wire::RecordFindingResponse, Error> {
    let incident = id(&request.incident_id)?;
    let index = desk.caller(principal).await?.index().to_vec();
    let content = wire::RecordFindingRequest { request_id: String::new(), ..request.clone() };
    let call = desk.call(principal, &request.request_id, &content).await?;
    let mut conn = desk.db.pool().acquire().await?;
    let file =
        incident::find(&mut conn, &principal.tenant, incident).await?.ok_or_else(Problem::not_found)?;
    drop(conn);
    let key = key_of(desk, &file).await?;
    let fact =
        seal(&desk.vault, (&file.tenant, incident), &key, &field::fact(said.id), request.fact.as_bytes())
            .await?;
    let finding_id = said.id;
    let work = Work {
        desk: desk.clone(),
        caller: principal.clone(),
        index,
        call,
        incident,
        expected: request.expected_version,
        key,
        said: Said { fact, ..said },
    };
    let work = Arc::new(work);
    desk.db
        .run_tx("record_incident_finding", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.write(conn).await })
        })
        .await?;
    desk.wake.wake();
    let shown = get(desk, principal, &request.incident_id).await?;
    let finding = shown.findings.into_iter().find(|finding| finding.finding_id == finding_id.to_string());
    Ok(wire::RecordFindingResponse { finding, version: shown.version })
}

/// The incident's key, or a new one that is kept with the first finding.
async fn key_of(desk: &Desk, file: &IncidentFile) -> Result<Vec<u8>, Error> {
    if !file.wrapped_key.is_empty() {
        return Ok(file.wrapped_key.clone());
    }
    let sealer = desk.vault.sealer(&file.tenant, ComplaintId::from_uuid(file.id)).await?;
    Ok(sealer.wrapped_key().to_bytes())
}

struct Work {
    desk: Desk,
    caller: Principal,
    index: Vec<u8>,
    call: Call,
    incident: Uuid,
    expected: u32,
    key: Vec<u8>,
    said: Said,
}

impl Work {
    async fn write(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let tenant = &self.caller.tenant;
        let locked = incident::lock_all(conn, &[(tenant.clone(), self.incident)]).await?;
        let mut file = locked.into_iter().next().ok_or_else(Problem::not_found)?;
        match self.call.seen(conn).await? {
            Seen::Same(_) => return Ok(()),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        // What is found here counts in every member, so whoever may not work on one of them finds nothing here.
        let who = (self.caller.subject.as_str(), self.index.as_slice());
        if incident::is_barred(conn, tenant, self.incident, who).await? {
            return Err(Refusal::Recused.into());
        }
        expect(self.expected, file.version)?;
        if file.state != IncidentState::Open {
            return Err(Refusal::IncidentNotOpen.into());
        }
        if file.wrapped_key.is_empty() {
            file.wrapped_key.clone_from(&self.key);
        } else if file.wrapped_key != self.key {
            // Somebody else wrote first, under another key; the words are sealed again by the repetition.
            return Err(Problem::new(
                redress_domain::ErrorKind::Aborted,
                "CONCURRENT_CHANGE",
                "somebody else was faster; read again and repeat",
            )
            .into());
        }
        if !file.issues.contains(&self.said.issue) {
            return Err(Refusal::IssueUnknown.into());
        }
        let known = cited::of_incident(conn, tenant, self.incident, &self.said.cited()).await?;
        require_grounds(self.said.outcome, &self.said.marks, &known)?;
        self.said.replaces(&finding::of(conn, tenant, self.incident).await?)?;
        let now = self.desk.now();
        let matter = Matter {
            category: file.category,
            durable_goods: self.said.durable_goods,
            bought_at: None,
            complained_at: file.opened_at.unwrap_or(now),
        };
        let found = self.said.finding(burden::of(&matter), &self.caller.subject, now);
        finding::insert(conn, tenant, self.incident, &found).await?;
        file.version += 1;
        incident::save(conn, &[&file]).await?;
        let told = wire::IncidentFindingRecorded {
            incident_id: self.incident.to_string(),
            finding: Some(super::wire::finding(&found, true, &Words::closed())?),
        };
        let origin = Origin::person(&self.caller.subject, now);
        enqueue(conn, &[origin.event(tenant, self.incident, file.version, &told)]).await?;
        Ok(self.call.record(conn, &self.said.id.to_string(), now).await?)
    }
}

/// The shared investigation of an incident.
pub async fn get(
    desk: &Desk,
    principal: &Principal,
    incident_id: &str,
) -> Result<wire::GetIncidentInvestigationResponse, Error> {
    let incident = id(incident_id)?;
    let tenant = &principal.tenant;
    let mut conn = desk.db.pool().acquire().await?;
    let file = incident::find(&mut conn, tenant, incident).await?.ok_or_else(Problem::not_found)?;
    let members = incident::members(&mut conn, tenant, incident).await?;
    let findings = finding::of(&mut conn, tenant, incident).await?;
    drop(conn);
    let words =
        Words::open(&desk.vault, (tenant, incident), &file.wrapped_key, Purpose::CaseHandling).await?;
    let findings =
        findings.iter().map(|found| super::wire::finding(found, true, &words)).collect::<Result<_, _>>()?;
    Ok(wire::GetIncidentInvestigationResponse {
        incident_id: incident.to_string(),
        version: super::wire::version(file.version),
        issues: file.issues,
        members,
        findings,
        open: file.state == IncidentState::Open,
    })
}
