//! The whole of an investigation, as far as a caller may see it.

use jiff::Timestamp;
use redress_domain::{Principal, Problem, Role};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;
use redress_vault::Purpose;
use uuid::Uuid;

use super::standing::Standing;
use super::words::{Words, field};
use super::{Desk, id};
use crate::domain::finding::that_count;
use crate::domain::records::RecordState;
use crate::error::Error;
use crate::store::case::CaseFile;
use crate::store::incident::{self, IncidentFile};
use crate::store::record::Record;
use crate::store::{access, conflict, consultation, finding, goods_test, record, request, task};

/// What hangs on a case.
struct Attached {
    tasks: Vec<task::Task>,
    conflicts: Vec<crate::domain::conflict::Conflict>,
    requests: Vec<request::Kept>,
    tests: Vec<goods_test::Kept>,
    consultations: Vec<consultation::Kept>,
    own: Vec<crate::domain::finding::Finding>,
    of_incident: Vec<crate::domain::finding::Finding>,
    records: Vec<Record>,
    incident: Option<IncidentFile>,
}

/// An investigation, for staff and readers. Who handles it reads the words too, and that is recorded.
pub async fn get(
    desk: &Desk,
    principal: &Principal,
    complaint_id: &str,
) -> Result<wire::Investigation, Error> {
    let complaint = id(complaint_id)?;
    let caller = desk.caller(principal).await?;
    let (file, standing) = desk.look(&caller, complaint).await?;
    // A side sees its own part, by other calls.
    if !standing.inside() {
        return Err(Problem::permission_denied().into());
    }
    let attached = load(desk, &file).await?;
    let reads = principal.has_any(&[Role::Handler, Role::Supervisor]);
    let (words, shared) = if reads {
        let mut conn = desk.db.pool().acquire().await?;
        let place = (&file.tenant, file.id);
        access::record(&mut conn, place, &principal.subject, Purpose::CaseHandling, desk.now()).await?;
        drop(conn);
        let words = Words::open(&desk.vault, place, &file.wrapped_key, Purpose::CaseHandling).await?;
        (words, words_of_incident(desk, &file, attached.incident.as_ref()).await?)
    } else {
        (Words::closed(), Words::closed())
    };
    let (words, shared, now) = (&words, &shared, desk.now());
    let told = Told { principal, standing: &standing, file: &file, words, shared, now };
    told.investigation(&attached)
}

async fn load(desk: &Desk, file: &CaseFile) -> Result<Attached, Error> {
    let mut conn = desk.db.pool().acquire().await?;
    let (tenant, complaint) = (&file.tenant, file.id);
    let case = [(tenant.clone(), complaint)];
    let incident = match file.case.incident {
        Some(id) => incident::find(&mut conn, tenant, id).await?,
        None => None,
    };
    let of_incident = match &incident {
        Some(incident) => finding::of(&mut conn, tenant, incident.id).await?,
        None => Vec::new(),
    };
    Ok(Attached {
        tasks: task::of(&mut conn, tenant, complaint).await?,
        conflicts: conflict::of(&mut conn, tenant, complaint).await?,
        requests: request::of_cases(&mut conn, &case).await?,
        tests: goods_test::of_cases(&mut conn, &case).await?,
        consultations: consultation::of_cases(&mut conn, &case).await?,
        own: finding::of(&mut conn, tenant, complaint).await?,
        of_incident,
        records: record::of(&mut conn, tenant, complaint).await?,
        incident,
    })
}

async fn words_of_incident(
    desk: &Desk,
    file: &CaseFile,
    incident: Option<&IncidentFile>,
) -> Result<Words, Error> {
    let Some(incident) = incident else { return Ok(Words::closed()) };
    let place = (&file.tenant, incident.id);
    Words::open(&desk.vault, place, &incident.wrapped_key, Purpose::CaseHandling).await
}

/// What is told, to whom.
struct Told<'a> {
    principal: &'a Principal,
    standing: &'a Standing,
    file: &'a CaseFile,
    words: &'a Words,
    shared: &'a Words,
    now: Timestamp,
}

impl Told<'_> {
    fn investigation(&self, attached: &Attached) -> Result<wire::Investigation, Error> {
        let (file, case) = (self.file, &self.file.case);
        let requests =
            attached.requests.iter().map(|kept| super::wire::request(file.id, &kept.request, self.words));
        let conclusion = field::conclusion(case.investigation_id.unwrap_or_default());
        Ok(wire::Investigation {
            complaint_id: file.id.to_string(),
            version: super::wire::version(file.stream_version),
            state: super::wire::state(case.state).into(),
            investigation_id: text(case.investigation_id),
            round: u32::try_from(case.round).unwrap_or_default(),
            complaint_state: super::wire::complaint_state(case.complaint_state).into(),
            category: case.category.map_or(types::Category::Unspecified, types::Category::from).into(),
            severity: case.severity.map_or(types::Severity::Unspecified, types::Severity::from).into(),
            urgent: case.urgent,
            handler: case.handler.clone(),
            task_group: super::wire::group(&case.group),
            plan: self.words.read(field::PLAN, &file.plan)?,
            issues: case.issues.clone(),
            tasks: attached.tasks.iter().map(task).collect(),
            conflicts: attached.conflicts.iter().map(super::wire::conflict).collect(),
            evidence_requests: requests.collect::<Result<_, _>>()?,
            tests: attached.tests.iter().map(|(.., test)| super::wire::goods_test(test)).collect(),
            consultations: self.consultations(attached)?,
            findings: self.findings(attached)?,
            platform_records: Some(records(&attached.records)),
            incident_id: text(case.incident),
            opened_at: case.opened_at.map(to_wire_time),
            concluded_at: case.concluded_at.map(to_wire_time),
            concluded_by: case.concluded_by.clone(),
            conclusion: self.words.read(&conclusion, &file.conclusion)?,
            ended_reason: case.ended_reason.clone(),
        })
    }

    fn consultations(&self, attached: &Attached) -> Result<Vec<wire::Consultation>, Error> {
        let (subject, supervisor) = (&self.principal.subject, self.standing.supervisor);
        let visible = attached.consultations.iter().map(|(.., c)| c);
        let visible = visible.filter(|c| c.is_visible_to(subject, supervisor, &self.file.case));
        visible.map(|c| super::wire::consultation(c, self.words, self.now)).collect()
    }

    /// The case's own, also those that were replaced, and those of the incident that count.
    fn findings(&self, attached: &Attached) -> Result<Vec<wire::Finding>, Error> {
        let own = attached.own.iter().map(|found| super::wire::finding(found, false, self.words));
        let counting = that_count(&attached.own, &attached.of_incident);
        let shared = counting.into_iter().filter(|(_, shared)| *shared);
        own.chain(shared.map(|(found, _)| super::wire::finding(found, true, self.shared))).collect()
    }
}

fn text(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn task(task: &task::Task) -> wire::Task {
    wire::Task {
        task_id: task.id.to_string(),
        kind: task.kind.clone(),
        assignee: task.assignee.clone(),
        due_at: task.due_at.map(to_wire_time),
        done_at: task.done_at.map(to_wire_time),
    }
}

/// How complete the platform's records are.
pub(super) fn records(records: &[Record]) -> wire::PlatformRecords {
    wire::PlatformRecords {
        records: records.iter().map(status).collect(),
        complete: !records.is_empty() && records.iter().all(|record| record.state == RecordState::Held),
    }
}

/// How one record stands.
pub(super) fn status(record: &Record) -> wire::PlatformRecordStatus {
    wire::PlatformRecordStatus {
        r#type: super::wire::evidence_type(record.kind).into(),
        state: super::wire::record_state(record.state).into(),
        source_system: record.source_system.clone(),
        obtained_at: record.obtained_at.map(to_wire_time),
        sha256: hex::encode(&record.sha256),
        evidence_id: text(record.evidence),
    }
}
