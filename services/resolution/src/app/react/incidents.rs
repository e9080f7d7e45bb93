//! Classification's incidents: who belongs to them, for bulk plans. Key: incident.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::classification::v1 as classification;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::store::incident;

/// An event of an incident.
#[derive(Debug)]
pub enum Gathered {
    /// It stands so.
    State(&'static str),
    /// A complaint belongs to it.
    Member(Uuid),
}

/// The handler of incidents.
pub struct FollowIncidents;

#[async_trait]
impl BatchHandler for FollowIncidents {
    type Event = Gathered;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Gathered>, DecodeError> {
        let is = |name: String| meta.event_type == name;
        Ok(if is(classification::IncidentMemberAdded::full_name()) {
            let event = classification::IncidentMemberAdded::decode(payload)?;
            let id = Uuid::try_parse(&event.complaint_id);
            Some(Gathered::Member(id.map_err(|_| DecodeError::new("complaint_id does not fit"))?))
        } else if is(classification::IncidentSuspected::full_name()) {
            Some(Gathered::State("suspected"))
        } else if is(classification::IncidentConfirmed::full_name()) {
            Some(Gathered::State("confirmed"))
        } else if is(classification::IncidentDissolved::full_name()) {
            Some(Gathered::State("dissolved"))
        } else {
            None
        })
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Gathered>]) -> Result<(), HandlerError> {
        let mut states = BTreeMap::new();
        let mut members = Vec::new();
        for delivery in batch {
            let (tenant, id) = (delivery.meta.tenant.clone(), delivery.meta.subject);
            match &*delivery.event {
                Gathered::State(state) => {
                    states.insert((tenant, id), *state);
                }
                Gathered::Member(complaint) => members.push((tenant, id, *complaint)),
            }
        }
        let states: Vec<_> = states.into_iter().map(|((tenant, id), state)| (tenant, id, state)).collect();
        incident::upsert(conn, &states).await?;
        incident::insert_members(conn, &members).await?;
        Ok(())
    }
}
