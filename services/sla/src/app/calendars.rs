//! `PublishCalendar` and `GetCalendar`: every version stays, and the newest is what new clocks count in.

use std::sync::Arc;

use prost::{Message, Name};
use redress_domain::{ErrorKind, Principal, Problem, Violations};
use redress_outbox::{Call, Seen};
use redress_proto::sla::v1 as wire;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;

use super::{Desk, wire as to_wire};
use crate::domain::calendar::{Draft, check, known};
use crate::error::Error;
use crate::store::{calendar, time_of};

/// By what a repetition of `message` is recognised, whose name for itself is `request_id`.
pub(crate) fn call<M: Message + Name>(
    caller: &Principal,
    request_id: &str,
    without_id: &M,
) -> Result<Call, Problem> {
    let mut hash = Sha256::new_with_prefix(M::full_name());
    hash.update([0]);
    hash.update(without_id.encode_to_vec());
    Call::new(caller, request_id, hash.finalize().into())
}

/// The next version of a calendar, once and for ever.
pub async fn publish(
    desk: &Desk,
    caller: &Principal,
    message: wire::PublishCalendarRequest,
    mut found: Violations,
) -> Result<wire::Calendar, Error> {
    let content = wire::PublishCalendarRequest { request_id: String::new(), ..message.clone() };
    let call = call(caller, &message.request_id, &content)?;
    let draft = checked(message.calendar.as_ref(), &mut found);
    let Some(draft) = draft.filter(|_| found.is_empty()) else { return Err(Problem::invalid(found).into()) };
    let id = draft.id.clone();
    let work = Arc::new((caller.clone(), call, draft));
    let version = desk
        .db
        .run_tx("publish_calendar", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { write(conn, &work.0, &work.1, &work.2).await })
        })
        .await?;
    let mut conn = desk.db.pool().acquire().await?;
    // This process's clocks count in it from now on; others follow within their refresh.
    let book = desk.books.fresh(&mut conn, &caller.tenant).await?;
    let calendar = book.version(&id, version).ok_or_else(Problem::not_found)?;
    Ok(to_wire::calendar::message(Draft::from(&*calendar)))
}

fn checked(told: Option<&wire::Calendar>, found: &mut Violations) -> Option<Draft> {
    let Some(told) = told else {
        found.add("calendar", "REQUIRED", "a calendar is missing");
        return None;
    };
    let draft = to_wire::calendar::draft(told);
    if draft.id.is_empty() {
        found.add("calendar.id", "REQUIRED", "a calendar that is published needs a name");
    } else if !draft.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        found.add("calendar.id", "MALFORMED", "lower case letters, digits and hyphens are expected");
    }
    if !draft.version.is_empty() && draft.version.parse::<u32>().is_err() {
        found.add("calendar.version", "MALFORMED", "the number that follows the newest version, or nothing");
    }
    // Deadlines and alarms ask every published calendar for its next opening.
    if check(&draft, "calendar", found).is_some_and(|calendar| !calendar.has_hours()) {
        found.add("calendar.weekly", "REQUIRED", "a calendar that is published has working hours");
    }
    Some(draft)
}

async fn write(
    conn: &mut PgConnection,
    caller: &Principal,
    call: &Call,
    draft: &Draft,
) -> Result<u32, Error> {
    // The product's too: the first version of one's own has a number that none of those has.
    calendar::lock(conn, calendar::SHIPPED, &draft.id).await?;
    calendar::lock(conn, caller.tenant.as_str(), &draft.id).await?;
    match call.seen(conn).await? {
        Seen::Same(version) => {
            return version.parse().map_err(|_| Error::Defect("a receipt without version".into()));
        }
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    // Before the product's are written down, which the migration does, clocks count in those of the code.
    let compiled = known(&draft.id).and_then(|compiled| compiled.version().parse().ok());
    let newest = calendar::newest(conn, &caller.tenant, &draft.id).await?.or(compiled).unwrap_or(0);
    let version = newest + 1;
    if !draft.version.is_empty() && draft.version != version.to_string() {
        let problem =
            Problem::new(ErrorKind::Aborted, "VERSION_MISMATCH", "another version was published meanwhile");
        return Err(problem.with("version", newest.to_string()).into());
    }
    let body = numbered(draft, version);
    let now = time_of(conn).await?;
    calendar::insert(conn, caller.tenant.as_str(), (&draft.id, version, &body), &caller.subject, now).await?;
    call.record(conn, &version.to_string(), now).await?;
    Ok(version)
}

pub(super) fn numbered(draft: &Draft, version: u32) -> Draft {
    Draft { version: version.to_string(), ..draft.clone() }
}

/// A calendar of the tenant's, or one that comes with the product.
pub async fn get(
    desk: &Desk,
    caller: &Principal,
    message: &wire::GetCalendarRequest,
) -> Result<wire::Calendar, Error> {
    let mut conn = desk.db.pool().acquire().await?;
    let book = desk.books.fresh(&mut conn, &caller.tenant).await?;
    let found = match message.version {
        0 => book.newest(&message.calendar_id).map(|(_, calendar)| calendar),
        version => book.version(&message.calendar_id, version),
    };
    let calendar = found.ok_or_else(Problem::not_found)?;
    Ok(to_wire::calendar::message(Draft::from(&*calendar)))
}
