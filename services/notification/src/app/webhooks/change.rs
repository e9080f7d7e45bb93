use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use redress_domain::{Principal, Problem, TenantId, Violations};
use redress_outbox::{Call, Seen};
use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Webhooks, secret};
use crate::app::{call, content, id};
use crate::error::Error;
use crate::store::webhook::{self, SealedSecret};

/// For how long messages are signed with the former secret too, if it is not told.
const GRACE_HOURS: u32 = 24;
/// The longest such time: a week.
const GRACE_MOST: u32 = 168;

type Id = (TenantId, Uuid);

impl Webhooks {
    /// Takes an address out of use for good. Whoever has nothing else to wait for is told by the lane of callbacks.
    pub async fn remove(
        &self,
        caller: &Principal,
        request: wire::RemoveWebhookRequest,
    ) -> Result<wire::RemoveWebhookResponse, Error> {
        let nameless = wire::RemoveWebhookRequest { request_id: String::new(), ..request.clone() };
        let call = call(&self.desk, caller, &request.request_id, &content(&nameless)).await?;
        let id: Id = (caller.tenant.clone(), id(&request.webhook_id)?);
        let (work, now) = (Arc::new((call, id)), self.desk.now());
        self.desk
            .db
            .run_tx("remove_webhook", move |conn| {
                let work = Arc::clone(&work);
                Box::pin(async move { removed(conn, &work.0, &work.1, now).await })
            })
            .await?;
        Ok(wire::RemoveWebhookResponse {})
    }

    /// Gives an address another secret. The same call again tells the same one, until the next change.
    pub async fn rotate(
        &self,
        caller: &Principal,
        request: wire::RotateWebhookSecretRequest,
    ) -> Result<wire::RotateWebhookSecretResponse, Error> {
        let nameless = wire::RotateWebhookSecretRequest { request_id: String::new(), ..request.clone() };
        let call = call(&self.desk, caller, &request.request_id, &content(&nameless)).await?;
        let id: Id = (caller.tenant.clone(), id(&request.webhook_id)?);
        let hours = request.grace_hours.unwrap_or(GRACE_HOURS);
        if hours > GRACE_MOST {
            let mut found = Violations::default();
            found.add("graceHours", "OUT_OF_RANGE", format!("0 to {GRACE_MOST}"));
            return Err(Problem::invalid(found).into());
        }
        let now = self.desk.now();
        let former_until = now.saturating_add(SignedDuration::from_hours(hours.into())).unwrap_or(now);
        let secret = secret::new(&self.desk.vault, &id.0, id.1).await?;
        let work = Arc::new((call, id.clone(), secret));
        let generation = self
            .desk
            .db
            .run_tx("rotate_webhook_secret", move |conn| {
                let work = Arc::clone(&work);
                Box::pin(async move { rotated(conn, &work.0, &work.1, &work.2, (former_until, now)).await })
            })
            .await?;
        let (secret, former_until) = self.told(caller, id.1, generation).await?;
        Ok(wire::RotateWebhookSecretResponse {
            secret: secret.text(),
            former_until: former_until.map(to_wire_time),
        })
    }
}

async fn removed(conn: &mut PgConnection, call: &Call, id: &Id, now: Timestamp) -> Result<(), Error> {
    let there = webhook::lock_health(conn, std::slice::from_ref(id)).await?;
    match call.seen(conn).await? {
        Seen::Same(_) => return Ok(()),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    there.first().ok_or_else(Problem::not_found)?;
    webhook::remove(conn, id, now).await?;
    Ok(call.record(conn, "", now).await?)
}

async fn rotated(
    conn: &mut PgConnection,
    call: &Call,
    id: &Id,
    secret: &SealedSecret,
    (former_until, now): (Timestamp, Timestamp),
) -> Result<i32, Error> {
    webhook::lock_health(conn, std::slice::from_ref(id)).await?.first().ok_or_else(Problem::not_found)?;
    match call.seen(conn).await? {
        Seen::Same(generation) => return Ok(generation.parse().unwrap_or_default()),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    let generation = webhook::rotate(conn, id, secret, former_until).await?;
    call.record(conn, &generation.to_string(), now).await?;
    Ok(generation)
}
