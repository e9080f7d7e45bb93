//! The rows that the register left, inserted again as fast as one connection can: `UNNEST` of 500 complaints, one
//! statement per table, one transaction, into the same schema with the same indexes.
//!
//! What the register does besides (outbox rows that the relay has deleted, chain ends, read positions, checks for
//! duplicates) is not repeated: it is the overhead that the ratio shows. Columns are carried as PostgreSQL's own binary
//! arrays, so the client adds nothing either.

use std::time::Duration;

use anyhow::ensure;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgConnection, PgRow, PgTypeInfo, PgValueFormat};
use sqlx::{
    AssertSqlSafe, Connection as _, Encode, Executor as _, PgPool, Postgres, Row as _, Type, TypeInfo as _,
    ValueRef as _,
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::site::Site;

const TABLES: [&str; 6] =
    ["complaint", "party", "subject_key", "context_snapshot", "submission", "audit_entry"];
const COMPLAINTS: usize = 500;

/// What was inserted, in which time; reading the rows does not count.
#[derive(Debug, Default)]
pub(super) struct RawInsert {
    pub(super) complaints: u64,
    pub(super) rows: u64,
    pub(super) elapsed: Duration,
}

pub(super) async fn run(site: &Site, source: &PgPool) -> anyhow::Result<RawInsert> {
    let twin = site.twin().await?;
    let mut target = PgConnection::connect(&twin.database_url).await?;
    let mut tables = Vec::new();
    for table in TABLES {
        tables.push(Copying::of(table, source).await?);
    }
    // In the order of registration, as the register wrote them.
    let ids: Vec<(String, Uuid)> =
        sqlx::query_as("SELECT tenant, complaint_id FROM complaint ORDER BY registered_at")
            .fetch_all(source)
            .await?;
    target.execute("CHECKPOINT").await?;

    let mut done = RawInsert::default();
    for chunk in ids.chunks(COMPLAINTS) {
        let mut read = Vec::new();
        for table in &tables {
            read.push(table.read(source, chunk).await?);
        }
        let start = Instant::now();
        let mut transaction = target.begin().await?;
        for (table, columns) in tables.iter().zip(read) {
            done.rows += table.insert(&mut transaction, columns).await?;
        }
        transaction.commit().await?;
        done.elapsed += start.elapsed();
        done.complaints += chunk.len() as u64;
    }
    ensure!(done.rows > done.complaints, "the raw inserts wrote nothing");
    Ok(done)
}

/// A table's two statements.
struct Copying {
    select: String,
    insert: String,
}

impl Copying {
    async fn of(table: &'static str, source: &PgPool) -> anyhow::Result<Self> {
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
             WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        )
        .bind(table)
        .fetch_all(source)
        .await?;
        let list = |of: &dyn Fn(usize, &(String, String)) -> String| {
            columns.iter().enumerate().map(|(at, column)| of(at, column)).collect::<Vec<_>>().join(", ")
        };
        let names = list(&|_, (name, _)| name.clone());
        let arrays = list(&|_, (name, _)| format!("array_agg({name})"));
        let parameters = list(&|at, (_, kind)| format!("${}::{kind}[]", at + 1));
        Ok(Self {
            select: format!(
                "SELECT {arrays} FROM {table}
                 WHERE (tenant, complaint_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))"
            ),
            insert: format!("INSERT INTO {table} ({names}) SELECT * FROM unnest({parameters})"),
        })
    }

    /// The rows of these complaints, a column each; none where the table has no row of them.
    async fn read(&self, source: &PgPool, chunk: &[(String, Uuid)]) -> anyhow::Result<Vec<Column>> {
        let (tenants, ids): (Vec<&str>, Vec<Uuid>) =
            chunk.iter().map(|(tenant, id)| (tenant.as_str(), *id)).unzip();
        let select = sqlx::query(AssertSqlSafe(self.select.as_str())).bind(tenants).bind(ids);
        Column::all_of(&select.fetch_one(source).await?)
    }

    async fn insert(&self, target: &mut PgConnection, columns: Vec<Column>) -> anyhow::Result<u64> {
        if columns.is_empty() {
            return Ok(0);
        }
        let mut insert = sqlx::query(AssertSqlSafe(self.insert.as_str()));
        for column in columns {
            insert = insert.bind(column);
        }
        Ok(insert.execute(target).await?.rows_affected())
    }
}

/// An array as the server sent it, to be sent back as it is.
#[derive(Debug)]
struct Column {
    kind: PgTypeInfo,
    bytes: Vec<u8>,
}

impl Column {
    fn all_of(row: &PgRow) -> anyhow::Result<Vec<Self>> {
        let mut columns = Vec::with_capacity(row.len());
        for at in 0..row.len() {
            let value = row.try_get_raw(at)?;
            if value.is_null() {
                return Ok(Vec::new());
            }
            let kind = value.type_info().into_owned();
            ensure!(value.format() == PgValueFormat::Binary, "{} did not come in binary", kind.name());
            let bytes = value.as_bytes().map_err(anyhow::Error::from_boxed)?.to_vec();
            columns.push(Self { kind, bytes });
        }
        Ok(columns)
    }
}

impl Type<Postgres> for Column {
    /// Not used: each column knows its own.
    fn type_info() -> PgTypeInfo {
        <Vec<u8> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Column {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.kind.clone())
    }
}
