//! What channels report later: delivered, read, bounced.

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{ContactType, Principal, Problem, Violations, whole_microseconds};
use redress_outbox::{Call, OutboxEvent, Seen, enqueue};
use redress_proto::convert::from_wire_time;
use redress_proto::notification::v1 as wire_events;
use redress_proto::types::v1 as types;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Desk, call, content, id, publish, view, wire};
use crate::domain::delivery::{AttemptOutcome, NoticeState, Report, report};
use crate::error::Error;
use crate::store::attempt::{self, Attempt};
use crate::store::complaint::{self, Complaint};
use crate::store::delivery::{self, Due};
use crate::store::notice::{self, Moved, Notice};

/// Takes reports.
#[derive(Clone)]
pub struct Receipts {
    /// What every use needs.
    pub desk: Desk,
}

/// A report that was checked.
struct Reported {
    call: Call,
    tenant: redress_domain::TenantId,
    notice: Uuid,
    channel: ContactType,
    outcome: AttemptOutcome,
    at: Timestamp,
    now: Timestamp,
}

impl Receipts {
    /// Records a report. The same call again records nothing.
    pub async fn record(
        &self,
        caller: &Principal,
        request: wire_events::RecordReceiptRequest,
    ) -> Result<wire_events::Notice, Error> {
        let nameless = wire_events::RecordReceiptRequest { request_id: String::new(), ..request.clone() };
        let call = call(&self.desk, caller, &request.request_id, &content(&nameless)).await?;
        let reported = reported(call, caller, &request, self.desk.now())?;
        let notice = reported.notice;
        let reported = Arc::new(reported);
        self.desk
            .db
            .run_tx("record_receipt", move |conn| {
                let reported = Arc::clone(&reported);
                Box::pin(async move { recorded(conn, &reported).await })
            })
            .await?;
        self.desk.wake.wake();
        let mut conn = self.desk.db.pool().acquire().await?;
        let found = notice::find(&mut conn, &caller.tenant, notice).await?;
        let found = found.ok_or_else(Problem::not_found)?;
        let attempts = attempt::of(&mut conn, &caller.tenant, &[notice]).await?;
        Ok(view::shown(&found, attempts))
    }
}

fn reported(
    call: Call,
    caller: &Principal,
    request: &wire_events::RecordReceiptRequest,
    now: Timestamp,
) -> Result<Reported, Problem> {
    let notice = id(&request.notice_id)?;
    let mut found = Violations::default();
    let channel = ContactType::try_from(request.channel()).ok();
    if channel.is_none() {
        found.add("channel", "REQUIRED", "a channel is mandatory");
    }
    let outcome = request.outcome.parse::<AttemptOutcome>().ok().filter(|outcome| {
        matches!(outcome, AttemptOutcome::Delivered | AttemptOutcome::Read | AttemptOutcome::Bounced)
    });
    if outcome.is_none() {
        found.add("outcome", "MALFORMED", "delivered, read or bounced is expected");
    }
    let at = match request.at.as_ref().map(from_wire_time) {
        None => Some(now),
        Some(Ok(at)) => Some(whole_microseconds(at)),
        Some(Err(_)) => {
            found.add("at", "MALFORMED_TIME", "the time is outside the calendar");
            None
        }
    };
    match (channel, outcome, at) {
        (Some(channel), Some(outcome), Some(at)) if found.is_empty() => {
            Ok(Reported { call, tenant: caller.tenant.clone(), notice, channel, outcome, at, now })
        }
        _ => Err(Problem::invalid(found)),
    }
}

async fn recorded(conn: &mut PgConnection, reported: &Reported) -> Result<(), Error> {
    let found = notice::find(conn, &reported.tenant, reported.notice).await?;
    let complaint = found.ok_or_else(Problem::not_found)?.complaint;
    let locked = complaint::lock_all(conn, &[(reported.tenant.clone(), complaint)]).await?;
    let mut complaint = locked.into_iter().next().ok_or_else(Problem::not_found)?;
    match reported.call.seen(conn).await? {
        Seen::Same(_) => return Ok(()),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    // Read again: it may have moved before the lock.
    let notice = notice::find(conn, &reported.tenant, reported.notice).await?;
    let notice = notice.ok_or_else(Problem::not_found)?;
    let channels: Vec<&str> =
        notice.stations.iter().filter_map(|station| station.split(':').next()).collect();
    if !channels.contains(&reported.channel.code()) {
        let mut found = Violations::default();
        found.add("channel", "NEVER_SENT", "the notice did not go out through this channel");
        return Err(Problem::invalid(found).into());
    }
    let current = channels.last() == Some(&reported.channel.code());
    attempt::insert(conn, &[attempt_of(reported)]).await?;
    let events = moved(conn, &mut complaint, &notice, reported, current).await?;
    complaint::save(conn, &[&complaint]).await?;
    enqueue(conn, &events).await?;
    Ok(reported.call.record(conn, "", reported.now).await?)
}

async fn moved(
    conn: &mut PgConnection,
    complaint: &mut Complaint,
    notice: &Notice,
    reported: &Reported,
    current: bool,
) -> Result<Vec<OutboxEvent>, Error> {
    let state = match report(notice.state, reported.outcome, current) {
        Report::Nothing => return Ok(Vec::new()),
        Report::To(state) => state,
        Report::Back => NoticeState::Queued,
    };
    let moved = Moved { tenant: notice.tenant.clone(), id: notice.id, state, stations: None };
    notice::advance(conn, &[moved]).await?;
    let (notice_id, kind) = (notice.id.to_string(), wire::kind(notice.kind).into());
    let channel = types::ContactType::from(reported.channel).into();
    Ok(match state {
        NoticeState::Queued => {
            // Out again, through what comes after the stations behind it.
            let due = Due {
                tenant: notice.tenant.clone(),
                notice: notice.id,
                kind: notice.kind.code(),
                due_at: reported.now.max(notice.not_before),
                tried: notice.stations.clone(),
            };
            delivery::begin(conn, &[due]).await?;
            let message =
                wire_events::NoticeBounced { notice_id, kind, channel, reason: "BOUNCED".to_owned() };
            vec![publish::event(complaint, &notice.cause, crate::SOURCE, reported.now, &message)]
        }
        // Whoever has read it has had it delivered; the delivery is told once.
        NoticeState::Delivered | NoticeState::Read if notice.state == NoticeState::Sent => {
            let message = wire_events::NoticeDelivered {
                notice_id,
                kind,
                channel,
                addressee: Some(wire::addressee(&notice.addressee)),
            };
            vec![publish::event(complaint, &notice.cause, crate::SOURCE, reported.now, &message)]
        }
        _ => Vec::new(),
    })
}

fn attempt_of(reported: &Reported) -> Attempt {
    Attempt {
        tenant: reported.tenant.clone(),
        notice: reported.notice,
        channel: Some(reported.channel),
        webhook: None,
        at: reported.at,
        outcome: reported.outcome,
        reason: String::new(),
    }
}
