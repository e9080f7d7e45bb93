//! Receipts of mutating calls: repeating a call finds its receipt and changes nothing.
//!
//! Refused: answers kept as they were given. A repetition is answered with how things stand, as another read would be;
//! the receipt only has to keep the effect single.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use redress_domain::{ErrorKind, IdempotencyKey, Principal, Problem, Violations};
use sqlx::PgConnection;

/// The call a receipt stands for.
#[derive(Debug, Clone)]
pub struct Call {
    caller: Principal,
    request_id: IdempotencyKey,
    fingerprint: [u8; 32],
}

/// Whether a call was made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Not yet.
    New,
    /// With the same content: its effect stands, with the outcome that was recorded.
    Same(String),
    /// With other content; refuse it with [`Call::reused`].
    Other,
}

impl Call {
    /// A call of `caller` under its own name for it. `fingerprint` is a hash of the call's kind and content.
    ///
    /// # Errors
    /// If the name is not 1 to 128 visible ASCII characters.
    pub fn new(caller: &Principal, request_id: &str, fingerprint: [u8; 32]) -> Result<Self, Problem> {
        let request_id = request_id.parse().map_err(|_| {
            let mut found = Violations::default();
            found.add("requestId", "MALFORMED", "1 to 128 visible ASCII characters are expected");
            Problem::invalid(found)
        })?;
        Ok(Self { caller: caller.clone(), request_id, fingerprint })
    }

    /// Looks the call up, within the transaction of its effect and after the lock on what it changes. A racing twin
    /// that finds nothing waits at [`record`](Self::record), whose primary key lets one of them through.
    pub async fn seen(&self, connection: &mut PgConnection) -> Result<Seen, sqlx::Error> {
        let stored: Option<(Vec<u8>, String)> = sqlx::query_as(
            "SELECT fingerprint, outcome FROM call_receipt
             WHERE tenant = $1 AND subject = $2 AND request_id = $3",
        )
        .bind(self.caller.tenant.as_str())
        .bind(&self.caller.subject)
        .bind(self.request_id.as_str())
        .fetch_optional(connection)
        .await?;
        Ok(match stored {
            None => Seen::New,
            Some((fingerprint, outcome)) if fingerprint == self.fingerprint => Seen::Same(outcome),
            Some(_) => Seen::Other,
        })
    }

    /// Records that the call took effect; `outcome` names what it made.
    pub async fn record(
        &self,
        connection: &mut PgConnection,
        outcome: &str,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO call_receipt (tenant, subject, request_id, fingerprint, outcome, recorded_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(self.caller.tenant.as_str())
        .bind(&self.caller.subject)
        .bind(self.request_id.as_str())
        .bind(self.fingerprint.as_slice())
        .bind(outcome)
        .bind(now.to_sqlx())
        .execute(connection)
        .await?;
        Ok(())
    }

    /// What a caller is told whose name for the call was used for another one.
    pub fn reused() -> Problem {
        Problem::new(
            ErrorKind::AlreadyExists,
            "IDEMPOTENCY_KEY_REUSED",
            "the key was used for another call before",
        )
    }
}
