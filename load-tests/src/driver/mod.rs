//! The open-loop driver: sends on a fixed schedule, whatever the service does, and keeps the ledger.

mod grpc;
mod http;
pub(crate) mod schedule;
pub(crate) mod tally;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, stream};
use redress_domain::{ComplaintId, IdempotencyKey, TenantId};
use redress_proto::intake::v1::SubmitComplaintRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};
use uuid::Uuid;

use crate::ledger::{Ledger, Outcome};
use crate::texts::Texts;
pub(crate) use grpc::Grpc;
pub(crate) use http::Http;
use schedule::Schedule;
pub(crate) use tally::Tally;

/// How long a caller waits for an answer.
const CALL_LIMIT: Duration = Duration::from_secs(5);
/// Requests on their way at most: a bound for this process's memory, far above what a healthy run reaches.
const IN_FLIGHT: u32 = 50_000;
/// How long the last answers may take to come.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);
/// Requests without an answer: how many are repeated at a time, how long each waits between two attempts …
const REPEATING: usize = 64;
const REPEAT_PAUSE: Duration = Duration::from_millis(50);
/// … and how long all of them may take.
const RESOLVE_LIMIT: Duration = Duration::from_mins(1);

/// Who submits: a service of the platform, for one tenant.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) tenant: TenantId,
    pub(crate) subject: String,
    grpc: MetadataValue<Ascii>,
    http: ::http::HeaderValue,
}

impl Caller {
    pub(crate) fn new(tenant: TenantId, subject: &str, token: &str) -> anyhow::Result<Self> {
        let bearer = format!("Bearer {token}");
        Ok(Self { tenant, subject: subject.to_owned(), grpc: bearer.parse()?, http: bearer.parse()? })
    }
}

/// How requests travel.
#[derive(Debug)]
pub(crate) enum Transport {
    Grpc(Grpc),
    Http(Http),
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The complaint's id, as answered.
    Accepted(String),
    /// With the error.
    Rejected(String),
    /// With the error.
    Unknown(String),
}

/// Sends and keeps the ledger. One driver per installation: its ledger must know every request.
#[derive(Debug)]
pub(crate) struct Driver {
    transport: Transport,
    callers: Vec<Caller>,
    texts: Texts,
    ledger: Mutex<Ledger>,
    in_flight: Arc<Semaphore>,
}

impl Driver {
    /// Callers take turns.
    pub(crate) fn new(transport: Transport, callers: Vec<Caller>, texts: Texts) -> anyhow::Result<Arc<Self>> {
        ensure!(!callers.is_empty(), "a driver needs a caller");
        Ok(Arc::new(Self {
            transport,
            callers,
            texts,
            ledger: Mutex::default(),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
        }))
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends at `rate` per second and returns when the last request is sent, not answered; see [`settle`](Self::settle).
    pub(crate) async fn drive(self: &Arc<Self>, rate: u32, lasting: Duration) -> anyhow::Result<Arc<Tally>> {
        let tally = Arc::new(Tally::new()?);
        Schedule::new(rate, lasting).run(|intended| self.dispatch(intended, &tally)).await;
        Ok(tally)
    }

    /// Waits until everything that was sent is answered or given up.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        let all = tokio::time::timeout(SETTLE_LIMIT, self.in_flight.acquire_many(IN_FLIGHT)).await;
        drop(all.context("requests are still on their way after their time limit")??);
        Ok(())
    }

    /// Repeats every request whose outcome is unknown, under its own id, until it is answered: what a caller does.
    /// Returns how many there were.
    pub(crate) async fn resolve(&self) -> anyhow::Result<usize> {
        let open = self.ledger().numbers(Outcome::Unknown);
        let repeated = stream::iter(&open).map(|number| self.repeat(*number)).buffer_unordered(REPEATING);
        let all = tokio::time::timeout(RESOLVE_LIMIT, repeated.collect::<()>());
        all.await.context("requests are not answered although they are repeated")?;
        Ok(open.len())
    }

    async fn repeat(&self, number: usize) {
        while self.submit(number).await.0 == Outcome::Unknown {
            tokio::time::sleep(REPEAT_PAUSE).await;
        }
    }

    fn dispatch(self: &Arc<Self>, intended: Instant, tally: &Arc<Tally>) {
        let permit = Arc::clone(&self.in_flight).try_acquire_owned().ok();
        let Some((permit, number)) = permit.and_then(|permit| Some((permit, self.open()?))) else {
            tally.counts().not_sent += 1;
            return;
        };
        tally::record(&mut tally.counts().lateness, intended.elapsed());
        tokio::spawn(Arc::clone(self).call(number, intended, Arc::clone(tally), permit));
    }

    async fn call(
        self: Arc<Self>,
        number: usize,
        intended: Instant,
        tally: Arc<Tally>,
        _in_flight: OwnedSemaphorePermit,
    ) {
        let (outcome, error) = self.submit(number).await;
        tally.counts().answered(outcome, intended.elapsed(), error);
    }

    /// Opens the ledger's next entry, under the id that the service must give.
    fn open(&self) -> Option<usize> {
        let mut ledger = self.ledger();
        let number = ledger.len();
        let caller = self.caller(number);
        let key: IdempotencyKey = self.texts.request_id(number).parse().ok()?;
        Some(ledger.open(*ComplaintId::derive(&caller.tenant, &caller.subject, &key).as_uuid()))
    }

    fn caller(&self, number: usize) -> &Caller {
        &self.callers[number % self.callers.len()]
    }

    async fn submit(&self, number: usize) -> (Outcome, Option<String>) {
        let (caller, request) = (self.caller(number), self.texts.request(number));
        let (outcome, error) = match self.send(number, caller, request).await {
            Answer::Accepted(id) if self.is_id_of(number, &id) => (Outcome::Accepted, None),
            Answer::Accepted(_) => (Outcome::Unknown, Some("answered with another id".to_owned())),
            Answer::Rejected(error) => (Outcome::Rejected, Some(error)),
            Answer::Unknown(error) => (Outcome::Unknown, Some(error)),
        };
        self.ledger().close(number, outcome);
        (outcome, error)
    }

    fn is_id_of(&self, number: usize, answered: &str) -> bool {
        Uuid::try_parse(answered).is_ok_and(|id| self.ledger().id(number) == Some(id))
    }

    async fn send(&self, number: usize, caller: &Caller, request: SubmitComplaintRequest) -> Answer {
        match &self.transport {
            Transport::Grpc(grpc) => grpc.submit(number, caller, request).await,
            Transport::Http(http) => http.submit(caller, request).await,
        }
    }
}
