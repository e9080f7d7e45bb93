//! How the parts of intake are put together.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use redress_messaging::{KafkaConfig, LogReader, Producer, ensure_topics};
use redress_outbox::{Admin, ConsumerGroup, Relay, Wake};
use redress_postgres::{Db, migrate, schema_is_current};
use redress_proto::admin::v1::admin_service_server::AdminServiceServer;
use redress_proto::intake::v1::intake_service_server::IntakeServiceServer;
use redress_redis::{DedupeFilter, Redis};
use redress_runtime::http::MAX_BODY_BYTES;
use redress_runtime::{Context, Parts, Service, Task, waiting};
use tokio_util::sync::CancellationToken;

use crate::app::accept::{Accept, Terms};
use crate::app::assessments::ApplyAssessments;
use crate::app::audit::Audit;
use crate::app::behind;
use crate::app::commands::Commands;
use crate::app::facts::{TakeFacts, Teller};
use crate::app::queries::Queries;
use crate::app::register::Register;
use crate::app::view::Views;
use crate::app::watch::Watch;
use crate::config::Config;
use crate::consumer;
use crate::domain::lifecycle::Policy;
use crate::grpc::Grpc;
use crate::policy::POLICY;
use crate::topics::{self, ASSESSMENTS, LIFECYCLE, SUBMISSIONS};
use crate::{MIGRATOR, http};

/// Longest time that librdkafka itself tries to deliver a submission; callers are answered before.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(3);

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
        let group = |name: String, subscription| {
            let kafka = KafkaConfig { group: name, ..config.kafka.clone() };
            let clock = Arc::clone(&context.clock);
            ConsumerGroup::new(db.clone(), kafka, vec![subscription], wake.clone(), clock)
        };
        let register = Register { clock: Arc::clone(&context.clock) };
        let group_name = &config.kafka.group;
        let submissions = group(group_name.clone(), consumer::submissions(register));
        // Groups of their own: the topics of other services may come later, or never.
        let assessments = ApplyAssessments {
            clock: Arc::clone(&context.clock),
            policy: Arc::clone(&app.commands.policy),
            profile: config.intake.profile(),
        };
        let assessments = group(format!("{group_name}-assessments"), consumer::assessments(assessments));
        let mut others = vec![("assessments", ASSESSMENTS, assessments)];
        for teller in [Teller::Investigation, Teller::Resolution, Teller::Sla] {
            let (clock, policy) = (Arc::clone(&context.clock), Arc::clone(&app.commands.policy));
            let facts = consumer::facts(TakeFacts { teller, clock, policy });
            let name = teller.name();
            others.push((name, consumer::topic_of(teller), group(format!("{group_name}-{name}"), facts)));
        }
        let holder = config.kafka.own_name(context.clock.now());
        let relay =
            Relay::new(db.clone(), Producer::for_relay(&config.kafka)?, holder.as_str(), wake.clone())
                .marking([LIFECYCLE.name]);
        let admin = Admin::new(&submissions, &config.kafka, holder)?;
        let admin = others.iter().fold(admin, |admin, (_, _, group)| admin.and(group));
        let admin = admin.operated_by(config.runtime.auth.operator_tenant.clone());

        let mut tasks = always(&config, &context, &db, &app, producer.clone())?;
        if config.intake.role.registers() {
            tasks.extend(registering(&config, &context, &db, submissions, others, relay)?);
        }
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
                producer.flush(Duration::from_secs(2)).await;
                Ok(())
            })],
        })
    }
}

/// What a process of either role does.
fn always(
    config: &Config,
    context: &Context,
    db: &Db,
    app: &App,
    producer: Producer,
) -> anyhow::Result<Vec<Task>> {
    let reader = LogReader::new(&config.kafka)?;
    let stop = || context.stop.clone();
    let ready = |name| context.readiness.condition(name);
    let topics = move || own_topics_exist(reader.clone());
    // Accepting alone asks no database; but a process of either role answers all calls.
    let migrated = is_migrated_in(db);
    Ok(vec![
        Task::new("watch", app.watch.clone().run(stop())),
        Task::new("producer", broken(producer, stop())),
        Task::new("kafka-probe", waiting::ready_once(ready("kafka"), stop(), topics)),
        Task::new("schema-probe", waiting::ready_once(ready("schema"), stop(), migrated)),
    ])
}

/// What the register does. `others` are the topics of other services: task, topic, group.
fn registering(
    config: &Config,
    context: &Context,
    db: &Db,
    submissions: ConsumerGroup,
    others: Vec<(&'static str, &'static str, ConsumerGroup)>,
    relay: Relay,
) -> anyhow::Result<Vec<Task>> {
    let reader = LogReader::new(&config.kafka)?;
    let migrated = || is_migrated_in(db);
    let stop = || context.stop.clone();
    let run = |group: ConsumerGroup| {
        let stop = stop();
        async move { Ok(group.run(stop).await?) }
    };
    let relaying = {
        let stop = stop();
        async move { Ok(relay.run(stop).await?) }
    };
    let checking = behind::watch(db.clone(), config.kafka.clone(), stop());
    let mut tasks = vec![
        Task::new("register", waiting::run_once(stop(), migrated(), run(submissions))),
        Task::new("relay", waiting::run_once(stop(), migrated(), relaying)),
        Task::new("writer-check", waiting::run_once(stop(), migrated(), checking)),
    ];
    for (name, topic, group) in others {
        let reader = reader.clone();
        let told = waiting::run_if_ever(stop(), move || reader.clone().has(topic), run(group));
        tasks.push(Task::new(name, waiting::run_once(stop(), migrated(), told)));
    }
    Ok(tasks)
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
        retention_days: config.intake.retention_days,
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
        watch: Watch::new(views.clone(), config.intake.watchers(), context.draining.clone()),
        commands: Commands {
            db: db.clone(),
            vault,
            views,
            clock,
            policy: Arc::new(policy),
            review_queue: config.intake.review_queue.as_str().into(),
            wake,
        },
        audit: Audit::new(db.clone()),
    })
}

fn acknowledge_within(config: &Config) -> SignedDuration {
    SignedDuration::from_mins(config.intake.acknowledge_within_minutes.into())
}

/// Ends with an error when the producer is broken for good: the process leaves, its restart makes a new one.
async fn broken(producer: Producer, stop: CancellationToken) -> anyhow::Result<()> {
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        error = producer.failed() => Err(error.into()),
    }
}

fn is_migrated_in(db: &Db) -> impl Fn() -> BoxFuture<'static, bool> + Send + use<> {
    let db = db.clone();
    move || {
        let db = db.clone();
        let current = async move { schema_is_current(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await };
        current.map(|current| current.unwrap_or(false)).boxed()
    }
}

async fn own_topics_exist(reader: LogReader) -> bool {
    reader.clone().has(SUBMISSIONS.name).await && reader.has(LIFECYCLE.name).await
}
