//! Who made the decision that is disputed takes no part in finding the facts of the dispute (F141). Resolution is told
//! their names; here they are recused as by a declared conflict of interest (L06).

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message as _, Name as _};
use redress_domain::{TenantId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::resolution::v1::ContestedDecidersNamed;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::publish::Origin;
use super::telling::Telling;
use super::{Desk, change};
use crate::domain::conflict::{Conflict, ConflictKind};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::{case, conflict, task};

/// Who tells the names, where the event says nobody in particular.
const RESOLUTION: &str = "/redress/resolution";

/// Who made the disputed decision.
#[derive(Debug)]
pub struct Deciders(Vec<String>);

/// The handler of resolution's cases.
pub struct FollowContested {
    /// Database and clock.
    pub desk: Desk,
}

#[async_trait]
impl BatchHandler for FollowContested {
    type Event = Deciders;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Deciders>, DecodeError> {
        if meta.event_type != ContestedDecidersNamed::full_name() {
            return Ok(None);
        }
        let mut subjects = ContestedDecidersNamed::decode(payload)?.subjects;
        subjects.retain(|subject| !subject.is_empty());
        Ok((!subjects.is_empty()).then_some(Deciders(subjects)))
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Deciders>]) -> Result<(), HandlerError> {
        Ok(self.follow(conn, batch).await?)
    }
}

impl FollowContested {
    async fn follow(&self, conn: &mut PgConnection, batch: &[Delivery<Deciders>]) -> Result<(), Error> {
        let now = self.desk.now();
        let mut keys: Vec<(TenantId, Uuid)> =
            batch.iter().map(|delivery| (delivery.meta.tenant.clone(), delivery.meta.subject)).collect();
        keys.sort_unstable();
        keys.dedup();
        let files = case::lock_all(conn, &keys).await?;
        // Kept for a case that is not known here yet, too: it is there before anybody can work on the case.
        let recused: Vec<_> = recused(batch).into_values().collect();
        conflict::save(conn, &recused).await?;
        let tasks: Vec<_> =
            recused.iter().map(|(tenant, id, one)| (tenant.clone(), *id, one.subject.clone())).collect();
        task::unassign(conn, &tasks).await?;
        let mut tellings = Vec::new();
        for file in files {
            let key = (file.tenant.clone(), file.id);
            let mut telling = Telling::new(file, Origin::service(now));
            let of_case = |delivery: &&Delivery<Deciders>| {
                (&delivery.meta.tenant, delivery.meta.subject) == (&key.0, key.1)
            };
            for delivery in batch.iter().filter(of_case) {
                for subject in &delivery.event.0 {
                    telling.file.case.step_down(subject);
                }
                let at = whole_microseconds(delivery.meta.occurred_at);
                telling.origin = Origin::machine(&delivery.meta, at, now);
                let actor = delivery.meta.actor.clone().unwrap_or_default();
                telling.enter_of(actor, "contested_deciders_named", None, Visibility::Staff);
            }
            tellings.push(telling);
        }
        change::save(conn, &tellings.iter().collect::<Vec<_>>()).await
    }
}

/// What follows for each person in each case, once.
fn recused(batch: &[Delivery<Deciders>]) -> BTreeMap<(TenantId, Uuid, String), (TenantId, Uuid, Conflict)> {
    let mut recused = BTreeMap::new();
    for delivery in batch {
        let meta = &delivery.meta;
        for subject in &delivery.event.0 {
            let conflict = Conflict {
                subject: subject.clone(),
                kind: ConflictKind::ContestedDecision,
                recused: true,
                declared_by: meta.actor.clone().unwrap_or_else(|| RESOLUTION.to_owned()),
                declared_at: whole_microseconds(meta.occurred_at),
            };
            let key = (meta.tenant.clone(), meta.subject, subject.clone());
            recused.entry(key).or_insert((meta.tenant.clone(), meta.subject, conflict));
        }
    }
    recused
}
