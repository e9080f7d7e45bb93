//! Findings of a case: facts against evidence (F029).

use async_trait::async_trait;
use redress_domain::{Principal, Problem, Violations};
use redress_proto::investigation::v1 as wire;
use redress_vault::Purpose;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::change::{Change, Command};
use super::words::{Words, field, seal};
use super::{Desk, code, fits, id, incident_findings, made_id, text};
use crate::domain::Refusal;
use crate::domain::burden::{self, Burden, Matter};
use crate::domain::finding::{Finding, Mark, Outcome, Standard, require_grounds};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::{cited, finding};

const FACT: usize = 4_000;
/// Pieces of evidence of one finding.
const MARKS: usize = 100;

/// What a call says of a point.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) id: Uuid,
    pub(super) issue: String,
    pub(super) marks: Vec<Mark>,
    pub(super) outcome: Outcome,
    pub(super) standard: Option<Standard>,
    pub(super) supersedes: Option<Uuid>,
    pub(super) durable_goods: bool,
    pub(super) fact: Vec<u8>,
}

impl Said {
    /// The pieces that it rests on.
    pub(super) fn cited(&self) -> Vec<Uuid> {
        self.marks.iter().map(|mark| mark.evidence).collect()
    }

    /// The finding that it makes.
    pub(super) fn finding(&self, burden: Burden, by: &str, now: jiff::Timestamp) -> Finding {
        Finding {
            id: self.id,
            issue: self.issue.clone(),
            fact: self.fact.clone(),
            marks: self.marks.clone(),
            outcome: self.outcome,
            standard: self.standard.unwrap_or(burden.standard),
            burden: burden.party,
            burden_rule: burden.rule,
            found_by: by.to_owned(),
            found_at: now,
            supersedes: self.supersedes,
            superseded: false,
        }
    }

    /// Whether what it replaces counts, and is about the same point.
    pub(super) fn replaces(&self, findings: &[Finding]) -> Result<(), Refusal> {
        let Some(replaced) = self.supersedes else { return Ok(()) };
        let current = |f: &Finding| f.id == replaced && f.issue == self.issue && !f.superseded;
        if findings.iter().any(current) { Ok(()) } else { Err(Refusal::FindingNotCurrent) }
    }
}

/// Records a finding of a complaint or of an incident.
pub async fn record(
    desk: &Desk,
    principal: &Principal,
    request: wire::RecordFindingRequest,
) -> Result<wire::RecordFindingResponse, Error> {
    let said = read(principal, &request)?;
    if !request.incident_id.is_empty() {
        return incident_findings::record(desk, principal, request, said).await;
    }
    let caller = desk.caller(principal).await?;
    let content = wire::RecordFindingRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let complaint = target.complaint;
    let (file, _) = desk.look(&caller, complaint).await?;
    let place = (&file.tenant, file.id);
    let fact =
        seal(&desk.vault, place, &file.wrapped_key, &field::fact(said.id), request.fact.as_bytes()).await?;
    let id = said.id;
    desk.change(&caller, target, Said { fact, ..said }).await?;
    let (file, _) = desk.look(&caller, complaint).await?;
    let mut conn = desk.db.pool().acquire().await?;
    let findings = finding::of(&mut conn, &file.tenant, complaint).await?;
    let found = findings.iter().find(|finding| finding.id == id).ok_or_else(Problem::not_found)?;
    let words =
        Words::open(&desk.vault, (&file.tenant, file.id), &file.wrapped_key, Purpose::CaseHandling).await?;
    Ok(wire::RecordFindingResponse {
        finding: Some(super::wire::finding(found, false, &words)?),
        version: super::wire::version(file.stream_version),
    })
}

fn read(principal: &Principal, request: &wire::RecordFindingRequest) -> Result<Said, Problem> {
    let mut found = Violations::default();
    if request.complaint_id.is_empty() == request.incident_id.is_empty() {
        found.add("complaintId", "REQUIRED", "either a complaint or an incident");
    }
    code(&mut found, "issue", &request.issue);
    text(&mut found, "fact", &request.fact, FACT, true);
    if request.evidence.len() > MARKS {
        found.add("evidence", "TOO_MANY", format!("at most {MARKS}"));
    }
    let mut marks: Vec<Mark> = Vec::new();
    for (index, mark) in request.evidence.iter().enumerate().take(MARKS) {
        let bearing = super::wire::read_bearing(mark.bearing());
        let (Ok(evidence), Some(bearing)) = (Uuid::try_parse(&mark.evidence_id), bearing) else {
            found.add(
                format!("evidence[{index}]"),
                "MALFORMED",
                "an id and what the piece says are expected",
            );
            continue;
        };
        if !mark.reason.is_empty() {
            code(&mut found, format!("evidence[{index}].reason"), &mark.reason);
        }
        if marks.iter().any(|known| known.evidence == evidence) {
            found.add(format!("evidence[{index}]"), "REPEATED", "a piece says one thing of a fact");
        }
        marks.push(Mark { evidence, bearing, reason: mark.reason.clone() });
    }
    let supersedes = (!request.supersedes.is_empty()).then(|| id(&request.supersedes)).transpose()?;
    let Some(outcome) = super::wire::read_outcome(request.result()).filter(|_| found.is_empty()) else {
        found.add_unless_known("result", "REQUIRED", "whether the fact is taken as true is expected");
        return Err(Problem::invalid(found));
    };
    fits(found)?;
    Ok(Said {
        id: made_id("finding", principal, &request.request_id),
        issue: request.issue.clone(),
        marks,
        outcome,
        standard: super::wire::read_standard(request.standard()),
        supersedes,
        durable_goods: request.durable_goods,
        fact: Vec::new(),
    })
}

#[async_trait]
impl Command for Said {
    const NAME: &'static str = "record_finding";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let case = &change.telling.file.case;
        case.require_open()?;
        if !case.issues.contains(&self.issue) {
            return Err(Refusal::IssueUnknown.into());
        }
        let Some(category) = case.category else { return Err(Refusal::NotAccepted.into()) };
        let matter = Matter {
            category,
            durable_goods: self.durable_goods,
            bought_at: case.ordered_at,
            complained_at: case.received_at,
        };
        let (tenant, complaint) = change.place();
        let known = cited::of_complaint(conn, tenant, complaint, &self.cited()).await?;
        require_grounds(self.outcome, &self.marks, &known)?;
        self.replaces(&finding::of(conn, tenant, complaint).await?)?;
        let found = self.finding(burden::of(&matter), &change.caller.subject, change.now);
        finding::insert(conn, tenant, complaint, &found).await?;
        change.telling.tell(&told(&found));
        change.telling.enter("finding_recorded", Some(self.id), Visibility::Staff);
        Ok(self.id.to_string())
    }
}

fn told(found: &Finding) -> wire::FindingRecorded {
    wire::FindingRecorded {
        finding_id: found.id.to_string(),
        issue: found.issue.clone(),
        result: super::wire::outcome(found.outcome).into(),
        burden: super::wire::party(found.burden).into(),
        burden_rule: found.burden_rule.clone(),
        evidence_ids: found.marks.iter().map(|mark| mark.evidence.to_string()).collect(),
        supersedes: found.supersedes.map(|id| id.to_string()).unwrap_or_default(),
    }
}
