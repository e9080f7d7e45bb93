//! The rules in effect, per tenant: built in until a tenant publishes its own.
//!
//! A rule set is immutable; publishing one puts another in its place. Every process looks for newer versions several
//! times a second and takes them without a restart. A published set that this version cannot load leaves the last one in
//! effect that it can, also after a restart, and loudly: a gauge counts the tenants that do not have what they published,
//! and `ListRuleSets` shows which set runs. The next publication goes on from the set that runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::anyhow;
use opentelemetry::metrics::Gauge;
use redress_domain::{Category, TenantId};
use redress_postgres::Db;
use redress_proto::classification::v1::Assessment;
use redress_proto::types::v1::Submission;
use tokio_util::sync::CancellationToken;

use super::words;
use crate::domain::assessment::Assessment as Found;
use crate::domain::normalize::Normalizer;
use crate::domain::published;
use crate::domain::rules::RuleSet;
use crate::domain::rules::problem::{Problems, SourceFile};
use crate::domain::simhash::SimHash;
use crate::error::Error;
use crate::store::rule_set::{self, Files};

/// How often other processes' publications are looked for.
const LOOK: Duration = Duration::from_millis(250);

/// What a text came to.
#[derive(Debug, Clone)]
pub struct Understood {
    /// The assessment.
    pub assessment: Assessment,
    /// Similarity hash of the text; none for a text without words.
    pub text_hash: Option<u64>,
    /// The lexicon's terms that decided, as the lexicon writes them.
    pub terms: Vec<String>,
}

/// A rule set under the name by which assessments pin it.
pub struct Engine {
    /// Tenant's version, 0 for the built-in rules.
    pub version: i32,
    /// The name: `builtin@<hash>` or `published-<version>@<hash>`.
    pub name: String,
    /// The rules.
    pub rules: RuleSet,
    normalizer: Arc<Normalizer>,
}

impl Engine {
    /// The rules that come with the service.
    pub fn built_in() -> anyhow::Result<Self> {
        let rules = published::rule_set().map_err(|problems| anyhow!("the built-in rules: {problems}"))?;
        let normalizer = Normalizer::new().map_err(|e| anyhow!("the table of characters: {e}"))?;
        let name = format!("builtin@{}", rules.version());
        Ok(Self { version: 0, name, rules, normalizer: Arc::new(normalizer) })
    }

    /// A published version, beside this one.
    #[must_use]
    pub fn published(&self, version: i32, rules: RuleSet) -> Self {
        let name = format!("published-{version}@{}", rules.version());
        Self { version, name, rules, normalizer: Arc::clone(&self.normalizer) }
    }

    /// Assesses a submission whose personal fields are in place.
    pub fn understand(&self, submission: &Submission) -> Understood {
        let found = self.rules.assess(&words::case(submission));
        Understood {
            assessment: self.told(submission, &found),
            text_hash: SimHash::of(&submission.text, &self.normalizer).map(|hash| hash.0),
            terms: words::terms(&found, &submission.text, &self.rules),
        }
    }

    /// What the rules say of a submission whose category somebody else has decided.
    pub fn assess_as(&self, submission: &Submission, category: Category, sub: Option<&str>) -> Assessment {
        self.told(submission, &self.rules.assess_as(&words::case(submission), category, sub))
    }

    fn told(&self, submission: &Submission, found: &Found) -> Assessment {
        let demand = submission.demand.as_ref().map(|d| d.remedies.as_slice()).unwrap_or_default();
        Assessment {
            rule_set: self.name.clone(),
            ..words::assessment(found, &submission.text, demand, &self.rules)
        }
    }
}

/// Reads the files of a rule set; all problems at once.
pub fn load(files: &Files) -> Result<RuleSet, Problems> {
    let files: Vec<SourceFile> = files
        .iter()
        .filter(|(path, _)| !is_examples(path))
        .map(|(path, content)| SourceFile { path: path.clone(), content: content.clone() })
        .collect();
    RuleSet::load(&files)
}

/// Whether a file of a rule set holds examples, which test it and are no part of it.
pub fn is_examples(path: &str) -> bool {
    path.starts_with("examples/")
}

/// The engines of all tenants. Clones share them.
#[derive(Clone)]
pub struct Engines {
    built_in: Arc<Engine>,
    published: Arc<RwLock<HashMap<String, Published>>>,
    unreadable: Gauge<u64>,
}

/// What a tenant has published, as far as this process knows.
#[derive(Default)]
struct Published {
    /// The newest version that was looked at, whether it loaded or not: one that does not is told once.
    seen: i32,
    /// The newest that loaded.
    engine: Option<Arc<Engine>>,
}

impl Published {
    /// Whether another set runs than the tenant published last.
    fn is_behind(&self) -> bool {
        self.seen > self.engine.as_ref().map_or(0, |engine| engine.version)
    }
}

impl Engines {
    /// The built-in rules for everybody, until [`refresh`](Self::refresh).
    pub fn new() -> anyhow::Result<Self> {
        let meter = opentelemetry::global::meter("redress_classification");
        let unreadable = meter
            .u64_gauge("redress.classification.rule_sets.unreadable")
            .with_description(
                "Tenants whose newest published rule set does not load here; an older one decides.",
            )
            .build();
        Ok(Self { built_in: Arc::new(Engine::built_in()?), published: Arc::default(), unreadable })
    }

    /// The rules in effect for a tenant.
    pub fn current(&self, tenant: &TenantId) -> Arc<Engine> {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        let engine = published.get(tenant.as_str()).and_then(|published| published.engine.as_ref());
        engine.unwrap_or(&self.built_in).clone()
    }

    /// Takes what was published since; a set that does not load leaves the last one that does.
    pub async fn refresh(&self, db: &Db) -> Result<(), Error> {
        let mut conn = db.pool().acquire().await?;
        let newest = rule_set::versions(&mut conn).await?;
        drop(conn);
        for (tenant, version) in newest.into_iter().filter(|(tenant, version)| self.seen(tenant) < *version) {
            let found = self.newest_readable(db, &tenant, version).await?;
            self.take_up(tenant, version, found);
        }
        self.unreadable.record(self.behind(), &[]);
        Ok(())
    }

    /// The newest version of a tenant that loads and is newer than what runs, from `version` down. Rule sets are append
    /// only, so what did not load a moment ago is told once more only by a process that starts anew.
    async fn newest_readable(&self, db: &Db, tenant: &str, version: i32) -> Result<Option<Engine>, Error> {
        for version in (self.seen(tenant) + 1..=version).rev() {
            let mut conn = db.pool().acquire().await?;
            let Some(files) = rule_set::files(&mut conn, tenant, version).await? else { continue };
            drop(conn);
            match tokio::task::spawn_blocking(move || load(&files)).await.map_err(Error::unread)? {
                Ok(rules) => return Ok(Some(self.built_in.published(version, rules))),
                Err(problems) => {
                    tracing::error!(
                        tenant,
                        version,
                        %problems,
                        "a published rule set does not load; the last one that does stays in effect"
                    );
                }
            }
        }
        Ok(None)
    }

    fn take_up(&self, tenant: String, seen: i32, found: Option<Engine>) {
        if let Some(engine) = found {
            self.take(tenant.clone(), engine);
        }
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let known = published.entry(tenant).or_default();
        known.seen = known.seen.max(seen);
    }

    /// Looks for publications until `stop`.
    pub async fn watch(self, db: Db, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK) => {}
            }
            // A database that is away changes nothing; the rules in effect stay.
            if let Err(error) = self.refresh(&db).await {
                tracing::debug!(%error, "rule sets were not looked for");
            }
        }
    }

    /// Puts a tenant's engine in effect, unless a newer one is.
    pub fn take(&self, tenant: String, engine: Engine) {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        let known = published.entry(tenant).or_default();
        if known.engine.as_ref().is_none_or(|running| running.version < engine.version) {
            tracing::info!(rule_set = engine.name, "a published rule set is in effect");
            known.seen = known.seen.max(engine.version);
            known.engine = Some(Arc::new(engine));
        }
    }

    /// The newest version of a tenant that this process has looked at; 0 if it has published none.
    pub fn seen(&self, tenant: &str) -> i32 {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        published.get(tenant).map_or(0, |published| published.seen)
    }

    /// How many tenants do not have the rules that they published last.
    pub fn behind(&self) -> u64 {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        u64::try_from(published.values().filter(|published| published.is_behind()).count())
            .unwrap_or(u64::MAX)
    }
}
