//! `RecordMilestone`: what happened outside of the services that are heard. It becomes a fact of the complaint, from which
//! its clocks are computed anew like from any other.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use prost::{Message as _, Name as _};
use redress_domain::{Principal, Problem, Role, Violations, event_id, whole_milliseconds};
use redress_outbox::{Call, Seen};
use redress_proto::convert::from_wire_time;
use redress_proto::sla::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::calendars::call;
use super::publish::{self, Emitted};
use super::recount::{Known, Outcome, as_before};
use super::wire::time;
use crate::domain::fact::Fact;
use crate::domain::milestone::{check, is_recordable};
use crate::domain::vocabulary;
use crate::error::Error;
use crate::store::case::Key;
use crate::store::{case, escalation, fact, time_of};
use crate::topics::CLOCKS;

/// Records what happened, once.
pub async fn record(
    desk: &Desk,
    caller: &Principal,
    message: wire::RecordMilestoneRequest,
    mut found: Violations,
) -> Result<wire::Milestone, Error> {
    let content = wire::RecordMilestoneRequest { request_id: String::new(), ..message.clone() };
    let call = call(caller, &message.request_id, &content)?;
    let complaint = Uuid::try_parse(&message.complaint_id).map_err(|_| Problem::not_found())?;
    check(message.kind(), &message.subject_id, &mut found);
    let at = message.at.as_ref().map(from_wire_time).transpose().unwrap_or_else(|_| {
        found.add_unless_known("at", "MALFORMED", "an instant is expected");
        None
    });
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let key = (caller.tenant.clone(), complaint);
    let work = Arc::new(Told { desk: desk.clone(), caller: caller.clone(), call, key, at, message });
    let recorded = desk.db.run_tx("record_milestone", move |conn| {
        let work = Arc::clone(&work);
        Box::pin(async move { work.run(conn).await })
    });
    let recorded = recorded.await?;
    desk.wake.wake();
    Ok(recorded)
}

struct Told {
    desk: Desk,
    caller: Principal,
    call: Call,
    key: Key,
    at: Option<Timestamp>,
    message: wire::RecordMilestoneRequest,
}

impl Told {
    async fn run(&self, conn: &mut PgConnection) -> Result<wire::Milestone, Error> {
        let mut held = case::lock_existing(conn, &self.key).await?.ok_or_else(Problem::not_found)?;
        match self.call.seen(conn).await? {
            Seen::Same(made) => return self.made(&made),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        // The database's clock: a host that runs fast or slow decides no limit.
        let now = time_of(conn).await?;
        let at = whole_milliseconds(self.at.unwrap_or(now));
        if !is_recordable(at, now) {
            let mut found = Violations::default();
            found.add("at", "OUT_OF_RANGE", "not in the future, and at most a year ago");
            return Err(Problem::invalid(found).into());
        }
        let message =
            wire::MilestoneRecorded { kind: self.message.kind, subject_id: self.message.subject_id.clone() };
        let told = Emitted::new(&message, at, None);
        let person = !self.caller.has_any(&[Role::Service]);
        let subject = &self.caller.subject;
        let told = if person { told.by(subject) } else { told.through(subject) };
        let events = publish::bind(&mut held, vec![told], now, |_| None);
        let mut outcome = Outcome { events, ..Outcome::default() };
        let version = held.stream_version;
        fact::insert(conn, &[(self.key.clone(), heard(&message, version, at)?)]).await?;
        let after = held.clone();
        let book = self.desk.books.fresh(conn, &self.caller.tenant).await?;
        let known = Known::load(conn, vec![held]).await?.pop().ok_or_else(Problem::not_found)?;
        outcome.add(known, &book, now, as_before, |_| None)?;
        if outcome.cases.is_empty() {
            // No clock moves by it; its own event stands.
            outcome.cases.push(after);
        }
        escalation::look_again(conn, &BTreeSet::from([self.key.clone()])).await?;
        outcome.save(conn, &self.desk.noted).await?;
        let made = format!("{version} {at}");
        self.call.record(conn, &made, now).await?;
        self.made(&made)
    }

    /// What a receipt says: the version of the event, and when it happened.
    fn made(&self, receipt: &str) -> Result<wire::Milestone, Error> {
        let read = receipt
            .split_once(' ')
            .and_then(|(version, at)| Some((version.parse::<i64>().ok()?, at.parse::<Timestamp>().ok()?)));
        let (version, at) = read.ok_or_else(|| Error::Defect("a receipt without version and time".into()))?;
        Ok(wire::Milestone {
            milestone_id: event_id(CLOCKS, self.key.1, version).to_string(),
            complaint_id: self.key.1.to_string(),
            kind: self.message.kind,
            subject_id: self.message.subject_id.clone(),
            at: time(at),
        })
    }
}

/// The fact that the event is, read as every other.
fn heard(message: &wire::MilestoneRecorded, version: i64, at: Timestamp) -> Result<Fact, Error> {
    let heard = vocabulary::extract(&wire::MilestoneRecorded::full_name(), &message.encode_to_vec(), None);
    let heard = heard.ok().flatten().ok_or_else(|| Error::Defect("milestones are not heard".into()))?;
    Ok(Fact { topic: CLOCKS.to_owned(), version, at, event: heard.event.to_owned(), fields: heard.fields })
}
