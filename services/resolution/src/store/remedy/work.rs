//! What is still to be done about remedies, and who has it in hand.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::remedy::execution::Errand;
use crate::domain::state::State;
use crate::error::Error;
use crate::store::case::Key;
use crate::store::{Corrupt, column};

/// An errand in hand: claimed, and not to be touched by others until the lease is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The case.
    pub case: Key,
    /// The remedy.
    pub remedy: Uuid,
    /// What is to be done.
    pub errand: Errand,
    /// The lease, which no other claim ever has.
    pub lease: Uuid,
    /// Which try this is, from 1.
    pub tries: u32,
    /// Tries that left the outcome open.
    pub failures: u32,
    /// Where the lifecycle stood when it was claimed.
    pub state: State,
}

/// An errand that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The case.
    pub case: Key,
    /// The remedy.
    pub remedy: Uuid,
    /// What is to be done.
    pub errand: Errand,
    /// From when on.
    pub due_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Looked {
    runs: bool,
    #[sqlx(flatten)]
    row: Row,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: String,
    complaint_id: Uuid,
    remedy_id: Uuid,
    errand: String,
    // None where it was held before anybody had it in hand.
    lease: Option<Uuid>,
    tries: i32,
    failures: i32,
    state: String,
}

impl TryFrom<Row> for Claimed {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.remedy_id;
        let tenant: TenantId =
            row.tenant.parse().map_err(|e| Corrupt::new("remedy_work", "tenant", id, e))?;
        Ok(Self {
            case: (tenant, ComplaintId::from_uuid(row.complaint_id)),
            remedy: id,
            errand: row.errand.parse().map_err(|e| Corrupt::new("remedy_work", "errand", id, e))?,
            lease: row.lease.unwrap_or_default(),
            tries: row.tries.unsigned_abs(),
            failures: row.failures.unsigned_abs(),
            state: row.state.parse().map_err(|e| Corrupt::new("case_file", "state", id, e))?,
        })
    }
}

/// What a look at the errands that are due came to.
#[derive(Debug)]
pub struct Look {
    /// What was claimed.
    pub claimed: Vec<Claimed>,
    /// Whether there may be more.
    pub more: bool,
}

/// Claims up to `limit` errands that are due and may be run, under a `lease` that lasts for `term`: one statement,
/// without a transaction around it. Money is moved only where `with_executor`, and begins only in EXECUTING: what may not
/// begin is held, so that it is not read again before its case has moved.
pub async fn claim(
    conn: &mut PgConnection,
    lease: Uuid,
    now: Timestamp,
    term: Duration,
    limit: i64,
    with_executor: bool,
) -> Result<Look, Error> {
    let until = now.saturating_add(term).unwrap_or(Timestamp::MAX);
    let rows: Vec<Looked> = sqlx::query_as(
        "UPDATE remedy_work w
         SET due_at = CASE WHEN due.runs THEN $2 ELSE w.due_at END,
             lease = CASE WHEN due.runs THEN $3 ELSE w.lease END,
             tries = w.tries + due.runs::integer,
             held = NOT due.runs
         FROM (
             SELECT w.tenant, w.complaint_id, w.remedy_id, w.errand, c.state,
                    -- What was begun is followed to its end, wherever the case has gone meanwhile; what never began, and
                    -- never will, is dropped.
                    w.tries > 0 OR w.errand IN ('announce', 'reverse', 'watch')
                    OR c.state IN ('executing', 'closed', 'withdrawn', 'not_accepted') AS runs
             FROM remedy_work w JOIN case_file c USING (tenant, complaint_id)
             WHERE w.due_at <= $1 AND NOT w.held
                   AND ($5 OR w.errand = 'announce'
                        OR (w.tries = 0 AND w.errand IN ('execute', 'advance')
                            AND c.state IN ('closed', 'withdrawn', 'not_accepted')))
             ORDER BY w.due_at LIMIT $4 FOR UPDATE OF w SKIP LOCKED
         ) AS due
         WHERE (w.tenant, w.complaint_id, w.remedy_id, w.errand)
               = (due.tenant, due.complaint_id, due.remedy_id, due.errand)
         RETURNING due.runs, w.tenant, w.complaint_id, w.remedy_id, w.errand, w.lease, w.tries, w.failures, due.state",
    )
    .bind(now.to_sqlx())
    .bind(until.to_sqlx())
    .bind(lease)
    .bind(limit)
    .bind(with_executor)
    .fetch_all(conn)
    .await?;
    let more = i64::try_from(rows.len()).is_ok_and(|looked_at| looked_at >= limit);
    let runs = rows.into_iter().filter_map(|looked| looked.runs.then_some(looked.row));
    Ok(Look { claimed: runs.map(Claimed::try_from).collect::<Result<_, _>>()?, more })
}

/// When the next errand that is not held is due; none without one.
pub async fn next_due(conn: &mut PgConnection) -> Result<Option<Timestamp>, Error> {
    let next: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT min(due_at) FROM remedy_work WHERE NOT held").fetch_one(conn).await?;
    Ok(next.map(jiff_sqlx::Timestamp::to_jiff))
}

/// Lets go what is held though it may begin: its case moved in the instant in which it was held.
pub async fn let_go(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query(
        "UPDATE remedy_work w SET held = false FROM case_file c
         WHERE w.held AND (w.tenant, w.complaint_id) = (c.tenant, c.complaint_id)
               AND c.state IN ('executing', 'closed', 'withdrawn', 'not_accepted')",
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Begins errands; one that is there stays.
pub async fn begin(conn: &mut PgConnection, due: &[Due]) -> Result<(), Error> {
    if due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO remedy_work (tenant, complaint_id, remedy_id, errand, due_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column(due, |d| d.case.0.as_str()))
    .bind(column(due, |d| *d.case.1.as_uuid()))
    .bind(column(due, |d| d.remedy))
    .bind(column(due, |d| d.errand.code()))
    .bind(column(due, |d| d.due_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes errands of that kind that nobody has begun, of these remedies of a case; gives the remedies it removed one of.
pub async fn cancel_unbegun(
    conn: &mut PgConnection,
    case: &Key,
    errand: Errand,
    remedies: &[Uuid],
) -> Result<Vec<Uuid>, Error> {
    if remedies.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar(
        "DELETE FROM remedy_work
         WHERE tenant = $1 AND complaint_id = $2 AND errand = $3 AND remedy_id = ANY($4) AND tries = 0
         RETURNING remedy_id",
    )
    .bind(case.0.as_str())
    .bind(*case.1.as_uuid())
    .bind(errand.code())
    .bind(remedies)
    .fetch_all(conn)
    .await?)
}

/// How often it was tried to carry a remedy out by the errand that is still open; 0 without one.
pub async fn tries_of(conn: &mut PgConnection, case: &Key, remedy: Uuid) -> Result<u32, Error> {
    open(conn, case, remedy, "").await.map(|(tries, _)| tries)
}

/// The same, locked, and until when somebody has it in hand.
pub async fn lock_open(
    conn: &mut PgConnection,
    case: &Key,
    remedy: Uuid,
) -> Result<(u32, Option<Timestamp>), Error> {
    open(conn, case, remedy, "FOR UPDATE").await
}

async fn open(
    conn: &mut PgConnection,
    case: &Key,
    remedy: Uuid,
    lock: &str,
) -> Result<(u32, Option<Timestamp>), Error> {
    let sql = format!(
        "SELECT tries, CASE WHEN lease IS NOT NULL THEN due_at END FROM remedy_work
         WHERE tenant = $1 AND complaint_id = $2 AND remedy_id = $3 AND errand IN ('execute', 'advance')
         ORDER BY errand DESC {lock}"
    );
    // Composed of constants of this file.
    let rows: Vec<(i32, Option<jiff_sqlx::Timestamp>)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(case.0.as_str())
        .bind(*case.1.as_uuid())
        .bind(remedy)
        .fetch_all(conn)
        .await?;
    let tries = rows.iter().map(|(tries, _)| tries.unsigned_abs()).sum();
    let held = rows.into_iter().filter_map(|(_, until)| until).map(jiff_sqlx::Timestamp::to_jiff).max();
    Ok((tries, held))
}

/// Removes what is still to be done to carry a remedy out: a person has said what became of it. A worker that has it in
/// hand finds its claim gone.
pub async fn forget(conn: &mut PgConnection, case: &Key, remedy: Uuid) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM remedy_work
         WHERE tenant = $1 AND complaint_id = $2 AND remedy_id = $3 AND errand IN ('execute', 'advance')",
    )
    .bind(case.0.as_str())
    .bind(*case.1.as_uuid())
    .bind(remedy)
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets what is still to be done about a remedy be tried now, unless somebody has it in hand.
pub async fn hurry(conn: &mut PgConnection, case: &Key, remedy: Uuid, now: Timestamp) -> Result<(), Error> {
    sqlx::query(
        "UPDATE remedy_work SET due_at = $4
         WHERE tenant = $1 AND complaint_id = $2 AND remedy_id = $3 AND errand IN ('execute', 'advance')
           AND lease IS NULL AND due_at > $4",
    )
    .bind(case.0.as_str())
    .bind(*case.1.as_uuid())
    .bind(remedy)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}
