//! The pool and its transactions on a real server.
#![expect(clippy::unwrap_used, reason = "in tests also outside the test functions")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redress_devstack::shared;
use redress_domain::ErrorKind;
use redress_postgres::{Db, PostgresConfig, constraint_of, kind_of, migrate, schema_is_current};
use redress_testkit::{TestDatabase, wait_until};
use sqlx::migrate::Migrator;
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
    assert!(began.elapsed() < Duration::from_millis(500));
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

#[tokio::test]
async fn callers_that_give_up_at_any_moment_take_nobody_elses_writes_with_them() {
    let (database, db) = database(2).await;
    let done = Arc::new(AtomicU32::new(0));
    for round in 0..300_u64 {
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
        // Not waited for: the moments at which callers give up are spread over a transaction's life.
        tokio::time::sleep(Duration::from_micros(round * 7 % 1_500)).await;
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
