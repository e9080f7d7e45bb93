//! Counting incidents: where each stands, and who belongs to it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::ComplaintId;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::classification::v1::{
    IncidentConfirmed, IncidentDissolved, IncidentHandled, IncidentMemberAdded, IncidentSuspected,
};
use sqlx::postgres::PgConnection;

use crate::store::incident::{self, Member, Standing};

/// Reasons for the end of an incident that was one.
const OVER: [&str; 2] = ["quiet", "over"];

/// What an incident's event means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It stands elsewhere.
    Stands(Standing),
    /// A complaint belongs to it.
    Joined(ComplaintId),
}

/// The handler of classification's incidents.
#[derive(Debug, Clone, Copy)]
pub struct CountIncidents;

#[async_trait]
impl BatchHandler for CountIncidents {
    type Event = Happened;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Happened>, DecodeError> {
        let is = |name: String| meta.event_type == name;
        Ok(Some(if is(IncidentSuspected::full_name()) {
            Happened::Stands(Standing::Suspected)
        } else if is(IncidentConfirmed::full_name()) {
            Happened::Stands(Standing::Confirmed)
        } else if is(IncidentHandled::full_name()) {
            Happened::Stands(Standing::Over)
        } else if is(IncidentDissolved::full_name()) {
            let reason = IncidentDissolved::decode(payload)?.reason;
            let over = OVER.contains(&reason.as_str());
            Happened::Stands(if over { Standing::Over } else { Standing::Dissolved })
        } else if is(IncidentMemberAdded::full_name()) {
            let complaint = IncidentMemberAdded::decode(payload)?.complaint_id;
            Happened::Joined(complaint.parse().map_err(|_| DecodeError::new("complaint_id is no id"))?)
        } else {
            return Ok(None);
        }))
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<(), HandlerError> {
        let mut standings = BTreeMap::new();
        let mut members = Vec::new();
        for delivery in batch {
            let (tenant, incident) = (&delivery.meta.tenant, delivery.meta.subject);
            match *delivery.event {
                Happened::Stands(standing) => {
                    standings.insert((tenant.clone(), incident), standing);
                }
                Happened::Joined(complaint) => members.push(Member {
                    tenant: tenant.clone(),
                    complaint,
                    incident,
                    added_at: delivery.meta.occurred_at,
                }),
            }
        }
        incident::save(conn, &standings).await?;
        Ok(incident::add(conn, members).await?)
    }
}
