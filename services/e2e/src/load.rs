//! An open-loop load: submissions are sent at their time, however the earlier ones fare, and each is repeated under its
//! own key until it is accepted or its caller's patience is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use redress_domain::{ComplaintId, TenantId};
use redress_testkit::wait_until;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use uuid::Uuid;

use crate::ledger::Told;

/// How long one attempt may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
/// Wait before a repetition where the answer names no delay.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Who sends what, where and how fast.
#[derive(Debug, Clone)]
pub struct Load {
    /// HTTP edges, each as `host:port`; a repetition goes to the next one.
    pub targets: Vec<String>,
    /// The tenant that the token names.
    pub tenant: TenantId,
    /// The subject that the token names.
    pub subject: String,
    /// A token that may submit.
    pub token: String,
    /// Submissions per second.
    pub per_second: u32,
    /// How long a submission is repeated; zero means one attempt.
    pub patience: Duration,
}

/// A submission and what became of it, as its caller sees it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The idempotency key.
    pub key: String,
    /// The complaint that the key leads to.
    pub complaint: Uuid,
    /// The last word.
    pub told: Told,
    /// Attempts that were needed, or made.
    pub attempts: u32,
    /// Time of the longest attempt.
    pub slowest: Duration,
    /// What each attempt that was not accepted met, in order.
    pub trouble: Vec<String>,
}

/// A load that goes on until it is stopped.
pub struct Running {
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicUsize>,
    sending: JoinHandle<Vec<Sent>>,
}

impl Load {
    /// Begins.
    pub fn start(self) -> anyhow::Result<Running> {
        let stop = Arc::new(AtomicBool::new(false));
        let accepted = Arc::new(AtomicUsize::new(0));
        let sender = Arc::new(Sender { load: self, client: client()?, accepted: Arc::clone(&accepted) });
        let sending = tokio::spawn(sender.send_until(Arc::clone(&stop)));
        Ok(Running { stop, accepted, sending })
    }

    /// Sends `count` submissions at one moment.
    pub async fn burst(self, count: usize) -> anyhow::Result<Vec<Sent>> {
        let sender = Arc::new(Sender { load: self, client: client()?, accepted: Arc::default() });
        let calls: JoinSet<Sent> = (0..count).map(|n| Arc::clone(&sender).submit(n)).collect();
        Ok(calls.join_all().await)
    }
}

impl Running {
    /// How many are accepted by now.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Waits until that many more are accepted.
    ///
    /// # Panics
    /// After `within`.
    pub async fn accepts(&self, more: usize, within: Duration) {
        let goal = self.accepted() + more;
        let reached = async || (self.accepted() >= goal).then_some(());
        wait_until("submissions are accepted", within, reached).await;
    }

    /// Sends no more, and waits for what is on its way.
    pub async fn stop(self) -> anyhow::Result<Vec<Sent>> {
        self.stop.store(true, Ordering::Relaxed);
        self.sending.await.context("the load ended early")
    }
}

/// What callers were told, by complaint.
pub fn told(sent: &[Sent]) -> BTreeMap<Uuid, Told> {
    sent.iter().map(|sent| (sent.complaint, sent.told)).collect()
}

struct Sender {
    load: Load,
    client: Client,
    accepted: Arc<AtomicUsize>,
}

/// What one attempt came to.
enum Answer {
    Accepted(Uuid),
    /// Not accepted; whether something may have been written all the same, what it was, and when to come again.
    Not {
        unclear: bool,
        what: String,
        again_after: Option<Duration>,
    },
}

impl Sender {
    async fn send_until(self: Arc<Self>, stop: Arc<AtomicBool>) -> Vec<Sent> {
        let (begin, period) = (Instant::now(), Duration::from_secs(1) / self.load.per_second);
        let mut due = begin;
        let mut calls = JoinSet::new();
        while !stop.load(Ordering::Relaxed) {
            calls.spawn(Arc::clone(&self).submit(calls.len()));
            due += period;
            tokio::time::sleep_until(due).await;
        }
        calls.join_all().await
    }

    async fn submit(self: Arc<Self>, n: usize) -> Sent {
        let key = format!("load-{n}");
        let complaint = complaint_of(&self.load, &key);
        let mut sent = Sent {
            complaint,
            told: Told::Refused,
            attempts: 0,
            slowest: Duration::ZERO,
            trouble: Vec::new(),
            key,
        };
        let give_up_at = Instant::now() + self.load.patience;
        loop {
            let began = Instant::now();
            let answer = self.attempt(&sent.key, n + sent.trouble.len()).await;
            sent.attempts += 1;
            sent.slowest = sent.slowest.max(began.elapsed());
            let again_after = match answer {
                Answer::Accepted(id) if id == sent.complaint => {
                    self.accepted.fetch_add(1, Ordering::Relaxed);
                    sent.told = Told::Accepted;
                    return sent;
                }
                Answer::Accepted(other) => {
                    sent.trouble.push(format!("answered with another complaint, {other}"));
                    sent.told = Told::Unknown;
                    return sent;
                }
                Answer::Not { unclear, what, again_after } => {
                    sent.trouble.push(what);
                    if unclear {
                        sent.told = Told::Unknown;
                    }
                    again_after
                }
            };
            match again_after {
                Some(delay) if Instant::now() + delay < give_up_at => tokio::time::sleep(delay).await,
                _ => return sent,
            }
        }
    }

    async fn attempt(&self, key: &str, turn: usize) -> Answer {
        let target = &self.load.targets[turn % self.load.targets.len()];
        let response = self
            .client
            .post(format!("http://{target}/v1/complaints"))
            .bearer_auth(&self.load.token)
            .header("idempotency-key", key)
            .json(&body(key))
            .send()
            .await;
        let read = match response {
            Ok(response) => read(response).await,
            Err(error) => Err(error),
        };
        read.unwrap_or_else(|error| Answer::Not {
            unclear: true,
            what: format!("{error:?}"),
            again_after: Some(AGAIN_AFTER),
        })
    }
}

async fn read(response: Response) -> reqwest::Result<Answer> {
    let status = response.status();
    let body: Value = response.json().await?;
    if status == StatusCode::ACCEPTED {
        let id = body["complaintId"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        return Ok(Answer::Accepted(id));
    }
    let repeatable = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let delay = body["retryAfterMs"].as_u64().map_or(AGAIN_AFTER, Duration::from_millis);
    Ok(Answer::Not {
        unclear: status.is_server_error(),
        what: format!("{status}: {}", body["reason"].as_str().unwrap_or_default()),
        again_after: repeatable.then_some(delay),
    })
}

fn client() -> anyhow::Result<Client> {
    Ok(Client::builder().timeout(ATTEMPT_LIMIT).build()?)
}

fn body(key: &str) -> Value {
    json!({
        "channel": "CHANNEL_LIVE_COMMENT",
        "text": format!("主播说全场包邮，实际没有。The promised free delivery was charged for ({key})."),
        "complainant": {
            "kind": "PARTY_KIND_CONSUMER",
            "name": "测试甲",
            "contacts": [{ "type": "CONTACT_TYPE_EMAIL", "value": format!("{key}@load.invalid"), "consentToContact": true }],
        },
        "live": { "roomId": "room-load", "offsetMs": 60_000 },
    })
}

/// The complaint that a key of the load's subject leads to.
fn complaint_of(load: &Load, key: &str) -> Uuid {
    // The load's own keys are visible ASCII, so they parse; a nil id would show as a wrong answer.
    let parsed = key.parse().map(|key| *ComplaintId::derive(&load.tenant, &load.subject, &key).as_uuid());
    parsed.unwrap_or_default()
}
