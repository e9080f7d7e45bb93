//! How the parts of investigation are put together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use jiff::SignedDuration;
use redress_messaging::{KafkaConfig, LogReader, Producer, ensure_topics};
use redress_outbox::{Admin, ConsumerGroup, Relay, Subscription, Wake};
use redress_postgres::{Db, migrate, schema_is_current};
use redress_proto::admin::v1::admin_service_server::AdminServiceServer;
use redress_proto::investigation::v1::investigation_service_server::InvestigationServiceServer;
use redress_runtime::{Context, Parts, Service, Task, waiting};

use crate::app::Desk;
use crate::app::assignments::FollowAssignments;
use crate::app::clocks::FollowClocks;
use crate::app::contested::FollowContested;
use crate::app::evidence::Files;
use crate::app::follow::FollowCases;
use crate::app::incidents::FollowIncidents;
use crate::app::late_consultations;
use crate::app::notices::FollowNotices;
use crate::app::records::{Asking, Pace, Platform, Window};
use crate::config::{Config, PlatformDataConfig};
use crate::grpc::Grpc;
use crate::policy::POLICY;
use crate::topics::{self, ASSESSMENTS, CASES, CLOCKS, INCIDENTS, LIFECYCLE, NOTICES, RESOLUTION};
use crate::{MIGRATOR, consumer, http};

/// A chunk of a file, and room for the rest of its message.
const MESSAGE_BYTES: usize = 2 * 1024 * 1024;

/// The service, as the runtime sees it.
pub struct Investigation;

/// Everything that answers calls. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Database, vault, clock, relay and policy.
    pub desk: Desk,
    /// Files.
    pub files: Files,
}

#[async_trait]
impl Service for Investigation {
    const NAME: &'static str = "investigation";
    const DEFAULT_CONFIG: &'static str = include_str!("../config/default.toml");
    type Config = Config;

    async fn migrate(config: &Config) -> anyhow::Result<()> {
        let db = Db::connect(&config.postgres, "redress-investigation-migrate")?;
        migrate(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await?;
        db.close().await;
        Ok(())
    }

    async fn topics(config: &Config) -> anyhow::Result<()> {
        ensure_topics(&config.kafka, &topics::all(config.kafka.partitions)).await?;
        Ok(())
    }

    async fn build(config: Arc<Config>, context: Context) -> anyhow::Result<Parts> {
        let db = Db::connect(&config.postgres, "redress-investigation")?;
        let wake = Wake::default();
        let desk = desk(&config, &context, &db, wake.clone())?;
        let files = Files::open(desk.clone(), &config.investigation.evidence)?;
        let asking = asking(&config.investigation.platform_data, &files)?;
        let groups = groups(&config, &desk, asking.is_some());
        let holder = config.kafka.own_name(context.clock.now());
        let relay = Relay::new(db.clone(), Producer::for_relay(&config.kafka)?, holder.as_str(), wake)
            .marking([CASES]);
        let admin = Admin::new(&groups.lifecycle, &config.kafka, holder)?;
        let admin = groups.others.iter().fold(admin, |admin, (_, _, group)| admin.and(group));
        let admin = admin.operated_by(config.runtime.auth.operator_tenant.clone());
        let app = App { desk, files: files.clone() };
        let work = Work { groups, relay, asking, files };
        Ok(Parts {
            grpc: tonic::service::Routes::new(
                InvestigationServiceServer::new(Grpc::new(app.clone()))
                    .max_decoding_message_size(MESSAGE_BYTES),
            )
            .add_service(AdminServiceServer::new(admin)),
            http: Some(http::routes(app)),
            tasks: tasks(&config, &context, &db, work)?,
            policy: POLICY,
            descriptors: redress_proto::DESCRIPTORS,
            drain: Vec::new(),
        })
    }
}

fn desk(config: &Config, context: &Context, db: &Db, wake: Wake) -> anyhow::Result<Desk> {
    let own = &config.investigation;
    let opening = own.opening().map_err(|problems| anyhow::anyhow!(problems.join("; ")))?;
    Ok(Desk {
        db: db.clone(),
        vault: Arc::new(config.vault.open()?),
        clock: Arc::clone(&context.clock),
        wake,
        opening: Arc::new(opening),
        answer_lasts: own.answer_lasts(),
        extension_lasts: own.extension_lasts(),
        hearing_lasts: own.hearing_lasts(),
        lapse_needs_notice: own.lapse_needs_notice,
    })
}

/// Whoever asks the platform; nobody where it has no endpoint.
fn asking(config: &PlatformDataConfig, files: &Files) -> anyhow::Result<Option<Asking>> {
    if config.endpoint.is_empty() {
        return Ok(None);
    }
    let window = Window {
        before: SignedDuration::from_secs(config.live_before_s.into()),
        after: SignedDuration::from_secs(config.live_after_s.into()),
    };
    let endpoint = config.tls.endpoint(&config.endpoint).context("investigation.platform_data.endpoint")?;
    let platform = Platform::new(endpoint, config.timeout(), window);
    let pace = Pace {
        at_once: config.at_once,
        attempts: config.attempts,
        max_delay: Duration::from_secs(config.max_delay_s),
    };
    Ok(Some(Asking::new(files.clone(), platform, pace)))
}

/// The topics that are read, each by a group of its own: those of other services than intake may come later, or never.
struct Groups {
    lifecycle: ConsumerGroup,
    others: Vec<(&'static str, &'static str, ConsumerGroup)>,
}

fn groups(config: &Config, desk: &Desk, asks_platform: bool) -> Groups {
    let group = |suffix: &str, subscription: Subscription| {
        let group = format!("{}{suffix}", config.kafka.group);
        let kafka = KafkaConfig { group, ..config.kafka.clone() };
        let clock = Arc::clone(&desk.clock);
        ConsumerGroup::new(desk.db.clone(), kafka, vec![subscription], desk.wake.clone(), clock)
    };
    let desk = || desk.clone();
    Groups {
        lifecycle: group("", consumer::lifecycle(FollowCases { desk: desk(), asks_platform })),
        others: vec![
            (
                "incidents",
                INCIDENTS,
                group("-incidents", consumer::incidents(FollowIncidents { desk: desk() })),
            ),
            (
                "assignments",
                ASSESSMENTS,
                group("-assignments", consumer::assignments(FollowAssignments { desk: desk() })),
            ),
            ("clocks", CLOCKS, group("-clocks", consumer::clocks(FollowClocks { desk: desk() }))),
            (
                "resolution",
                RESOLUTION,
                group("-resolution", consumer::contested(FollowContested { desk: desk() })),
            ),
            ("notices", NOTICES, group("-notices", consumer::notices(FollowNotices { desk: desk() }))),
        ],
    }
}

/// What goes on in the background.
struct Work {
    groups: Groups,
    relay: Relay,
    asking: Option<Asking>,
    files: Files,
}

fn tasks(config: &Config, context: &Context, db: &Db, work: Work) -> anyhow::Result<Vec<Task>> {
    let Work { groups, relay, asking, files } = work;
    let reader = LogReader::new(&config.kafka)?;
    let stop = || context.stop.clone();
    let migrated = || {
        let db = db.clone();
        move || is_migrated(db.clone())
    };
    let there = |topic: &'static str| {
        let reader = reader.clone();
        move || reader.clone().has(topic)
    };
    let run = |group: ConsumerGroup| {
        let stop = stop();
        async move { Ok(group.run(stop).await?) }
    };
    let relaying = {
        let stop = stop();
        async move { Ok(relay.run(stop).await?) }
    };
    let condition = |name| context.readiness.condition(name);
    let lifecycle = waiting::run_if_ever(stop(), there(LIFECYCLE), run(groups.lifecycle));
    let mut tasks = vec![
        Task::new("schema-probe", waiting::ready_once(condition("schema"), stop(), migrated())),
        Task::new("kafka-probe", waiting::ready_once(condition("kafka"), stop(), there(CASES))),
        Task::new("lifecycle", waiting::run_once(stop(), migrated(), lifecycle)),
        Task::new("relay", waiting::run_once(stop(), migrated(), relaying)),
        Task::new(
            "late-consultations",
            waiting::run_once(stop(), migrated(), late_consultations::watch(files.desk.clone(), stop())),
        ),
        Task::new("sweep-files", waiting::run_once(stop(), migrated(), files.run_sweeper(stop()))),
    ];
    for (name, topic, group) in groups.others {
        let followed = waiting::run_if_ever(stop(), there(topic), run(group));
        tasks.push(Task::new(name, waiting::run_once(stop(), migrated(), followed)));
    }
    if let Some(asking) = asking {
        tasks.push(Task::new("platform-records", waiting::run_once(stop(), migrated(), asking.run(stop()))));
    }
    Ok(tasks)
}

async fn is_migrated(db: Db) -> bool {
    schema_is_current(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await.unwrap_or(false)
}
