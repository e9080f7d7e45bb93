//! Sends the plan over HTTP, open loop: each call starts at its time, whatever the earlier ones are doing, so a slow
//! service is measured as slow and not spared. What was accepted goes on by its script.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use crate::ledger::{Course, Ledger};
use crate::plan::{self, Again, Intention, Plan, Planned};
use crate::story::Stage;

/// How long a caller goes on trying.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one call may take.
const CALL_LIMIT: Duration = Duration::from_secs(5);
/// Before calling again after an answer.
const IMPATIENCE: Duration = Duration::from_millis(200);
/// By then Redis is back, and empty.
const AFTER_REDIS: Duration = Duration::from_secs(2);

/// All callers.
pub struct Driver {
    client: reqwest::Client,
    url: String,
    gateways: Vec<Gateway>,
    ledger: Arc<Ledger>,
    stage: Arc<Stage>,
}

/// Brings in the complaints of a tenant.
pub struct Gateway {
    /// The tenant.
    pub tenant: String,
    /// A token of a service of that tenant.
    pub token: String,
}

/// What a caller was told.
enum Answer {
    Accepted { id: Uuid, duplicate: bool },
    KeyReused,
    Refused(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedBody {
    complaint_id: Uuid,
    #[serde(default)]
    duplicate: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProblemBody {
    reason: String,
    retry_after_ms: Option<u64>,
}

impl Driver {
    /// Of the gateways, one for each tenant, at intake's HTTP edge; cases go on upon `stage`.
    pub fn new(
        address: &str,
        gateways: Vec<Gateway>,
        ledger: Arc<Ledger>,
        stage: Arc<Stage>,
    ) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(CALL_LIMIT).build().context("no HTTP client")?;
        Ok(Self { client, url: format!("http://{address}/v1/complaints"), gateways, ledger, stage })
    }

    /// Sends everything; returns when every case has come to its end.
    pub async fn drive(self: Arc<Self>, plan: Plan, begin: Instant) -> anyhow::Result<()> {
        let redis_forgot = begin + plan.spike_begins + AFTER_REDIS;
        let mut callers = JoinSet::new();
        for planned in plan.planned {
            let intended = begin + planned.at;
            sleep_until(intended).await;
            callers.spawn(Arc::clone(&self).call(planned, intended, redis_forgot));
        }
        loop {
            let left = callers.len();
            tokio::select! {
                ended = callers.join_next() => match ended {
                    Some(ended) => ended.context("a caller broke off")?,
                    None => return Ok(()),
                },
                deadline = self.stage.is_at_rest(left) => self.stage.lets_pass(deadline).await?,
            }
        }
    }

    async fn call(self: Arc<Self>, planned: Planned, intended: Instant, redis_forgot: Instant) {
        if let Err(error) = self.follow(&planned, intended, redis_forgot).await {
            self.ledger.note(|book| book.wrong.push(format!("{}: {error:#}", planned.key)));
        }
    }

    /// One caller from its first call to its last. An error is an answer that should not have been.
    async fn follow(
        &self,
        planned: &Planned,
        intended: Instant,
        redis_forgot: Instant,
    ) -> anyhow::Result<()> {
        let first = self.submit(planned, &planned.body).await;
        if planned.intention == Intention::Nonsense {
            return self.nonsense(&first?);
        }
        let id = match first.and_then(Answer::accepted) {
            Ok(id) => id,
            Err(error) => {
                self.stage.does_without(planned);
                return Err(error);
            }
        };
        let took = intended.elapsed();
        let complaint = (self.gateways[planned.tenant].tenant.clone(), id);
        self.ledger.note(|book| {
            book.latencies.push(took);
            if !book.accepted.insert(complaint.clone()) {
                book.wrong.push(format!("{}: two keys got the id {id}", planned.key));
            }
            book.courses.insert(complaint.clone(), Course::begun(planned.script));
        });
        let again = self.again(planned, id, redis_forgot);
        let (again, played) = tokio::join!(again, self.stage.play(&complaint, planned));
        again.and(played)
    }

    /// The caller's further calls under the same key.
    async fn again(&self, planned: &Planned, id: Uuid, redis_forgot: Instant) -> anyhow::Result<()> {
        let Intention::ComplainAgain { when, other_body } = planned.intention else { return Ok(()) };
        match when {
            Again::Soon => sleep(IMPATIENCE).await,
            Again::AfterRedisForgot => sleep_until(redis_forgot).await,
        }
        if other_body {
            self.conflict(&self.submit(planned, &plan::other(&planned.body)).await?, id)
        } else {
            self.repeat(&self.submit(planned, &planned.body).await?, id)
        }
    }

    fn nonsense(&self, answer: &Answer) -> anyhow::Result<()> {
        let Answer::Refused(_) = answer else { bail!("nonsense was {}", answer.told()) };
        self.ledger.note(|book| book.nonsense_refused += 1);
        Ok(())
    }

    fn repeat(&self, answer: &Answer, first: Uuid) -> anyhow::Result<()> {
        match answer {
            Answer::Accepted { id, duplicate } if *id == first => {
                let duplicate = *duplicate;
                self.ledger.note(|book| {
                    let counter =
                        if duplicate { &mut book.repeats_at_the_door } else { &mut book.repeats_passed_on };
                    *counter += 1;
                });
                Ok(())
            }
            other => bail!("a repetition was {}", other.told()),
        }
    }

    fn conflict(&self, answer: &Answer, first: Uuid) -> anyhow::Result<()> {
        match answer {
            Answer::KeyReused => self.ledger.note(|book| book.conflicts_at_the_door += 1),
            Answer::Accepted { id, .. } if *id == first => {
                self.ledger.note(|book| book.conflicts_passed_on += 1);
            }
            other => bail!("another body under a used key was {}", other.told()),
        }
        Ok(())
    }

    /// Calls until there is an answer. "Later", a broken connection and silence are none: the same call again is safe.
    async fn submit(&self, planned: &Planned, body: &Value) -> anyhow::Result<Answer> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.ledger.note(|book| book.sent += 1);
            let later = match self.once(planned, body).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(later)) => later,
                Err(error) if Instant::now() > deadline => return Err(error).context("no answer"),
                Err(_) => IMPATIENCE,
            };
            if Instant::now() > deadline {
                bail!("put off for {PATIENCE:?}");
            }
            self.ledger.note(|book| book.tried_again += 1);
            sleep(later).await;
        }
    }

    /// One call: an answer, or after which time to call again.
    async fn once(&self, planned: &Planned, body: &Value) -> anyhow::Result<Result<Answer, Duration>> {
        let mut request = self.client.post(&self.url).bearer_auth(&self.gateways[planned.tenant].token);
        if let Some(trace) = self.stage.traceparent() {
            request = request.header("traceparent", trace);
        }
        let response = request.header("Idempotency-Key", &planned.key).json(body).send().await?;
        let status = response.status();
        if status == StatusCode::ACCEPTED {
            let AcceptedBody { complaint_id: id, duplicate } = response.json().await?;
            return Ok(Ok(Answer::Accepted { id, duplicate }));
        }
        let ProblemBody { reason, retry_after_ms } = response.json().await?;
        Ok(match (status, reason.as_str()) {
            (StatusCode::CONFLICT, "IDEMPOTENCY_KEY_REUSED") => Ok(Answer::KeyReused),
            (StatusCode::TOO_MANY_REQUESTS, _) => {
                Err(retry_after_ms.map_or(IMPATIENCE, Duration::from_millis))
            }
            _ if status.is_server_error() => Err(retry_after_ms.map_or(IMPATIENCE, Duration::from_millis)),
            _ => Ok(Answer::Refused(format!("{status} {reason}"))),
        })
    }
}

impl Answer {
    fn accepted(self) -> anyhow::Result<Uuid> {
        match self {
            Self::Accepted { id, .. } => Ok(id),
            other => bail!("a complaint was not accepted: {}", other.told()),
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Accepted { id, duplicate } => format!("accepted as {id} (duplicate: {duplicate})"),
            Self::KeyReused => "refused because its key was used for another body".to_owned(),
            Self::Refused(why) => format!("refused: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
