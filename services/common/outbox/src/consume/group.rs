use std::sync::Arc;
use std::time::Duration;

use redress_domain::Clock;
use redress_messaging::{Consumer, KafkaConfig, LogReader, MARKS};
use redress_postgres::Db;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::loader::Loader;
use super::status::Status;
use super::worker::Worker;
use super::{Kit, Lane, observer};
use crate::telemetry::ConsumerTelemetry;
use crate::{ConsumerError, Subscription, Wake};

/// How long batches in flight are waited for when the process stops: with the client's closing less than the runtime gives
/// its tasks. A transaction that is cut off is not applied, or is and is known by its position.
const FAREWELL: Duration = Duration::from_secs(2);

/// Marks that are read of those written before: some minutes of all services.
const MARKS_READ: i64 = 1_000;

/// A service's consumer: all its topics, one member of the group.
pub struct ConsumerGroup {
    pub(crate) kit: Arc<Kit>,
    pub(crate) lanes: Arc<[Arc<dyn Lane>]>,
    /// Of each lane, how far apart its batches begin.
    apart: Vec<Duration>,
    config: KafkaConfig,
}

impl ConsumerGroup {
    /// Prepares the group; nothing is connected yet. `wake` wakes the relay after each batch.
    pub fn new(
        db: Db,
        config: KafkaConfig,
        subscriptions: Vec<Subscription>,
        wake: Wake,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let status = Arc::new(Status::default());
        let kit = Kit {
            db,
            clock,
            wake,
            stop: CancellationToken::new(),
            telemetry: ConsumerTelemetry::new(&config.group, &status),
            status,
            group: config.group.clone(),
        };
        let (lanes, apart): (Vec<_>, _) =
            subscriptions.into_iter().map(|subscription| (subscription.lane, subscription.apart)).unzip();
        Self { kit: Arc::new(kit), lanes: lanes.into(), apart, config }
    }

    /// Consumes until `stop`, then finishes the batches in flight and leaves within about a second; within some three
    /// where the database does not answer. One that was still joining the group has nothing to finish.
    ///
    /// A client that broke over a lost session is replaced. Any other error means that reading must begin anew from the
    /// database: the process ends, its restart does that.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ConsumerError> {
        loop {
            match self.as_member(&stop).await {
                Err(error) if error.is_lost_session() && !stop.is_cancelled() => {
                    self.kit.telemetry.replaced();
                    tracing::warn!(
                        messaging.consumer.group.name = self.kit.group,
                        %error,
                        "joining the group anew with another client; reading goes on from the database's positions",
                    );
                }
                Err(error) if !error.is_lost_session() => return Err(error),
                _ => return Ok(()),
            }
        }
    }

    /// Consumes with one client: all that it knows goes with it.
    async fn as_member(&self, stop: &CancellationToken) -> Result<(), ConsumerError> {
        let reader = LogReader::following(&self.config, MARKS.name, MARKS_READ)?;
        let positions = Loader {
            runtime: tokio::runtime::Handle::current(),
            kit: Arc::clone(&self.kit),
            reader: reader.clone(),
        };
        let topics: Vec<&'static str> = self.lanes.iter().map(|lane| lane.topic()).collect();
        let (consumer, inbounds) = Consumer::start(&self.config, &topics, positions)?;
        let consumer = Arc::new(consumer);
        let mut workers = JoinSet::new();
        for ((lane, apart), inbound) in self.lanes.iter().zip(&self.apart).zip(inbounds) {
            let (lane, consumer, kit) = (Arc::clone(lane), Arc::clone(&consumer), Arc::clone(&self.kit));
            let worker = Worker::new(lane, *apart, inbound, consumer, reader.clone(), kit);
            workers.spawn(worker.run());
        }
        let observer = tokio::spawn(observer::run(Arc::clone(&self.kit), reader, topics));
        let outcome = self.end_of(workers, stop).await;
        observer.abort();
        self.kit.status.all_revoked();
        // All workers are gone, so this is the last handle.
        if let Some(consumer) = Arc::into_inner(consumer) {
            consumer.close().await;
        }
        outcome
    }

    /// Waits until all workers have ended. Of a lost session all of them hear; of anything else one does, and the others
    /// are stopped.
    async fn end_of(&self, mut workers: Workers, stop: &CancellationToken) -> Result<(), ConsumerError> {
        let mut outcome: Option<ConsumerError> = None;
        let overdue = async {
            self.kit.stop.cancelled().await;
            tokio::time::sleep(FAREWELL).await;
        };
        tokio::pin!(overdue);
        let mut given_up = false;
        loop {
            let ended = tokio::select! {
                () = &mut overdue, if !given_up => {
                    given_up = true;
                    tracing::warn!("batches in flight did not end in time; they are left to the database");
                    workers.abort_all();
                    continue;
                }
                () = stop.cancelled(), if !self.kit.stop.is_cancelled() => {
                    self.kit.stop.cancel();
                    continue;
                }
                ended = workers.join_next() => ended,
            };
            let Some(ended) = ended else { return outcome.map_or(Ok(()), Err) };
            let ended = match ended {
                Ok(ended) => ended,
                Err(aborted) if aborted.is_cancelled() => Ok(()),
                Err(_) => Err(ConsumerError::Died("a topic".to_owned())),
            };
            let Err(error) = ended else { continue };
            if self.kit.stop.is_cancelled() && error.never_began() {
                continue;
            }
            if !error.is_lost_session() {
                self.kit.stop.cancel();
            }
            if outcome.as_ref().is_none_or(ConsumerError::is_lost_session) {
                outcome = Some(error);
            }
        }
    }
}

type Workers = JoinSet<Result<(), ConsumerError>>;

impl std::fmt::Debug for ConsumerGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsumerGroup").field("group", &self.kit.group).finish_non_exhaustive()
    }
}
