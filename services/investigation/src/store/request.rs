//! What parties were asked to bring.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Corrupt, column, lines, read};
use crate::domain::request::{EvidenceRequest, Item};
use crate::error::Error;

const TABLE: &str = "evidence_request";

/// A request with the case it belongs to.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The tenant.
    pub tenant: TenantId,
    /// The complaint.
    pub complaint: Uuid,
    /// Who may answer; see the column's comment.
    pub addressees: Vec<String>,
    /// The request.
    pub request: EvidenceRequest,
}

#[derive(Debug, FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    request_id: Uuid,
    round: i32,
    party: String,
    respondent_ref: String,
    addressees: Vec<String>,
    items: Json<Vec<Item>>,
    state: String,
    issued_at: Stored,
    due_at: Stored,
    extended: bool,
    mandatory: bool,
    consequence: String,
    why: Vec<u8>,
    settled_at: Option<Stored>,
    announced: i64,
    noticed_at: Option<Stored>,
    overdue_at: Option<Stored>,
}

impl TryFrom<Row> for Kept {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let id = row.request_id;
        let request = EvidenceRequest {
            id,
            round: row.round,
            party: read(TABLE, "party", id, &row.party)?,
            respondent_ref: row.respondent_ref,
            items: row.items.0,
            state: read(TABLE, "state", id, &row.state)?,
            issued_at: row.issued_at.to_jiff(),
            due_at: row.due_at.to_jiff(),
            extended: row.extended,
            mandatory: row.mandatory,
            consequence: read(TABLE, "consequence", id, &row.consequence)?,
            why: row.why,
            settled_at: row.settled_at.map(Stored::to_jiff),
            announced: row.announced,
            noticed_at: row.noticed_at.map(Stored::to_jiff),
            overdue_at: row.overdue_at.map(Stored::to_jiff),
        };
        Ok(Self {
            tenant: read(TABLE, "tenant", id, &row.tenant)?,
            complaint: row.complaint_id,
            addressees: row.addressees,
            request,
        })
    }
}

fn kept(rows: Vec<Row>) -> Result<Vec<Kept>, Error> {
    Ok(rows.into_iter().map(Kept::try_from).collect::<Result<_, _>>()?)
}

/// A request of a case. Whoever changes it has locked the case.
pub async fn find(
    conn: &mut PgConnection,
    tenant: &TenantId,
    complaint: Uuid,
    request: Uuid,
) -> Result<Option<Kept>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT * FROM evidence_request WHERE tenant = $1 AND complaint_id = $2 AND request_id = $3",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(request)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Kept::try_from).transpose()?)
}

/// The requests of cases, oldest first.
pub async fn of_cases(conn: &mut PgConnection, cases: &[(TenantId, Uuid)]) -> Result<Vec<Kept>, Error> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as(
        "SELECT * FROM evidence_request
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
         ORDER BY issued_at, request_id",
    )
    .bind(column(cases, |(tenant, _)| tenant.as_str()))
    .bind(column(cases, |(_, id)| *id))
    .fetch_all(conn)
    .await?;
    kept(rows)
}

/// At most `limit` open requests that any of `addressees` may answer, the next due first, after `after`.
pub async fn open_to(
    conn: &mut PgConnection,
    tenant: &TenantId,
    addressees: &[String],
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Kept>, Error> {
    let rows = sqlx::query_as(
        "SELECT * FROM evidence_request
         WHERE tenant = $1 AND addressees && $2 AND settled_at IS NULL
           AND ($3::timestamptz IS NULL OR (due_at, request_id) > ($3, $4))
         ORDER BY due_at, request_id LIMIT $5",
    )
    .bind(tenant.as_str())
    .bind(addressees)
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    kept(rows)
}

/// Writes requests of cases that are locked, new ones and changed ones.
pub async fn save(conn: &mut PgConnection, requests: &[&Kept]) -> Result<(), Error> {
    if requests.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO evidence_request (tenant, complaint_id, request_id, round, party, respondent_ref, addressees, items,
                                       state, issued_at, due_at, extended, mandatory, consequence, why, settled_at,
                                       announced, noticed_at, overdue_at)
         SELECT tenant, complaint_id, request_id, round, party, respondent_ref, string_to_array(addressees, E'\\n'), items,
                state, issued_at, due_at, extended, mandatory, consequence, why, settled_at, announced, noticed_at,
                overdue_at
         FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::jsonb[],
                     $9::text[], $10::timestamptz[], $11::timestamptz[], $12::boolean[], $13::boolean[], $14::text[],
                     $15::bytea[], $16::timestamptz[], $17::bigint[], $18::timestamptz[], $19::timestamptz[])
              AS new (tenant, complaint_id, request_id, round, party, respondent_ref, addressees, items, state, issued_at,
                      due_at, extended, mandatory, consequence, why, settled_at, announced, noticed_at, overdue_at)
         ON CONFLICT ON CONSTRAINT evidence_request_pkey DO UPDATE
         SET items = excluded.items, state = excluded.state, due_at = excluded.due_at, extended = excluded.extended,
             settled_at = excluded.settled_at, noticed_at = excluded.noticed_at, overdue_at = excluded.overdue_at",
    )
    .bind(column(requests, |k| k.tenant.as_str()))
    .bind(column(requests, |k| k.complaint))
    .bind(column(requests, |k| k.request.id))
    .bind(column(requests, |k| k.request.round))
    .bind(column(requests, |k| k.request.party.code()))
    .bind(column(requests, |k| k.request.respondent_ref.as_str()))
    .bind(column(requests, |k| lines(&k.addressees)))
    .bind(column(requests, |k| Json(&k.request.items)))
    .bind(column(requests, |k| k.request.state.code()))
    .bind(column(requests, |k| k.request.issued_at.to_sqlx()))
    .bind(column(requests, |k| k.request.due_at.to_sqlx()))
    .bind(column(requests, |k| k.request.extended))
    .bind(column(requests, |k| k.request.mandatory))
    .bind(column(requests, |k| k.request.consequence.code()))
    .bind(column(requests, |k| k.request.why.as_slice()))
    .bind(column(requests, |k| k.request.settled_at.map(ToSqlx::to_sqlx)))
    .bind(column(requests, |k| k.request.announced))
    .bind(column(requests, |k| k.request.noticed_at.map(ToSqlx::to_sqlx)))
    .bind(column(requests, |k| k.request.overdue_at.map(ToSqlx::to_sqlx)))
    .execute(conn)
    .await?;
    Ok(())
}
