//! `ListEscalations` and `AcknowledgeEscalation`.

use std::sync::Arc;

use redress_domain::{ErrorKind, Principal, Problem, Role};
use redress_outbox::{Call, Seen};
use redress_proto::sla::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::calendars::call;
use super::publish::Emitted;
use super::recount::Outcome;
use super::wire::time;
use crate::domain::escalation::{Caller, Line, Refusal, may_take_up};
use crate::error::Error;
use crate::store::case;
use crate::store::case::Key;
use crate::store::escalation::{self, Stored, TicketState};
use crate::store::{extension, fact, time_of};

/// The escalations of a complaint.
pub async fn list(
    desk: &Desk,
    caller: &Principal,
    request: &wire::ListEscalationsRequest,
) -> Result<wire::ListEscalationsResponse, Error> {
    let complaint = Uuid::try_parse(&request.complaint_id).map_err(|_| Problem::not_found())?;
    let mut conn = desk.db.pool().acquire().await?;
    let tickets = escalation::of_case(&mut conn, &caller.tenant, complaint).await?;
    Ok(wire::ListEscalationsResponse { escalations: tickets.iter().map(message).collect() })
}

/// Takes an escalation up: whoever is called next is then not called.
pub async fn acknowledge(
    desk: &Desk,
    caller: &Principal,
    message: wire::AcknowledgeEscalationRequest,
) -> Result<wire::Escalation, Error> {
    let content = wire::AcknowledgeEscalationRequest { request_id: String::new(), ..message.clone() };
    let call = call(caller, &message.request_id, &content)?;
    let id = Uuid::try_parse(&message.ticket_id).map_err(|_| Problem::not_found())?;
    let work = Arc::new((desk.clone(), caller.clone(), call, id));
    let ticket = desk
        .db
        .run_tx("acknowledge_escalation", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { take_up(conn, &work.0, &work.1, &work.2, work.3).await })
        })
        .await?;
    desk.wake.wake();
    Ok(self::message(&ticket))
}

async fn take_up(
    conn: &mut PgConnection,
    desk: &Desk,
    caller: &Principal,
    call: &Call,
    id: Uuid,
) -> Result<Stored, Error> {
    let found = escalation::find(conn, &caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    let key: Key = found.key;
    let held = case::lock_existing(conn, &key).await?.ok_or_else(Problem::not_found)?;
    let mut ticket = escalation::find(conn, &caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    match call.seen(conn).await? {
        Seen::Same(_) => return Ok(ticket),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    if !matches!(ticket.state, TicketState::Raised | TicketState::Waiting) {
        let why = "somebody has taken it up, or the next level was called";
        return Err(Problem::new(ErrorKind::FailedPrecondition, "ESCALATION_NOT_OPEN", why).into());
    }
    let facts = fact::of_cases(conn, std::iter::once(&held.key)).await?.remove(&held.key).unwrap_or_default();
    let by = Caller { subject: &caller.subject, is_supervisor: caller.has_any(&[Role::Supervisor]) };
    let line = Line {
        handlers: Line::handlers(&facts),
        took_up: escalation::taken_up(conn, &held.key).await?,
        decided: extension::deciders(conn, &held.key).await?,
    };
    may_take_up(ticket.call.trigger, ticket.ticket.level, by, &line).map_err(refused)?;
    let now = time_of(conn).await?;
    ticket.state = TicketState::Acknowledged;
    ticket.acknowledged_by = Some(caller.subject.clone());
    ticket.acknowledged_at = Some(now);
    let told = wire::EscalationAcknowledged {
        ticket_id: ticket.ticket.id.to_string(),
        acknowledged_by: caller.subject.clone(),
    };
    let mut outcome = Outcome::default();
    outcome.put(held, Vec::new(), vec![Emitted::new(&told, now, None).by(&caller.subject)], now, |_| None);
    escalation::save(conn, std::slice::from_ref(&ticket)).await?;
    outcome.save(conn, &desk.noted).await?;
    call.record(conn, "", now).await?;
    Ok(ticket)
}

fn refused(refusal: Refusal) -> Error {
    Problem::new(ErrorKind::PermissionDenied, refusal.code(), refusal.message()).into()
}

fn message(stored: &Stored) -> wire::Escalation {
    let ticket = &stored.ticket;
    let state = match stored.state {
        TicketState::Waiting => wire::EscalationState::Waiting,
        TicketState::Raised => wire::EscalationState::Raised,
        TicketState::Acknowledged => wire::EscalationState::Acknowledged,
        TicketState::PassedOn => wire::EscalationState::PassedOn,
        TicketState::Settled => wire::EscalationState::Settled,
    };
    wire::Escalation {
        ticket_id: ticket.id.to_string(),
        complaint_id: stored.key.1.to_string(),
        level: ticket.level.into(),
        reason: ticket.reason.clone(),
        target_role: ticket.target_role.clone(),
        clock_id: ticket.clock.map(|id| id.to_string()).unwrap_or_default(),
        state: state.into(),
        raised_at: time(ticket.raised_at),
        acknowledge_by: ticket.acknowledge_by.and_then(time),
        acknowledged_by: stored.acknowledged_by.clone().unwrap_or_default(),
        acknowledged_at: stored.acknowledged_at.and_then(time),
        not_before: time(ticket.not_before),
    }
}
