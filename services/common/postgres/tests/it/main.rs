//! The pool and its transactions on a real server.
#![expect(clippy::unwrap_used, reason = "in tests also outside the test functions")]

mod after_commit;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redress_devstack::{Part, Stack, StackOptions, shared};
use redress_domain::ErrorKind;
use redress_postgres::{
    Db, PostgresConfig, blames_values, constraint_of, kind_of, migrate, schema_is_current,
};
use redress_testkit::{TestDatabase, wait_until};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use tokio::sync::Barrier;
use tokio::time::Instant;

static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

async fn database(max_connections: u32) -> (TestDatabase, Db) {
    let database = TestDatabase::create(shared().await, "pg").await;
    let config = PostgresConfig { max_connections, ..PostgresConfig::at(database.url.as_str()) };
    let db = Db::connect(&config, "test").unwrap();
    migrate(&db, &[&MIGRATOR]).await.unwrap();
    (database, db)
}

async fn add(db: &Db, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO account VALUES ($1, 0)").bind(id).execute(db.pool()).await.map(|_| ())
}

async fn count(db: &Db) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM account").fetch_one(db.pool()).await.unwrap()
}

#[tokio::test]
async fn a_start_does_not_wait_for_a_server_that_is_away() {
    let began = Instant::now();
    let mut config = PostgresConfig::at("postgres://nobody@127.0.0.1:1/none");
    config.acquire_timeout_ms = 50;
    let db = Db::connect(&config, "test").unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(kind_of(&db.ping().await.unwrap_err()), ErrorKind::Unavailable);
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_readiness_sees_both_states() {
    let database = TestDatabase::create(shared().await, "pg").await;
    let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "test").unwrap();
    assert!(!schema_is_current(&db, &[&MIGRATOR]).await.unwrap());
    let migrators = [&MIGRATOR];
    let (first, second) = tokio::join!(migrate(&db, &migrators), migrate(&db, &migrators));
    first.unwrap();
    second.unwrap();
    assert!(schema_is_current(&db, &[&MIGRATOR]).await.unwrap());
}

/// One migration that takes longer than a request may.
fn slow_migration() -> Migrator {
    let sql = "SELECT pg_sleep(1.5); CREATE TABLE slow (id bigint);";
    let migration = Migration::new(100, "slow".into(), MigrationType::Simple, sql.into_sql_str(), false);
    Migrator::with_migrations(vec![migration])
}

#[tokio::test]
async fn a_migration_may_take_longer_than_a_request_and_others_wait_for_it() {
    let database = TestDatabase::create(shared().await, "pg").await;
    let url = database.url.as_str();
    let config =
        PostgresConfig { statement_timeout_ms: 300, lock_timeout_ms: 200, ..PostgresConfig::at(url) };
    let (one, other) = (Db::connect(&config, "test").unwrap(), Db::connect(&config, "test").unwrap());
    let slow = slow_migration();
    let migrators = [&slow];
    let (first, second) = tokio::join!(migrate(&one, &migrators), migrate(&other, &migrators));
    first.unwrap();
    second.unwrap();
    let limits: (String, String) =
        sqlx::query_as("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
            .fetch_one(&one)
            .await
            .unwrap();
    assert_eq!(limits, ("300ms".to_owned(), "200ms".to_owned()), "requests keep theirs");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_within_the_limit_and_found_again() {
    let parts = &[Part::Postgres];
    let stack = Stack::start(StackOptions { parts, ..StackOptions::default() }).await.unwrap();
    let database = TestDatabase::create(stack.endpoints(), "pg").await;
    let config = PostgresConfig {
        statement_timeout_ms: 3_000,
        lock_timeout_ms: 2_000,
        ..PostgresConfig::at(database.url.as_str())
    };
    let db = Db::connect(&config, "test").unwrap();
    let asking = sqlx::query("SELECT pg_sleep(20)").execute(&db);
    let silencing = async {
        // The statement is on its way by then: it is seen to run.
        let outside = Db::connect(&config, "outside").unwrap();
        wait_until("the statement runs", Duration::from_secs(10), async || {
            let running =
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'test' AND state = 'active'";
            sqlx::query(running).fetch_optional(outside.pool()).await.unwrap()
        })
        .await;
        stack.pause(Part::Postgres);
    };
    let began = Instant::now();
    let (answer, ()) = tokio::join!(asking, silencing);
    assert_eq!(kind_of(&answer.unwrap_err()), ErrorKind::DeadlineExceeded);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    stack.resume(Part::Postgres);
    wait_until("it is found again", Duration::from_secs(10), async || db.ping().await.ok()).await;
    drop(database);
    stack.stop().await;
}

#[tokio::test]
async fn rows_of_any_number_come_through_the_limit_and_errors_too() {
    let (_database, db) = database(2).await;
    let numbers: Vec<i32> = sqlx::query_scalar("SELECT generate_series(1, 3)").fetch_all(&db).await.unwrap();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(
        sqlx::query("INSERT INTO account VALUES (1, 0), (2, 0)").execute(&db).await.unwrap().rows_affected(),
        2
    );
    assert!(sqlx::query("SELECT FROM account WHERE id = 9").fetch_optional(&db).await.unwrap().is_none());
    let refused = sqlx::query("INSERT INTO account VALUES (3, -1)").execute(&db).await.unwrap_err();
    assert_eq!(constraint_of(&refused), Some("account_balance_not_negative"));
    assert!(blames_values(&refused));
    for sql in ["SELECT 1 FROM nowhere", "SELECT nothing FROM account", "SELECT 1 / (SELECT 0)"] {
        assert!(!blames_values(&sqlx::query(sql).execute(&db).await.unwrap_err()), "{sql}");
    }
}

#[tokio::test]
async fn callers_that_give_up_at_any_moment_take_nobody_elses_writes_with_them() {
    let (database, db) = database(2).await;
    let done = Arc::new(AtomicU32::new(0));
    for round in 0..300 {
        let (db, done) = (db.clone(), Arc::clone(&done));
        let caller = tokio::spawn(async move {
            db.run_tx("abandoned", move |connection| {
                let done = Arc::clone(&done);
                Box::pin(async move {
                    sqlx::query("SELECT 1").execute(connection).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                    Err::<(), _>(sqlx::Error::RowNotFound)
                })
            })
            .await
        });
        // The moments at which callers give up are spread over a transaction's life: each lets the others run once more
        // than the one before, from when it has begun.
        for _ in 0..=round {
            tokio::task::yield_now().await;
        }
        caller.abort();
    }
    wait_until("the abandoned transactions have ended", Duration::from_secs(20), async || {
        (done.load(Ordering::Relaxed) == 300).then_some(())
    })
    .await;
    for id in 0..100 {
        add(&db, id).await.unwrap();
    }
    // From outside the pool: what an open transaction hides is not there.
    let config = PostgresConfig::at(database.url.as_str());
    let outside = Db::connect(&config, "outside").unwrap();
    assert_eq!(count(&outside).await, 100);
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'test' AND xact_start IS NOT NULL",
    )
    .fetch_one(outside.pool())
    .await
    .unwrap();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_its_transaction() {
    let (_database, db) = database(2).await;
    let begun = Arc::new(Barrier::new(2));
    let (inner, inside) = (db.clone(), Arc::clone(&begun));
    let caller = tokio::spawn(async move {
        inner
            .run_tx("slow", move |connection| {
                let inside = Arc::clone(&inside);
                Box::pin(async move {
                    inside.wait().await;
                    sqlx::query("INSERT INTO account SELECT 1, 0 FROM pg_sleep(0.05)")
                        .execute(connection)
                        .await?;
                    Ok::<_, sqlx::Error>(())
                })
            })
            .await
    });
    begun.wait().await;
    caller.abort();
    wait_until("the transaction commits all the same", Duration::from_secs(10), async || {
        (count(&db).await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn deadlocked_transactions_both_succeed() {
    let (_database, db) = database(4).await;
    add(&db, 1).await.unwrap();
    add(&db, 2).await.unwrap();
    let meet = Arc::new(Barrier::new(2));
    let attempts = Arc::new(AtomicU32::new(0));
    let transfer = |first: i64, second: i64| {
        let (db, meet, attempts) = (db.clone(), Arc::clone(&meet), Arc::clone(&attempts));
        async move {
            db.run_tx("transfer", move |connection| {
                let (meet, attempts) = (Arc::clone(&meet), Arc::clone(&attempts));
                Box::pin(async move {
                    let add = "UPDATE account SET balance = balance + 1 WHERE id = $1";
                    sqlx::query(add).bind(first).execute(&mut *connection).await?;
                    if attempts.fetch_add(1, Ordering::SeqCst) < 2 {
                        meet.wait().await;
                    }
                    sqlx::query(add).bind(second).execute(connection).await?;
                    Ok::<_, sqlx::Error>(())
                })
            })
            .await
        }
    };
    let (one, other) = tokio::join!(transfer(1, 2), transfer(2, 1));
    one.unwrap();
    other.unwrap();
    assert_eq!(attempts.load(Ordering::SeqCst), 3, "one of the two ran twice");
    let balances: Vec<i64> =
        sqlx::query_scalar("SELECT balance FROM account").fetch_all(db.pool()).await.unwrap();
    assert_eq!(balances, [2, 2]);
}

#[tokio::test]
async fn a_violated_constraint_is_known_by_its_name_and_undoes_the_transaction() {
    let (_database, db) = database(2).await;
    let outcome = db
        .run_tx("overdraw", |connection| {
            Box::pin(async move {
                sqlx::query("INSERT INTO account VALUES (1, 0)").execute(&mut *connection).await?;
                sqlx::query("UPDATE account SET balance = -1").execute(connection).await?;
                Ok::<_, sqlx::Error>(())
            })
        })
        .await;
    let error = outcome.unwrap_err();
    assert_eq!(constraint_of(&error), Some("account_balance_not_negative"));
    assert_eq!(kind_of(&error), ErrorKind::FailedPrecondition);
    assert_eq!(count(&db).await, 0);
}

fn defect() {
    panic!("a defect");
}

#[tokio::test]
async fn a_panic_reaches_the_caller_and_leaves_the_pool_whole() {
    let (_database, db) = database(2).await;
    let inner = db.clone();
    let caller = tokio::spawn(async move {
        inner
            .run_tx("panics", |connection| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO account VALUES (1, 0)").execute(connection).await?;
                    defect();
                    Ok::<_, sqlx::Error>(())
                })
            })
            .await
    });
    assert!(caller.await.unwrap_err().is_panic());
    assert_eq!(count(&db).await, 0);
    add(&db, 1).await.unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn a_backend_that_is_terminated_counts_as_unavailable() {
    let (_database, db) = database(2).await;
    let outcome = db
        .run_tx("terminated", |connection| {
            Box::pin(async move {
                sqlx::query("SELECT pg_terminate_backend(pg_backend_pid())").execute(connection).await?;
                Ok::<_, sqlx::Error>(())
            })
        })
        .await;
    assert_eq!(kind_of(&outcome.unwrap_err()), ErrorKind::Unavailable);
    add(&db, 1).await.unwrap();
}

#[tokio::test]
async fn a_statement_that_was_first_run_on_an_empty_table_does_not_read_all_of_it_once_it_has_grown() {
    let (_database, db) = database(2).await;
    let mut connection = db.pool().acquire().await.unwrap();
    let ids: Vec<i64> = (1..=30).collect();
    let locks =
        "SELECT id FROM account WHERE id IN (SELECT * FROM unnest($1::bigint[])) ORDER BY id FOR UPDATE";
    let scanned = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'account'";
    for _ in 0..8 {
        sqlx::query(locks).bind(&ids).execute(&mut *connection).await.unwrap();
    }
    let grow = "INSERT INTO account SELECT n, 0 FROM generate_series(1, 20000) AS n";
    sqlx::query(grow).execute(&mut *connection).await.unwrap();
    let mut read = Vec::new();
    for _ in 0..2 {
        sqlx::query("SELECT pg_stat_force_next_flush()").execute(&mut *connection).await.unwrap();
        read.push(sqlx::query_scalar::<_, i64>(scanned).fetch_one(&mut *connection).await.unwrap());
        sqlx::query(locks).bind(&ids).execute(&mut *connection).await.unwrap();
    }
    assert_eq!(read[0], read[1], "rows read by going through the table");
}
