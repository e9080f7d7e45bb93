use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{Principal, Problem, TenantId, Violations};
use redress_outbox::{Call, Seen};
use redress_proto::convert::{from_wire_time, to_wire_time};
use redress_proto::notification::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::Webhooks;
use crate::app::{call, content, id};
use crate::error::Error;
use crate::store::delivery::{self, Missed};
use crate::store::webhook;

/// A replay that was checked.
struct Replay {
    call: Call,
    tenant: TenantId,
    webhook: Uuid,
    since: Timestamp,
    most: i64,
    now: Timestamp,
}

impl Webhooks {
    /// Enables an address and sends it what was queued since and it has not taken.
    pub async fn replay(
        &self,
        caller: &Principal,
        request: wire::ReplayWebhooksRequest,
    ) -> Result<wire::ReplayWebhooksResponse, Error> {
        let nameless = wire::ReplayWebhooksRequest { request_id: String::new(), ..request.clone() };
        let call = call(&self.desk, caller, &request.request_id, &content(&nameless)).await?;
        let webhook = id(&request.webhook_id)?;
        let since = request.since.as_ref().map(from_wire_time).transpose().ok().flatten();
        let since = since.ok_or_else(|| {
            let mut found = Violations::default();
            found.add("since", "REQUIRED", "a time within the calendar is mandatory");
            Problem::invalid(found)
        })?;
        let (tenant, most, now) = (caller.tenant.clone(), self.replay_most, self.desk.now());
        let replay = Arc::new(Replay { call, tenant, webhook, since, most, now });
        let missed = self
            .desk
            .db
            .run_tx("replay_webhooks", move |conn| {
                let replay = Arc::clone(&replay);
                Box::pin(async move { replayed(conn, &replay).await })
            })
            .await?;
        Ok(wire::ReplayWebhooksResponse {
            queued: i32::try_from(missed.queued).unwrap_or(i32::MAX),
            next_since: missed.next_since.map(to_wire_time),
        })
    }
}

async fn replayed(conn: &mut PgConnection, replay: &Replay) -> Result<Missed, Error> {
    let id = (replay.tenant.clone(), replay.webhook);
    let mut health = webhook::lock_health(conn, std::slice::from_ref(&id)).await?;
    let health = health.first_mut().ok_or_else(Problem::not_found)?;
    match replay.call.seen(conn).await? {
        Seen::Same(outcome) => return Ok(read(&outcome)),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    (health.enabled, health.failures) = (true, 0);
    (health.failing_since, health.paused_until) = (None, None);
    webhook::save_health(conn, std::slice::from_ref(health)).await?;
    let times = (replay.since, replay.now);
    let missed = delivery::begin_missed(conn, &replay.tenant, replay.webhook, times, replay.most).await?;
    replay.call.record(conn, &outcome(missed), replay.now).await?;
    Ok(missed)
}

/// What a repetition of the call is told.
fn outcome(missed: Missed) -> String {
    match missed.next_since {
        Some(next) => format!("{} {next}", missed.queued),
        None => missed.queued.to_string(),
    }
}

fn read(outcome: &str) -> Missed {
    let (queued, next) = outcome.split_once(' ').unwrap_or((outcome, ""));
    Missed { queued: queued.parse().unwrap_or_default(), next_since: next.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_is_told_what_the_call_was_told() {
        for missed in [
            Missed { queued: 0, next_since: None },
            Missed { queued: 7, next_since: Some("2026-11-25T04:00:00.000001Z".parse().unwrap()) },
        ] {
            assert_eq!(read(&outcome(missed)), missed);
        }
    }
}
