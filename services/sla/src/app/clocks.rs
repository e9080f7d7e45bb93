//! `ListClocks`: the clocks of a complaint, or those of a state or a span of due times.

use jiff::Timestamp;
use redress_domain::{Principal, Problem, Violations};
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1 as wire;
use redress_runtime::page::{self, After};
use uuid::Uuid;

use super::Desk;
use super::wire::clock::{message, state_code};
use crate::error::Error;
use crate::store::clock::Stored;
use crate::store::listed::{self, Conditions, LAST};

/// Clocks of a page, unless asked for otherwise, and at most.
const PAGE: (i32, i32) = (50, 100);

/// A page of clocks.
pub async fn list(
    desk: &Desk,
    caller: &Principal,
    request: wire::ListClocksRequest,
    mut found: Violations,
) -> Result<wire::ListClocksResponse, Error> {
    let asked = conditions(&request, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let bound_to = format!("{asked:?}");
    let limit = page::size(request.page_size, PAGE.0, PAGE.1)?;
    let after = After::read(&request.page_token, &bound_to)?;
    let mut conn = desk.db.pool().acquire().await?;
    let after = after.map(|after| (after.at, after.id));
    // One more tells whether there is a next page.
    let mut clocks = listed::page(&mut conn, &caller.tenant, &asked, after, limit + 1).await?;
    let more = i64::try_from(clocks.len()).is_ok_and(|length| length > limit);
    clocks.truncate(usize::try_from(limit).unwrap_or(0));
    let last = clocks.last().filter(|_| more);
    Ok(wire::ListClocksResponse {
        next_page_token: last.map(|last| place(last).write(&bound_to)).unwrap_or_default(),
        clocks: clocks.iter().map(message).collect(),
    })
}

fn place(stored: &Stored) -> After {
    let at = stored.told.due_at.or_else(|| LAST.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    After { at, id: stored.told.clock_id }
}

fn conditions(request: &wire::ListClocksRequest, found: &mut Violations) -> Conditions {
    let mut asked = Conditions::default();
    if !request.complaint_id.is_empty() {
        asked.complaint = Uuid::try_parse(&request.complaint_id).ok();
        if asked.complaint.is_none() {
            found.add_unless_known("complaintId", "MALFORMED", "a UUID is expected");
        }
    }
    match wire::ClockState::try_from(request.state) {
        Ok(state) => asked.state = state_code(state),
        Err(_) => found.add_unless_known("state", "UNKNOWN_ENUM_VALUE", "the enumeration has no such value"),
    }
    if request.definition.chars().count() > 32 {
        found.add_unless_known("definition", "TOO_LONG", "at most 32 characters");
    }
    asked.notice_owed = request.delay_notice_owed;
    asked.definition = Some(request.definition.clone()).filter(|definition| !definition.is_empty());
    let mut time = |field: &str, told: Option<&pbjson_types::Timestamp>| {
        let at = told.map(from_wire_time).transpose();
        at.unwrap_or_else(|_| {
            found.add_unless_known(field, "MALFORMED_TIME", "an instant is expected");
            None
        })
    };
    asked.due_from = time("dueFrom", request.due_from.as_ref());
    asked.due_until = time("dueUntil", request.due_until.as_ref());
    if matches!((asked.due_from, asked.due_until), (Some(from), Some(until)) if until < from) {
        found.add_unless_known("dueUntil", "REVERSED", "a span does not end before its beginning");
    }
    asked
}
