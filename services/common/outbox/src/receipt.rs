//! Receipts of mutating calls: repeating a call finds its receipt and changes nothing.
//!
//! Refused: answers kept as they were given. A repetition is answered with how things stand, as another read would be;
//! the receipt only has to keep the effect single. Refused too: the caller's own name for the call in clear, for people
//! put order and telephone numbers into it. It is kept as a hash together with the caller, as complaints keep theirs.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use redress_domain::{ErrorKind, IdempotencyKey, Principal, Problem, TenantId, Violations, derived_id};
use sqlx::PgConnection;
use uuid::Uuid;

/// The call a receipt stands for.
#[derive(Debug, Clone)]
pub struct Call {
    tenant: TenantId,
    id: Uuid,
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
    /// The constraint that fails where another call took the same name meanwhile: tell [`reused`](Self::reused).
    pub const CONSTRAINT: &str = "call_receipt_pkey";

    /// A call of `caller` under its own name for it. `fingerprint` is a hash of the call's kind and content: two kinds
    /// of call may have the same content, and are not each other's repetition.
    ///
    /// # Errors
    /// If the name is not 1 to 128 visible ASCII characters.
    pub fn new(caller: &Principal, request_id: &str, fingerprint: [u8; 32]) -> Result<Self, Problem> {
        let name: IdempotencyKey = request_id.parse().map_err(|_| {
            let mut found = Violations::default();
            found.add("requestId", "MALFORMED", "1 to 128 visible ASCII characters are expected");
            Problem::invalid(found)
        })?;
        let parts = [caller.tenant.as_str(), &caller.subject, name.as_str()];
        let id = derived_id("redress/call/1", &parts.map(str::as_bytes));
        Ok(Self { tenant: caller.tenant.clone(), id, fingerprint })
    }

    /// Looks the call up, within the transaction of its effect and after the lock on what it changes. A racing twin
    /// that finds nothing waits at [`record`](Self::record), whose primary key lets one of them through.
    pub async fn seen(&self, connection: &mut PgConnection) -> Result<Seen, sqlx::Error> {
        let stored: Option<(Vec<u8>, String)> = sqlx::query_as(
            "SELECT fingerprint, outcome FROM call_receipt WHERE tenant = $1 AND call_id = $2",
        )
        .bind(self.tenant.as_str())
        .bind(self.id)
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
            "INSERT INTO call_receipt (tenant, call_id, fingerprint, outcome, recorded_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.tenant.as_str())
        .bind(self.id)
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
