//! Counting what investigation, resolution and the clocks tell: one handler for three topics, since no event of one
//! changes what another one wrote.
//!
//! Where a case stands is the lifecycle's to say: a step that the lifecycle refused is undone by an event of its owner.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use prost::Message;
use redress_domain::ComplaintId;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::convert::from_wire_time;
use redress_proto::{investigation::v1 as investigation, resolution::v1 as resolution, sla::v1 as sla};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::item::{Item, ItemKind, ItemState};
use crate::store::item::{self, Investigated, Items};

/// The handler.
#[derive(Debug, Clone, Copy)]
pub struct CountSteps;

/// What an event means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An investigation was opened.
    Opened,
    /// It was concluded.
    Concluded,
    /// Something became of an item.
    Item(ItemKind, Uuid, Box<Item>),
}

#[async_trait]
impl BatchHandler for CountSteps {
    type Event = Step;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Step>, DecodeError> {
        let Some((package, name)) = meta.event_type.rsplit_once('.') else { return Ok(None) };
        match package {
            "redress.investigation.v1" => of_investigation(name, payload, meta.occurred_at),
            "redress.resolution.v1" => of_resolution(name, payload, meta.occurred_at),
            "redress.sla.v1" => of_clocks(name, payload, meta.occurred_at),
            _ => Ok(None),
        }
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Step>]) -> Result<(), HandlerError> {
        let mut items = Items::new();
        let mut investigated: BTreeMap<_, Investigated> = BTreeMap::new();
        for delivery in batch {
            let (tenant, at) = (delivery.meta.tenant.clone(), delivery.meta.occurred_at);
            let complaint = ComplaintId::from_uuid(delivery.meta.subject);
            match &*delivery.event {
                Step::Opened => {
                    investigated.entry((tenant, complaint)).or_default().opened_at.get_or_insert(at);
                }
                Step::Concluded => {
                    investigated.entry((tenant, complaint)).or_default().concluded_at.get_or_insert(at);
                }
                Step::Item(kind, id, item) => {
                    items.entry((tenant, complaint, *kind, *id)).or_default().follow(item);
                }
            }
        }
        item::save_investigated(conn, &investigated).await?;
        Ok(item::save(conn, &items).await?)
    }
}

type Decoded = Result<Option<Step>, DecodeError>;

fn of_investigation(name: &str, payload: &[u8], at: Timestamp) -> Decoded {
    let (id, item) = match name {
        "InvestigationOpened" => return Ok(Some(Step::Opened)),
        "InvestigationConcluded" => return Ok(Some(Step::Concluded)),
        "EvidenceRequested" => {
            let event = investigation::EvidenceRequested::decode(payload)?;
            (event.request_id, began(ItemState::Open, at, time(event.due_at.as_ref())))
        }
        "EvidenceRequestExtended" => {
            let event = investigation::EvidenceRequestExtended::decode(payload)?;
            (event.request_id, Item { due_at: time(event.due_at.as_ref()), ..Item::default() })
        }
        "EvidenceRequestLapsed" => {
            let event = investigation::EvidenceRequestLapsed::decode(payload)?;
            (event.request_id, ended(ItemState::Lapsed, at))
        }
        "EvidenceSubmitted" => {
            let event = investigation::EvidenceSubmitted::decode(payload)?;
            if !event.request_settled {
                return Ok(None);
            }
            let state = if event.cancelled { ItemState::Cancelled } else { ItemState::Settled };
            (event.request_id, ended(state, at))
        }
        _ => return Ok(None),
    };
    step(ItemKind::EvidenceRequest, &id, item)
}

fn of_resolution(name: &str, payload: &[u8], at: Timestamp) -> Decoded {
    let remedy = |id: &str, item| step(ItemKind::Remedy, id, item);
    match name {
        "RemedyOrdered" => {
            let event = resolution::RemedyOrdered::decode(payload)?;
            let what = event.r#type().as_str_name().trim_start_matches("REMEDY_TYPE_").to_lowercase();
            let item = Item {
                what: Some(what),
                currency: event.amount.as_ref().map(|amount| amount.currency.clone()),
                amount_minor: event.amount.as_ref().map(|amount| amount.amount_minor),
                ..began(ItemState::Ordered, at, time(event.due_at.as_ref()))
            };
            remedy(&event.remedy_id, item)
        }
        "RemedyExecuted" => {
            let event = resolution::RemedyExecuted::decode(payload)?;
            remedy(&event.remedy_id, ended(ItemState::Executed, at))
        }
        "RemedyAdvanced" => {
            let event = resolution::RemedyAdvanced::decode(payload)?;
            remedy(&event.remedy_id, ended(ItemState::Advanced, at))
        }
        "RemedyFailed" => {
            let event = resolution::RemedyFailed::decode(payload)?;
            remedy(&event.remedy_id, ended(ItemState::Failed, at))
        }
        "RemedyCancelled" => {
            let event = resolution::RemedyCancelled::decode(payload)?;
            remedy(&event.remedy_id, ended(ItemState::Cancelled, at))
        }
        "RemedyReversed" => {
            let event = resolution::RemedyReversed::decode(payload)?;
            remedy(&event.remedy_id, ended(ItemState::Reversed, at))
        }
        "AppealFiled" => {
            let event = resolution::AppealFiled::decode(payload)?;
            step(ItemKind::Appeal, &event.appeal_id, began(ItemState::Open, at, None))
        }
        "AppealDecided" => {
            let event = resolution::AppealDecided::decode(payload)?;
            step(ItemKind::Appeal, &event.appeal_id, ended(ItemState::Settled, at))
        }
        _ => Ok(None),
    }
}

fn of_clocks(name: &str, payload: &[u8], at: Timestamp) -> Decoded {
    let running = |due: Option<&pbjson_types::Timestamp>| Item {
        state: Some(ItemState::Running),
        due_at: time(due),
        ..Item::default()
    };
    let (clock, item) = match name {
        "ClockStarted" => {
            let event = sla::ClockStarted::decode(payload)?;
            let began_at = time(event.started_at.as_ref()).unwrap_or(at);
            (event.clock, began(ItemState::Running, began_at, time(event.due_at.as_ref())))
        }
        "ClockResumed" => {
            let event = sla::ClockResumed::decode(payload)?;
            (event.clock, running(event.due_at.as_ref()))
        }
        "ClockBreached" => {
            let event = sla::ClockBreached::decode(payload)?;
            let due_at = time(event.due_at.as_ref());
            (event.clock, Item { due_at, ..ended(ItemState::Breached, at) })
        }
        "ClockMet" => {
            let event = sla::ClockMet::decode(payload)?;
            let state = if event.after_breach { ItemState::MetLate } else { ItemState::Met };
            (event.clock, Item { due_at: time(event.due_at.as_ref()), ..ended(state, at) })
        }
        "ClockCancelled" => (sla::ClockCancelled::decode(payload)?.clock, ended(ItemState::Cancelled, at)),
        // They move a deadline, and say nothing of where the clock stands.
        "DeadlineRecalculated" => {
            let event = sla::DeadlineRecalculated::decode(payload)?;
            (event.clock, Item { due_at: time(event.new_due_at.as_ref()), ..Item::default() })
        }
        "ExtensionApproved" => {
            let event = sla::ExtensionApproved::decode(payload)?;
            (event.clock, Item { due_at: time(event.new_due_at.as_ref()), ..Item::default() })
        }
        _ => return Ok(None),
    };
    let clock = clock.ok_or_else(|| DecodeError::new("clock is missing"))?;
    let item = if clock.window { Item { state: item.state.map(of_window), ..item } } else { item };
    step(ItemKind::Clock, &clock.clock_id, Item { what: Some(clock.definition), ..item })
}

/// A time in which a party may act is neither met nor breached: it is used, or lapses.
fn of_window(state: ItemState) -> ItemState {
    match state {
        ItemState::Met | ItemState::MetLate => ItemState::Settled,
        ItemState::Breached => ItemState::Lapsed,
        other => other,
    }
}

fn step(kind: ItemKind, id: &str, item: Item) -> Decoded {
    let id = id.parse().map_err(|_| DecodeError::new(format!("the id of {kind} is none")))?;
    Ok(Some(Step::Item(kind, id, Box::new(item))))
}

fn began(state: ItemState, at: Timestamp, due_at: Option<Timestamp>) -> Item {
    Item { state: Some(state), began_at: Some(at), due_at, ..Item::default() }
}

fn ended(state: ItemState, at: Timestamp) -> Item {
    Item { state: Some(state), ended_at: Some(at), ..Item::default() }
}

fn time(wire: Option<&pbjson_types::Timestamp>) -> Option<Timestamp> {
    wire.and_then(|wire| from_wire_time(wire).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of a package's events.
    fn events(package: &str) -> Vec<String> {
        let set = <prost_types::FileDescriptorSet as Message>::decode(redress_proto::DESCRIPTORS).unwrap();
        let folder = format!("redress/{package}/v1/");
        let told = |name: &str| name.starts_with(&folder) && name.ends_with("events.proto");
        let files = set.file.iter().filter(|file| told(file.name()));
        files.flat_map(|file| &file.message_type).map(|message| message.name().to_owned()).collect()
    }

    #[test]
    fn every_event_that_is_counted_is_one_of_the_contract() {
        let at = Timestamp::UNIX_EPOCH;
        let counted = |decode: fn(&str, &[u8], Timestamp) -> Decoded, package| {
            events(package).into_iter().filter(|name| !matches!(decode(name, &[], at), Ok(None))).count()
        };
        // Of EvidenceSubmitted, one that settles a request.
        assert_eq!(counted(of_investigation, "investigation"), 5);
        assert_eq!(counted(of_resolution, "resolution"), 8);
        assert_eq!(counted(of_clocks, "sla"), 7);
    }

    #[test]
    fn a_window_is_used_or_lapses_and_counts_neither_as_met_nor_as_breached() {
        let state = |window, name: &str, payload: fn(sla::ClockRef) -> Vec<u8>| {
            let clock =
                sla::ClockRef { clock_id: uuid::Uuid::nil().to_string(), window, ..Default::default() };
            match of_clocks(name, &payload(clock), Timestamp::UNIX_EPOCH) {
                Ok(Some(Step::Item(_, _, item))) => item.state,
                _ => None,
            }
        };
        let breached =
            |clock| sla::ClockBreached { clock: Some(clock), ..Default::default() }.encode_to_vec();
        let met = |clock| sla::ClockMet { clock: Some(clock), ..Default::default() }.encode_to_vec();
        assert_eq!(state(true, "ClockBreached", breached), Some(ItemState::Lapsed));
        assert_eq!(state(false, "ClockBreached", breached), Some(ItemState::Breached));
        assert_eq!(state(true, "ClockMet", met), Some(ItemState::Settled));
        assert_eq!(state(false, "ClockMet", met), Some(ItemState::Met));
    }
}
