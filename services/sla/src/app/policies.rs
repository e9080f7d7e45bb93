//! `PublishClockPolicy`: the declarations of clocks, checked as a whole, once and for ever.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use redress_domain::{ErrorKind, Principal, Problem, Violations};
use redress_outbox::{Call, Seen};
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1 as wire;
use sqlx::postgres::PgConnection;

use super::Desk;
use super::calendars::call;
use super::wire::time;
use crate::domain::course::Calendars as _;
use crate::domain::policy::{Policy, Role};
use crate::error::Error;
use crate::store::{policy, time_of};

/// How long before it holds a policy is published, so that every process knows it by then: no clock is started under an
/// old policy and computed anew under the new one.
const LEAD: SignedDuration = SignedDuration::from_mins(1);

/// The next version, or what is wrong with it.
pub async fn publish(
    desk: &Desk,
    caller: &Principal,
    message: wire::PublishClockPolicyRequest,
    mut found: Violations,
) -> Result<wire::ClockPolicy, Error> {
    let content = wire::PublishClockPolicyRequest { request_id: String::new(), ..message.clone() };
    let named = call(caller, &message.request_id, &content);
    let now = time_of(&mut *desk.db.pool().acquire().await?).await?;
    let effective_at = effective_at(&message, &mut found);
    let policy = match Policy::parse(&message.body) {
        Ok(policy) => Some(policy),
        Err(faults) => {
            for fault in &faults.into_vec() {
                let field =
                    if fault.field.is_empty() { "body".to_owned() } else { format!("body.{}", fault.field) };
                found.add(field, fault.reason, fault.description.clone());
            }
            None
        }
    };
    if let Some(policy) = &policy {
        known_calendars(desk, caller, policy, &mut found).await?;
        if message.move_running {
            every_clock(desk, caller, policy, &mut found).await?;
        }
    }
    let (Some(policy), Some(effective_at), true) = (policy, effective_at, found.is_empty()) else {
        return Err(Problem::invalid(found).into());
    };
    let told = |version| wire::ClockPolicy {
        version,
        body: message.body.clone(),
        effective_at: time(effective_at),
        published_by: caller.subject.clone(),
        published_at: time(now),
        move_running: message.move_running,
    };
    if message.validate_only {
        return Ok(told(policy.version()));
    }
    let work = Arc::new(Work {
        caller: caller.clone(),
        call: named?,
        version: policy.version(),
        body: message.body.clone(),
        effective_at,
        move_running: message.move_running,
        now,
    });
    let version = desk
        .db
        .run_tx("publish_clock_policy", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.write(conn).await })
        })
        .await?;
    let mut conn = desk.db.pool().acquire().await?;
    desk.books.fresh(&mut conn, &caller.tenant).await?;
    Ok(told(version))
}

fn effective_at(message: &wire::PublishClockPolicyRequest, found: &mut Violations) -> Option<Timestamp> {
    let Some(told) = message.effective_at.as_ref() else {
        found.add_unless_known("effectiveAt", "REQUIRED", "an instant is missing");
        return None;
    };
    let at = from_wire_time(told).ok();
    if at.is_none() {
        found.add_unless_known("effectiveAt", "MALFORMED_TIME", "an instant is expected");
    }
    at.map(redress_domain::whole_microseconds)
}

/// Every calendar that the policy counts in is there.
async fn known_calendars(
    desk: &Desk,
    caller: &Principal,
    policy: &Policy,
    found: &mut Violations,
) -> Result<(), Error> {
    let mut conn = desk.db.pool().acquire().await?;
    let book = desk.books.fresh(&mut conn, &caller.tenant).await?;
    for role in Role::ALL {
        if book.get(policy.calendar(*role), None).is_none() {
            let field = format!("body.calendars.{}", role.code());
            found.add(field, "UNKNOWN_CALENDAR", "there is no calendar of that name");
        }
    }
    Ok(())
}

/// Every clock that may run under a policy before it has a rule in this one, to which it moves.
async fn every_clock(
    desk: &Desk,
    caller: &Principal,
    policy: &Policy,
    found: &mut Violations,
) -> Result<(), Error> {
    let mut conn = desk.db.pool().acquire().await?;
    let book = desk.books.fresh(&mut conn, &caller.tenant).await?;
    let runs = |policy: &Policy, id: &str| policy.clock(id).is_some_and(|clock| clock.dormant.is_none());
    let before: BTreeSet<String> = book
        .policies()
        .flat_map(|policy| policy.clocks().to_vec())
        .filter(|clock| clock.dormant.is_none())
        .map(|clock| clock.id.clone())
        .collect();
    for id in before.iter().filter(|id| !runs(policy, id)) {
        let why = format!("{id} may run, and has no rule here to which it could move");
        found.add("body.clock", "REQUIRED", why);
    }
    Ok(())
}

struct Work {
    caller: Principal,
    call: Call,
    version: u32,
    body: String,
    effective_at: Timestamp,
    move_running: bool,
    now: Timestamp,
}

impl Work {
    async fn write(&self, conn: &mut PgConnection) -> Result<u32, Error> {
        let tenant = &self.caller.tenant;
        let newest = policy::lock(conn, tenant).await?;
        match self.call.seen(conn).await? {
            Seen::Same(version) => {
                return version.parse().map_err(|_| Error::Defect("a receipt without version".into()));
            }
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        let (before, held_from) = newest.unwrap_or((Policy::builtin().version(), Timestamp::UNIX_EPOCH));
        if self.version != before + 1 {
            let problem = Problem::new(
                ErrorKind::Aborted,
                "VERSION_MISMATCH",
                "the version in the body is not the one that follows the newest",
            );
            return Err(problem.with("version", before.to_string()).into());
        }
        let earliest = (self.now + LEAD).max(held_from);
        if self.effective_at < earliest {
            let mut found = Violations::default();
            let why = "a minute from now at the earliest, and not before the version before it";
            found.add("effectiveAt", "OUT_OF_RANGE", why);
            return Err(Problem::invalid(found).into());
        }
        let row = (self.version, self.body.as_str(), self.effective_at);
        policy::insert(conn, tenant, row, self.move_running, &self.caller.subject, self.now).await?;
        self.call.record(conn, &self.version.to_string(), self.now).await?;
        Ok(self.version)
    }
}
