//! Who has taken a case, by classification. Under the policy `on_assignment` that opens it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::{TenantId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::classification::v1 as classification;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::publish::Origin;
use super::telling::Telling;
use super::{Desk, change, follow};
use crate::domain::case::State;
use crate::error::Error;
use crate::store::assignment::{self, Assignment};
use crate::store::case;

/// Who has a case now; an empty name for nobody.
#[derive(Debug)]
pub struct Assigned(String);

/// The handler of classification's assignments.
pub struct FollowAssignments {
    /// Database, clock, policy.
    pub desk: Desk,
}

#[async_trait]
impl BatchHandler for FollowAssignments {
    type Event = Assigned;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Assigned>, DecodeError> {
        if meta.event_type == classification::AssignmentAccepted::full_name() {
            return Ok(Some(Assigned(classification::AssignmentAccepted::decode(payload)?.handler)));
        }
        let returned = meta.event_type == classification::AssignmentReturned::full_name();
        Ok(returned.then(|| Assigned(String::new())))
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Assigned>]) -> Result<(), HandlerError> {
        Ok(self.follow(conn, batch).await?)
    }
}

impl FollowAssignments {
    async fn follow(&self, conn: &mut PgConnection, batch: &[Delivery<Assigned>]) -> Result<(), Error> {
        let now = self.desk.now();
        let mut last: BTreeMap<(TenantId, Uuid), &Delivery<Assigned>> = BTreeMap::new();
        for delivery in batch {
            last.insert((delivery.meta.tenant.clone(), delivery.meta.subject), delivery);
        }
        let keys: Vec<_> = last.keys().cloned().collect();
        // The case first, and then what hangs on it: the order of all who lock.
        let files = case::lock_all(conn, &keys).await?;
        let rows: Vec<Assignment> = last
            .iter()
            .map(|((tenant, complaint), delivery)| Assignment {
                tenant: tenant.clone(),
                complaint: *complaint,
                handler: delivery.event.0.clone(),
            })
            .collect();
        assignment::save(conn, &rows).await?;
        let mut changed = Vec::new();
        for mut file in files {
            let Some(delivery) = last.get(&(file.tenant.clone(), file.id)) else { continue };
            let Assigned(handler) = &*delivery.event;
            if matches!(file.case.state, State::NotOpened | State::Open) && !handler.is_empty() {
                handler.clone_into(&mut file.case.handler);
            }
            handler.clone_into(&mut file.assigned);
            let origin = Origin::machine(&delivery.meta, whole_microseconds(delivery.meta.occurred_at), now);
            let mut telling = Telling::new(file, origin);
            let file = &telling.file;
            if self.desk.opening.opens_by_itself(&file.tenant, &file.case, !handler.is_empty()) {
                follow::open(&mut telling, "assigned");
            }
            changed.push(telling);
        }
        change::save(conn, &changed.iter().collect::<Vec<_>>()).await
    }
}
