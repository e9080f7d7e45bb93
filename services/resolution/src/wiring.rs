//! How the parts of resolution are put together.

use std::sync::Arc;

use async_trait::async_trait;
use redress_messaging::{KafkaConfig, LogReader, Producer, ensure_topics};
use redress_outbox::{Admin, ConsumerGroup, Relay, Subscription, Wake};
use redress_postgres::{Db, migrate, schema_is_current};
use redress_proto::admin::v1::admin_service_server::AdminServiceServer;
use redress_proto::resolution::v1::resolution_service_server::ResolutionServiceServer;
use redress_runtime::http::MAX_BODY_BYTES;
use redress_runtime::{Context, Parts, Service, Task, waiting};

use crate::app::Desk;
use crate::app::commands::Commands;
use crate::app::queries::Queries;
use crate::app::react::Follower;
use crate::app::remedy::audit::Audit;
use crate::app::remedy::dispatch::Dispatch;
use crate::config::Config;
use crate::grpc::Grpc;
use crate::policy::POLICY;
use crate::topics::{self, CASES, CLOCKS, INCIDENTS, INVESTIGATION, LIFECYCLE, NOTICES};
use crate::{MIGRATOR, consumer, http};

/// The service, as the runtime sees it.
pub struct Resolution;

/// Everything that answers calls. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Acts on cases.
    pub commands: Commands,
    /// Shows them.
    pub queries: Queries,
}

#[async_trait]
impl Service for Resolution {
    const NAME: &'static str = "resolution";
    const DEFAULT_CONFIG: &'static str = include_str!("../config/default.toml");
    type Config = Config;

    async fn migrate(config: &Config) -> anyhow::Result<()> {
        let db = Db::connect(&config.postgres, "redress-resolution-migrate")?;
        migrate(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await?;
        db.close().await;
        Ok(())
    }

    async fn topics(config: &Config) -> anyhow::Result<()> {
        ensure_topics(&config.kafka, &topics::all(config.kafka.partitions)).await?;
        Ok(())
    }

    async fn build(config: Arc<Config>, context: Context) -> anyhow::Result<Parts> {
        let db = Db::connect(&config.postgres, "redress-resolution")?;
        let (relaying, begun) = (Wake::default(), Wake::default());
        let wake = relaying.clone().and(&begun);
        let desk = Desk {
            db: db.clone(),
            vault: Arc::new(config.vault.open()?),
            clock: Arc::clone(&context.clock),
            wake,
            settings: Arc::new(config.resolution.clone()),
            authority: Arc::new(config.resolution.authority()?),
            windows: Arc::new(config.resolution.windows()?),
        };
        let queries = Queries { desk: desk.clone() };
        let executor = config.resolution.executor()?;
        let commands = Commands { desk: desk.clone(), queries: queries.clone(), executor: executor.clone() };
        let app = App { commands, queries };
        let groups = groups(&config, &desk);
        let holder = config.kafka.own_name(context.clock.now());
        let relay =
            Relay::new(db, Producer::for_relay(&config.kafka)?, holder.as_str(), relaying).marking([CASES]);
        let dispatch = Dispatch::new(desk.clone(), executor, &holder).woken_by(begun);
        let [(_, _, first), others @ ..] = &groups;
        let admin = Admin::new(first, &config.kafka, holder)?;
        let admin = others.iter().fold(admin, |admin, (_, _, group)| admin.and(group));
        let admin = admin.operated_by(config.runtime.auth.operator_tenant.clone());
        Ok(Parts {
            grpc: tonic::service::Routes::new(
                ResolutionServiceServer::new(Grpc::new(app.clone()))
                    .max_decoding_message_size(MAX_BODY_BYTES),
            )
            .add_service(AdminServiceServer::new(admin)),
            http: Some(http::routes(app)),
            tasks: tasks(&config, &context, &desk, groups, Work { relay, dispatch })?,
            policy: POLICY,
            descriptors: redress_proto::DESCRIPTORS,
            drain: Vec::new(),
        })
    }
}

/// What is read, a group for each: the topics of other services may come later, or never.
type Groups = [(&'static str, &'static str, ConsumerGroup); 5];

fn groups(config: &Config, desk: &Desk) -> Groups {
    let advance_overdue = desk.settings.advance_overdue;
    let follower =
        Follower { clock: Arc::clone(&desk.clock), advance_overdue, windows: Arc::clone(&desk.windows) };
    let group = |name: &str, subscription: Subscription| {
        let kafka = KafkaConfig { group: format!("{}{name}", config.kafka.group), ..config.kafka.clone() };
        ConsumerGroup::new(
            desk.db.clone(),
            kafka,
            vec![subscription],
            desk.wake.clone(),
            Arc::clone(&desk.clock),
        )
    };
    [
        ("lifecycle", LIFECYCLE, group("", consumer::lifecycle(follower.clone()))),
        ("investigation", INVESTIGATION, group("-investigation", consumer::investigation(follower.clone()))),
        ("clocks", CLOCKS, group("-clocks", consumer::clocks(follower.clone()))),
        ("incidents", INCIDENTS, group("-incidents", consumer::incidents())),
        ("notices", NOTICES, group("-notices", consumer::notices(follower))),
    ]
}

/// What goes on beside reading.
struct Work {
    relay: Relay,
    dispatch: Dispatch,
}

fn tasks(
    config: &Config,
    context: &Context,
    desk: &Desk,
    groups: Groups,
    work: Work,
) -> anyhow::Result<Vec<Task>> {
    let reader = LogReader::new(&config.kafka)?;
    let migrated = || {
        let db = desk.db.clone();
        move || is_migrated(db.clone())
    };
    let stop = || context.stop.clone();
    let exists = |topic| {
        let reader = reader.clone();
        move || reader.clone().has(topic)
    };
    let ready = |name, topic| waiting::ready_once(context.readiness.condition(name), stop(), exists(topic));
    let schema = waiting::ready_once(context.readiness.condition("schema"), stop(), migrated());
    let Work { relay, dispatch } = work;
    let audit = Audit::new(desk.clone());
    let relaying = {
        let stop = stop();
        async move { Ok(relay.run(stop).await?) }
    };
    let mut tasks = vec![
        Task::new("schema-probe", schema),
        Task::new("kafka-probe", ready("kafka", CASES)),
        Task::new("relay", waiting::run_once(stop(), migrated(), relaying)),
        Task::new("remedies", waiting::run_once(stop(), migrated(), dispatch.run_beside(stop()))),
        Task::new("money-audit", waiting::run_once(stop(), migrated(), audit.run(stop()))),
    ];
    for (name, topic, group) in groups {
        let stop_group = stop();
        let run = async move { Ok(group.run(stop_group).await?) };
        let following = waiting::run_if_ever(stop(), exists(topic), run);
        tasks.push(Task::new(name, waiting::run_once(stop(), migrated(), following)));
    }
    Ok(tasks)
}

async fn is_migrated(db: Db) -> bool {
    schema_is_current(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await.unwrap_or(false)
}
