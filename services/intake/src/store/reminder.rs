//! When a complainant was reminded of an open request for completion.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::error::Error;

type Key = (TenantId, ComplaintId);

/// A reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminder {
    /// When the request was made that it is about.
    pub asked_at: Timestamp,
    /// When it was told.
    pub reminded_at: Timestamp,
}

/// The last reminders of some complaints.
pub async fn of(conn: &mut PgConnection, keys: &[Key]) -> Result<HashMap<Key, Reminder>, Error> {
    let rows: Vec<(String, Uuid, SqlTime, SqlTime)> = sqlx::query_as(
        "SELECT tenant, complaint_id, asked_at, reminded_at FROM completion_reminder
         WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
    )
    .bind(column(keys, |(tenant, _)| tenant.as_str()))
    .bind(column(keys, |(_, id)| *id.as_uuid()))
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(tenant, id, asked_at, reminded_at)| {
            let tenant = tenant.parse().map_err(|e| Corrupt::new("completion_reminder", "tenant", id, e))?;
            let reminder = Reminder { asked_at: asked_at.to_jiff(), reminded_at: reminded_at.to_jiff() };
            Ok(((tenant, ComplaintId::from_uuid(id)), reminder))
        })
        .collect()
}

/// Keeps reminders; that of a later request takes the place of the one before.
pub async fn save(conn: &mut PgConnection, reminders: &[(&Key, &Reminder)]) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO completion_reminder (tenant, complaint_id, asked_at, reminded_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
         ON CONFLICT (tenant, complaint_id) DO UPDATE
         SET asked_at = excluded.asked_at, reminded_at = excluded.reminded_at",
    )
    .bind(column(reminders, |(key, _)| key.0.as_str()))
    .bind(column(reminders, |(key, _)| *key.1.as_uuid()))
    .bind(column(reminders, |(_, reminder)| reminder.asked_at.to_sqlx()))
    .bind(column(reminders, |(_, reminder)| reminder.reminded_at.to_sqlx()))
    .execute(conn)
    .await?;
    Ok(())
}
