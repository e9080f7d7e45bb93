//! How the parts of notification are put together.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use redress_messaging::{KafkaConfig, LogReader, Producer, ensure_topics};
use redress_outbox::{Admin, ConsumerGroup, Relay, Subscription, Wake};
use redress_postgres::{Db, migrate, schema_is_current};
use redress_proto::admin::v1::admin_service_server::AdminServiceServer;
use redress_proto::notification::v1::notification_service_server::NotificationServiceServer;
use redress_runtime::http::MAX_BODY_BYTES;
use redress_runtime::{Context, Parts, Service, Task, waiting};

use crate::app::Desk;
use crate::app::asked::Asked;
use crate::app::dispatch::{APART, Dispatch, Pace, Turns};
use crate::app::hear::Hear;
use crate::app::preview::Preview;
use crate::app::queries::Queries;
use crate::app::react::React;
use crate::app::receipts::Receipts;
use crate::app::send::Send;
use crate::app::surveys::Surveys;
use crate::app::webhooks::{REPLAY_MOST, Webhooks};
use crate::channel::Outlets;
use crate::channel::callback::Callbacks;
use crate::channel::email::Email;
use crate::channel::in_app::InApp;
use crate::config::{Config, NotificationConfig};
use crate::domain::profile::Profiles;
use crate::domain::templates::{Sources, Templates, builtin};
use crate::grpc::Grpc;
use crate::policy::POLICY;
use crate::store::delivery::Lane;
use crate::topics::{self, CLOCKS, INVESTIGATION, LIFECYCLE, NOTICES, RESOLUTION};
use crate::{MIGRATOR, consumer};

/// The service, as the runtime sees it.
pub struct Notification;

/// Everything that answers calls. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Sends notices on request.
    pub send: Send,
    /// Checks and renders.
    pub preview: Preview,
    /// Answers queries.
    pub queries: Queries,
    /// Takes reports of channels.
    pub receipts: Receipts,
    /// Takes answers to surveys.
    pub surveys: Surveys,
    /// Keeps callback addresses.
    pub webhooks: Webhooks,
}

#[async_trait]
impl Service for Notification {
    const NAME: &'static str = "notification";
    const DEFAULT_CONFIG: &'static str = include_str!("../config/default.toml");
    type Config = Config;

    async fn migrate(config: &Config) -> anyhow::Result<()> {
        let db = Db::connect(&config.postgres, "redress-notification-migrate")?;
        migrate(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await?;
        db.close().await;
        Ok(())
    }

    async fn topics(config: &Config) -> anyhow::Result<()> {
        ensure_topics(&config.kafka, &topics::all(config.kafka.partitions)).await?;
        Ok(())
    }

    async fn build(config: Arc<Config>, context: Context) -> anyhow::Result<Parts> {
        let db = Db::connect(&config.postgres, "redress-notification")?;
        let wake = Wake::default();
        let own = &config.notification;
        let desk = desk(&config, &context, &db, wake.clone())?;
        let outlets = Outlets {
            email: Email::of(&own.smtp)?,
            in_app: InApp::of(&own.in_app)?,
            callbacks: Callbacks::of(&own.callback)?,
        };
        let asked = Asked::builtin().map_err(anyhow::Error::msg).context("data/asked.toml")?;
        let react = React { desk: desk.clone(), terms: own.terms.terms(), asked };
        let clock = Arc::clone(&context.clock);
        let hear = |topic| Hear { desk: desk.clone(), terms: own.terms.terms(), topic };
        // A group of its own for each topic: any of them may come later, or never.
        let group = |suffix: &str, subscription: Subscription| {
            let kafka =
                KafkaConfig { group: format!("{}{suffix}", config.kafka.group), ..config.kafka.clone() };
            ConsumerGroup::new(db.clone(), kafka, vec![subscription], wake.clone(), Arc::clone(&clock))
        };
        let lifecycle = group("", consumer::lifecycle(react));
        let others = [
            ("investigation", INVESTIGATION, group("-investigation", consumer::facts(hear(INVESTIGATION)))),
            ("clocks", CLOCKS, group("-clocks", consumer::facts(hear(CLOCKS)))),
            ("resolution", RESOLUTION, group("-resolution", consumer::facts(hear(RESOLUTION)))),
        ];
        let holder = config.kafka.own_name(context.clock.now());
        let relay =
            Relay::new(db.clone(), Producer::for_relay(&config.kafka)?, holder.as_str(), wake.clone())
                .marking([NOTICES]);
        let operator = config.runtime.auth.operator_tenant.clone();
        let admin = Admin::new(&lifecycle, &config.kafka, holder)?.operated_by(operator);
        let admin = others.iter().fold(admin, |admin, (.., group)| admin.and(group));
        let groups = std::iter::once(("lifecycle", LIFECYCLE, lifecycle)).chain(others).collect();
        let dispatch = Dispatch {
            desk: desk.clone(),
            outlets: outlets.clone(),
            batch: own.dispatch.batch,
            lease: own.dispatch.lease(),
            stop: context.stop.clone(),
            pace: Pace::default(),
        };
        let app = app(desk, outlets.callbacks);
        Ok(Parts {
            grpc: tonic::service::Routes::new(
                NotificationServiceServer::new(Grpc::new(app)).max_decoding_message_size(MAX_BODY_BYTES),
            )
            .add_service(AdminServiceServer::new(admin)),
            http: None,
            tasks: tasks(&config, &context, &db, groups, relay, &dispatch)?,
            policy: POLICY,
            descriptors: redress_proto::DESCRIPTORS,
            drain: Vec::new(),
        })
    }
}

/// `groups` are the consumers: task, topic, group.
fn tasks(
    config: &Config,
    context: &Context,
    db: &Db,
    groups: Vec<(&'static str, &'static str, ConsumerGroup)>,
    relay: Relay,
    dispatch: &Dispatch,
) -> anyhow::Result<Vec<Task>> {
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
    let relaying = {
        let stop = stop();
        async move { Ok(relay.run(stop).await?) }
    };
    let condition = |name| context.readiness.condition(name);
    let mut tasks = vec![
        Task::new("kafka-probe", waiting::ready_once(condition("kafka"), stop(), there(NOTICES))),
        Task::new("schema-probe", waiting::ready_once(condition("schema"), stop(), migrated())),
        Task::new("relay", waiting::run_once(stop(), migrated(), relaying)),
    ];
    // The other services may be installed later; notices on request go out without them.
    for (name, topic, group) in groups {
        let until = stop();
        let consuming = async move { Ok(group.run(until).await?) };
        let consuming = waiting::run_if_ever(stop(), there(topic), consuming);
        tasks.push(Task::new(name, waiting::run_once(stop(), migrated(), consuming)));
    }
    let apart = APART.map(Lane::Channel);
    for lane in [Lane::Parties, Lane::Callbacks].into_iter().chain(apart) {
        let turns = Turns::default();
        for _ in 0..config.notification.dispatch.workers {
            let sending = dispatch.clone().run(lane, turns.clone());
            tasks.push(Task::new("dispatch", waiting::run_once(stop(), migrated(), sending)));
        }
    }
    Ok(tasks)
}

fn app(desk: Desk, callbacks: Callbacks) -> App {
    let queries = Queries { desk: desk.clone() };
    App {
        send: Send { desk: desk.clone(), queries: queries.clone() },
        preview: Preview { desk: desk.clone() },
        receipts: Receipts { desk: desk.clone() },
        surveys: Surveys { desk: desk.clone() },
        webhooks: Webhooks { desk, callbacks, replay_most: REPLAY_MOST },
        queries,
    }
}

fn desk(config: &Config, context: &Context, db: &Db, wake: Wake) -> anyhow::Result<Desk> {
    let own = &config.notification;
    Ok(Desk {
        db: db.clone(),
        vault: Arc::new(config.vault.open()?),
        clock: Arc::clone(&context.clock),
        wake,
        templates: Arc::new(templates(own)?),
        profiles: Arc::new(profiles(own)?),
        quiet: Arc::new(own.quiet()),
    })
}

/// The letters of this installation.
fn templates(config: &NotificationConfig) -> anyhow::Result<Templates> {
    let sources = if config.templates.as_os_str().is_empty() {
        builtin()
    } else {
        let mut sources = Sources::default();
        for path in Sources::paths() {
            // What is not there is told with everything else that is wrong.
            if let Ok(text) = std::fs::read_to_string(config.templates.join(&path)) {
                sources.put(path, text);
            }
        }
        sources
    };
    match Templates::read(&sources) {
        Ok(templates) => Ok(templates),
        Err(problems) => bail!("the templates are refused:\n{}", problems.join("\n")),
    }
}

fn profiles(config: &NotificationConfig) -> anyhow::Result<Profiles> {
    let file: &Path = &config.tenants_file;
    let text = if file.as_os_str().is_empty() {
        include_str!("../data/tenants.toml").to_owned()
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
    };
    match Profiles::read(&text) {
        Ok(profiles) => Ok(profiles),
        Err(problems) => bail!("the tenants' profiles are refused:\n{}", problems.join("\n")),
    }
}

async fn is_migrated(db: Db) -> bool {
    schema_is_current(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await.unwrap_or(false)
}
