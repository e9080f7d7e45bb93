//! An installation of sla, the servers that it stands on, and a witness in its database.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use redress_devstack::{Endpoints, Part, ServiceProcess, Stack, StackOptions, shared};
use redress_messaging::{EventMeta, KafkaConfig, Producer, Record, TopicSpec, ensure_topics};
use redress_runtime::Service as _;
use redress_runtime::config::{Layers, load};
use redress_sla::Sla;
use redress_sla::config::Config;
use redress_sla::topics::{INVESTIGATION, LIFECYCLE, NOTICES};
use redress_testkit::{Addresses, Installation, Site, topic_prefix, unique_name};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgPool};

use crate::log::Log;

/// What is waited for comes much earlier, on an idle machine.
pub(crate) const SOON: Duration = Duration::from_mins(3);
/// Whose complaints these are.
pub(crate) const TENANT: &str = "tenant-a";
/// Lines of a log that are shown on failure.
const LOG_LINES: usize = 40;

/// Writes down every event at the time of the transaction that tells it, by the database's clock: the outbox itself
/// forgets what was published. What is not committed leaves nothing here either.
const WITNESS: &str = "
    CREATE TABLE witness (at timestamptz NOT NULL, kind text NOT NULL, headers json NOT NULL, payload bytea NOT NULL);
    CREATE INDEX witness_kind ON witness (kind);
    CREATE FUNCTION bear_witness() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO public.witness
        SELECT now(), h ->> 1, NEW.headers, NEW.payload FROM json_array_elements(NEW.headers) AS h
        WHERE h ->> 0 = 'ce_type';
        RETURN NULL;
    END $$;
    CREATE TRIGGER bear_witness AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION bear_witness();";

/// An event as it was told.
#[derive(Debug, Clone)]
pub(crate) struct Witnessed {
    /// When, by the database's clock.
    pub(crate) at: Timestamp,
    pub(crate) meta: EventMeta,
    pub(crate) payload: Vec<u8>,
}

/// An installation of sla on servers.
pub(crate) struct World {
    pub(crate) database: PgPool,
    pub(crate) producer: Producer,
    pub(crate) log: Log,
    pub(crate) redis: String,
    installation: Installation,
    at: [Addresses; 2],
    _logs: Logs,
    own: Option<Stack>,
}

/// Shows the ends of the processes' logs when the test fails: they go with the stack.
struct Logs(PathBuf);

impl Drop for Logs {
    #[expect(clippy::print_stdout, reason = "what a failure is understood by")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for log in std::fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(log.path()).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let end = lines.len().saturating_sub(LOG_LINES);
            if log.path().extension().is_some_and(|extension| extension == "log") {
                println!("{}:\n{}", log.path().display(), lines[end..].join("\n"));
            }
        }
    }
}

impl World {
    /// On servers that other tests use too.
    pub(crate) async fn shared() -> Self {
        Self::on(shared().await, &topic_prefix(), None).await
    }

    /// With a Redis that the test may harm.
    pub(crate) async fn with_own_redis() -> Self {
        Self::with_own(&[Part::Redis]).await
    }

    /// With a PostgreSQL that the test may harm.
    pub(crate) async fn with_own_postgres() -> Self {
        Self::with_own(&[Part::Postgres]).await
    }

    async fn with_own(parts: &'static [Part]) -> Self {
        let stack = Stack::start(StackOptions { parts, ..StackOptions::default() }).await.unwrap();
        let mut endpoints = stack.endpoints().clone();
        let others = shared().await;
        endpoints.kafka.clone_from(&others.kafka);
        if !parts.contains(&Part::Redis) {
            endpoints.redis.clone_from(&others.redis);
        }
        if !parts.contains(&Part::Postgres) {
            endpoints.postgres.clone_from(&others.postgres);
        }
        Self::on(&endpoints, &topic_prefix(), Some(stack)).await
    }

    /// With a database that is empty, and the topics of another.
    pub(crate) async fn beside(other: &Self) -> Self {
        Self::on(shared().await, &other.log.topic_prefix, None).await
    }

    async fn on(endpoints: &Endpoints, prefix: &str, own: Option<Stack>) -> Self {
        let name = unique_name("slafaults");
        let mut kafka = KafkaConfig::at(endpoints.kafka.as_str(), "sla");
        prefix.clone_into(&mut kafka.topic_prefix);
        let spec = |name| TopicSpec { name, partitions: 2, retention: Duration::from_hours(1) };
        ensure_topics(&kafka, &[LIFECYCLE, INVESTIGATION, NOTICES].map(spec)).await.unwrap();
        let site = Site::prepare(endpoints, &name, prefix, &[TENANT.parse().unwrap()]).unwrap();
        let installation = site.install("sla").await.unwrap();
        let database = PgPool::connect(&installation.database_url).await.unwrap();
        sqlx::raw_sql(WITNESS).execute(&database).await.unwrap();
        Self {
            database,
            producer: Producer::for_relay(&kafka).unwrap(),
            log: Log { brokers: endpoints.kafka.clone(), topic_prefix: prefix.to_owned() },
            redis: endpoints.redis.clone(),
            installation,
            at: [Addresses::claim(), Addresses::claim()],
            _logs: Logs(endpoints.dir.join(name)),
            own,
        }
    }

    /// The servers of a test that has its own.
    pub(crate) fn stack(&self) -> &Stack {
        self.own.as_ref().unwrap()
    }

    /// The configuration of a process, for a service that runs in the test's own.
    pub(crate) fn config(&self, process: usize) -> Config {
        let command = self.installation.command("serve");
        let text = |text: &OsStr| text.to_str().unwrap().to_owned();
        let own = command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?))));
        let member = ("REDRESS__KAFKA__GROUP_INSTANCE_ID".to_owned(), format!("sla-{process}"));
        let environment = own.chain([member]).collect();
        let layers = Layers { default: Sla::DEFAULT_CONFIG, file: None, environment };
        load::<Config>(&layers).unwrap().config
    }

    /// One of at most two processes, ready.
    pub(crate) async fn serve(&self, process: usize, settings: &[(&str, &str)]) -> ServiceProcess {
        self.try_serve(process, settings).await.unwrap()
    }

    /// The same, or why it did not become ready.
    pub(crate) async fn try_serve(
        &self,
        process: usize,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<ServiceProcess> {
        let name = format!("sla-{process}");
        self.installation.serve(&name, &self.at[process], &[&member(&name), settings].concat()).await
    }

    /// A process that a failpoint stops somewhere, perhaps before it is ready. A task that stands there keeps its thread,
    /// so there are more of them than topics.
    pub(crate) fn begin(&self, process: usize, failpoint: &str) -> ServiceProcess {
        let name = format!("sla-{process}");
        let stops = [("FAILPOINTS", failpoint), ("TOKIO_WORKER_THREADS", "16")];
        self.installation.begin(&name, &self.at[process], &[member(&name), stops].concat()).unwrap()
    }

    /// Everything that was told so far, in no order; none while the database is away.
    pub(crate) async fn witnessed(&self) -> Option<Vec<Witnessed>> {
        self.witnessed_of("").await
    }

    /// Warnings and breaches.
    pub(crate) async fn fired(&self) -> Option<Vec<Witnessed>> {
        self.witnessed_of("WHERE kind IN ('redress.sla.v1.ClockWarned', 'redress.sla.v1.ClockBreached')")
            .await
    }

    async fn witnessed_of(&self, which: &'static str) -> Option<Vec<Witnessed>> {
        type Row = (jiff_sqlx::Timestamp, Json<Vec<(String, String)>>, Vec<u8>);
        let query = AssertSqlSafe(format!("SELECT at, headers, payload FROM witness {which}"));
        let rows: Vec<Row> = sqlx::query_as(query).fetch_all(&self.database).await.ok()?;
        let read = |(at, Json(headers), payload): Row| {
            let headers = headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
            Witnessed { at: at.to_jiff(), meta: EventMeta::of_record(&record(headers)).unwrap(), payload }
        };
        Some(rows.into_iter().map(read).collect())
    }

    /// How many events were told so far.
    pub(crate) async fn told(&self) -> Option<i64> {
        sqlx::query_scalar("SELECT count(*) FROM witness").fetch_one(&self.database).await.ok()
    }

    /// How many events wait to be published.
    pub(crate) async fn unpublished(&self) -> Option<i64> {
        sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&self.database).await.ok()
    }

    /// Records that were set aside.
    pub(crate) async fn parked(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM parked_event").fetch_one(&self.database).await.unwrap()
    }

    /// Ends the servers of a test that has its own.
    pub(crate) async fn end(self) {
        self.database.close().await;
        if let Some(stack) = self.own {
            stack.stop().await;
        }
    }
}

/// A fixed member: when it is killed and started again, it goes on with its partitions at once.
fn member(name: &str) -> [(&str, &str); 2] {
    [("REDRESS__KAFKA__GROUP_INSTANCE_ID", name), ("REDRESS__KAFKA__SESSION_TIMEOUT_MS", "6000")]
}

/// Headers as a record has them.
pub(crate) fn record(headers: Vec<(String, Vec<u8>)>) -> Record {
    Record { headers, ..redress_testkit::record(redress_sla::topics::CLOCKS, Vec::new()) }
}
