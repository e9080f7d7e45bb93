//! How the parts of analytics are put together.

use std::sync::Arc;

use async_trait::async_trait;
use redress_messaging::{KafkaConfig, LogReader};
use redress_outbox::{Admin, ConsumerGroup, Subscription, Wake};
use redress_postgres::{Db, migrate, schema_is_current};
use redress_proto::admin::v1::admin_service_server::AdminServiceServer;
use redress_proto::analytics::v1::analytics_service_server::AnalyticsServiceServer;
use redress_runtime::http::MAX_BODY_BYTES;
use redress_runtime::{Context, Parts, Service, Task, waiting};

use crate::app::metrics::Questions;
use crate::config::Config;
use crate::consumer;
use crate::domain::metric::Dictionary;
use crate::grpc::Grpc;
use crate::policy::POLICY;
use crate::topics::LIFECYCLE;
use crate::{MIGRATOR, http};

/// The service, as the runtime sees it.
pub struct Analytics;

/// Everything that answers calls. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Answers questions.
    pub questions: Questions,
}

#[async_trait]
impl Service for Analytics {
    const NAME: &'static str = "analytics";
    const DEFAULT_CONFIG: &'static str = include_str!("../config/default.toml");
    type Config = Config;

    async fn migrate(config: &Config) -> anyhow::Result<()> {
        let db = Db::connect(&config.postgres, "redress-analytics-migrate")?;
        migrate(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await?;
        db.close().await;
        Ok(())
    }

    /// Analytics owns none.
    async fn topics(_config: &Config) -> anyhow::Result<()> {
        Ok(())
    }

    async fn build(config: Arc<Config>, context: Context) -> anyhow::Result<Parts> {
        let db = Db::connect(&config.postgres, "redress-analytics")?;
        let dictionary = Arc::new(Dictionary::builtin()?);
        let asked = Db::connect(&config.for_questions(), "redress-analytics-questions")?;
        let app = App { questions: Questions { db: asked, dictionary } };
        let counting = Counting { config: &config, context: &context, db: &db };
        let lifecycle = counting.group("", consumer::lifecycle());
        let others = consumer::others()
            .map(|(name, topic, subscription)| (topic, counting.group(&format!("-{name}"), subscription)));
        // There is no relay, for nothing is published; so nobody holds a bucket.
        let admin = Admin::new(&lifecycle, &config.kafka, "")?
            .operated_by(config.runtime.auth.operator_tenant.clone());
        let admin = others.iter().fold(admin, |admin, (_, group)| admin.and(group));
        Ok(Parts {
            grpc: tonic::service::Routes::new(
                AnalyticsServiceServer::new(Grpc::new(app.clone())).max_decoding_message_size(MAX_BODY_BYTES),
            )
            .add_service(AdminServiceServer::new(admin)),
            http: Some(http::routes(app)),
            tasks: counting.tasks(lifecycle, others)?,
            policy: POLICY,
            descriptors: redress_proto::DESCRIPTORS,
            drain: Vec::new(),
        })
    }
}

/// The consumers of a process.
struct Counting<'a> {
    config: &'a Config,
    context: &'a Context,
    db: &'a Db,
}

impl Counting<'_> {
    fn group(&self, suffix: &str, subscription: Subscription) -> ConsumerGroup {
        let group = format!("{}{suffix}", self.config.kafka.group);
        let kafka = KafkaConfig { group, ..self.config.kafka.clone() };
        let clock = Arc::clone(&self.context.clock);
        ConsumerGroup::new(self.db.clone(), kafka, vec![subscription], Wake::default(), clock)
    }

    fn tasks(
        &self,
        lifecycle: ConsumerGroup,
        others: [(&'static str, ConsumerGroup); 6],
    ) -> anyhow::Result<Vec<Task>> {
        let reader = LogReader::new(&self.config.kafka)?;
        let stop = || self.context.stop.clone();
        let there = |topic: &'static str| {
            let reader = reader.clone();
            move || reader.clone().has(topic)
        };
        let migrated = || {
            let db = self.db.clone();
            move || is_migrated(db.clone())
        };
        let run = |group: ConsumerGroup| {
            let stop = stop();
            async move { Ok(group.run(stop).await?) }
        };
        let condition = |name| self.context.readiness.condition(name);
        let mut tasks = vec![
            Task::new("schema-probe", waiting::ready_once(condition("schema"), stop(), migrated())),
            Task::new("kafka-probe", waiting::ready_once(condition("kafka"), stop(), there(LIFECYCLE))),
        ];
        let counted = waiting::run_once(stop(), there(LIFECYCLE), run(lifecycle));
        tasks.push(Task::new(LIFECYCLE, waiting::run_once(stop(), migrated(), counted)));
        for (topic, group) in others {
            let counted = waiting::run_if_ever(stop(), there(topic), run(group));
            tasks.push(Task::new(topic, waiting::run_once(stop(), migrated(), counted)));
        }
        Ok(tasks)
    }
}

async fn is_migrated(db: Db) -> bool {
    schema_is_current(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await.unwrap_or(false)
}
