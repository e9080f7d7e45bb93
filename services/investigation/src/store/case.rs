//! A complaint and its investigation: the aggregate of the cases topic. Whoever changes what hangs on a case locks this
//! row first.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use prost::Message as _;
use redress_domain::{PartyKind, TenantId};
use redress_proto::convert::from_wire_time;
use redress_proto::types::v1::Submission;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column, lines, read};
use crate::domain::case::{Case, ComplaintState, Respondent, TaskGroup};
use crate::error::Error;

const TABLE: &str = "case_file";

/// A case as kept.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub id: Uuid,
    /// What the rules look at.
    pub case: Case,
    /// What was brought in, without its personal fields.
    pub submission: Submission,
    /// The complaint's data key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// Keyed hash of who complains; empty if unknown.
    pub complainant_index: Vec<u8>,
    /// The subject that submitted it.
    pub submitted_by: String,
    /// Who has taken it, by classification; empty if nobody has.
    pub assigned: String,
    /// The plan, sealed; empty if there is none.
    pub plan: Vec<u8>,
    /// The conclusion in words, sealed; empty if there is none.
    pub conclusion: Vec<u8>,
    /// Version of the event that told the conclusion.
    pub concluded_version: i64,
    /// Version of the last event.
    pub stream_version: i64,
    /// How many entries of the handling its timeline has.
    pub entries: i64,
}

#[derive(Debug, FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    received_at: Stored,
    submission: Vec<u8>,
    wrapped_key: Vec<u8>,
    complainant_index: Vec<u8>,
    submitted_by: String,
    complaint_state: String,
    category: Option<String>,
    severity: Option<String>,
    urgent: bool,
    handler: String,
    lead: String,
    department: String,
    members: Vec<String>,
    state: String,
    round: i32,
    investigation_id: Option<Uuid>,
    opened_at: Option<Stored>,
    plan: Vec<u8>,
    issues: Vec<String>,
    concluded_at: Option<Stored>,
    concluded_by: String,
    conclusion: Vec<u8>,
    concluded_version: i64,
    ended_reason: String,
    stream_version: i64,
    entries: i64,
    incident_id: Option<Uuid>,
    assigned: Option<String>,
}

impl TryFrom<Row> for CaseFile {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let id = row.complaint_id;
        let submission = Submission::decode(row.submission.as_slice())
            .map_err(|error| Corrupt::new(TABLE, "submission", id, error))?;
        let case = Case {
            complaint_state: read(TABLE, "complaint_state", id, &row.complaint_state)?,
            category: row.category.map(|code| read(TABLE, "category", id, &code)).transpose()?,
            severity: row.severity.map(|code| read(TABLE, "severity", id, &code)).transpose()?,
            urgent: row.urgent,
            received_at: row.received_at.to_jiff(),
            ordered_at: ordered_at(&submission),
            live: submission.live.is_some(),
            respondents: respondents(&submission),
            handler: row.handler,
            group: TaskGroup { lead: row.lead, department: row.department, members: row.members },
            state: read(TABLE, "state", id, &row.state)?,
            round: row.round,
            investigation_id: row.investigation_id,
            opened_at: row.opened_at.map(Stored::to_jiff),
            issues: row.issues,
            concluded_at: row.concluded_at.map(Stored::to_jiff),
            concluded_by: row.concluded_by,
            ended_reason: row.ended_reason,
            incident: row.incident_id,
        };
        Ok(Self {
            tenant: read(TABLE, "tenant", id, &row.tenant)?,
            id,
            case,
            submission,
            wrapped_key: row.wrapped_key,
            complainant_index: row.complainant_index,
            submitted_by: row.submitted_by,
            assigned: row.assigned.unwrap_or_default(),
            plan: row.plan,
            conclusion: row.conclusion,
            concluded_version: row.concluded_version,
            stream_version: row.stream_version,
            entries: row.entries,
        })
    }
}

/// When the order was placed, if the submission says so and the time reads.
pub fn ordered_at(submission: &Submission) -> Option<Timestamp> {
    from_wire_time(submission.order.as_ref()?.ordered_at.as_ref()?).ok()
}

/// Whom a submission is directed at. A kind that this version does not know is left out.
pub fn respondents(submission: &Submission) -> Vec<Respondent> {
    let known = |respondent: &redress_proto::types::v1::Respondent| {
        let kind = PartyKind::try_from(respondent.kind()).ok()?;
        Some(Respondent { kind, external_ref: respondent.external_ref.clone() })
    };
    submission.respondents.iter().filter_map(known).collect()
}

const SELECT: &str = "SELECT c.*, m.incident_id, a.handler AS assigned
    FROM case_file c
    LEFT JOIN incident_member m ON (m.tenant, m.complaint_id) = (c.tenant, c.complaint_id)
    LEFT JOIN assignment a ON (a.tenant, a.complaint_id) = (c.tenant, c.complaint_id)";

/// A case.
pub async fn find(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<Option<CaseFile>, Error> {
    one(conn, tenant, id, "").await
}

/// A case, locked until the transaction ends.
pub async fn lock(conn: &mut PgConnection, tenant: &TenantId, id: Uuid) -> Result<Option<CaseFile>, Error> {
    one(conn, tenant, id, "FOR UPDATE OF c").await
}

async fn one(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
    locking: &'static str,
) -> Result<Option<CaseFile>, Error> {
    let sql = format!("{SELECT} WHERE c.tenant = $1 AND c.complaint_id = $2 {locking}");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant.as_str()).bind(id).fetch_optional(conn).await?;
    Ok(row.map(CaseFile::try_from).transpose()?)
}

/// The cases of a tenant that are here, as they stand.
pub async fn find_all(
    conn: &mut PgConnection,
    tenant: &TenantId,
    ids: &[Uuid],
) -> Result<Vec<CaseFile>, Error> {
    let sql = format!("{SELECT} WHERE c.tenant = $1 AND c.complaint_id = ANY ($2)");
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant.as_str()).bind(ids).fetch_all(conn).await?;
    Ok(rows.into_iter().map(CaseFile::try_from).collect::<Result<_, _>>()?)
}

/// The cases of `keys` that are here, locked in the order of their keys until the transaction ends.
pub async fn lock_all(conn: &mut PgConnection, keys: &[(TenantId, Uuid)]) -> Result<Vec<CaseFile>, Error> {
    let sql = format!(
        "{SELECT} WHERE (c.tenant, c.complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY c.tenant, c.complaint_id FOR UPDATE OF c"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(column(keys, |(tenant, _)| tenant.as_str()))
        .bind(column(keys, |(_, id)| *id))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(CaseFile::try_from).collect::<Result<_, _>>()?)
}

/// Writes cases that are new; what is here already stays as it is.
pub async fn insert(conn: &mut PgConnection, new: &[&CaseFile]) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO case_file (tenant, complaint_id, received_at, submission, wrapped_key, complainant_index,
                                submitted_by, complaint_state)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::bytea[], $5::bytea[], $6::bytea[],
                              $7::text[], $8::text[])
              AS new (tenant, complaint_id, received_at, submission, wrapped_key, complainant_index, submitted_by, state)
         ORDER BY tenant, complaint_id
         ON CONFLICT (tenant, complaint_id) DO NOTHING",
    )
    .bind(column(new, |c| c.tenant.as_str()))
    .bind(column(new, |c| c.id))
    .bind(column(new, |c| c.case.received_at.to_sqlx()))
    .bind(column(new, |c| c.submission.encode_to_vec()))
    .bind(column(new, |c| c.wrapped_key.as_slice()))
    .bind(column(new, |c| c.complainant_index.as_slice()))
    .bind(column(new, |c| c.submitted_by.as_str()))
    .bind(column(new, |_| ComplaintState::Received.code()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes back what may have changed of cases that are locked.
pub async fn save(conn: &mut PgConnection, cases: &[&CaseFile]) -> Result<(), Error> {
    if cases.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE case_file c
         SET complaint_state = new.complaint_state, category = new.category, severity = new.severity,
             urgent = new.urgent, handler = new.handler, lead = new.lead, department = new.department,
             members = string_to_array(new.members, E'\\n'), state = new.state, round = new.round,
             investigation_id = new.investigation_id, opened_at = new.opened_at, plan = new.plan,
             issues = string_to_array(new.issues, E'\\n'), concluded_at = new.concluded_at,
             concluded_by = new.concluded_by, conclusion = new.conclusion,
             concluded_version = new.concluded_version, ended_reason = new.ended_reason,
             stream_version = new.stream_version, entries = new.entries
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::integer[], $13::uuid[], $14::timestamptz[],
                     $15::bytea[], $16::text[], $17::timestamptz[], $18::text[], $19::bytea[], $20::bigint[],
                     $21::text[], $22::bigint[], $23::bigint[])
              AS new (tenant, complaint_id, complaint_state, category, severity, urgent, handler, lead, department,
                      members, state, round, investigation_id, opened_at, plan, issues, concluded_at, concluded_by,
                      conclusion, concluded_version, ended_reason, stream_version, entries)
         WHERE (c.tenant, c.complaint_id) = (new.tenant, new.complaint_id)",
    )
    .bind(column(cases, |c| c.tenant.as_str()))
    .bind(column(cases, |c| c.id))
    .bind(column(cases, |c| c.case.complaint_state.code()))
    .bind(column(cases, |c| c.case.category.map(redress_domain::Category::code)))
    .bind(column(cases, |c| c.case.severity.map(redress_domain::Severity::code)))
    .bind(column(cases, |c| c.case.urgent))
    .bind(column(cases, |c| c.case.handler.as_str()))
    .bind(column(cases, |c| c.case.group.lead.as_str()))
    .bind(column(cases, |c| c.case.group.department.as_str()))
    .bind(column(cases, |c| lines(&c.case.group.members)))
    .bind(column(cases, |c| c.case.state.code()))
    .bind(column(cases, |c| c.case.round))
    .bind(column(cases, |c| c.case.investigation_id))
    .bind(column(cases, |c| c.case.opened_at.map(ToSqlx::to_sqlx)))
    .bind(column(cases, |c| c.plan.as_slice()))
    .bind(column(cases, |c| lines(&c.case.issues)))
    .bind(column(cases, |c| c.case.concluded_at.map(ToSqlx::to_sqlx)))
    .bind(column(cases, |c| c.case.concluded_by.as_str()))
    .bind(column(cases, |c| c.conclusion.as_slice()))
    .bind(column(cases, |c| c.concluded_version))
    .bind(column(cases, |c| c.case.ended_reason.as_str()))
    .bind(column(cases, |c| c.stream_version))
    .bind(column(cases, |c| c.entries))
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what the current rounds of `cases` came to, before the next ones begin.
pub async fn keep_rounds(conn: &mut PgConnection, cases: &[PastRound]) -> Result<(), Error> {
    if cases.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO past_round (tenant, complaint_id, round, investigation_id, opened_at, concluded_at, concluded_by,
                                 conclusion, ended_reason)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::uuid[], $5::timestamptz[], $6::timestamptz[],
                              $7::text[], $8::bytea[], $9::text[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column(cases, |c| c.tenant.as_str()))
    .bind(column(cases, |c| c.complaint))
    .bind(column(cases, |c| c.round))
    .bind(column(cases, |c| c.investigation_id))
    .bind(column(cases, |c| c.opened_at.to_sqlx()))
    .bind(column(cases, |c| c.concluded_at.map(ToSqlx::to_sqlx)))
    .bind(column(cases, |c| c.concluded_by.as_str()))
    .bind(column(cases, |c| c.conclusion.as_slice()))
    .bind(column(cases, |c| c.ended_reason.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// What a round came to.
#[derive(Debug, Clone)]
pub struct PastRound {
    tenant: TenantId,
    complaint: Uuid,
    round: i32,
    investigation_id: Uuid,
    opened_at: Timestamp,
    concluded_at: Option<Timestamp>,
    concluded_by: String,
    conclusion: Vec<u8>,
    ended_reason: String,
}

impl PastRound {
    /// The current round of a case; none if it was never opened.
    pub fn of(file: &CaseFile) -> Option<Self> {
        Some(Self {
            tenant: file.tenant.clone(),
            complaint: file.id,
            round: file.case.round,
            investigation_id: file.case.investigation_id?,
            opened_at: file.case.opened_at?,
            concluded_at: file.case.concluded_at,
            concluded_by: file.case.concluded_by.clone(),
            conclusion: file.conclusion.clone(),
            ended_reason: file.case.ended_reason.clone(),
        })
    }
}
