//! One complaint that cannot be handled holds up nobody else.
//!
//! Batches are handled as one, for speed. If one fails for good (a defect, a row or a rule that does not read), its
//! complaints are handled one by one, and those that fail again are set aside for a while.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use redress_domain::Disposition;

use super::Desk;
use super::telemetry;
use crate::error::Error;
use crate::store::aside::{self, Work};
use crate::store::case::Key;

/// What a batch has claimed; kept outside of its transaction, which leaves nothing when it fails.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claimed(Arc<Mutex<Vec<Key>>>);

impl Claimed {
    /// Notes what the transaction has claimed at this attempt.
    pub(crate) fn note<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = keys.into_iter().cloned().collect();
    }

    fn take(&self) -> Vec<Key> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What `all` gives; if it fails for good, what `one` gives for each complaint that it had claimed and that can be handled.
pub(crate) async fn isolated<T>(
    desk: &Desk,
    work: Work,
    claimed: &Claimed,
    all: impl Future<Output = Result<T, Error>>,
    one: impl Fn(Key) -> BoxFuture<'static, Result<T, Error>>,
) -> Result<Vec<T>, Error> {
    let error = match all.await {
        Ok(done) => return Ok(vec![done]),
        Err(error) => error,
    };
    let keys = claimed.take();
    if keys.is_empty() || !is_for_good(&error) {
        return Err(error);
    }
    let mut done = Vec::new();
    for key in keys {
        match one(key.clone()).await {
            Ok(one) => done.push(one),
            Err(error) if is_for_good(&error) => set_aside(desk, &key, work, &error).await?,
            // It comes again, with those after it.
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Whether repeating it at once cannot help.
fn is_for_good(error: &Error) -> bool {
    error.kind().disposition() != Disposition::Retry
}

async fn set_aside(desk: &Desk, key: &Key, work: Work, error: &Error) -> Result<(), Error> {
    tracing::warn!(
        tenant = %key.0,
        complaint.id = %key.1,
        work = work.code(),
        %error,
        "a complaint is set aside; the others go on"
    );
    telemetry::set_aside(work);
    let mut conn = desk.db.pool().acquire().await?;
    aside::set(&mut conn, key, work, error.code()).await
}
