use redress_devstack::shared;
use redress_domain::ComplaintId;
use redress_redis::{Redis, SimilarText, SimilarTexts, keys};
use uuid::Uuid;

use crate::{client, tenant};

fn text(n: u128, person: u8, order: u8, bands: [u32; 2]) -> SimilarText<2> {
    let complaint = ComplaintId::from_uuid(Uuid::from_u128(n));
    SimilarText { complaint, person: [person; 16], order: [order; 8], bands }
}

async fn redis() -> Redis {
    client(&shared().await.redis, 5_000)
}

async fn found(index: &SimilarTexts, name: &str, text: SimilarText<2>) -> Vec<u128> {
    let found = index.look_up(&tenant(name), &[text]).await.unwrap();
    found[0].iter().map(Uuid::as_u128).collect()
}

#[tokio::test]
async fn a_text_that_shares_a_band_and_the_person_or_the_order_is_found_once() {
    let (index, t) = (SimilarTexts::new(redis().await), "similar-found");
    assert_eq!(found(&index, t, text(1, 7, 0, [10, 11])).await, [] as [u128; 0]);
    assert_eq!(found(&index, t, text(2, 7, 0, [10, 11])).await, [1], "the same person");
    assert_eq!(found(&index, t, text(3, 8, 5, [10, 99])).await, [] as [u128; 0], "somebody else's copy");
    assert_eq!(found(&index, t, text(4, 9, 5, [10, 98])).await, [3], "the same order");
    assert_eq!(found(&index, t, text(5, 7, 0, [96, 97])).await, [] as [u128; 0], "another text");
    assert_eq!(found(&index, t, text(6, 0, 0, [10, 11])).await, [] as [u128; 0], "nobody is nobody's twin");
    assert_eq!(found(&index, "similar-other", text(7, 7, 0, [10, 11])).await, [] as [u128; 0]);
}

#[tokio::test]
async fn a_repetition_finds_what_came_before_it_and_nothing_later() {
    let (index, t) = (SimilarTexts::new(redis().await), "similar-again");
    for n in 1..=3 {
        found(&index, t, text(n, 7, 0, [1, 2])).await;
    }
    assert_eq!(found(&index, t, text(2, 7, 0, [1, 2])).await, [1]);
    assert_eq!(found(&index, t, text(4, 7, 0, [1, 2])).await, [1, 2, 3]);
}

#[tokio::test]
async fn many_are_looked_up_at_once_in_their_order_and_a_list_stays_short() {
    let (redis, t) = (redis().await, "similar-many");
    let index = SimilarTexts::new(redis.clone());
    let texts: Vec<_> = (1..=100).map(|n| text(n, 7, 0, [1, 2])).collect();
    let found = index.look_up(&tenant(t), &texts).await.unwrap();
    assert_eq!(found.len(), 100);
    assert_eq!(found[1], [Uuid::from_u128(1)]);
    assert_eq!(found[99].len(), 32);
    let key = keys::similar(&tenant(t), 1);
    let length: u64 = redis
        .call("LLEN", |mut c| async move { redis::cmd("LLEN").arg(key).query_async(&mut c).await })
        .await
        .unwrap();
    assert_eq!(length, 32);
}
