//! `RequestExtension` and `DecideExtension`: more time, asked for by one person and granted by another, never past the
//! clock's cap (C14).

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{ErrorKind, Principal, Problem, Violations, derived_id};
use redress_outbox::{Call, Seen};
use redress_proto::sla::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::book::Book;
use super::calendars::call;
use super::publish::{Emitted, clock_ref};
use super::recount::{Known, Outcome, as_before};
use super::wire::{clock as to_wire, time};
use crate::domain::course::{Clock, Extension};
use crate::domain::extension::{Refusal, may_decide, may_have_more, within_cap};
use crate::domain::telling::Told;
use crate::error::Error;
use crate::store::case::Key;
use crate::store::extension::Request;
use crate::store::{case, clock, extension, time_of};

/// Asks for more time.
pub async fn request(
    desk: &Desk,
    caller: &Principal,
    message: wire::RequestExtensionRequest,
    mut found: Violations,
) -> Result<wire::Extension, Error> {
    let content = wire::RequestExtensionRequest { request_id: String::new(), ..message.clone() };
    let call = call(caller, &message.request_id, &content)?;
    let clock = Uuid::try_parse(&message.clock_id).map_err(|_| Problem::not_found())?;
    if !(1..=36_525).contains(&message.amount) {
        found.add_unless_known("amount", "OUT_OF_RANGE", "1 or more is expected");
    }
    code("reason", &message.reason, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let work = Arc::new(Asked { desk: desk.clone(), caller: caller.clone(), call, clock, message });
    let request = desk.db.run_tx("request_extension", move |conn| {
        let work = Arc::clone(&work);
        Box::pin(async move { work.run(conn).await })
    });
    Ok(to_wire::extension(&request.await?))
}

/// Grants or refuses it.
pub async fn decide(
    desk: &Desk,
    caller: &Principal,
    message: wire::DecideExtensionRequest,
    mut found: Violations,
) -> Result<wire::DecideExtensionResponse, Error> {
    let content = wire::DecideExtensionRequest { request_id: String::new(), ..message.clone() };
    let call = call(caller, &message.request_id, &content)?;
    let id = Uuid::try_parse(&message.extension_id).map_err(|_| Problem::not_found())?;
    match (message.approve, message.reason.is_empty()) {
        (true, false) => {
            found.add_unless_known("reason", "NOT_ALLOWED", "a grant has the reason it was asked for");
        }
        (true, true) => {}
        (false, _) => code("reason", &message.reason, &mut found),
    }
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let work = Arc::new(Decided { desk: desk.clone(), caller: caller.clone(), call, id, message });
    let deciding = Arc::clone(&work);
    desk.db
        .run_tx("decide_extension", move |conn| {
            let work = Arc::clone(&deciding);
            Box::pin(async move { work.run(conn).await })
        })
        .await?;
    desk.wake.wake();
    let mut conn = desk.db.pool().acquire().await?;
    let request =
        extension::find(&mut conn, &caller.tenant, work.id).await?.ok_or_else(Problem::not_found)?;
    let clock = clock::find(&mut conn, &caller.tenant, request.clock).await?;
    Ok(wire::DecideExtensionResponse {
        extension: Some(to_wire::extension(&request)),
        clock: clock.as_ref().map(to_wire::message),
    })
}

fn code(field: &str, text: &str, found: &mut Violations) {
    let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if text.is_empty() {
        found.add_unless_known(field, "REQUIRED", "a reason is missing");
    } else if text.len() > 64 || !fits {
        found.add_unless_known(field, "MALFORMED", "a code in lower snake case, at most 64 characters");
    }
}

fn refused(refusal: Refusal) -> Error {
    Problem::new(ErrorKind::FailedPrecondition, refusal.code(), refusal.message()).into()
}

/// Of a request that waits for its decision.
const REQUESTED: &str = "requested";

/// The clock, with all that is known of its complaint, whose row is locked.
async fn locked(conn: &mut PgConnection, caller: &Principal, clock_id: Uuid) -> Result<(Known, Told), Error> {
    let stored = clock::find(conn, &caller.tenant, clock_id).await?.ok_or_else(Problem::not_found)?;
    let key: Key = (caller.tenant.clone(), stored.complaint);
    let held = case::lock_existing(conn, &key).await?.ok_or_else(Problem::not_found)?;
    let known = Known::load(conn, vec![held]).await?.pop().ok_or_else(Problem::not_found)?;
    let told = known.told.iter().find(|told| told.clock_id == clock_id).cloned();
    Ok((known, told.ok_or_else(Problem::not_found)?))
}

/// The clock as it would be with `amount` more; or why it cannot have more.
fn extended(book: &Book, known: &Known, told: &Told, amount: i64, now: Timestamp) -> Result<Clock, Error> {
    // The rule it runs under: another may have taken effect since, or been in effect when its start happened.
    let policy = book.rules(told);
    let rule = policy.clock(&told.definition).map(|rule| &**rule);
    may_have_more(told, rule, now).map_err(refused)?;
    let mut with = known.clone();
    with.extensions.push(Extension { clock: told.clock_id, amount });
    let clock = with.course(book, as_before)?.into_iter().find(|clock| clock.id == told.clock_id);
    let clock = clock.ok_or_else(|| Error::Defect("a clock that was told of is none".into()))?;
    within_cap(&clock).map_err(refused)?;
    Ok(clock)
}

struct Asked {
    desk: Desk,
    caller: Principal,
    call: Call,
    clock: Uuid,
    message: wire::RequestExtensionRequest,
}

impl Asked {
    async fn run(&self, conn: &mut PgConnection) -> Result<Request, Error> {
        let (known, told) = locked(conn, &self.caller, self.clock).await?;
        match self.call.seen(conn).await? {
            Seen::Same(id) => {
                let id = Uuid::try_parse(&id).map_err(|_| Error::Defect("a receipt without id".into()))?;
                let made = extension::find(conn, &self.caller.tenant, id).await?;
                return Ok(made.ok_or_else(Problem::not_found)?);
            }
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        // The database's clock: a host that runs fast or slow decides no limit.
        let now = time_of(conn).await?;
        let before = extension::of_clock(conn, &self.caller.tenant, self.clock).await?;
        if before.iter().any(|request| request.state == REQUESTED) {
            return Err(refused(Refusal::Pending));
        }
        let book = self.desk.books.fresh(conn, &self.caller.tenant).await?;
        let with = extended(&book, &known, &told, self.message.amount, now)?;
        let number = (before.len() as u64).to_be_bytes();
        let parts: [&[u8]; 3] = [self.caller.tenant.as_str().as_bytes(), self.clock.as_bytes(), &number];
        let request = Request {
            id: derived_id("redress/extension/1", &parts),
            complaint: known.held.key.1,
            clock: self.clock,
            amount: self.message.amount,
            reason: self.message.reason.clone(),
            state: REQUESTED.to_owned(),
            requested_by: self.caller.subject.clone(),
            requested_at: now,
            decided_by: None,
            decided_at: None,
            decision: None,
            old_due_at: told.due_at,
            new_due_at: with.due_at(),
        };
        extension::save(conn, &self.caller.tenant, &request).await?;
        self.call.record(conn, &request.id.to_string(), now).await?;
        Ok(request)
    }
}

struct Decided {
    desk: Desk,
    caller: Principal,
    call: Call,
    id: Uuid,
    message: wire::DecideExtensionRequest,
}

impl Decided {
    async fn run(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let tenant = &self.caller.tenant;
        let clock = extension::find(conn, tenant, self.id).await?.ok_or_else(Problem::not_found)?.clock;
        let (mut known, told) = locked(conn, &self.caller, clock).await?;
        match self.call.seen(conn).await? {
            Seen::Same(_) => return Ok(()),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        // Read again: another decision may have been faster before the lock.
        let mut request = extension::find(conn, tenant, self.id).await?.ok_or_else(Problem::not_found)?;
        let decided = request.state != REQUESTED;
        may_decide(decided, &request.requested_by, &self.caller.subject).map_err(refused)?;
        let now = time_of(conn).await?;
        request.decided_by = Some(self.caller.subject.clone());
        request.decided_at = Some(now);
        let mut outcome = Outcome::default();
        if self.message.approve {
            let book = self.desk.books.fresh(conn, tenant).await?;
            let with = extended(&book, &known, &told, request.amount, now)?;
            "approved".clone_into(&mut request.state);
            (request.old_due_at, request.new_due_at) = (told.due_at, with.due_at());
            known.held.extended = true;
            known.extensions.push(Extension { clock, amount: request.amount });
            let granted = self.granted(&told, &request);
            outcome.add(known, &book, now, as_before, |_| None)?;
            outcome.also(clock, granted, now);
        } else {
            "refused".clone_into(&mut request.state);
            request.decision = Some(self.message.reason.clone());
            let message = wire::ExtensionRefused {
                clock: Some(clock_ref(&told)),
                reason: self.message.reason.clone(),
                requested_by: request.requested_by.clone(),
            };
            let emitted = Emitted::new(&message, now, None).by(&self.caller.subject);
            outcome.put(known.held, Vec::new(), vec![emitted], now, |_| None);
        }
        extension::save(conn, tenant, &request).await?;
        outcome.save(conn, &self.desk.noted).await?;
        Ok(self.call.record(conn, "", now).await?)
    }

    fn granted(&self, told: &Told, request: &Request) -> impl FnOnce(Option<&Told>) -> Emitted {
        let before = told.clone();
        let (by, request) = (self.caller.subject.clone(), request.clone());
        move |now: Option<&Told>| {
            let message = wire::ExtensionApproved {
                clock: Some(clock_ref(now.unwrap_or(&before))),
                old_due_at: request.old_due_at.and_then(time),
                new_due_at: request.new_due_at.and_then(time),
                reason: request.reason.clone(),
                requested_by: request.requested_by.clone(),
            };
            Emitted::new(&message, request.decided_at.unwrap_or(request.requested_at), None).by(&by)
        }
    }
}
