//! Callback addresses: registering one, changing its secret, removing it, and sending again what it missed.

mod change;
mod replay;
mod secret;

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{ErrorKind, Principal, Problem, Violations, derived_id};
use redress_outbox::{Call, Seen};
use redress_proto::notification::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::wire::kind_of;
use super::{Desk, call, content};
use crate::channel::callback::Callbacks;
use crate::channel::guard::Forbidden;
use crate::domain::signature::Secret;
use crate::error::Error;
use crate::store::webhook::{self, Webhook};
pub(super) use secret::secrets;

/// Longest address, characters.
const URL_MOST: usize = 2_000;
/// Notices that one replay looks through at the most: a few seconds' worth of a statement.
pub const REPLAY_MOST: i64 = 10_000;

/// Keeps callback addresses.
#[derive(Clone)]
pub struct Webhooks {
    /// What every use needs.
    pub desk: Desk,
    /// Knows where callbacks may go.
    pub callbacks: Callbacks,
    /// Notices that one replay looks through.
    pub replay_most: i64,
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
        let secret = self.told(caller, id, 1).await?.0;
        Ok(wire::RegisterWebhookResponse { webhook_id: id.to_string(), secret: secret.text() })
    }

    /// The secret number `generation` of an address, as long as it is the present one.
    async fn told(
        &self,
        caller: &Principal,
        id: Uuid,
        generation: i32,
    ) -> Result<(Secret, Option<Timestamp>), Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let stored = webhook::find(&mut conn, &[(caller.tenant.clone(), id)]).await?.pop();
        drop(conn);
        let stored = stored.ok_or_else(Problem::not_found)?;
        if stored.generation != generation {
            let problem = Problem::new(
                ErrorKind::FailedPrecondition,
                "SECRET_SUPERSEDED",
                "the secret that this call made is in use no more",
            );
            return Err(problem.into());
        }
        let secret = secret::open(&self.desk.vault, &caller.tenant, id, &stored.secret).await?;
        Ok((secret, stored.former.map(|(_, until)| until)))
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
        let secret = secret::new(&self.desk.vault, &caller.tenant, id).await?;
        Ok(Webhook { tenant: caller.tenant.clone(), id, url, kinds, secret, generation: 1, former: None })
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
