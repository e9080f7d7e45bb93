//! Accepting a complaint: validate → seal → remember → Kafka → answer.
//!
//! The answer is given when the broker has the submission on all its in-sync replicas, and not before. No database is
//! asked: a spike is absorbed by the log. Redis is a filter: it spares Kafka the repetitions that it remembers, and
//! where it is away or empty the register decides by its primary keys.

mod answer;
pub mod index;
pub mod sealing;
mod telemetry;
mod terms;
pub mod validate;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prost::Message;
use redress_domain::{
    Clock, ComplaintId, ComplaintNo, ErrorKind, IdempotencyKey, Principal, Problem, Violations,
};
use redress_messaging::{Outgoing, Producer, SendError};
use redress_proto::types::v1::Submission;
use redress_redis::{DedupeFilter, Remembered};
use redress_vault::Vault;
use tokio::time::Instant;

use crate::error::Error;
pub use terms::Terms;

/// How long a caller without a nearer deadline waits for the broker.
const DELIVERY_LIMIT: Duration = Duration::from_secs(2);
/// What is left of a caller's time for the answer to reach it.
const ANSWER_MARGIN: Duration = Duration::from_millis(100);
/// After which delay a caller should repeat while the broker is away.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How long another attempt may be on its way: longer than the log's client tries. Until then nobody knows which of two
/// bodies will be the registered one, and the second is not written.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(5);

/// What a complainant gets in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The complaint's identity.
    pub id: ComplaintId,
    /// Its number.
    pub no: ComplaintNo,
    /// When it was accepted first, as far as is remembered.
    pub received_at: Timestamp,
    /// By when receipt is acknowledged.
    pub acknowledge_by: Timestamp,
    /// Whether it was accepted before.
    pub duplicate: bool,
}

/// Accepts complaints.
pub struct Accept {
    /// Seals.
    pub vault: Arc<Vault>,
    /// Recognises repetitions.
    pub filter: DedupeFilter,
    /// Writes.
    pub producer: Producer,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The terms.
    pub terms: Terms,
}

impl Accept {
    /// Accepts `submission` of `caller` under the caller's own name for the act.
    ///
    /// `found` holds what was wrong with the request before its rules were checked; `deadline` is the caller's. Safe to
    /// repeat, and safe to drop at any await: whatever was written is completed by the repetition.
    pub async fn accept(
        &self,
        caller: &Principal,
        request_id: &str,
        submission: Submission,
        mut found: Violations,
        deadline: Option<Instant>,
    ) -> Result<Accepted, Error> {
        let now = whole_milliseconds(self.clock.now());
        let key = name_of_call(request_id, &mut found);
        validate::submission(&submission, now, &mut found);
        let (Some(key), true) = (key, found.is_empty()) else { return Err(Problem::invalid(found).into()) };

        let id = ComplaintId::derive(&caller.tenant, &caller.subject, &key);
        let fingerprint = self.vault.fingerprint(&caller.tenant, &submission.encode_to_vec()).await?;
        // Redis away means "not remembered": the breaker inside keeps that cheap.
        let remembered = self
            .filter
            .claim(&caller.tenant, &id, fingerprint, now.as_millisecond())
            .await
            .unwrap_or_default();
        match remembered {
            Some(Remembered { confirmed: true, fingerprint: other, .. }) if other != fingerprint => {
                return Err(reused(&id).into());
            }
            Some(Remembered { confirmed: true, received_at_ms, .. }) => {
                return Ok(self.terms.answer(id, at(received_at_ms, now), true));
            }
            Some(first) if first.fingerprint != fingerprint && is_on_its_way(&first, now) => {
                return Err(Problem::unavailable("KEY_IN_USE", RETRY_AFTER)
                    .with("complaintId", id.to_string())
                    .into());
            }
            _ => {}
        }
        let received_at = self.terms.counts_from(remembered.as_ref(), &fingerprint, now);
        let (answer, channel) = (self.terms.answer(id, received_at, false), submission.channel());
        let record = sealing::record(&self.vault, caller, &answer, submission, fingerprint).await?;
        fail::fail_point!("accept.before_send", |_| Err(crate::crash::now()));
        self.send(record, deadline).await?;
        fail::fail_point!("accept.after_acknowledgement", |_| Err(crate::crash::now()));
        // Awaited, so that a caller who repeats at once is recognised; its failure is the register's matter.
        let confirmed = self
            .filter
            .confirm(&caller.tenant, &id, fingerprint, received_at.as_millisecond())
            .await
            .unwrap_or_default();
        fail::fail_point!("accept.before_answer", |_| Err(crate::crash::now()));
        match confirmed {
            // Another body was confirmed though it was not seen on its way: Redis had forgotten it, or it took longer than
            // any may. The register keeps the one that lies first in the log, and shows the other beside it.
            Some(other) if other.fingerprint != fingerprint => Err(reused(&id).into()),
            Some(first) => Ok(self.terms.answer(id, at(first.received_at_ms, now), true)),
            None => {
                telemetry::received(channel);
                Ok(answer)
            }
        }
    }

    /// Waits for the acknowledgement as long as the caller can still be told.
    async fn send(&self, record: Outgoing, deadline: Option<Instant>) -> Result<(), Error> {
        let last = deadline.map(|at| at - ANSWER_MARGIN);
        let limit = Instant::now() + DELIVERY_LIMIT;
        let until = last.map_or(limit, |last| last.min(limit));
        let sent = tokio::time::timeout_at(until, self.producer.send(record))
            .await
            .unwrap_or(Err(SendError::TimedOut));
        sent.map(drop).map_err(|error| match error.kind() {
            ErrorKind::Unavailable => {
                tracing::warn!(%error, "a submission was not acknowledged");
                Problem::unavailable("LOG_UNAVAILABLE", RETRY_AFTER).into()
            }
            _ => Error::Send(error),
        })
    }
}

/// The caller's own name for a call, if it is one.
pub fn name_of_call(request_id: &str, found: &mut Violations) -> Option<IdempotencyKey> {
    let key = request_id.parse().ok();
    if key.is_none() {
        found.add_unless_known("requestId", "MALFORMED", "1 to 128 visible ASCII characters are expected");
    }
    key
}

fn reused(id: &ComplaintId) -> Problem {
    Problem::new(
        ErrorKind::AlreadyExists,
        "IDEMPOTENCY_KEY_REUSED",
        "the key was used for another submission before",
    )
    .with("complaintId", id.to_string())
}

/// Whether the attempt may yet be written.
fn is_on_its_way(first: &Remembered, now: Timestamp) -> bool {
    now.duration_since(at(first.received_at_ms, now)).abs() < ON_ITS_WAY
}

fn whole_milliseconds(instant: Timestamp) -> Timestamp {
    at(instant.as_millisecond(), instant)
}

fn at(milliseconds: i64, otherwise: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(otherwise)
}
