//! How the parts of intake are put together.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use redress_messaging::{LogReader, Producer, ensure_topics};
use redress_outbox::{Admin, ConsumerGroup, Relay, Wake};
use redress_postgres::{Db, migrate, schema_is_current};
use redress_proto::admin::v1::admin_service_server::AdminServiceServer;
use redress_proto::intake::v1::intake_service_server::IntakeServiceServer;
use redress_redis::{DedupeFilter, Redis};
use redress_runtime::http::MAX_BODY_BYTES;
use redress_runtime::{Condition, Context, Parts, Service, Task};
use tokio_util::sync::CancellationToken;

use crate::app::accept::{Accept, Terms};
use crate::app::audit::Audit;
use crate::app::commands::Commands;
use crate::app::queries::Queries;
use crate::app::register::Register;
use crate::app::view::Views;
use crate::app::watch::Watch;
use crate::config::Config;
use crate::consumer::subscriptions;
use crate::domain::lifecycle::Policy;
use crate::grpc::Grpc;
use crate::policy::POLICY;
use crate::topics::{self, SUBMISSIONS};
use crate::{MIGRATOR, http};

/// Longest time that librdkafka itself tries to deliver a submission; callers are answered before.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a dependency is asked again whether it is there, while the process is not ready yet.
const PROBE_PERIOD: Duration = Duration::from_millis(100);

/// The service, as the runtime sees it.
pub struct Intake;

/// Everything that answers calls. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Accepts complaints.
    pub accept: Arc<Accept>,
    /// Answers queries.
    pub queries: Queries,
    /// Lets callers watch.
    pub watch: Watch,
    /// Executes commands.
    pub commands: Commands,
    /// Answers questions about the audit chains.
    pub audit: Audit,
}

#[async_trait]
impl Service for Intake {
    const NAME: &'static str = "intake";
    const DEFAULT_CONFIG: &'static str = include_str!("../config/default.toml");
    type Config = Config;

    async fn migrate(config: &Config) -> anyhow::Result<()> {
        let db = Db::connect(&config.postgres, "redress-intake-migrate")?;
        migrate(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await?;
        db.close().await;
        Ok(())
    }

    async fn topics(config: &Config) -> anyhow::Result<()> {
        ensure_topics(&config.kafka, &topics::all(config.kafka.partitions)).await?;
        Ok(())
    }

    async fn build(config: Arc<Config>, context: Context) -> anyhow::Result<Parts> {
        let db = Db::connect(&config.postgres, "redress-intake")?;
        let producer = Producer::for_requests(&config.kafka, DELIVERY_TIMEOUT)?;
        let wake = Wake::default();
        let app = app(&config, &context, &db, producer.clone(), wake.clone())?;
        let reader = LogReader::new(&config.kafka)?;
        let group = ConsumerGroup::new(
            db.clone(),
            config.kafka.clone(),
            subscriptions(Register {
                clock: Arc::clone(&context.clock),
                acknowledge_within: acknowledge_within(&config),
            }),
            wake.clone(),
            Arc::clone(&context.clock),
        );
        let holder = relay_name(&config, &context);
        let relay = Relay::new(db.clone(), Producer::for_relay(&config.kafka)?, holder.as_str(), wake);
        let admin = Admin::new(&group, &config.kafka, holder)?;

        let mut tasks = vec![
            Task::new("watch", app.watch.clone().run(context.stop.clone())),
            Task::new("producer", broken(producer.clone(), context.stop.clone())),
            Task::new("kafka-probe", {
                let condition = context.readiness.condition("kafka");
                until_there(condition, context.stop.clone(), move || topic_exists(reader.clone()))
            }),
        ];
        if config.intake.role.registers() {
            let (probed, stop) = (db.clone(), context.stop.clone());
            let condition = context.readiness.condition("schema");
            tasks.push(Task::new(
                "schema-probe",
                until_there(condition, stop.clone(), move || is_migrated(probed.clone())),
            ));
            tasks.push(Task::new(
                "register",
                started(db.clone(), stop.clone(), async move { Ok(group.run(stop).await?) }),
            ));
            let stop = context.stop.clone();
            tasks.push(Task::new(
                "relay",
                started(db.clone(), stop.clone(), async move { Ok(relay.run(stop).await?) }),
            ));
        }
        let flushed = producer;
        Ok(Parts {
            grpc: tonic::service::Routes::new(
                IntakeServiceServer::new(Grpc::new(app.clone())).max_decoding_message_size(MAX_BODY_BYTES),
            )
            .add_service(AdminServiceServer::new(admin)),
            http: Some(http::routes(app)),
            tasks,
            policy: POLICY,
            descriptors: redress_proto::DESCRIPTORS,
            drain: vec![Task::new("producer-flush", async move {
                flushed.flush(Duration::from_secs(2)).await;
                Ok(())
            })],
        })
    }
}

fn app(config: &Config, context: &Context, db: &Db, producer: Producer, wake: Wake) -> anyhow::Result<App> {
    let vault = Arc::new(config.vault.open()?);
    let filter = DedupeFilter::new(Redis::connect(&config.redis)?);
    let clock = Arc::clone(&context.clock);
    let zone = TimeZone::get(&config.intake.zone)?;
    let views = Views { db: db.clone(), vault: Arc::clone(&vault), clock: Arc::clone(&clock) };
    let policy = Policy {
        zone: zone.clone(),
        review_days: config.intake.review_days,
        objection_days: config.intake.objection_days,
        unmerge_days: config.intake.unmerge_days,
    };
    Ok(App {
        accept: Arc::new(Accept {
            vault: Arc::clone(&vault),
            filter: filter.clone(),
            producer,
            clock: Arc::clone(&clock),
            terms: Terms { zone, acknowledge_within: acknowledge_within(config) },
        }),
        queries: Queries { views: views.clone(), filter },
        watch: Watch::new(views.clone(), context.draining.clone()),
        commands: Commands { db: db.clone(), vault, views, clock, policy: Arc::new(policy), wake },
        audit: Audit { db: db.clone() },
    })
}

fn acknowledge_within(config: &Config) -> SignedDuration {
    SignedDuration::from_mins(config.intake.acknowledge_within_minutes.into())
}

/// The name under which this process leases buckets: the member's fixed name, so that a restart takes its leases up
/// again at once; without one a name that no other process has.
fn relay_name(config: &Config, context: &Context) -> String {
    let fixed = &config.kafka.group_instance_id;
    if fixed.is_empty() {
        format!("{}-{}", std::process::id(), context.clock.now().as_nanosecond())
    } else {
        fixed.clone()
    }
}

/// Ends with an error when the producer is broken for good: the process leaves, its restart makes a new one.
async fn broken(producer: Producer, stop: CancellationToken) -> anyhow::Result<()> {
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        error = producer.failed() => Err(error.into()),
    }
}

/// Runs `work` once the database is there and current; it would only fail before.
async fn started(
    db: Db,
    stop: CancellationToken,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = there(move || is_migrated(db.clone())) => {}
    }
    work.await
}

/// Sets `condition` when `probe` first succeeds, and then stays until the process leaves.
async fn until_there<F: Future<Output = bool>>(
    condition: Condition,
    stop: CancellationToken,
    probe: impl Fn() -> F,
) -> anyhow::Result<()> {
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = there(probe) => condition.set(true),
    }
    stop.cancelled().await;
    Ok(())
}

async fn there<F: Future<Output = bool>>(probe: impl Fn() -> F) {
    while !probe().await {
        tokio::time::sleep(PROBE_PERIOD).await;
    }
}

async fn is_migrated(db: Db) -> bool {
    schema_is_current(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await.unwrap_or(false)
}

async fn topic_exists(reader: LogReader) -> bool {
    let found = reader.off_the_runtime(|reader| reader.partitions(SUBMISSIONS.name)).await;
    matches!(found, Ok(Some(_)))
}
