//! Offering cases to handlers, and watching over what waits.
//!
//! One process at a time offers the cases of a tenant, by a lock that its transaction holds: so two never look at the
//! same room of a handler. Who accepts or returns only makes room.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use opentelemetry::metrics::Gauge;
use redress_domain::TenantId;
use redress_outbox::{OutboxEvent, enqueue};
use redress_proto::classification::v1 as wire;
use redress_proto::convert::to_wire_time;
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Desk;
use super::assignments::stranded;
use super::publish::Origin;
use crate::domain::assignment::{Handler, Queue, Served, offers};
use crate::domain::service_hours::ServiceHours;
use crate::error::Error;
use crate::store::assignment::Unattended;
use crate::store::{assignment, complaint, handler};
use crate::topics::ASSESSMENTS;

/// How often cases are offered.
const PERIOD: Duration = Duration::from_millis(500);
/// How often it is looked for what nobody has had, in rounds of offers.
const WATCH_EVERY: u32 = 60;
/// From when on a case that nobody has had is told.
const UNATTENDED: SignedDuration = SignedDuration::from_hours(1);
/// The reason of an offer that nobody took in time.
const EXPIRED: &str = "offer_expired";

/// Offers cases.
#[derive(Clone)]
pub struct Offering {
    desk: Desk,
    lasts: SignedDuration,
    hours: ServiceHours,
    unattended: Gauge<i64>,
    stranded: Gauge<i64>,
    abandoned: Gauge<i64>,
}

impl Offering {
    /// Offers last for `lasts` of `hours`.
    pub fn new(desk: Desk, lasts: SignedDuration, hours: ServiceHours) -> Self {
        let meter = opentelemetry::global::meter("redress_classification");
        let unattended = meter
            .i64_gauge("redress.classification.assignments.unattended")
            .with_description("Cases that nobody has had for an hour; no count goes beyond 10,000.")
            .build();
        let stranded = meter
            .i64_gauge("redress.classification.assignments.stranded")
            .with_description("Cases that came back from so many offers that a supervisor was told.")
            .build();
        let abandoned = meter
            .i64_gauge("redress.classification.assignments.abandoned")
            .with_description("Cases in the hands of people who take none any more.")
            .build();
        Self { desk, lasts, hours, unattended, stranded, abandoned }
    }

    /// Offers until `stop`.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut rounds = 0_u32;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(PERIOD) => {}
            }
            // A database that is away makes no offers; the next round does.
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "a round of offers failed");
            }
            rounds = rounds.wrapping_add(1);
            if rounds.is_multiple_of(WATCH_EVERY)
                && let Err(error) = self.watch().await
            {
                tracing::warn!(%error, "it was not looked for unattended cases");
            }
        }
    }

    /// One round over all tenants: takes back what nobody took in time, and offers what waits.
    pub async fn round(&self) -> Result<(), Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let tenants = handler::tenants(&mut conn).await?;
        drop(conn);
        for tenant in tenants {
            let Ok(tenant) = tenant.parse::<TenantId>() else { continue };
            let work = Arc::new((self.clone(), tenant));
            let told = self
                .desk
                .db
                .run_tx("offer_assignments", move |conn| {
                    let work = Arc::clone(&work);
                    Box::pin(async move { work.0.of_tenant(conn, &work.1).await })
                })
                .await?;
            if told > 0 {
                self.desk.wake.wake();
            }
        }
        Ok(())
    }

    async fn of_tenant(&self, conn: &mut PgConnection, tenant: &TenantId) -> Result<usize, Error> {
        if !assignment::only_here(conn, tenant).await? {
            return Ok(0);
        }
        let now = self.desk.now();
        let mut events = self.take_back(conn, tenant, now).await?;
        events.extend(self.offer(conn, tenant, now).await?);
        enqueue(conn, &events).await?;
        Ok(events.len())
    }

    async fn take_back(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Vec<OutboxEvent>, Error> {
        let expired: BTreeMap<Uuid, String> =
            assignment::expired(conn, tenant, now).await?.into_iter().collect();
        let versions = self.next_versions(conn, tenant, expired.keys().copied().collect()).await?;
        let ids: Vec<Uuid> = versions.keys().copied().collect();
        // Locked by now; whoever answered meanwhile was faster.
        let back = assignment::give_back_expired(conn, tenant, &ids, now).await?;
        let origin = Origin::timer(now);
        let told = |(id, rounds): (Uuid, i32)| {
            let returned =
                wire::AssignmentReturned { handler: expired.get(&id)?.clone(), reason: EXPIRED.to_owned() };
            let version = *versions.get(&id)?;
            let returned = (id, version, origin.event(ASSESSMENTS, tenant, id, version, &returned));
            let told = stranded(&origin, tenant, id, version + 1, rounds);
            Some(std::iter::once(returned).chain(told.map(|event| (id, version + 1, event))))
        };
        moved(conn, tenant, back.into_iter().filter_map(told).flatten().collect()).await
    }

    async fn offer(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Vec<OutboxEvent>, Error> {
        let handlers = with_room(handler::free(conn, tenant).await?);
        let served = |queue: &Queue| handlers.iter().any(|h| h.served.iter().any(|s| s.holds(queue)));
        let queues: Vec<Queue> = Queue::all().filter(served).collect();
        if queues.is_empty() {
            return Ok(Vec::new());
        }
        let again_since = now.saturating_sub(self.lasts).unwrap_or(Timestamp::MIN);
        let who = |queue: &Queue| {
            let serving = handlers.iter().filter(|h| h.served.iter().any(|s| s.holds(queue)));
            serving.map(|h| h.name.as_str()).collect::<Vec<_>>()
        };
        let serving: Vec<Vec<&str>> = queues.iter().map(who).collect();
        let waiting = assignment::waiting(conn, tenant, (&queues, &serving), again_since).await?;
        let planned = offers(waiting, handlers);
        let versions =
            self.next_versions(conn, tenant, planned.iter().map(|offer| offer.complaint).collect()).await?;
        let planned: Vec<_> =
            planned.into_iter().filter(|offer| versions.contains_key(&offer.complaint)).collect();
        let expires_at = self.hours.after(now, self.lasts);
        let made = assignment::offer(conn, tenant, &planned, expires_at).await?;
        let origin = Origin::timer(now);
        let events = planned.iter().filter(|offer| made.contains(&offer.complaint)).filter_map(|offer| {
            let offered = wire::AssignmentOffered {
                handler: offer.handler.clone(),
                queue: offer.queue.to_string(),
                expires_at: Some(to_wire_time(expires_at)),
            };
            let (id, version) = (offer.complaint, *versions.get(&offer.complaint)?);
            Some((id, version, origin.event(ASSESSMENTS, tenant, id, version, &offered)))
        });
        let events = events.collect();
        moved(conn, tenant, events).await
    }

    /// Locks complaints, in the order of their ids, and gives the version of the next event of each.
    async fn next_versions(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        mut ids: Vec<Uuid>,
    ) -> Result<BTreeMap<Uuid, i64>, Error> {
        ids.sort_unstable();
        let locked = complaint::lock_all(conn, tenant, &ids).await?;
        Ok(locked.into_iter().map(|(id, version)| (id, version + 1)).collect())
    }

    /// Tells what nobody has had for long, and what goes from offer to offer: queues that nobody serves show here.
    pub async fn watch(&self) -> Result<Unattended, Error> {
        let before = self.desk.now().saturating_sub(UNATTENDED).unwrap_or(Timestamp::MIN);
        let mut conn = self.desk.db.pool().acquire().await?;
        let found = assignment::unattended(&mut conn, before).await?;
        self.unattended.record(found.cases, &[]);
        self.stranded.record(found.stranded, &[]);
        self.abandoned.record(found.abandoned, &[]);
        if found.abandoned > 0 {
            tracing::warn!(
                cases = found.abandoned,
                "cases are in the hands of people who take none any more"
            );
        }
        if let Some(oldest) = found.oldest {
            tracing::warn!(cases = found.cases, oldest.waiting_since = %oldest, "cases have waited for more than an hour");
        }
        Ok(found)
    }
}

/// Moves the complaints that have events to the version of their last.
async fn moved(
    conn: &mut PgConnection,
    tenant: &TenantId,
    events: Vec<(Uuid, i64, OutboxEvent)>,
) -> Result<Vec<OutboxEvent>, Error> {
    let last: BTreeMap<Uuid, i64> = events.iter().map(|(id, version, _)| (*id, *version)).collect();
    complaint::move_versions(conn, tenant, &last.into_iter().collect::<Vec<_>>()).await?;
    Ok(events.into_iter().map(|(.., event)| event).collect())
}

/// Handlers from rows of one kind of queues each; what this version does not know is served by nobody.
fn with_room(rows: Vec<handler::Free>) -> Vec<Handler> {
    let mut handlers: BTreeMap<String, Handler> = BTreeMap::new();
    for (name, room, category, severity, language) in rows {
        let room = u32::try_from(room).unwrap_or_default();
        let Ok(served) = format!("{category}/{severity}/{language}").parse::<Served>() else { continue };
        let handler =
            handlers.entry(name.clone()).or_insert_with(|| Handler { name, served: Vec::new(), room });
        handler.served.push(served);
    }
    handlers.into_values().collect()
}
