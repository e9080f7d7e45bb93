use redis::RedisResult;
use redress_devstack::shared;
use redress_redis::{DedupeFilter, Redis, RedisError, Remembered, keys};

use crate::{client, complaint, patient_filter, tenant};

const FIRST: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

fn pending(fingerprint: [u8; 32], received_at_ms: i64) -> Remembered {
    Remembered { fingerprint, received_at_ms, confirmed: false }
}

fn confirmed(fingerprint: [u8; 32], received_at_ms: i64) -> Remembered {
    Remembered { confirmed: true, ..pending(fingerprint, received_at_ms) }
}

async fn filter() -> DedupeFilter {
    patient_filter(&shared().await.redis)
}

async fn raw() -> Redis {
    client(&shared().await.redis, 5_000)
}

#[tokio::test]
async fn the_first_attempt_is_told_so_and_later_ones_hear_its_time() {
    let (filter, t, id) = (filter().await, tenant("first"), complaint("1"));
    assert_eq!(filter.lookup(&t, &id).await.unwrap(), None);
    assert_eq!(filter.claim(&t, &id, FIRST, 100).await.unwrap(), None);
    assert_eq!(filter.claim(&t, &id, FIRST, 200).await.unwrap(), Some(pending(FIRST, 100)));
    assert_eq!(filter.lookup(&t, &id).await.unwrap(), Some(pending(FIRST, 100)));
}

#[tokio::test]
async fn a_confirmed_entry_wins_over_pending_and_never_the_other_way() {
    let (filter, t, id) = (filter().await, tenant("confirmed"), complaint("1"));
    filter.claim(&t, &id, FIRST, 100).await.unwrap();
    assert_eq!(filter.confirm(&t, &id, FIRST, 100).await.unwrap(), None);
    assert_eq!(filter.claim(&t, &id, OTHER, 200).await.unwrap(), Some(confirmed(FIRST, 100)));
    assert_eq!(filter.lookup(&t, &id).await.unwrap(), Some(confirmed(FIRST, 100)));
}

#[tokio::test]
async fn of_two_confirmed_bodies_the_first_stays() {
    let (filter, t, id) = (filter().await, tenant("bodies"), complaint("1"));
    assert_eq!(filter.confirm(&t, &id, FIRST, 100).await.unwrap(), None);
    assert_eq!(filter.confirm(&t, &id, OTHER, 200).await.unwrap(), Some(confirmed(FIRST, 100)));
    assert_eq!(filter.lookup(&t, &id).await.unwrap(), Some(confirmed(FIRST, 100)));
}

#[tokio::test]
async fn a_body_that_was_only_pending_gives_way_to_the_confirmed_one() {
    let (filter, t, id) = (filter().await, tenant("gives-way"), complaint("1"));
    filter.claim(&t, &id, FIRST, 100).await.unwrap();
    assert_eq!(filter.confirm(&t, &id, OTHER, 200).await.unwrap(), None);
    assert_eq!(filter.lookup(&t, &id).await.unwrap(), Some(confirmed(OTHER, 200)));
}

#[tokio::test]
async fn of_many_racing_attempts_exactly_one_is_the_first() {
    let (filter, t, id) = (filter().await, tenant("racing"), complaint("1"));
    let attempts = (0..100_u8).map(|n| {
        let (filter, t) = (filter.clone(), t.clone());
        tokio::spawn(async move { filter.claim(&t, &id, [n; 32], n.into()).await.unwrap() })
    });
    let mut told = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        told.push(attempt.await.unwrap());
    }
    assert_eq!(told.iter().filter(|before| before.is_none()).count(), 1);
    told.retain(Option::is_some);
    told.dedup();
    assert_eq!(told.len(), 1, "all others hear of the same one: {told:?}");
}

#[tokio::test]
async fn of_many_racing_confirmations_the_one_that_was_kept_is_told_to_all() {
    let (filter, t, id) = (filter().await, tenant("confirming"), complaint("1"));
    let calls = (0..100_u8).map(|n| {
        let (filter, t) = (filter.clone(), t.clone());
        tokio::spawn(async move { filter.confirm(&t, &id, [n; 32], n.into()).await.unwrap() })
    });
    let mut told = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        told.push(call.await.unwrap());
    }
    let kept = filter.lookup(&t, &id).await.unwrap();
    assert_eq!(told.iter().filter(|before| before.is_none()).count(), 1);
    assert_eq!(told.iter().filter(|before| **before == kept).count(), 99);
}

#[tokio::test]
async fn tenants_and_submissions_do_not_meet() {
    let filter = filter().await;
    let (one, two) = (tenant("one"), tenant("two"));
    filter.confirm(&one, &complaint("1"), FIRST, 100).await.unwrap();
    assert_eq!(filter.lookup(&two, &complaint("1")).await.unwrap(), None);
    assert_eq!(filter.lookup(&one, &complaint("2")).await.unwrap(), None);
}

#[tokio::test]
async fn entries_live_for_a_day_from_the_last_write() {
    let (filter, raw, t, id) = (filter().await, raw().await, tenant("ttl"), complaint("1"));
    let key = keys::dedupe(&t, &id);
    let day = i64::try_from(keys::DEDUPE_TTL.as_secs()).unwrap();
    let seconds_left = async || {
        let key = key.clone();
        raw.call("TTL", |mut c| async move { redis::cmd("TTL").arg(key).query_async::<i64>(&mut c).await })
            .await
            .unwrap()
    };
    filter.claim(&t, &id, FIRST, 100).await.unwrap();
    assert!((day - 60..=day).contains(&seconds_left().await));
    let cut = key.clone();
    let shorten = |mut c| async move {
        let cut: RedisResult<bool> = redis::cmd("EXPIRE").arg(cut).arg(1_000).query_async(&mut c).await;
        cut
    };
    assert!(raw.call("EXPIRE", shorten).await.unwrap());
    filter.confirm(&t, &id, FIRST, 100).await.unwrap();
    assert!((day - 60..=day).contains(&seconds_left().await));
}

#[tokio::test]
async fn a_value_of_another_form_is_told_and_replaced_by_a_confirmation() {
    let (filter, raw, t, id) = (filter().await, raw().await, tenant("form"), complaint("1"));
    let key = keys::dedupe(&t, &id);
    let write = |mut c| async move { redis::cmd("SET").arg(key).arg("nonsense").exec_async(&mut c).await };
    raw.call("SET", write).await.unwrap();
    assert!(matches!(filter.lookup(&t, &id).await, Err(RedisError::Unexpected(_))));
    assert!(matches!(filter.claim(&t, &id, FIRST, 100).await, Err(RedisError::Unexpected(_))));
    assert_eq!(filter.confirm(&t, &id, FIRST, 100).await.unwrap(), None);
    assert_eq!(filter.lookup(&t, &id).await.unwrap(), Some(confirmed(FIRST, 100)));
}

#[tokio::test]
async fn refused_commands_do_not_open_the_breaker() {
    let (filter, raw) = (filter().await, raw().await);
    for _ in 0..20 {
        let nonsense = raw
            .call("NONSENSE", |mut c| async move { redis::cmd("NONSENSE").query_async::<()>(&mut c).await });
        assert!(matches!(nonsense.await, Err(RedisError::Unexpected(_))));
    }
    filter.lookup(&tenant("nonsense"), &complaint("1")).await.unwrap();
    let alive =
        raw.call("PING", |mut c| async move { redis::cmd("PING").query_async::<String>(&mut c).await });
    assert_eq!(alive.await.unwrap(), "PONG");
}
