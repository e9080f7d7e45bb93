//! How the parts of classification are put together.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use redress_messaging::{LogReader, Producer, ensure_topics};
use redress_outbox::{Admin, ConsumerGroup, Relay, Wake};
use redress_postgres::{Db, migrate, schema_is_current};
use redress_proto::admin::v1::admin_service_server::AdminServiceServer;
use redress_proto::classification::v1::classification_service_server::ClassificationServiceServer;
use redress_redis::{Redis, SimilarTexts};
use redress_runtime::{Context, Parts, Service, Task, waiting};
use tokio_util::sync::CancellationToken;

use crate::app::Desk;
use crate::app::assess::AssessComplaints;
use crate::app::assessor::Assessor;
use crate::app::ending::Ending;
use crate::app::engine::Engines;
use crate::app::offering::Offering;
use crate::app::provider::Provider;
use crate::app::rule_sets::MAX_RULE_SET_BYTES;
use crate::config::{ClassificationConfig, Config};
use crate::grpc::Grpc;
use crate::policy::POLICY;
use crate::topics::{self, ASSESSMENTS, INCIDENTS, LIFECYCLE};
use crate::{MIGRATOR, consumer, http};

/// The service, as the runtime sees it.
pub struct Classification;

/// Everything that answers calls. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Database, clock and relay.
    pub desk: Desk,
    /// Understands submissions.
    pub assessor: Assessor,
}

#[async_trait]
impl Service for Classification {
    const NAME: &'static str = "classification";
    const DEFAULT_CONFIG: &'static str = include_str!("../config/default.toml");
    type Config = Config;

    async fn migrate(config: &Config) -> anyhow::Result<()> {
        let db = Db::connect(&config.postgres, "redress-classification-migrate")?;
        migrate(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await?;
        db.close().await;
        Ok(())
    }

    async fn topics(config: &Config) -> anyhow::Result<()> {
        ensure_topics(&config.kafka, &topics::all(config.kafka.partitions)).await?;
        Ok(())
    }

    async fn build(config: Arc<Config>, context: Context) -> anyhow::Result<Parts> {
        let db = Db::connect(&config.postgres, "redress-classification")?;
        let wake = Wake::default();
        let assessor = Assessor { engines: Engines::new()?, provider: provider(&config.classification)? };
        let desk = Desk { db: db.clone(), clock: Arc::clone(&context.clock), wake: wake.clone() };
        let app = App { desk: desk.clone(), assessor: assessor.clone() };
        let vault = Arc::new(config.vault.open()?);
        let handler = AssessComplaints {
            vault,
            assessor: assessor.clone(),
            similar: SimilarTexts::new(Redis::connect(&config.redis)?),
            clock: Arc::clone(&context.clock),
        };
        let group = ConsumerGroup::new(
            db.clone(),
            config.kafka.clone(),
            vec![consumer::lifecycle(handler)],
            wake.clone(),
            Arc::clone(&context.clock),
        );
        let holder = config.kafka.own_name(context.clock.now());
        let relay = Relay::new(db.clone(), Producer::for_relay(&config.kafka)?, holder.as_str(), wake)
            .marking([ASSESSMENTS, INCIDENTS]);
        let admin = Admin::new(&group, &config.kafka, holder)?
            .operated_by(config.runtime.auth.operator_tenant.clone());
        let ending = Ending { desk: desk.clone() };
        let own = &config.classification;
        let hours =
            own.service_hours().ok_or_else(|| anyhow::anyhow!("the zone of the service hours is unknown"))?;
        let offering = Offering::new(desk, own.offer_lasts(), hours);
        let work = Work { group, relay, offering, ending, engines: assessor.engines };
        Ok(Parts {
            grpc: tonic::service::Routes::new(
                ClassificationServiceServer::new(Grpc::new(app.clone()))
                    .max_decoding_message_size(MAX_RULE_SET_BYTES),
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

/// What goes on in the background.
struct Work {
    group: ConsumerGroup,
    relay: Relay,
    offering: Offering,
    ending: Ending,
    engines: Engines,
}

fn tasks(config: &Config, context: &Context, db: &Db, work: Work) -> anyhow::Result<Vec<Task>> {
    let Work { group, relay, offering, ending, engines } = work;
    let reader = LogReader::new(&config.kafka)?;
    let migrated = || {
        let db = db.clone();
        move || is_migrated(db.clone())
    };
    let stop = || context.stop.clone();
    let exists = |topic| {
        let reader = reader.clone();
        move || reader.clone().has(topic)
    };
    let ready = |name, topic| waiting::ready_once(context.readiness.condition(name), stop(), exists(topic));
    let schema = waiting::ready_once(context.readiness.condition("schema"), stop(), migrated());
    let assessing = consuming(group, engines.clone(), db.clone(), stop());
    // Intake's topic may come later, or never in an installation that only previews.
    let assessing = waiting::run_if_ever(stop(), exists(LIFECYCLE), assessing);
    let relaying = {
        let stop = stop();
        async move { Ok(relay.run(stop).await?) }
    };
    Ok(vec![
        Task::new("schema-probe", schema),
        Task::new("kafka-probe", ready("kafka", ASSESSMENTS)),
        Task::new("assess", waiting::run_once(stop(), migrated(), assessing)),
        Task::new("relay", waiting::run_once(stop(), migrated(), relaying)),
        Task::new("rule-sets", waiting::run_once(stop(), migrated(), engines.watch(db.clone(), stop()))),
        Task::new("incidents", waiting::run_once(stop(), migrated(), ending.run(stop()))),
        Task::new("offers", waiting::run_once(stop(), migrated(), offering.run(stop()))),
    ])
}

/// Nothing is assessed before the rules in effect are known.
async fn consuming(
    group: ConsumerGroup,
    engines: Engines,
    db: Db,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    engines.refresh(&db).await?;
    Ok(group.run(stop).await?)
}

fn provider(config: &ClassificationConfig) -> anyhow::Result<Option<Provider>> {
    if config.provider.is_empty() {
        return Ok(None);
    }
    let endpoint = config.provider_tls.endpoint(&config.provider).context("classification.provider")?;
    Ok(Some(Provider::new(endpoint, config.provider_timeout(), config.provider_confidence)))
}

async fn is_migrated(db: Db) -> bool {
    schema_is_current(&db, &[&redress_outbox::MIGRATOR, &MIGRATOR]).await.unwrap_or(false)
}
