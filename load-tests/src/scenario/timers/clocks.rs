//! The truth about timers: a row for each in PostgreSQL, fired by one conditional statement that writes the event too.

use futures::{Stream, TryStreamExt as _};
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTime, ToSqlx as _};
use redress_redis::Timer;
use redress_testkit::TestDatabase;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor as _, PgPool};
use uuid::Uuid;

use crate::site::Site;

/// As large as the event of a breach, and its headers.
const PAYLOAD: [u8; 180] = [1; 180];
const HEADERS: &str = r#"[["ce_id","00000000-0000-8000-8000-000000000000"],["ce_type","redress.sla.v1.DeadlineBreached"],["ce_source","/redress/sla"],["ce_time","2026-11-29T09:00:00.000Z"],["ce_tenant","tenant-a"],["ce_subject","00000000-0000-8000-8000-000000000000"],["ce_version","1"]]"#;
const TENANT: &str = "tenant-a";

/// Fires the rows that `$due` finds and locks: one conditional update and the event. Whoever comes second finds nothing.
macro_rules! fire {
    ($due:literal) => {
        concat!(
            "WITH due AS (",
            $due,
            "), fired AS (
                 UPDATE clock SET state = 'breached', next_at = NULL, generation = generation + 1,
                                  fired_at = clock_timestamp()
                 WHERE ctid = ANY (ARRAY(SELECT ctid FROM due)) AND next_at <= now()
                 RETURNING complaint_id, generation, due_at
             ), told AS (
                 INSERT INTO outbox (bucket, aggregate_id, aggregate_version, topic, key, headers, payload)
                 SELECT get_byte(uuid_send(complaint_id), 15) & 63, complaint_id, generation,
                        'redress.sla.clocks.v1', complaint_id::text, $1::json, $2
                 FROM fired
             )
             SELECT due_at FROM fired"
        )
    };
}

/// A clock to arm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) id: Uuid,
    pub(super) due: Timestamp,
}

impl Clock {
    /// The clock of this number; ids are as random as hashes.
    pub(super) fn numbered(number: u64, due: Timestamp) -> Self {
        Self { id: Uuid::from_u64_pair(mixed(2 * number), mixed(2 * number + 1)), due }
    }

    pub(super) fn timer(&self) -> Timer {
        Timer::new(self.id, 1, self.due)
    }
}

/// A bijection whose results look random (the finalizer of splitmix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The table, in a database of its own.
#[derive(Debug)]
pub(super) struct Clocks {
    pool: PgPool,
    _database: TestDatabase,
}

/// What the table says when all is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Verdict {
    pub(super) fired: i64,
    /// Due, and not fired.
    pub(super) missed: i64,
    /// Fired before it was due.
    pub(super) early: i64,
    /// Events more than clocks that fired.
    pub(super) doubled: i64,
}

impl Clocks {
    pub(super) async fn open(site: &Site) -> anyhow::Result<Self> {
        let database = TestDatabase::create(site.stack(), "timers").await;
        let pool = PgPoolOptions::new().max_connections(8).connect(&database.url).await?;
        redress_outbox::MIGRATOR.run(&pool).await?;
        pool.execute(include_str!("clocks.sql")).await?;
        Ok(Self { pool, _database: database })
    }

    /// Removes all clocks and events.
    pub(super) async fn clear(&self) -> anyhow::Result<()> {
        self.pool.execute("TRUNCATE clock, outbox").await?;
        self.pool.execute("CHECKPOINT").await?;
        Ok(())
    }

    /// Durable when this returns.
    pub(super) async fn insert(&self, clocks: &[Clock]) -> anyhow::Result<()> {
        let mut sorted = clocks.to_vec();
        sorted.sort_unstable_by_key(|clock| clock.id);
        let ids: Vec<Uuid> = sorted.iter().map(|clock| clock.id).collect();
        let keys: Vec<i64> = ids.iter().map(|id| Timer::key_of(*id)).collect();
        let due: Vec<_> = sorted.iter().map(|clock| clock.due.to_sqlx()).collect();
        sqlx::query(
            "INSERT INTO clock (tenant, clock_id, complaint_id, timer_key, generation, definition, state, due_at, next_at)
             SELECT $1, c.id, c.id, c.key, 1, 'C13', 'running', c.due, c.due
             FROM unnest($2::uuid[], $3::bigint[], $4::timestamptz[]) AS c(id, key, due)",
        )
        .bind(TENANT)
        .bind(ids)
        .bind(keys)
        .bind(due)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Fires those of `timers` that are due and not fired; when each was due.
    pub(super) async fn fire(&self, timers: &[Timer]) -> anyhow::Result<Vec<Timestamp>> {
        let keys: Vec<i64> = timers.iter().map(|timer| timer.key).collect();
        let generations: Vec<i32> =
            timers.iter().map(|timer| i32::try_from(timer.generation)).collect::<Result<_, _>>()?;
        // Each by its key, however many are due: a plan that goes through all of them would be found cheaper at times. Who
        // holds a row at this moment is firing it.
        let due: Vec<SqlTime> = sqlx::query_scalar(fire!(
            "SELECT c.ctid FROM unnest($3::bigint[], $4::integer[]) AS k(key, generation) CROSS JOIN LATERAL (
                 SELECT ctid FROM clock
                 WHERE timer_key = k.key AND generation = k.generation AND next_at <= now()
                 LIMIT 2 FOR UPDATE SKIP LOCKED
             ) AS c"
        ))
        .bind(HEADERS)
        .bind(&PAYLOAD[..])
        .bind(keys)
        .bind(generations)
        .fetch_all(&self.pool)
        .await?;
        Ok(due.into_iter().map(SqlTime::to_jiff).collect())
    }

    /// Fires what has been due for `grace_ms`, whatever the index knows of it.
    pub(super) async fn sweep(&self, grace_ms: f64) -> anyhow::Result<Vec<Timestamp>> {
        let due: Vec<SqlTime> = sqlx::query_scalar(fire!(
            "SELECT c.ctid FROM clock AS c WHERE c.next_at < now() - $3 * interval '1 millisecond'
             ORDER BY c.next_at LIMIT 1000 FOR UPDATE OF c SKIP LOCKED"
        ))
        .bind(HEADERS)
        .bind(&PAYLOAD[..])
        .bind(grace_ms)
        .fetch_all(&self.pool)
        .await?;
        Ok(due.into_iter().map(SqlTime::to_jiff).collect())
    }

    /// Every timer that is armed, the soonest first.
    pub(super) fn armed(&self) -> impl Stream<Item = anyhow::Result<Timer>> {
        let rows = sqlx::query_as::<_, (i64, i32, SqlTime)>(
            "SELECT timer_key, generation, next_at FROM clock WHERE next_at IS NOT NULL ORDER BY next_at",
        );
        rows.fetch(&self.pool).map_err(anyhow::Error::from).and_then(|row: (i64, i32, SqlTime)| async move {
            let (key, generation, next) = row;
            Ok(Timer { key, ..Timer::new(Uuid::nil(), u32::try_from(generation)?, next.to_jiff()) })
        })
    }

    pub(super) async fn verdict(&self) -> anyhow::Result<Verdict> {
        Ok(sqlx::query_as(
            "SELECT count(*) FILTER (WHERE fired_at IS NOT NULL) AS fired,
                    count(*) FILTER (WHERE next_at < now()) AS missed,
                    count(*) FILTER (WHERE fired_at < due_at) AS early,
                    (SELECT count(*) FROM outbox) - count(*) FILTER (WHERE fired_at IS NOT NULL) AS doubled
             FROM clock",
        )
        .fetch_one(&self.pool)
        .await?)
    }
}
