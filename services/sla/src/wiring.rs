//! How the parts of sla are put together.

use std::num::NonZeroU16;
use std::sync::Arc;

use async_trait::async_trait;
use redress_messaging::{KafkaConfig, LogReader, Producer, ensure_topics};
use redress_outbox::{Admin, ConsumerGroup, Relay, Wake};
use redress_postgres::{Db, migrate, schema_is_current};
use redress_proto::admin::v1::admin_service_server::AdminServiceServer;
use redress_proto::sla::v1::clock_service_server::ClockServiceServer;
use redress_redis::{Redis, TimerIndex};
use redress_runtime::http::MAX_BODY_BYTES;
use redress_runtime::{Context, Parts, Service, Task, waiting};

use crate::app::Desk;
use crate::app::due_soon::DueSoon;
use crate::app::escalate::Escalation;
use crate::app::fire::Firing;
use crate::app::inputs::Inputs;
use crate::app::keep::Forgetting;
use crate::app::recalculate::Recalculation;
use crate::app::ship;
use crate::app::soon::Soon;
use crate::config::Config;
use crate::grpc::Grpc;
use crate::policy::POLICY;
use crate::topics::{self, CLOCKS};
use crate::{MIGRATOR, consumer, http};

/// Shards of the timer index: the same in every process.
const SHARDS: NonZeroU16 = match NonZeroU16::new(32) {
    Some(shards) => shards,
    None => NonZeroU16::MIN,
};

/// The service, as the runtime sees it.
pub struct Sla;

/// Everything that answers calls. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// What every use needs.
    pub desk: Desk,
    /// Lets callers watch.
    pub due_soon: DueSoon,
}

#[async_trait]
impl Service for Sla {
    const NAME: &'static str = "sla";
    const DEFAULT_CONFIG: &'static str = include_str!("../config/default.toml");
    type Config = Config;

    async fn migrate(config: &Config) -> anyhow::Result<()> {
        let db = Db::connect(&config.postgres, "redress-sla-migrate")?;
        migrate(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await?;
        ship::ship(&db, ship::of_release()).await?;
        db.close().await;
        Ok(())
    }

    async fn topics(config: &Config) -> anyhow::Result<()> {
        ensure_topics(&config.kafka, &topics::all(config.kafka.partitions)).await?;
        Ok(())
    }

    async fn build(config: Arc<Config>, context: Context) -> anyhow::Result<Parts> {
        let db = Db::connect(&config.postgres, "redress-sla")?;
        let wake = Wake::default();
        let holder = config.kafka.own_name(context.clock.now());
        let index = TimerIndex::new(Redis::connect(&config.redis)?, "sla", SHARDS);
        let (soon, noted) = Soon::new(index, &holder);
        let desk = Desk::new(db.clone(), Arc::clone(&context.clock), wake.clone(), config.sla.clone());
        let desk = Desk { noted, ..desk };
        let app = App { desk: desk.clone(), due_soon: DueSoon::new(desk.clone(), context.draining.clone()) };
        let groups = groups(&config, &desk);
        let relay =
            Relay::new(db, Producer::for_relay(&config.kafka)?, holder.as_str(), wake).marking([CLOCKS]);
        let [(_, first), others @ ..] = &groups;
        let admin = Admin::new(first, &config.kafka, holder)?;
        let admin = others.iter().fold(admin, |admin, (_, group)| admin.and(group));
        let admin = admin.operated_by(config.runtime.auth.operator_tenant.clone());
        Ok(Parts {
            grpc: tonic::service::Routes::new(
                ClockServiceServer::new(Grpc::new(app.clone())).max_decoding_message_size(MAX_BODY_BYTES),
            )
            .add_service(AdminServiceServer::new(admin)),
            http: Some(http::routes(app)),
            tasks: tasks(&config, &context, &desk, groups, Work { relay, soon })?,
            policy: POLICY,
            descriptors: redress_proto::DESCRIPTORS,
            drain: Vec::new(),
        })
    }
}

/// What is read, a group for each: the topics of other services may come later, or never.
type Groups = [(&'static str, ConsumerGroup); 5];

fn groups(config: &Config, desk: &Desk) -> Groups {
    consumer::HEARD.map(|(suffix, topic)| {
        let kafka = KafkaConfig { group: format!("{}{suffix}", config.kafka.group), ..config.kafka.clone() };
        let subscriptions = vec![consumer::heard(desk.clone(), topic)];
        let clock = Arc::clone(&desk.clock);
        (topic, ConsumerGroup::new(desk.db.clone(), kafka, subscriptions, desk.wake.clone(), clock))
    })
}

/// What goes on beside reading.
struct Work {
    relay: Relay,
    soon: Soon,
}

fn tasks(
    config: &Config,
    context: &Context,
    desk: &Desk,
    groups: Groups,
    work: Work,
) -> anyhow::Result<Vec<Task>> {
    let Work { relay, soon } = work;
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
    let condition = |name| context.readiness.condition(name);
    let relaying = {
        let stop = stop();
        async move { Ok(relay.run(stop).await?) }
    };
    let firing = Firing::new(desk.clone(), Inputs::new(reader.clone()));
    let waking = soon.run(desk.clone(), firing.clone(), stop());
    let firing = firing.run(stop());
    let escalating = Escalation::new(desk.clone()).run(stop());
    let renewing = Recalculation::new(desk.clone()).run(stop());
    let forgetting = Forgetting::new(desk.clone()).run(stop());
    let mut tasks = vec![
        Task::new("schema-probe", waiting::ready_once(condition("schema"), stop(), migrated())),
        Task::new("kafka-probe", waiting::ready_once(condition("kafka"), stop(), exists(CLOCKS))),
        Task::new("relay", waiting::run_once(stop(), migrated(), relaying)),
        Task::new("firing", waiting::run_once(stop(), migrated(), firing)),
        Task::new("timer-index", waiting::run_once(stop(), migrated(), waking)),
        Task::new("escalation", waiting::run_once(stop(), migrated(), escalating)),
        Task::new("recalculation", waiting::run_once(stop(), migrated(), renewing)),
        Task::new("keeping", waiting::run_once(stop(), migrated(), forgetting)),
    ];
    for (topic, group) in groups {
        let stop_group = stop();
        let run = async move { Ok(group.run(stop_group).await?) };
        let following = waiting::run_if_ever(stop(), exists(topic), run);
        tasks.push(Task::new(topic, waiting::run_once(stop(), migrated(), following)));
    }
    Ok(tasks)
}

async fn is_migrated(db: Db) -> bool {
    schema_is_current(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await.unwrap_or(false)
}
