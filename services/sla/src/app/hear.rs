//! What the other services tell: kept as facts, from which the clocks of the complaint are computed anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use redress_domain::whole_milliseconds;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use sqlx::postgres::PgConnection;

use super::Desk;
use super::escalate;
use super::recount::{Known, Outcome, as_before, books};
use crate::domain::fact::{Fact, FactRef};
use crate::domain::vocabulary::{self, Heard};
use crate::error::Error;
use crate::store::case::Key;
use crate::store::{case, escalation, fact};

/// The handler of one topic.
pub struct Hear {
    /// What every use needs.
    pub desk: Desk,
    /// The topic.
    pub topic: &'static str,
}

#[async_trait]
impl BatchHandler for Hear {
    type Event = Heard;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Heard>, DecodeError> {
        let decided_by = meta.decided_by.as_deref();
        vocabulary::extract(&meta.event_type, payload, decided_by)
            .map_err(|error| DecodeError::new(error.to_string()))
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Heard>]) -> Result<(), HandlerError> {
        Ok(self.hear(conn, batch).await?)
    }
}

impl Hear {
    async fn hear(&self, conn: &mut PgConnection, batch: &[Delivery<Heard>]) -> Result<(), Error> {
        let heard = batch.iter().map(|delivery| self.fact(delivery)).collect::<Result<Vec<_>, _>>()?;
        let keys: BTreeSet<Key> = heard.iter().map(|(key, _)| key.clone()).collect();
        if keys.is_empty() {
            return Ok(());
        }
        // Others who change the same complaints' clocks wait here, and then read what this batch has heard.
        let cases = case::lock(conn, &keys).await?;
        fact::insert(conn, &heard).await?;
        let mut books = books(&self.desk.books, conn, &cases).await?;
        let traces: BTreeMap<(&Key, FactRef), &Arc<EventMeta>> = heard
            .iter()
            .zip(batch)
            .map(|((key, fact), delivery)| ((key, fact.reference()), &delivery.meta))
            .collect();
        let now = self.desk.now();
        let (mut outcome, mut tickets) = (Outcome::default(), Vec::new());
        let all = Known::load(conn, cases).await?;
        // Another process may have computed clocks with a calendar that was published since this one read.
        for Known { held, told, .. } in &all {
            let tenant = &held.key.0;
            if books.get(tenant).is_some_and(|book| !book.knows(told)) {
                books.insert(tenant.clone(), self.desk.books.fresh(conn, tenant).await?);
            }
        }
        for known in all {
            let key = known.held.key.clone();
            let book = books.get(&key.0).ok_or_else(|| Error::Defect("a tenant without a book".into()))?;
            let traced = |cause: &FactRef| traces.get(&(&key, cause.clone())).map(|meta| Arc::clone(meta));
            let calls = escalate::calls(&known.facts);
            tickets.extend(escalate::tickets(&key, &known.facts, calls, book)?);
            outcome.add(known, book, now, as_before, traced)?;
        }
        escalation::look_again(conn, &keys).await?;
        escalation::insert(conn, &tickets).await?;
        outcome.save(conn, &self.desk.noted).await
    }

    fn fact(&self, delivery: &Delivery<Heard>) -> Result<(Key, Fact), Error> {
        let meta = &delivery.meta;
        let version = meta.version.ok_or_else(|| Error::Defect("an event without a version".into()))?;
        let fact = Fact {
            topic: self.topic.to_owned(),
            version,
            // Deadlines count to the millisecond (D1).
            at: whole_milliseconds(meta.occurred_at),
            event: delivery.event.event.to_owned(),
            fields: delivery.event.fields.clone(),
        };
        Ok(((meta.tenant.clone(), meta.subject), fact))
    }
}
