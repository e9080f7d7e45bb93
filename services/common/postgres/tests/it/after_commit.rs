//! What a transaction leaves to be done once it is committed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use redress_postgres::{Db, after_commit};
use sqlx::PgConnection;

use crate::{count, database};

type Seen = Arc<Mutex<Vec<&'static str>>>;

fn leave(seen: &Seen, what: &'static str) {
    let seen = Arc::clone(seen);
    assert!(after_commit(move || seen.lock().unwrap().push(what)), "a transaction runs");
}

async fn insert(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO account VALUES (1, 0)").execute(connection).await.map(|_| ())
}

async fn run(db: &Db, seen: &Seen, refuse: bool) -> Result<(), sqlx::Error> {
    let seen = Arc::clone(seen);
    db.run_tx("leaves", move |connection| {
        let seen = Arc::clone(&seen);
        Box::pin(async move {
            leave(&seen, "first");
            insert(connection).await?;
            leave(&seen, "second");
            assert_eq!(*seen.lock().unwrap(), [""; 0], "nothing is done before the commit");
            if refuse { Err(sqlx::Error::RowNotFound) } else { Ok(()) }
        })
    })
    .await
}

#[tokio::test]
async fn what_is_left_for_after_the_commit_is_done_then_in_order_and_dropped_with_a_rollback() {
    let (_database, db) = database(2).await;
    let seen = Seen::default();
    run(&db, &seen, true).await.unwrap_err();
    assert_eq!((count(&db).await, seen.lock().unwrap().len()), (0, 0));
    run(&db, &seen, false).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["first", "second"]);
}

#[tokio::test]
async fn what_an_attempt_leaves_that_runs_again_is_done_once() {
    let (_database, db) = database(2).await;
    let (seen, attempts) = (Seen::default(), Arc::new(AtomicU32::new(0)));
    let (inside, counted) = (Arc::clone(&seen), Arc::clone(&attempts));
    db.run_tx("runs_again", move |connection| {
        let (seen, attempts) = (Arc::clone(&inside), Arc::clone(&counted));
        Box::pin(async move {
            leave(&seen, "done");
            if attempts.fetch_add(1, Ordering::Relaxed) == 0 {
                let fail = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$";
                sqlx::query(fail).execute(&mut *connection).await?;
            }
            insert(connection).await
        })
    })
    .await
    .unwrap();
    assert_eq!((attempts.load(Ordering::Relaxed), &**seen.lock().unwrap()), (2, &["done"][..]));
}

#[tokio::test]
async fn what_a_refused_commit_leaves_is_not_done_and_outside_of_a_transaction_nothing_can_be_left() {
    let (_database, db) = database(2).await;
    let deferred = "CREATE TABLE later (id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)";
    sqlx::query(deferred).execute(db.pool()).await.unwrap();
    let seen = Seen::default();
    let inside = Arc::clone(&seen);
    let refused = db.run_tx("refused_at_the_end", move |connection| {
        let seen = Arc::clone(&inside);
        Box::pin(async move {
            leave(&seen, "done");
            sqlx::query("INSERT INTO later VALUES (1), (1)").execute(connection).await.map(|_| ())
        })
    });
    refused.await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 0);
    assert!(!after_commit(|| panic!("there is no transaction")));
}
