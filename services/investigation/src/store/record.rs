//! What the platform's own systems are asked for, and what they have supplied.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::{TenantId, coded_enum};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column, read};
use crate::domain::evidence::EvidenceType;
use crate::domain::records::{Question, RecordState};
use crate::error::Error;

const TABLE: &str = "platform_record";

coded_enum! {
    /// Where a question stands.
    Progress {
        /// It is to be asked, perhaps again.
        Waiting = "waiting",
        /// It was answered.
        Answered = "answered",
        /// It was asked as often as it may be.
        Failed = "failed",
    }
}

/// A question of a complaint.
pub type Key = (TenantId, Uuid, Question);

/// A question that this process asks now.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: Uuid,
    /// The question.
    pub question: Question,
    /// How often it was asked, this time included.
    pub attempts: i32,
    /// Since when.
    pub asked_since: Timestamp,
    /// The lease; an answer counts only under it.
    pub lease: Uuid,
}

/// A record as kept.
#[derive(Debug, Clone)]
pub struct Record {
    /// What it is.
    pub kind: EvidenceType,
    /// From 1; a type may have several.
    pub ordinal: i32,
    /// The question it answers.
    pub question: Question,
    /// How it stands.
    pub state: RecordState,
    /// The piece of evidence that it became.
    pub evidence: Option<Uuid>,
    /// The system it came from.
    pub source_system: String,
    /// When it was taken there.
    pub obtained_at: Option<Timestamp>,
    /// Hash of the content.
    pub sha256: Vec<u8>,
}

#[derive(Debug, FromRow)]
struct Row {
    r#type: String,
    ordinal: i32,
    question: String,
    state: String,
    complaint_id: Uuid,
    evidence_id: Option<Uuid>,
    source_system: String,
    obtained_at: Option<Stored>,
    sha256: Vec<u8>,
}

impl TryFrom<Row> for Record {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let id = row.complaint_id;
        Ok(Self {
            kind: read(TABLE, "type", id, &row.r#type)?,
            ordinal: row.ordinal,
            question: read(TABLE, "question", id, &row.question)?,
            state: read(TABLE, "state", id, &row.state)?,
            evidence: row.evidence_id,
            source_system: row.source_system,
            obtained_at: row.obtained_at.map(Stored::to_jiff),
            sha256: row.sha256,
        })
    }
}

/// Puts questions on the list of work, with the records that they should bring: one statement.
pub async fn ask(conn: &mut PgConnection, questions: &[Key], now: Timestamp) -> Result<(), Error> {
    if questions.is_empty() {
        return Ok(());
    }
    let expected: Vec<(&TenantId, Uuid, Question, EvidenceType)> = questions
        .iter()
        .flat_map(|(tenant, id, question)| {
            question.expected().iter().map(move |kind| (tenant, *id, *question, *kind))
        })
        .collect();
    sqlx::query(
        "WITH asked AS (
             INSERT INTO platform_question (tenant, complaint_id, question, state, attempts, asked_since, next_at)
             SELECT tenant, complaint_id, question, 'waiting', 0, $4, $4
             FROM unnest($1::text[], $2::uuid[], $3::text[]) AS new (tenant, complaint_id, question)
             ON CONFLICT DO NOTHING
         )
         INSERT INTO platform_record (tenant, complaint_id, type, ordinal, question, state, source_system, sha256)
         SELECT tenant, complaint_id, type, 1, question, 'pending', '', ''
         FROM unnest($5::text[], $6::uuid[], $7::text[], $8::text[]) AS new (tenant, complaint_id, type, question)
         ON CONFLICT DO NOTHING",
    )
    .bind(column(questions, |(tenant, ..)| tenant.as_str()))
    .bind(column(questions, |(_, id, _)| *id))
    .bind(column(questions, |(.., question)| question.code()))
    .bind(now.to_sqlx())
    .bind(column(&expected, |(tenant, ..)| tenant.as_str()))
    .bind(column(&expected, |(_, id, ..)| *id))
    .bind(column(&expected, |(.., kind)| kind.code()))
    .bind(column(&expected, |(_, _, question, _)| question.code()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Leases at most `limit` questions that are due, by the database's clock, for `lease_seconds`.
pub async fn lease(conn: &mut PgConnection, limit: i64, lease_seconds: f64) -> Result<Vec<Leased>, Error> {
    let rows: Vec<(String, Uuid, String, i32, Stored, Uuid)> = sqlx::query_as(
        "UPDATE platform_question q
         SET next_at = redress_time(now()) + make_interval(secs => $2), lease = gen_random_uuid(), attempts = attempts + 1
         FROM (SELECT tenant, complaint_id, question FROM platform_question
               WHERE state = 'waiting' AND next_at <= redress_time(now())
               ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) due
         WHERE (q.tenant, q.complaint_id, q.question) = (due.tenant, due.complaint_id, due.question)
         RETURNING q.tenant, q.complaint_id, q.question, q.attempts, q.asked_since, q.lease",
    )
    .bind(limit)
    .bind(lease_seconds)
    .fetch_all(conn)
    .await?;
    let leased =
        |(tenant, complaint, question, attempts, since, lease): (String, Uuid, String, i32, Stored, Uuid)| {
            Ok(Leased {
                tenant: read("platform_question", "tenant", complaint, &tenant)?,
                complaint,
                question: read("platform_question", "question", complaint, &question)?,
                attempts,
                asked_since: since.to_jiff(),
                lease,
            })
        };
    rows.into_iter().map(leased).collect()
}

/// Settles a question, or sets when it is asked again (`delay_seconds` from now, by the database's clock). Whether it was
/// still under its lease: an answer that comes after another process has taken over counts for nothing.
pub async fn settle(
    conn: &mut PgConnection,
    leased: &Leased,
    progress: Progress,
    delay_seconds: f64,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE platform_question
         SET state = $5, next_at = redress_time(now()) + make_interval(secs => $6), lease = NULL
         WHERE tenant = $1 AND complaint_id = $2 AND question = $3 AND lease = $4",
    )
    .bind(leased.tenant.as_str())
    .bind(leased.complaint)
    .bind(leased.question.code())
    .bind(leased.lease)
    .bind(progress.code())
    .bind(delay_seconds)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether any question of a complaint is still to be answered.
pub async fn any_waiting(conn: &mut PgConnection, tenant: &TenantId, complaint: Uuid) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM platform_question WHERE tenant = $1 AND complaint_id = $2 AND state = 'waiting')",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_one(conn)
    .await?)
}

/// How many questions wait, and since when the oldest was asked. For the alarm.
pub async fn waiting(conn: &mut PgConnection) -> Result<(i64, Option<f64>), Error> {
    Ok(sqlx::query_as(
        "SELECT count(*), extract(epoch FROM redress_time(now()) - min(asked_since))::float8 FROM platform_question
         WHERE state = 'waiting'",
    )
    .fetch_one(conn)
    .await?)
}

/// The records of a complaint.
pub async fn of(conn: &mut PgConnection, tenant: &TenantId, complaint: Uuid) -> Result<Vec<Record>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT type, ordinal, question, state, complaint_id, evidence_id, source_system, obtained_at, sha256
         FROM platform_record WHERE tenant = $1 AND complaint_id = $2 ORDER BY question, type, ordinal",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Record::try_from).collect::<Result<_, _>>()?)
}

/// Writes records that came, or did not.
pub async fn save(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    records: &[Record],
    now: Timestamp,
) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO platform_record (tenant, complaint_id, type, ordinal, question, state, evidence_id, source_system,
                                      obtained_at, sha256, settled_at)
         SELECT $1, $2, type, ordinal, question, state, evidence_id, source_system, obtained_at, sha256, $11
         FROM unnest($3::text[], $4::integer[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::timestamptz[],
                     $10::bytea[])
              AS new (type, ordinal, question, state, evidence_id, source_system, obtained_at, sha256)
         ON CONFLICT ON CONSTRAINT platform_record_pkey DO UPDATE
         SET state = excluded.state, evidence_id = excluded.evidence_id, source_system = excluded.source_system,
             obtained_at = excluded.obtained_at, sha256 = excluded.sha256, settled_at = excluded.settled_at",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(column(records, |r| r.kind.code()))
    .bind(column(records, |r| r.ordinal))
    .bind(column(records, |r| r.question.code()))
    .bind(column(records, |r| r.state.code()))
    .bind(column(records, |r| r.evidence))
    .bind(column(records, |r| r.source_system.as_str()))
    .bind(column(records, |r| r.obtained_at.map(ToSqlx::to_sqlx)))
    .bind(column(records, |r| r.sha256.as_slice()))
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
