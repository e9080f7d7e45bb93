//! The cases of a batch with the requests that hang on them, locked and written back together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use redress_domain::TenantId;
use redress_outbox::Delivery;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::change;
use super::publish::Origin;
use super::telling::Telling;
use crate::error::Error;
use crate::store::{case, request};

/// What a batch may change.
pub(super) struct Held {
    /// What is told of each case.
    pub(super) tellings: BTreeMap<(TenantId, Uuid), Telling>,
    /// All requests of these cases.
    pub(super) requests: Vec<request::Kept>,
}

impl Held {
    /// Locks the cases that `batch` is about, and only then reads their requests: an answer that is being taken is seen, or
    /// waits and is refused.
    pub(super) async fn lock<E>(
        conn: &mut PgConnection,
        batch: &[Delivery<E>],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut keys: Vec<(TenantId, Uuid)> =
            batch.iter().map(|delivery| (delivery.meta.tenant.clone(), delivery.meta.subject)).collect();
        keys.sort_unstable();
        keys.dedup();
        let files = case::lock_all(conn, &keys).await?;
        let tellings = files
            .into_iter()
            .map(|file| ((file.tenant.clone(), file.id), Telling::new(file, Origin::service(now))))
            .collect();
        Ok(Self { tellings, requests: request::of_cases(conn, &keys).await? })
    }

    /// Writes the requests `changed`, and the cases of which something is told.
    pub(super) async fn save(&self, conn: &mut PgConnection, changed: &[Uuid]) -> Result<(), Error> {
        let changed: Vec<&request::Kept> =
            self.requests.iter().filter(|kept| changed.contains(&kept.request.id)).collect();
        request::save(conn, &changed).await?;
        let told: Vec<&Telling> =
            self.tellings.values().filter(|telling| !telling.entries.is_empty()).collect();
        change::save(conn, &told).await
    }
}
