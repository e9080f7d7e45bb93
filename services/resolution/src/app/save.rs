//! Saving what was decided: cases, words, chain and events, in the transaction that holds the cases.

use redress_domain::TenantId;
use redress_outbox::{OutboxEvent, enqueue};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::out::Out;
use super::publish::{self, Origin};
use crate::error::Error;
use crate::store::case::Held;
use crate::store::moment::Moment;
use crate::store::text::SealedText;
use crate::store::{offer, whole};

/// What the cases of a transaction leave behind.
#[derive(Default)]
pub struct Left {
    events: Vec<OutboxEvent>,
    texts: Vec<SealedText>,
    links: Vec<offer::OfCase>,
    moments: Vec<Moment>,
}

impl Left {
    /// Takes what another service told into the course of a case.
    pub fn moment(&mut self, moment: Moment) {
        self.moments.push(moment);
    }

    /// Takes what was decided on one case, and counts its version up.
    pub fn take(&mut self, held: &mut Held, origin: &Origin, mut out: Out) {
        let case = &mut held.case;
        let (tenant, id): (TenantId, Uuid) = (case.tenant.clone(), *case.id.as_uuid());
        case.version += 1;
        self.events.extend(publish::bind(case, origin, &mut out));
        self.links.extend(out.links.into_iter().map(|link| (tenant.clone(), id, link)));
        self.texts.extend(out.texts.into_iter().map(|(field, value)| SealedText {
            tenant: tenant.clone(),
            complaint: id,
            field,
            value,
        }));
    }

    /// Writes everything, set-based: two statements.
    pub async fn save(mut self, conn: &mut PgConnection, held: &[&Held]) -> Result<(), Error> {
        self.moments.extend(self.events.iter().map(|event| publish::told(&event.meta)));
        whole::save(conn, held, &self.texts, &self.links, &self.moments).await?;
        Ok(enqueue(conn, &self.events).await?)
    }
}
