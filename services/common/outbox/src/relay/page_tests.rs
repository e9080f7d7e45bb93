use std::time::Duration;

use redress_devstack::shared;
use redress_postgres::{PostgresConfig, migrate};
use redress_testkit::TestDatabase;
use tokio::time::Instant;

use super::*;

fn place(id: i64, aggregate: u128) -> Place {
    Place { id, aggregate: Uuid::from_u128(aggregate), version: id }
}

fn refused() -> SendError {
    SendError::Refused(rdkafka::error::RDKafkaErrorCode::UnknownTopicOrPartition)
}

#[test]
fn what_follows_an_unpublished_event_of_its_aggregate_is_not_done_either() {
    let mut outcome = Outcome::default();
    outcome.settle(place(1, 1), "t", Ok(()));
    outcome.settle(place(2, 2), "t", Err(SendError::TimedOut));
    outcome.settle(place(3, 1), "t", Ok(()));
    outcome.settle(place(4, 2), "t", Ok(()));
    assert_eq!(outcome.published, [place(1, 1), place(3, 1)]);
    assert_eq!(outcome.refusals, [Refusal::Aggregate(Uuid::from_u128(2), SendError::TimedOut)]);
}

#[test]
fn a_topic_that_is_refused_holds_up_its_own_events_alone_and_is_told_once() {
    let mut outcome = Outcome::default();
    outcome.settle(place(1, 1), "none", Err(refused()));
    outcome.settle(place(2, 1), "t", Ok(()));
    outcome.settle(place(3, 2), "none", Err(refused()));
    outcome.settle(place(4, 2), "none", Ok(()));
    assert_eq!(outcome.published, [place(2, 1)]);
    assert_eq!(outcome.refusals, [Refusal::Topic("none".to_owned(), refused())]);
}

async fn database() -> (TestDatabase, Db) {
    let database = TestDatabase::create(shared().await, "relay").await;
    let db = Db::connect(&PostgresConfig::at(database.url.as_str()), "test").unwrap();
    migrate(&db, &[&crate::MIGRATOR]).await.unwrap();
    (database, db)
}

async fn decide(db: &Db, topic: &str, aggregate: u128, version: i64) {
    sqlx::query(
        "INSERT INTO outbox (bucket, aggregate_id, aggregate_version, topic, key, headers, payload)
         VALUES (0, $1, $2, $3, 'k', '[]', 'x')",
    )
    .bind(Uuid::from_u128(aggregate))
    .bind(version)
    .bind(topic)
    .execute(db)
    .await
    .unwrap();
}

async fn read(db: &Db, held_up: &HeldUp) -> Vec<Place> {
    Page::read(db, &[0], held_up).await.unwrap().0.iter().map(|row| row.place).collect()
}

#[tokio::test]
async fn a_row_that_took_an_id_anew_after_a_restore_is_not_deleted_for_its_predecessor() {
    let (_database, db) = database().await;
    decide(&db, "t", 1, 1).await;
    let published = read(&db, &HeldUp::default()).await;
    // The database is set back while the page waits for the broker, and another event takes the same id.
    sqlx::query("TRUNCATE outbox RESTART IDENTITY").execute(&db).await.unwrap();
    decide(&db, "t", 2, 1).await;
    let instead = read(&db, &HeldUp::default()).await;
    assert_eq!((instead[0].id, published[0].id), (1, 1));
    delete(&db, &published).await.unwrap();
    assert_eq!(read(&db, &HeldUp::default()).await, instead);
    delete(&db, &instead).await.unwrap();
    assert_eq!(read(&db, &HeldUp::default()).await, []);
}

#[tokio::test]
async fn pages_leave_out_what_is_held_up_until_it_has_rested() {
    let (_database, db) = database().await;
    for (topic, aggregate, version) in [("none", 1, 1), ("t", 1, 1), ("t", 2, 1), ("t", 3, 1)] {
        decide(&db, topic, aggregate, version).await;
    }
    let now = Instant::now();
    let mut held_up = HeldUp::default();
    held_up.hold(Refusal::Topic("none".to_owned(), refused()), now);
    held_up.hold(Refusal::Aggregate(Uuid::from_u128(3), SendError::TooLarge), now);
    let ids = |page: Vec<Place>| page.iter().map(|place| place.id).collect::<Vec<_>>();
    assert_eq!(ids(read(&db, &held_up).await), [2, 3]);
    held_up.let_go(now + Duration::from_mins(1));
    assert_eq!(ids(read(&db, &held_up).await), [1, 2, 3, 4]);
}
