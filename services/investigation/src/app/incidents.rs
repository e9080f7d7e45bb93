//! Follows incidents: one shared investigation for all members (L34). What is found there counts for each of them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{Category, TenantId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError, OutboxEvent, enqueue};
use redress_proto::classification::v1 as classification;
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::publish::Origin;
use crate::domain::checklist;
use crate::error::Error;
use crate::store::incident::{self, IncidentFile, IncidentState};

/// Something that happened to an incident.
#[derive(Debug)]
pub enum Happened {
    /// The numbers say that it may be one.
    Suspected(Matter),
    /// It is one.
    Confirmed(Matter),
    /// A complaint belongs to it.
    Member(Uuid),
    /// It is none after all, or over.
    Dissolved,
}

/// What an incident is about.
#[derive(Debug, Clone, Copy)]
pub struct Matter {
    category: Category,
    live: bool,
}

/// The handler of classification's incidents.
pub struct FollowIncidents {
    /// Database and clock.
    pub desk: Desk,
}

#[async_trait]
impl BatchHandler for FollowIncidents {
    type Event = Happened;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Happened>, DecodeError> {
        let is = |name: String| meta.event_type == name;
        Ok(Some(if is(classification::IncidentSuspected::full_name()) {
            Happened::Suspected(matter(classification::IncidentSuspected::decode(payload)?.incident)?)
        } else if is(classification::IncidentConfirmed::full_name()) {
            Happened::Confirmed(matter(classification::IncidentConfirmed::decode(payload)?.incident)?)
        } else if is(classification::IncidentMemberAdded::full_name()) {
            let id = classification::IncidentMemberAdded::decode(payload)?.complaint_id;
            Happened::Member(Uuid::try_parse(&id).map_err(|_| DecodeError::new("complaint_id does not fit"))?)
        } else if is(classification::IncidentDissolved::full_name()) {
            Happened::Dissolved
        } else {
            return Ok(None);
        }))
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<(), HandlerError> {
        Ok(self.follow(conn, batch).await?)
    }
}

fn matter(incident: Option<classification::Incident>) -> Result<Matter, DecodeError> {
    let incident = incident.ok_or_else(|| DecodeError::new("incident does not fit"))?;
    let live = matches!(
        incident.dimension(),
        classification::IncidentDimension::LiveRoom | classification::IncidentDimension::Anchor
    );
    let category = incident.category().try_into().map_err(|_| DecodeError::new("category does not fit"))?;
    Ok(Matter { category, live })
}

impl FollowIncidents {
    async fn follow(&self, conn: &mut PgConnection, batch: &[Delivery<Happened>]) -> Result<(), Error> {
        let now = self.desk.now();
        let mut keys: Vec<(TenantId, Uuid)> =
            batch.iter().map(|delivery| (delivery.meta.tenant.clone(), delivery.meta.subject)).collect();
        keys.sort_unstable();
        keys.dedup();
        let locked = incident::lock_all(conn, &keys).await?;
        let mut files: BTreeMap<(TenantId, Uuid), IncidentFile> =
            locked.into_iter().map(|file| ((file.tenant.clone(), file.id), file)).collect();
        let mut members: BTreeMap<(TenantId, Uuid), Uuid> = BTreeMap::new();
        let mut events = Vec::new();
        for delivery in batch {
            let key = (delivery.meta.tenant.clone(), delivery.meta.subject);
            match &*delivery.event {
                Happened::Member(complaint) => {
                    members.insert((key.0, *complaint), key.1);
                }
                Happened::Dissolved => {
                    if let Some(file) = files.get_mut(&key) {
                        file.state = IncidentState::Over;
                    }
                }
                Happened::Suspected(matter) => {
                    files.entry(key.clone()).or_insert_with(|| new_file(&key, *matter));
                }
                Happened::Confirmed(matter) => {
                    let file = files.entry(key.clone()).or_insert_with(|| new_file(&key, *matter));
                    let at = whole_microseconds(delivery.meta.occurred_at);
                    let origin = Origin::machine(&delivery.meta, at, now);
                    events.extend(confirm(file, *matter, at, &origin));
                }
            }
        }
        incident::save(conn, &files.values().collect::<Vec<_>>()).await?;
        let members: Vec<_> = members
            .into_iter()
            .map(|((tenant, complaint), incident)| (tenant, complaint, incident))
            .collect();
        incident::add_members(conn, &members).await?;
        Ok(enqueue(conn, &events).await?)
    }
}

fn new_file((tenant, id): &(TenantId, Uuid), matter: Matter) -> IncidentFile {
    IncidentFile {
        tenant: tenant.clone(),
        id: *id,
        state: IncidentState::Suspected,
        category: matter.category,
        live: matter.live,
        opened_at: None,
        issues: Vec::new(),
        wrapped_key: Vec::new(),
        version: 0,
    }
}

/// Opens the shared investigation, once.
fn confirm(file: &mut IncidentFile, matter: Matter, at: Timestamp, origin: &Origin) -> Option<OutboxEvent> {
    if file.state == IncidentState::Open {
        return None;
    }
    file.state = IncidentState::Open;
    file.category = matter.category;
    file.live = matter.live;
    file.opened_at = Some(at);
    file.issues = checklist::of(matter.category, matter.live).issues.iter().map(|&i| i.to_owned()).collect();
    file.version += 1;
    let opened = wire::IncidentInvestigationOpened { incident_id: file.id.to_string() };
    Some(origin.event(&file.tenant, file.id, file.version, &opened))
}
