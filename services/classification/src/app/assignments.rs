//! Handlers and queues, and what a handler answers to an offer.

use std::sync::Arc;

use redress_domain::{ErrorKind, Principal, Problem, Role, TenantId, Violations};
use redress_outbox::{Call, OutboxEvent, Seen, enqueue};
use redress_proto::classification::v1 as wire;
use redress_proto::convert::to_wire_time;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::publish::Origin;
use crate::domain::assignment::{AssignmentState, Queue, Served, is_stranded};
use crate::error::Error;
use crate::store::assignment::{self, Held};
use crate::store::{complaint, handler};
use crate::topics::ASSESSMENTS;

/// Most cases at once.
const CAPACITY: i32 = 1_000;
/// Most kinds of queues that one handler serves.
const SERVED: usize = 100;

/// Makes a handler known, or changes what is known.
pub async fn register(
    desk: &Desk,
    caller: &Principal,
    request: wire::RegisterHandlerRequest,
) -> Result<(), Error> {
    let served = checked(&request)?;
    let content = wire::RegisterHandlerRequest { request_id: String::new(), ..request.clone() };
    let call = super::call(caller, &request.request_id, &content)?;
    let work = Arc::new((desk.clone(), caller.clone(), call, request, served));
    desk.db
        .run_tx("register_handler", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (desk, caller, call, request, served) = &*work;
                match call.seen(conn).await? {
                    Seen::Same(_) => return Ok(()),
                    Seen::Other => return Err(Call::reused().into()),
                    Seen::New => {}
                }
                let (now, tenant) = (desk.now(), &caller.tenant);
                let by = &caller.subject;
                handler::register(conn, tenant, &request.handler, served, request.capacity, by, now).await?;
                Ok::<_, Error>(call.record(conn, "", now).await?)
            })
        })
        .await
}

fn checked(request: &wire::RegisterHandlerRequest) -> Result<Vec<Served>, Problem> {
    let mut found = Violations::default();
    let name = &request.handler;
    if name.is_empty() {
        found.add("handler", "REQUIRED", "the field is mandatory");
    } else if name.chars().count() > 128 || name.chars().any(char::is_control) {
        found.add("handler", "MALFORMED", "1 to 128 characters are expected");
    }
    if !(0..=CAPACITY).contains(&request.capacity) {
        found.add("capacity", "OUT_OF_RANGE", format!("0 to {CAPACITY}"));
    }
    if request.queues.len() > SERVED {
        found.add("queues", "TOO_MANY", format!("at most {SERVED}"));
    }
    let mut served = Vec::with_capacity(request.queues.len().min(SERVED));
    for (index, queue) in request.queues.iter().take(SERVED).enumerate() {
        match queue.parse::<Served>() {
            Ok(queue) => served.push(queue),
            Err(error) => found.add(format!("queues[{index}]"), "MALFORMED", error.to_string()),
        }
    }
    if found.is_empty() { Ok(served) } else { Err(Problem::invalid(found)) }
}

/// The queues that have cases.
pub async fn queues(desk: &Desk, caller: &Principal) -> Result<Vec<wire::Queue>, Error> {
    let mut conn = desk.db.pool().acquire().await?;
    let counted = assignment::counted(&mut conn, &caller.tenant, &Queue::all().collect::<Vec<_>>()).await?;
    let told = |queue: assignment::Counted| wire::Queue {
        name: format!("{}/{}/{}", queue.category, queue.severity, queue.language),
        waiting: queue.waiting,
        offered: queue.offered,
        taken: queue.taken,
        oldest_waiting_since: queue.oldest.map(|oldest| to_wire_time(oldest.to_jiff())),
    };
    Ok(counted.into_iter().map(told).collect())
}

/// Takes a case that was offered to the caller.
pub async fn accept(
    desk: &Desk,
    caller: &Principal,
    request: wire::AcceptAssignmentRequest,
) -> Result<(), Error> {
    let content = wire::AcceptAssignmentRequest { request_id: String::new(), ..request.clone() };
    let call = super::call(caller, &request.request_id, &content)?;
    let complaint = super::id(&request.complaint_id)?;
    answer(desk, caller, Answer { call, complaint, returned_for: None }).await
}

/// Gives a case back; a supervisor may do so for whoever has it.
pub async fn give_back(
    desk: &Desk,
    caller: &Principal,
    request: wire::ReturnAssignmentRequest,
) -> Result<(), Error> {
    let mut found = Violations::default();
    super::code(&mut found, "reason", &request.reason);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let content = wire::ReturnAssignmentRequest { request_id: String::new(), ..request.clone() };
    let call = super::call(caller, &request.request_id, &content)?;
    let complaint = super::id(&request.complaint_id)?;
    answer(desk, caller, Answer { call, complaint, returned_for: Some(request.reason) }).await
}

/// What is answered to an offer.
struct Answer {
    call: Call,
    complaint: Uuid,
    returned_for: Option<String>,
}

async fn answer(desk: &Desk, caller: &Principal, answer: Answer) -> Result<(), Error> {
    let work = Arc::new((desk.clone(), caller.clone(), answer));
    desk.db
        .run_tx("answer_assignment", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.2.write(conn, &work.0, &work.1).await })
        })
        .await?;
    desk.wake.wake();
    Ok(())
}

impl Answer {
    async fn write(&self, conn: &mut PgConnection, desk: &Desk, caller: &Principal) -> Result<(), Error> {
        let (tenant, id, now) = (&caller.tenant, self.complaint, desk.now());
        let (_, version) = complaint::lock(conn, tenant, id).await?.ok_or_else(Problem::not_found)?;
        let held = assignment::lock(conn, tenant, id).await?.ok_or_else(Problem::not_found)?;
        match self.call.seen(conn).await? {
            Seen::Same(_) => return Ok(()),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        let origin = Origin::person(&caller.subject, now);
        let events = match &self.returned_for {
            None => {
                let in_time = held.expires_at.is_some_and(|expires_at| now < expires_at);
                if held.state != AssignmentState::Offered || held.handler != caller.subject || !in_time {
                    return Err(not_offered().into());
                }
                assignment::take(conn, tenant, id).await?;
                let accepted = wire::AssignmentAccepted { handler: held.handler };
                vec![origin.event(ASSESSMENTS, tenant, id, version + 1, &accepted)]
            }
            Some(reason) => {
                if !may_return(&held, caller) {
                    return Err(not_offered().into());
                }
                let rounds = assignment::give_back(conn, tenant, id, now).await?;
                let returned = wire::AssignmentReturned { handler: held.handler, reason: reason.clone() };
                let returned = origin.event(ASSESSMENTS, tenant, id, version + 1, &returned);
                let told = stranded(&Origin::timer(now), tenant, id, version + 2, rounds);
                std::iter::once(returned).chain(told).collect()
            }
        };
        let to = version + i64::try_from(events.len()).unwrap_or(i64::MAX);
        complaint::move_version(conn, tenant, id, to).await?;
        enqueue(conn, &events).await?;
        Ok(self.call.record(conn, "", now).await?)
    }
}

/// The event of a case that came back for the `rounds`th time, if offers alone find nobody who keeps it.
pub(super) fn stranded(
    origin: &Origin,
    tenant: &TenantId,
    complaint: Uuid,
    version: i64,
    rounds: i32,
) -> Option<OutboxEvent> {
    let told = is_stranded(rounds).then(|| wire::AssignmentStranded { rounds: rounds.unsigned_abs() })?;
    tracing::warn!(%complaint, rounds, "a case goes from offer to offer, and nobody keeps it");
    Some(origin.event(ASSESSMENTS, tenant, complaint, version, &told))
}

fn may_return(held: &Held, caller: &Principal) -> bool {
    let is_held = matches!(held.state, AssignmentState::Offered | AssignmentState::Taken);
    is_held && (held.handler == caller.subject || caller.has_any(&[Role::Supervisor]))
}

fn not_offered() -> Problem {
    Problem::new(
        ErrorKind::FailedPrecondition,
        "NOT_OFFERED",
        "the case is not offered to the caller, or not any more",
    )
}
