//! Rates of subjects: locked in the order of their keys, written once per batch.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx};
use redress_domain::{Category, TenantId};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Corrupt, column};
use crate::domain::incident::{Rate, RateKey, WINDOW_MINUTES};
use crate::error::Error;

#[derive(FromRow)]
struct Row {
    tenant: String,
    dimension: String,
    subject: String,
    category: String,
    sub_category: String,
    minute: i64,
    recent: Vec<i32>,
    baseline: f64,
    latest: Vec<Uuid>,
    latest_at: Vec<i64>,
}

/// Locks the rates of `keys`, which are in order, and makes those that are missing.
pub async fn lock(conn: &mut PgConnection, keys: &[&RateKey]) -> Result<Vec<(RateKey, Rate)>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    macro_rules! bound {
        ($statement:literal) => {
            sqlx::query_as::<_, Row>($statement)
                .bind(column(keys, |k| k.tenant.as_str()))
                .bind(column(keys, |k| k.dimension.code()))
                .bind(column(keys, |k| k.subject.as_str()))
                .bind(column(keys, |k| k.category.code()))
                .bind(column(keys, |k| k.sub_category.as_str()))
        };
    }
    // A row that two batches want to make is made by one; the other waits here and reads it below.
    bound!(
        "INSERT INTO subject_rate (tenant, dimension, subject, category, sub_category,
                                   minute, recent, latest, latest_at, baseline)
         SELECT *, 0, '{}'::integer[], '{}'::uuid[], '{}'::bigint[], 0
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         ON CONFLICT DO NOTHING RETURNING *"
    )
    .fetch_all(&mut *conn)
    .await?;
    let rows = bound!(
        "SELECT * FROM subject_rate
         WHERE (tenant, dimension, subject, category, sub_category)
               IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]))
         ORDER BY tenant, dimension, subject, category, sub_category FOR UPDATE"
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

impl Row {
    fn read(self) -> Result<(RateKey, Rate), Error> {
        let corrupt = |column, cause: String| Corrupt::new("subject_rate", column, Uuid::nil(), cause);
        let mut recent = [0; WINDOW_MINUTES];
        for (place, count) in recent.iter_mut().zip(self.recent) {
            *place = u32::try_from(count).map_err(|e| corrupt("recent", e.to_string()))?;
        }
        let key = RateKey {
            tenant: self.tenant.parse::<TenantId>().map_err(|e| corrupt("tenant", e.to_string()))?,
            dimension: self.dimension.parse().map_err(|e| corrupt("dimension", format!("{e}")))?,
            subject: self.subject,
            category: self.category.parse::<Category>().map_err(|e| corrupt("category", e.to_string()))?,
            sub_category: self.sub_category,
        };
        let latest = self.latest.into_iter().zip(self.latest_at).collect();
        Ok((key, Rate { minute: self.minute, recent, baseline: self.baseline, latest }))
    }
}

/// Writes rates that are locked.
pub async fn save(conn: &mut PgConnection, rates: &[(&RateKey, &Rate)]) -> Result<(), Error> {
    if rates.is_empty() {
        return Ok(());
    }
    sqlx::query(
        // Arrays of arrays must be rectangular, so the lists of a row travel as text.
        "UPDATE subject_rate AS r
         SET minute = new.minute, recent = new.recent::integer[], baseline = new.baseline,
             latest = new.latest::uuid[], latest_at = new.latest_at::bigint[]
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::float8[],
                     $9::text[], $10::text[])
              AS new (tenant, dimension, subject, category, sub_category, minute, recent, baseline, latest, latest_at)
         WHERE (r.tenant, r.dimension, r.subject, r.category, r.sub_category)
               = (new.tenant, new.dimension, new.subject, new.category, new.sub_category)",
    )
    .bind(column(rates, |(k, _)| k.tenant.as_str()))
    .bind(column(rates, |(k, _)| k.dimension.code()))
    .bind(column(rates, |(k, _)| k.subject.as_str()))
    .bind(column(rates, |(k, _)| k.category.code()))
    .bind(column(rates, |(k, _)| k.sub_category.as_str()))
    .bind(column(rates, |(_, r)| r.minute))
    .bind(column(rates, |(_, r)| list(r.recent.iter())))
    .bind(column(rates, |(_, r)| r.baseline))
    .bind(column(rates, |(_, r)| list(r.latest.iter().map(|(id, _)| id))))
    .bind(column(rates, |(_, r)| list(r.latest.iter().map(|(_, minute)| minute))))
    .execute(conn)
    .await?;
    Ok(())
}

/// The literal of a PostgreSQL array of values that need no quoting.
fn list<T: ToString>(values: impl Iterator<Item = T>) -> String {
    format!("{{{}}}", values.map(|value| value.to_string()).collect::<Vec<_>>().join(","))
}

/// Since when the complaints of tenants are counted; `earliest` are those of a batch. Read first, and written only where it
/// is news: every batch meets here.
pub async fn known_since(
    conn: &mut PgConnection,
    earliest: &BTreeMap<&TenantId, Timestamp>,
) -> Result<BTreeMap<TenantId, Timestamp>, Error> {
    let told: Vec<(&TenantId, Timestamp)> = earliest.iter().map(|(tenant, at)| (*tenant, *at)).collect();
    let rows: Vec<(String, SqlTime)> =
        sqlx::query_as("SELECT tenant, since FROM counted_since WHERE tenant = ANY ($1)")
            .bind(column(&told, |(tenant, _)| tenant.as_str()))
            .fetch_all(&mut *conn)
            .await?;
    let known: BTreeMap<String, Timestamp> =
        rows.into_iter().map(|(tenant, since)| (tenant, since.to_jiff())).collect();
    let news: Vec<(&TenantId, Timestamp)> = told
        .iter()
        .filter(|(tenant, at)| known.get(tenant.as_str()).is_none_or(|since| at < since))
        .copied()
        .collect();
    if !news.is_empty() {
        sqlx::query(
            "INSERT INTO counted_since (tenant, since)
             SELECT * FROM unnest($1::text[], $2::timestamptz[])
             ON CONFLICT (tenant) DO UPDATE SET since = least(counted_since.since, excluded.since)",
        )
        .bind(column(&news, |(tenant, _)| tenant.as_str()))
        .bind(column(&news, |(_, at)| at.to_sqlx()))
        .execute(conn)
        .await?;
    }
    let since =
        |tenant: &TenantId, at: Timestamp| known.get(tenant.as_str()).map_or(at, |known| at.min(*known));
    Ok(told.into_iter().map(|(tenant, at)| (tenant.clone(), since(tenant, at))).collect())
}

/// Takes what a person found to be no incident as the subject's baseline, in complaints per minute.
pub async fn raise_baseline(conn: &mut PgConnection, key: &RateKey, per_minute: f64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE subject_rate SET baseline = greatest(baseline, $6)
         WHERE tenant = $1 AND dimension = $2 AND subject = $3 AND category = $4 AND sub_category = $5",
    )
    .bind(key.tenant.as_str())
    .bind(key.dimension.code())
    .bind(&key.subject)
    .bind(key.category.code())
    .bind(&key.sub_category)
    .bind(per_minute)
    .execute(conn)
    .await?;
    Ok(())
}
