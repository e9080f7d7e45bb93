//! Callbacks in the Standard Webhooks format.

use std::collections::HashMap;
use std::error::Error as _;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use ipnet::IpNet;
use jiff::Timestamp;
use redress_runtime::telemetry;
use reqwest::redirect::Policy;
use serde::Deserialize;
use tokio::time::Instant;
use uuid::Uuid;

use super::Chance;
use super::guard::{Forbidden, Guard};
use crate::domain::delivery::Outcome;
use crate::domain::signature::{self, Secret};

/// Why an address is disabled at once: it says itself that it is no more.
pub const GONE: &str = "GONE";
/// How long an address rests whose turns are used up: as long as a delivery that was put off.
const REST: Duration = Duration::from_millis(500);

/// `[notification.callback]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackConfig {
    /// Whether addresses may be `http://`.
    pub allow_http: bool,
    /// Networks that callbacks may go to although they are not the public internet, separated by commas.
    pub allow_networks: String,
    /// Messages per second, address and process.
    pub per_second: u32,
    /// Limit of one message, milliseconds.
    pub timeout_ms: u64,
}

impl CallbackConfig {
    fn networks(&self) -> Result<Vec<IpNet>, ipnet::AddrParseError> {
        let named = self.allow_networks.split(',').map(str::trim).filter(|network| !network.is_empty());
        named.map(str::parse).collect()
    }

    /// What is wrong with the values taken together.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.networks().is_err() {
            problems.push("allow_networks: networks such as 10.1.0.0/16 are expected".to_owned());
        }
        if self.per_second == 0 {
            problems.push("per_second: at least 1".to_owned());
        }
        if !(100..=30_000).contains(&self.timeout_ms) {
            problems.push("timeout_ms: 100 to 30000".to_owned());
        }
        problems
    }
}

/// Sends callbacks. Cheap to clone.
#[derive(Clone)]
pub struct Callbacks {
    client: reqwest::Client,
    guard: Guard,
    rate: Arc<DefaultKeyedRateLimiter<Uuid>>,
    resting: Arc<Mutex<HashMap<Uuid, Instant>>>,
    limit: Duration,
}

/// One message to one address.
pub struct Message<'a> {
    /// Where to.
    pub url: &'a str,
    /// What its signatures are made with.
    pub secrets: &'a [Secret],
    /// The message's id: the notice's.
    pub notice: Uuid,
    /// JSON.
    pub body: Vec<u8>,
    /// Now.
    pub at: Timestamp,
}

impl Callbacks {
    /// Prepares the channel.
    pub fn of(config: &CallbackConfig) -> anyhow::Result<Self> {
        let guard = Guard::new(config.networks()?, config.allow_http);
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(guard.clone()))
            .redirect(Policy::none())
            // A proxy would connect to where this process must not.
            .no_proxy()
            .timeout(Duration::from_millis(config.timeout_ms))
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent("redress")
            .build()
            .context("the client of callbacks")?;
        let per_second = NonZeroU32::new(config.per_second).unwrap_or(NonZeroU32::MIN);
        let rate = Arc::new(RateLimiter::keyed(Quota::per_second(per_second)));
        let limit = Duration::from_millis(config.timeout_ms);
        Ok(Self { client, guard, rate, resting: Arc::default(), limit })
    }

    /// Whether a message to `webhook` is within its rate; takes the turn. An address whose turns are used up rests for a
    /// while.
    pub fn admits(&self, webhook: Uuid) -> bool {
        let admitted = self.rate.check_key(&webhook).is_ok();
        if !admitted {
            self.resting().insert(webhook, Instant::now() + REST);
        }
        admitted
    }

    /// The addresses that rest.
    pub fn at_rest(&self) -> Vec<Uuid> {
        let now = Instant::now();
        let mut resting = self.resting();
        resting.retain(|_, until| *until > now);
        resting.keys().copied().collect()
    }

    fn resting(&self) -> MutexGuard<'_, HashMap<Uuid, Instant>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an address may be registered.
    pub fn check(&self, url: &str) -> Result<(), Forbidden> {
        self.guard.check(url).map(|_| ())
    }

    /// Sends a message that was admitted, if it may still begin. Its answer is its status; the body is not read.
    pub async fn send(&self, message: Message<'_>, chance: &Chance) -> Outcome {
        // Again at each sending: the installation may allow less than when it was registered.
        let Ok(url) = self.guard.check(message.url) else {
            return Outcome::Failed("ADDRESS_FORBIDDEN".into());
        };
        if chance.wait(self.limit, std::future::ready(())).await.is_none() {
            return Outcome::Deferred;
        }
        let id = message.notice.to_string();
        let signature = signature::header(message.secrets, &id, message.at, &message.body);
        let mut call = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", message.at.as_second())
            .header("webhook-signature", signature);
        // Ids alone: what the systems on the trace's way told each other beside them is not for whoever receives this.
        if let Some(context) = telemetry::current_context() {
            call = call.header(telemetry::TRACEPARENT, context.traceparent);
        }
        match call.body(message.body).send().await {
            Ok(answer) => outcome(answer.status()),
            Err(error) if error.is_timeout() => Outcome::Failed("TIMEOUT".into()),
            Err(error) if forbidden(&error) => Outcome::Failed("ADDRESS_FORBIDDEN".into()),
            Err(_) => Outcome::Failed("CONNECTION".into()),
        }
    }
}

fn outcome(status: StatusCode) -> Outcome {
    match status {
        StatusCode::GONE => Outcome::Refused(GONE.into()),
        status if status.is_success() => Outcome::Accepted,
        status if status.is_redirection() => Outcome::Failed("REDIRECTED".into()),
        status => Outcome::Failed(format!("STATUS_{}", status.as_u16()).into()),
    }
}

/// Whether the resolver refused.
fn forbidden(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<Forbidden>() {
            return true;
        }
        cause = error.source();
    }
    false
}
