//! The columns of notices.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use redress_domain::{ComplaintId, TenantId};
use sqlx::postgres::PgConnection;

use super::column;
use crate::error::Error;

/// What a batch tells of a complaint's notices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notified {
    /// The first answer to the complainant.
    pub first_response_at: Option<Timestamp>,
    /// The first acknowledgement.
    pub acknowledged_at: Option<Timestamp>,
    /// The last answer to the survey, 1 to 5.
    pub satisfaction: Option<i16>,
}

impl Notified {
    /// A channel took an answer to the complainant. The earliest counts: notices go by several ways, and their events
    /// have no order in time.
    pub fn answered(&mut self, at: Timestamp, acknowledges: bool) {
        let first = |known: Option<Timestamp>| Some(known.map_or(at, |known| known.min(at)));
        self.first_response_at = first(self.first_response_at);
        if acknowledges {
            self.acknowledged_at = first(self.acknowledged_at);
        }
    }
}

/// Adds to what is known.
pub async fn save(
    conn: &mut PgConnection,
    notified: &BTreeMap<(TenantId, ComplaintId), Notified>,
) -> Result<(), Error> {
    let times = |get: fn(&Notified) -> Option<Timestamp>| {
        column(notified.values(), move |notified| get(notified).map(ToSqlx::to_sqlx))
    };
    sqlx::query(
        "INSERT INTO complaint_fact AS f (tenant, complaint_id, first_response_at, acknowledged_at, satisfaction)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::smallint[])
         ON CONFLICT (tenant, complaint_id) DO UPDATE
             -- `least` passes over what is unknown.
             SET first_response_at = least(f.first_response_at, excluded.first_response_at),
                 acknowledged_at = least(f.acknowledged_at, excluded.acknowledged_at),
                 satisfaction = coalesce(excluded.satisfaction, f.satisfaction)",
    )
    .bind(column(notified.keys(), |(tenant, _)| tenant.as_str()))
    .bind(column(notified.keys(), |(_, id)| *id.as_uuid()))
    .bind(times(|notified| notified.first_response_at))
    .bind(times(|notified| notified.acknowledged_at))
    .bind(column(notified.values(), |notified| notified.satisfaction))
    .execute(conn)
    .await?;
    Ok(())
}
