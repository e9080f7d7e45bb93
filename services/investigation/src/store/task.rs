//! What is to be done in an investigation.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as Stored, ToSqlx};
use redress_domain::TenantId;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column;
use crate::error::Error;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: Uuid,
    /// What, as a code.
    pub kind: String,
    /// Who does it; empty if nobody has it yet.
    pub assignee: String,
    /// By when.
    pub due_at: Option<Timestamp>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
}

#[derive(Debug, FromRow)]
struct Row {
    task_id: Uuid,
    kind: String,
    assignee: String,
    due_at: Option<Stored>,
    done_at: Option<Stored>,
}

/// The tasks of a case, in the order of their coming.
pub async fn of(conn: &mut PgConnection, tenant: &TenantId, complaint: Uuid) -> Result<Vec<Task>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT task_id, kind, assignee, due_at, done_at FROM task
         WHERE tenant = $1 AND complaint_id = $2 ORDER BY added_at, task_id",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .fetch_all(conn)
    .await?;
    let task = |row: Row| Task {
        id: row.task_id,
        kind: row.kind,
        assignee: row.assignee,
        due_at: row.due_at.map(Stored::to_jiff),
        done_at: row.done_at.map(Stored::to_jiff),
    };
    Ok(rows.into_iter().map(task).collect())
}

/// Adds tasks.
pub async fn insert(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    tasks: &[Task],
    now: Timestamp,
) -> Result<(), Error> {
    if tasks.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO task (tenant, complaint_id, task_id, kind, assignee, due_at, added_at)
         SELECT $1, $2, id, kind, assignee, due_at, $7
         FROM unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) AS new (id, kind, assignee, due_at)",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(column(tasks, |task| task.id))
    .bind(column(tasks, |task| task.kind.as_str()))
    .bind(column(tasks, |task| task.assignee.as_str()))
    .bind(column(tasks, |task| task.due_at.map(ToSqlx::to_sqlx)))
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a task as done. Whether it was open.
pub async fn complete(
    conn: &mut PgConnection,
    (tenant, complaint): (&TenantId, Uuid),
    task: Uuid,
    now: Timestamp,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE task SET done_at = $4
         WHERE tenant = $1 AND complaint_id = $2 AND task_id = $3 AND done_at IS NULL",
    )
    .bind(tenant.as_str())
    .bind(complaint)
    .bind(task)
    .bind(now.to_sqlx())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes open tasks away from people, each named with the case.
pub async fn unassign(conn: &mut PgConnection, from: &[(TenantId, Uuid, String)]) -> Result<(), Error> {
    sqlx::query(
        "UPDATE task SET assignee = ''
         WHERE (tenant, complaint_id, assignee) IN (SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[]))
           AND done_at IS NULL",
    )
    .bind(column(from, |(tenant, ..)| tenant.as_str()))
    .bind(column(from, |(_, complaint, _)| *complaint))
    .bind(column(from, |(.., assignee)| assignee.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}
