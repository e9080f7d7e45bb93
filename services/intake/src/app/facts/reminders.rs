//! When complainants were reminded of what they were asked for: only who was reminded in time may lapse (T04).
//!
//! The warning of the completion's clock sends the reminder, so the reminder is as late as the warning was told: a clock
//! service that was away over both tells warning and breach in one breath.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use redress_outbox::Delivery;
use sqlx::postgres::PgConnection;

use super::Told;
use crate::app::reported::{Key, key};
use crate::error::Error;
use crate::store::reminder::{self, Reminder};

/// The reminders of the complaints of a batch.
#[derive(Debug, Default)]
pub(super) struct Reminders {
    known: HashMap<Key, Reminder>,
    new: BTreeSet<Key>,
}

impl Reminders {
    /// Those of the complaints whose clocks of a completion the batch tells of; most batches tell of none.
    pub(super) async fn of(conn: &mut PgConnection, batch: &[Delivery<Told>]) -> Result<Self, Error> {
        let keys: BTreeSet<Key> = batch
            .iter()
            .filter(|delivery| matches!(*delivery.event, Told::CompletionDue { .. } | Told::CompletionWarned))
            .map(|delivery| key(&delivery.meta))
            .collect();
        if keys.is_empty() {
            return Ok(Self::default());
        }
        let known = reminder::of(conn, &keys.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self { known, new: BTreeSet::new() })
    }

    /// Of the request made at `asked_at` the complainant was reminded at `at`. The first reminder of a request counts.
    pub(super) fn remind(&mut self, key: Key, asked_at: Timestamp, at: Timestamp) {
        if self.at(&key, asked_at).is_none() && at >= asked_at {
            self.known.insert(key.clone(), Reminder { asked_at, reminded_at: at });
            self.new.insert(key);
        }
    }

    /// When the complainant was reminded of the request made at `asked_at`.
    pub(super) fn at(&self, key: &Key, asked_at: Timestamp) -> Option<Timestamp> {
        let reminder = self.known.get(key)?;
        (reminder.asked_at == asked_at).then_some(reminder.reminded_at)
    }

    pub(super) async fn save(self, conn: &mut PgConnection) -> Result<(), Error> {
        let new: Vec<(&Key, &Reminder)> =
            self.new.iter().filter_map(|key| self.known.get_key_value(key)).collect();
        if new.is_empty() {
            return Ok(());
        }
        reminder::save(conn, &new).await
    }
}
