//! Callback addresses: registering one, and sending again what it missed.

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{ComplaintId, Principal, Problem, Violations, derived_id};
use redress_outbox::{Call, Seen};
use redress_proto::convert::from_wire_time;
use redress_proto::notification::v1 as wire;
use redress_vault::{Purpose, Vault, WrappedKey};
use sqlx::postgres::PgConnection;

use super::wire::kind_of;
use super::{Desk, call, content, id};
use crate::channel::callback::Callbacks;
use crate::channel::guard::Forbidden;
use crate::domain::signature::Secret;
use crate::error::Error;
use crate::store::webhook::{self, Webhook};
use crate::store::{Corrupt, delivery};

/// The name under which secrets are sealed. A secret has a data key of its own, bound to the address in the place of a
/// complaint.
const SECRET_FIELD: &str = "webhook.secret";
/// Longest address, characters.
const URL_MOST: usize = 2_000;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;

/// Keeps callback addresses.
#[derive(Clone)]
pub struct Webhooks {
    /// What every use needs.
    pub desk: Desk,
    /// Knows where callbacks may go.
    pub callbacks: Callbacks,
}

impl Webhooks {
    /// Registers an address. The same call again tells the same secret; no other call ever does.
    pub async fn register(
        &self,
        caller: &Principal,
        request: wire::RegisterWebhookRequest,
    ) -> Result<wire::RegisterWebhookResponse, Error> {
        let request_id = request.request_id.clone();
        let nameless = wire::RegisterWebhookRequest { request_id: String::new(), ..request.clone() };
        let call = call(&self.desk, caller, &request_id, &content(&nameless)).await?;
        let kinds = self.checked(&request)?;
        let webhook = self.webhook(caller, &request_id, request.url, kinds).await?;
        let (id, now) = (webhook.id, self.desk.now());
        let work = Arc::new((call, webhook, caller.clone()));
        self.desk
            .db
            .run_tx("register_webhook", move |conn| {
                let work = Arc::clone(&work);
                Box::pin(async move { registered(conn, &work.0, &work.1, &work.2.subject, now).await })
            })
            .await?;
        let mut conn = self.desk.db.pool().acquire().await?;
        let stored = webhook::find(&mut conn, &[(caller.tenant.clone(), id)]).await?.pop();
        drop(conn);
        let stored = stored.ok_or_else(Problem::not_found)?;
        let secret = secret(&self.desk.vault, &stored).await?;
        Ok(wire::RegisterWebhookResponse { webhook_id: id.to_string(), secret: secret.text() })
    }

    fn checked(&self, request: &wire::RegisterWebhookRequest) -> Result<Vec<String>, Problem> {
        let mut found = Violations::default();
        if request.url.chars().count() > URL_MOST {
            found.add("url", "TOO_LONG", format!("at most {URL_MOST} characters"));
        } else if let Err(forbidden) = self.callbacks.check(&request.url) {
            let reason = match forbidden {
                Forbidden::Form => "MALFORMED",
                Forbidden::Plaintext => "NOT_ENCRYPTED",
                Forbidden::Private => "NOT_PUBLIC",
            };
            found.add("url", reason, forbidden.to_string());
        }
        let mut kinds = Vec::new();
        for (place, kind) in request.kinds().enumerate() {
            match kind_of(kind) {
                Some(kind) => kinds.push(kind.code().to_owned()),
                None => found.add(format!("kinds[{place}]"), "UNKNOWN", "no kind of notice"),
            }
        }
        kinds.sort();
        kinds.dedup();
        if found.is_empty() { Ok(kinds) } else { Err(Problem::invalid(found)) }
    }

    async fn webhook(
        &self,
        caller: &Principal,
        request_id: &str,
        url: String,
        kinds: Vec<String>,
    ) -> Result<Webhook, Error> {
        let parts = [caller.tenant.as_str(), &caller.subject, request_id].map(str::as_bytes);
        let id = derived_id("redress/webhook/1", &parts);
        let mut secret = vec![0; SECRET_BYTES];
        aws_lc_rs::rand::fill(&mut secret).map_err(|_| redress_vault::VaultError::Library)?;
        let sealer = self.desk.vault.sealer(&caller.tenant, ComplaintId::from_uuid(id)).await?;
        Ok(Webhook {
            tenant: caller.tenant.clone(),
            id,
            url,
            kinds,
            sealed_secret: sealer.seal(SECRET_FIELD, &secret)?,
            wrapped_key: sealer.wrapped_key().to_bytes(),
        })
    }

    /// Enables an address and sends it what was queued since and it has not taken.
    pub async fn replay(
        &self,
        caller: &Principal,
        request: wire::ReplayWebhooksRequest,
    ) -> Result<wire::ReplayWebhooksResponse, Error> {
        let nameless = wire::ReplayWebhooksRequest { request_id: String::new(), ..request.clone() };
        let call = call(&self.desk, caller, &request.request_id, &content(&nameless)).await?;
        let id = id(&request.webhook_id)?;
        let since = request.since.as_ref().map(from_wire_time).transpose().ok().flatten();
        let since = since.ok_or_else(|| {
            let mut found = Violations::default();
            found.add("since", "REQUIRED", "a time within the calendar is mandatory");
            Problem::invalid(found)
        })?;
        let (tenant, now) = (caller.tenant.clone(), self.desk.now());
        let call = Arc::new(call);
        let queued = self
            .desk
            .db
            .run_tx("replay_webhooks", move |conn| {
                let (tenant, call) = (tenant.clone(), Arc::clone(&call));
                Box::pin(async move {
                    let mut health = webhook::lock_health(conn, &[(tenant.clone(), id)]).await?;
                    let health = health.first_mut().ok_or_else(Problem::not_found)?;
                    match call.seen(conn).await? {
                        Seen::Same(queued) => return Ok(queued.parse().unwrap_or_default()),
                        Seen::Other => return Err(Call::reused().into()),
                        Seen::New => {}
                    }
                    (health.enabled, health.failures) = (true, 0);
                    (health.failing_since, health.paused_until) = (None, None);
                    webhook::save_health(conn, std::slice::from_ref(health)).await?;
                    let queued = delivery::begin_missed(conn, &tenant, id, since, now).await?;
                    call.record(conn, &queued.to_string(), now).await?;
                    Ok::<u64, Error>(queued)
                })
            })
            .await?;
        Ok(wire::ReplayWebhooksResponse { queued: i32::try_from(queued).unwrap_or(i32::MAX) })
    }
}

async fn registered(
    conn: &mut PgConnection,
    call: &Call,
    webhook: &Webhook,
    caller: &str,
    now: Timestamp,
) -> Result<(), Error> {
    match call.seen(conn).await? {
        Seen::Same(_) => return Ok(()),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    call.record(conn, &webhook.id.to_string(), now).await?;
    webhook::insert(conn, webhook, caller, now).await
}

/// The secret of an address.
pub(super) async fn secret(vault: &Vault, webhook: &Webhook) -> Result<Secret, Error> {
    let place = ComplaintId::from_uuid(webhook.id);
    let key = WrappedKey::from_bytes(&webhook.wrapped_key)?;
    let opener = vault.opener(&webhook.tenant, place, &key, Purpose::Notification).await?;
    let bytes = opener.open(SECRET_FIELD, &webhook.sealed_secret)?;
    let secret = Secret::of_bytes(bytes.to_vec());
    Ok(secret.ok_or_else(|| Corrupt::new("webhook", "sealed_secret", webhook.id, "no secret"))?)
}
