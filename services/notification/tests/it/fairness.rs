//! Whose letters are claimed first where many wait.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use redress_domain::{Clock as _, ContactType};
use redress_notification::store::delivery::{Claimed, Hand, Lane, claim};
use uuid::Uuid;

use crate::bench::Bench;

const MOST: i64 = 32;

/// Deliveries of a tenant, one a second from `since` on, waiting for `channel` apart if one is named.
async fn waiting(bench: &Bench, tenant: &str, count: i32, since: Timestamp, channel: Option<&str>) {
    sqlx::query(
        "INSERT INTO delivery (tenant, notice_id, webhook_id, due_at, channel)
         SELECT $1, gen_random_uuid(), '00000000-0000-0000-0000-000000000000',
                $3::timestamptz + n * interval '1 second', $4
         FROM generate_series(0, $2 - 1) AS n",
    )
    .bind(tenant)
    .bind(count)
    .bind(since.to_sqlx())
    .bind(channel)
    .execute(bench.db.pool())
    .await
    .unwrap();
}

async fn claimed(bench: &Bench, lane: Lane) -> Vec<Claimed> {
    let mut conn = bench.db.pool().acquire().await.unwrap();
    let hand = Hand { most: MOST, most_of_address: MOST, resting: &[] };
    let lease = Uuid::from_u128(1);
    claim(&mut conn, lane, lease, bench.clock.now(), Duration::from_mins(1), hand).await.unwrap()
}

fn of(claimed: &[Claimed], tenant: &str) -> usize {
    claimed.iter().filter(|one| one.tenant.as_str() == tenant).count()
}

#[tokio::test]
async fn the_letters_of_one_tenant_wait_behind_nobody_elses_backlog() {
    for (lane, channel) in [(Lane::Parties, None), (Lane::Channel(ContactType::Email), Some("email"))] {
        let bench = Bench::new().await;
        let now = bench.clock.now();
        waiting(&bench, "tenant-a", 2_000, now - SignedDuration::from_hours(2), channel).await;
        waiting(&bench, "tenant-b", 3, now - SignedDuration::from_secs(3), channel).await;
        waiting(&bench, "tenant-c", 1, now + SignedDuration::from_hours(1), channel).await;
        let first = claimed(&bench, lane).await;
        assert_eq!(
            (of(&first, "tenant-b"), of(&first, "tenant-a")),
            (3, 29),
            "{lane:?}: what is due of both"
        );
        // A single tenant has the whole hand, its oldest first, and each once.
        let second = claimed(&bench, lane).await;
        assert_eq!(of(&second, "tenant-a"), 32, "{lane:?}");
        let ids: BTreeSet<Uuid> = first.iter().chain(&second).map(|one| one.notice).collect();
        assert_eq!(ids.len(), 64, "{lane:?}");
        let oldest: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT held_until FROM delivery WHERE tenant = 'tenant-a' ORDER BY due_at LIMIT 61) AS o
             WHERE held_until > now()",
        )
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
        assert_eq!(oldest, 61, "{lane:?}");
    }
}

#[tokio::test]
async fn workers_that_claim_at_once_take_different_letters_and_find_enough() {
    let bench = Bench::new().await;
    let since = bench.clock.now() - SignedDuration::from_hours(2);
    waiting(&bench, "tenant-a", 500, since, None).await;
    // One that is just being claimed: its rows are locked and not yet marked.
    let mut tx = bench.db.pool().begin().await.unwrap();
    let hand = Hand { most: MOST, most_of_address: MOST, resting: &[] };
    let now = bench.clock.now();
    let one =
        claim(&mut tx, Lane::Parties, Uuid::from_u128(2), now, Duration::from_mins(1), hand).await.unwrap();
    let other = claimed(&bench, Lane::Parties).await;
    tx.commit().await.unwrap();
    assert_eq!((one.len(), other.len()), (32, 32));
    let ids: BTreeSet<Uuid> = one.iter().chain(&other).map(|one| one.notice).collect();
    assert_eq!(ids.len(), 64);
}
