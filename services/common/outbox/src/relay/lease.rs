//! Who publishes which bucket.
//!
//! Shares follow from the names of the living relays alone, so all relays that see the same names agree without talking:
//! each gives up what is not its share and takes what is, once it is free or expired.

use std::collections::BTreeMap;
use std::time::Duration;

use redress_postgres::Db;
use tokio::time::Instant;

use crate::outbox::BUCKETS;

/// The leases of this process, by its own monotonic clock. The database decides who holds one; this decides whether the
/// process may still rely on it after it was stopped, or its database was slow.
#[derive(Debug, Default)]
pub(super) struct Leases(BTreeMap<i16, Instant>);

impl Leases {
    /// Exactly these are held now, until then.
    pub(super) fn renewed(&mut self, held: &[i16], until: Instant) {
        self.0 = held.iter().map(|&bucket| (bucket, until)).collect();
    }

    /// Those that still hold at `at`.
    pub(super) fn valid(&self, at: Instant) -> Vec<i16> {
        self.0.iter().filter(|(_, until)| at < **until).map(|(bucket, _)| *bucket).collect()
    }
}

/// The buckets of `holder` among `relays`: every n-th one, by its rank. None if it is not among them.
fn share(holder: &str, relays: &[String]) -> Vec<i16> {
    let mut names: Vec<&str> = relays.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let Some(rank) = names.iter().position(|name| *name == holder) else { return Vec::new() };
    (0..BUCKETS).skip(rank).step_by(names.len()).collect()
}

/// Reports `holder` as alive, takes its share and answers what it holds. `keep` is held on to beyond the share; `refused`
/// are the topics that Kafka does not take, for operators to see.
pub(super) async fn renew(
    db: &Db,
    holder: &str,
    lease: Duration,
    keep: &[i16],
    refused: &[&str],
) -> Result<Vec<i16>, sqlx::Error> {
    let seconds = lease.as_secs_f64();
    let relays: Vec<String> = sqlx::query_scalar(
        "WITH alive AS (
             INSERT INTO outbox_relay (holder, expires_at, refused) VALUES ($1, now() + make_interval(secs => $2), $3)
             ON CONFLICT (holder) DO UPDATE SET expires_at = excluded.expires_at, refused = excluded.refused
         ), gone AS (
             -- Two that both come back late would wait for each other's row.
             DELETE FROM outbox_relay WHERE holder IN (
                 SELECT holder FROM outbox_relay WHERE expires_at < now() AND holder <> $1 FOR UPDATE SKIP LOCKED)
         )
         SELECT holder FROM outbox_relay WHERE expires_at >= now() UNION SELECT $1",
    )
    .bind(holder)
    .bind(seconds)
    .bind(refused)
    .fetch_all(db)
    .await?;
    let mut wanted = share(holder, &relays);
    wanted.extend(keep);
    let held: Vec<(i16, Option<String>)> = sqlx::query_as(
        "UPDATE outbox_lease
         SET holder = CASE WHEN bucket = ANY ($2) THEN $1 END,
             expires_at = CASE WHEN bucket = ANY ($2) THEN now() + make_interval(secs => $3) END
         WHERE holder = $1 OR (bucket = ANY ($2) AND (holder IS NULL OR expires_at < now()))
         RETURNING bucket, holder",
    )
    .bind(holder)
    .bind(&wanted)
    .bind(seconds)
    .fetch_all(db)
    .await?;
    Ok(held.into_iter().filter(|(_, of)| of.is_some()).map(|(bucket, _)| bucket).collect())
}

/// Gives everything back, so that others need not wait for the leases to expire.
pub(super) async fn release(db: &Db, holder: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH gone AS (DELETE FROM outbox_relay WHERE holder = $1)
         UPDATE outbox_lease SET holder = NULL, expires_at = NULL WHERE holder = $1",
    )
    .bind(holder)
    .execute(db)
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_cover_every_bucket_once_and_differ_by_one_at_most(
            names in proptest::collection::btree_set("[a-z]{1,6}", 1..70),
        ) {
            let relays: Vec<String> = names.into_iter().collect();
            let shares: Vec<Vec<i16>> = relays.iter().map(|name| share(name, &relays)).collect();
            let mut all: Vec<i16> = shares.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..BUCKETS).collect::<Vec<_>>());
            let sizes = || shares.iter().map(Vec::len);
            prop_assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1);
        }

        #[test]
        fn a_lease_is_relied_on_until_it_ends_and_no_longer(
            first in proptest::collection::btree_set(0..BUCKETS, 0..9),
            second in proptest::collection::btree_set(0..BUCKETS, 0..9),
            lasts in 1_u64..10_000, at in 0_u64..20_000,
        ) {
            let start = Instant::now();
            let until = start + Duration::from_millis(lasts);
            let (first, second): (Vec<i16>, Vec<i16>) = (first.into_iter().collect(), second.into_iter().collect());
            let mut leases = Leases::default();
            leases.renewed(&first, until + Duration::from_mins(1));
            leases.renewed(&second, until);
            let expected = if at < lasts { second } else { Vec::new() };
            prop_assert_eq!(leases.valid(start + Duration::from_millis(at)), expected);
        }
    }

    #[test]
    fn a_relay_that_is_not_listed_has_no_share() {
        assert!(share("a", &["b".to_owned()]).is_empty());
    }
}
