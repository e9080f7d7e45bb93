//! Incidents that end by themselves: nobody joins them any more.
//!
//! Judged by the times of receipt, and only as far as the log was read: a backlog delays the end and does not invent one.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_outbox::{OutboxEvent, enqueue, read_through};
use redress_proto::classification::v1 as wire;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::publish::Origin;
use crate::domain::incident::{HANDLED_MINUTES, IncidentState, QUIET_MINUTES, quiet_becomes};
use crate::error::Error;
use crate::store::incident::{self, Stored};
use crate::topics::{INCIDENTS, LIFECYCLE};

/// How often it is looked for quiet incidents.
const PERIOD: Duration = Duration::from_secs(30);
/// Incidents that one transaction ends.
const AT_ONCE: usize = 100;
/// The reason of an end that nobody decided.
const QUIET: &str = "quiet";

/// Ends quiet incidents.
#[derive(Clone)]
pub struct Ending {
    /// Database, clock and relay.
    pub desk: Desk,
}

impl Ending {
    /// Ends quiet incidents until `stop`.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(PERIOD) => {}
            }
            // A database that is away ends nothing; the next round does.
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "it was not looked for quiet incidents");
            }
        }
    }

    /// One round; gives how many have ended.
    pub async fn round(&self) -> Result<usize, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let read = read_through(&mut *conn, LIFECYCLE).await?;
        drop(conn);
        // Without a position nothing was read, so nobody is known to be quiet.
        let Some(read) = read else { return Ok(0) };
        self.until(read.min(self.desk.now())).await
    }

    /// Ends what is quiet at `until`, up to which all complaints are known.
    pub async fn until(&self, until: Timestamp) -> Result<usize, Error> {
        let mut ended = 0;
        loop {
            let work = Arc::new(self.clone());
            let now = self
                .desk
                .db
                .run_tx("end_incidents", move |conn| {
                    let work = Arc::clone(&work);
                    Box::pin(async move { work.some(conn, until).await })
                })
                .await?;
            ended += now;
            if now > 0 {
                self.desk.wake.wake();
            }
            if now < AT_ONCE {
                return Ok(ended);
            }
        }
    }

    async fn some(&self, conn: &mut PgConnection, until: Timestamp) -> Result<usize, Error> {
        let before =
            |minutes| until.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN);
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let (suspected, confirmed) = (before(QUIET_MINUTES), before(HANDLED_MINUTES));
        let mut found = incident::lock_quiet(conn, suspected, confirmed, limit).await?;
        let origin = Origin::timer(self.desk.now());
        let events: Vec<OutboxEvent> = found.iter_mut().filter_map(|one| end(one, until, &origin)).collect();
        incident::save(conn, &found.iter().collect::<Vec<_>>()).await?;
        enqueue(conn, &events).await?;
        Ok(events.len())
    }
}

/// Moves an incident on, and gives the event; nothing if it goes on by a minute.
fn end(incident: &mut Stored, until: Timestamp, origin: &Origin) -> Option<OutboxEvent> {
    let quiet = until.duration_since(incident.last_member_at).as_mins();
    let to = quiet_becomes(incident.state, quiet)?;
    incident.state = to;
    incident.version += 1;
    incident.decided_by.clear();
    QUIET.clone_into(&mut incident.reason);
    let (tenant, id, version) = (incident.key.tenant.clone(), incident.id, incident.version);
    Some(if to == IncidentState::Handled {
        let handled = wire::IncidentHandled { reason: QUIET.to_owned() };
        origin.event(INCIDENTS, &tenant, id, version, &handled)
    } else {
        let dissolved = wire::IncidentDissolved { reason: QUIET.to_owned() };
        origin.event(INCIDENTS, &tenant, id, version, &dissolved)
    })
}
