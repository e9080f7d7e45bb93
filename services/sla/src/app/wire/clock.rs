//! Clocks and what belongs to them, as messages.

use redress_proto::sla::v1 as wire;

use super::time;
use crate::domain::telling::ToldState;
use crate::store::clock::{BREACHED, LAPSED, Stored};
use crate::store::extension::Request;

/// The message of a clock.
pub fn message(stored: &Stored) -> wire::Clock {
    let told = &stored.told;
    let state = match told.state {
        ToldState::Met => wire::ClockState::Met,
        ToldState::Cancelled => wire::ClockState::Cancelled,
        _ if told.breached_at.is_some() && told.window => wire::ClockState::Lapsed,
        _ if told.breached_at.is_some() => wire::ClockState::Breached,
        ToldState::Paused => wire::ClockState::Paused,
        ToldState::Running => wire::ClockState::Running,
    };
    let (calendar_id, calendar_version) = told
        .calendar
        .as_ref()
        .map_or((String::new(), 0), |pin| (pin.id.clone(), pin.version.parse().unwrap_or(0)));
    wire::Clock {
        clock_id: told.clock_id.to_string(),
        complaint_id: stored.complaint.to_string(),
        definition: told.definition.clone(),
        definition_version: told.definition_version,
        policy_version: told.policy_version,
        variant: told.variant.clone(),
        subject_id: told.subject.clone(),
        state: state.into(),
        reason: stored.reason.clone(),
        started_at: time(told.started_at),
        due_at: told.due_at.and_then(time),
        provisional: told.provisional,
        announced: told.announced,
        ended_at: told.ended_at.and_then(time),
        breached_at: told.breached_at.and_then(time),
        warned: told.warned().into_iter().map(u32::from).collect(),
        generation: told.generation,
        calendar_id,
        calendar_version,
        extension: told.extension,
        delay_notice_owed_since: told.notice_owed_since().and_then(time),
    }
}

/// How the table names a state.
pub fn state_code(state: wire::ClockState) -> Option<&'static str> {
    match state {
        wire::ClockState::Unspecified => None,
        wire::ClockState::Running => Some(ToldState::Running.code()),
        wire::ClockState::Paused => Some(ToldState::Paused.code()),
        wire::ClockState::Met => Some(ToldState::Met.code()),
        wire::ClockState::Cancelled => Some(ToldState::Cancelled.code()),
        wire::ClockState::Breached => Some(BREACHED),
        wire::ClockState::Lapsed => Some(LAPSED),
    }
}

/// The message of a request for more time.
pub fn extension(request: &Request) -> wire::Extension {
    let state = match request.state.as_str() {
        "requested" => wire::ExtensionState::Requested,
        "approved" => wire::ExtensionState::Approved,
        "refused" => wire::ExtensionState::Refused,
        _ => wire::ExtensionState::Unspecified,
    };
    wire::Extension {
        extension_id: request.id.to_string(),
        clock_id: request.clock.to_string(),
        complaint_id: request.complaint.to_string(),
        amount: request.amount,
        reason: request.reason.clone(),
        state: state.into(),
        requested_by: request.requested_by.clone(),
        requested_at: time(request.requested_at),
        decided_by: request.decided_by.clone().unwrap_or_default(),
        decided_at: request.decided_at.and_then(time),
        old_due_at: request.old_due_at.and_then(time),
        new_due_at: request.new_due_at.and_then(time),
    }
}
