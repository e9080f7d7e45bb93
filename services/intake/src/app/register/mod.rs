//! Registering: submissions from the log become complaints, each once, whatever comes twice.
//!
//! A record read again finds its attempt and does nothing. A caller's repetition finds the complaint with the same
//! fingerprint and is noted. Another body under the same request id is kept beside the complaint, and shown. All
//! records of a complaint lie in one partition, so its first record wins, also when the database was restored to an
//! older state and reads the log again.

mod numbers;
mod plan;
mod submitted;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::{Clock, ComplaintId, TenantId, whole_microseconds};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError, enqueue};
use redress_proto::intake::v1::SubmissionAccepted;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::app::given_up;
use crate::error::Error;
use crate::store::{audit, known, register as store};
use plan::Plan;
pub use submitted::Submitted;

/// The register's handler of the submissions topic.
pub struct Register {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl BatchHandler for Register {
    type Event = Submitted;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Submitted>, DecodeError> {
        if meta.event_type != SubmissionAccepted::full_name() {
            return Ok(None);
        }
        Submitted::read(SubmissionAccepted::decode(payload)?).map(Some)
    }

    async fn apply(
        &self,
        conn: &mut PgConnection,
        batch: &[Delivery<Submitted>],
    ) -> Result<(), HandlerError> {
        Ok(self.register(conn, batch).await?)
    }

    async fn given_up(
        &self,
        conn: &mut PgConnection,
        event: &EventMeta,
        operator: &str,
    ) -> Result<(), HandlerError> {
        Ok(given_up::note(conn, event, operator, whole_microseconds(self.clock.now())).await?)
    }
}

impl Register {
    async fn register(&self, conn: &mut PgConnection, batch: &[Delivery<Submitted>]) -> Result<(), Error> {
        let attempt = |d: &Delivery<Submitted>| {
            (d.meta.tenant.clone(), ComplaintId::from_uuid(d.meta.subject), d.meta.event_id)
        };
        let attempts: BTreeSet<(TenantId, ComplaintId, Uuid)> = batch.iter().map(attempt).collect();
        let attempts: Vec<_> = attempts.into_iter().collect();
        let mut known = known::lock(conn, &attempts).await?;
        let now = whole_microseconds(self.clock.now());
        let mut plan = Plan::of(batch, &mut known, now)?;

        numbers::insert(conn, &mut plan).await?;
        store::insert_details(conn, &plan.complaints).await?;
        store::insert_submissions(conn, &plan.submissions).await?;
        store::move_stream_versions(conn, &plan.moved).await?;
        enqueue(conn, &plan.events).await?;
        // Last, for the chains' ends stay locked until the commit.
        audit::append(conn, &plan.entries).await?;
        fail::fail_point!("register.before_commit", |_| Err(crate::crash::now()));
        Ok(())
    }
}
