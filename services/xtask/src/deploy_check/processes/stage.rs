//! What an installation finds in a cluster: databases, secrets, an issuer, images; and the values that name them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use redress_devstack::Endpoints;
use redress_domain::Role;
use redress_testkit::{JwksServer, Site, built_binary};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::collector::Collector;
use super::receiver::Receiver;

const VALUES: &str = "charts/redress/values.yaml";
const DOCKERFILE: &str = "k8s/images/Dockerfile";
/// Files that an installation may bring of its own; these are the built-in ones.
const AUTHORITY: &str = "services/resolution/data/authority.toml";
const TENANTS: &str = "services/notification/data/tenants.toml";

/// By name of the object, then by key.
type Texts = BTreeMap<&'static str, BTreeMap<&'static str, String>>;

/// The surroundings. The issuer's keys are served as long as this lives.
pub(super) struct Stage {
    folder: PathBuf,
    values: PathBuf,
    secrets: Texts,
    config_maps: Texts,
    dockerfile: String,
    collector: Collector,
    receiver: Receiver,
    _issuer: JwksServer,
}

impl Stage {
    pub(super) async fn prepare(stack: &Endpoints, root: &Path) -> anyhow::Result<Self> {
        let folder = stack.dir.join("pods");
        fs::create_dir_all(&folder)?;
        let tenant = "tenant-a".parse()?;
        let site = Site::prepare(stack, "issuer", "", std::slice::from_ref(&tenant))?;
        let vault = fs::read_to_string(stack.dir.join("issuer/vault.toml"))?;
        let issuer = JwksServer::start(site.issuer().jwks()).await?;
        let claims = site.issuer().claims(&tenant, "complainant-1", &[Role::Complainant], now());
        let token = site.issuer().sign(&claims.valid_for(SignedDuration::from_hours(1)))?;
        let secrets = BTreeMap::from([
            ("vault", BTreeMap::from([("vault.toml", vault)])),
            ("redis", BTreeMap::from([("url", stack.redis.clone())])),
            ("test-token", BTreeMap::from([("token", token)])),
            ("tenants", BTreeMap::from([("tenants", fs::read_to_string(root.join(TENANTS))?)])),
            // The stack trusts everybody; that the variable is given at all is what counts.
            ("postgres", BTreeMap::from([("password", "none".to_owned())])),
        ]);
        let config_maps = BTreeMap::from([(
            "authority",
            BTreeMap::from([("authority.toml", fs::read_to_string(root.join(AUTHORITY))?)]),
        )]);
        let defaults: Value = serde_saphyr::from_str(&fs::read_to_string(root.join(VALUES))?)?;
        let databases = databases(stack, &defaults).await?;
        let receiver = Receiver::default();
        let collector =
            Collector::start(root, &folder, &receiver.listen().await?).await.context("the collector")?;
        let values = folder.join("values.yaml");
        let text = json!({
            "kafka": {"bootstrapServers": stack.kafka, "replication": 1},
            "postgresql": {"sslMode": "disable", "databases": databases},
            "redis": {"existingSecret": "redis"},
            "vault": {"existingSecret": "vault"},
            "auth": {"issuer": site.issuer().issuer(), "audience": site.issuer().audience(), "jwks": issuer.url()},
            "evidence": {
                "existingClaim": "evidence",
                "store": "file:///var/lib/redress/open",
                "sensitiveStore": "file:///var/lib/redress/sensitive",
            },
            "telemetry": {"otlpEndpoint": collector.url(), "traceRatio": 1, "otlpMetrics": true},
            "test": {"tokenSecret": "test-token"},
            // Nothing scales here; what an autoscaler would ask for is held against what the processes do. Evidence has a
            // claim that one pod mounts.
            "autoscaling": {"keda": {"enabled": true}},
            "services": {
                "investigation": {"maxReplicas": 1},
                "resolution": {
                    "files": [{"name": "authority", "configMap": "authority", "keys": ["authority.toml"]}],
                    "config": {"resolution": {"authority": "/etc/redress/authority/authority.toml"}},
                },
                "notification": {
                    "files": [{"name": "own", "secret": "tenants", "items": [{"key": "tenants", "path": "of/tenants.toml"}]}],
                    "config": {"notification": {"tenants_file": "/etc/redress/own/of/tenants.toml"}},
                },
            },
        });
        // JSON is YAML.
        fs::write(&values, text.to_string())?;
        let dockerfile = fs::read_to_string(root.join(DOCKERFILE))?;
        Ok(Self { folder, values, secrets, config_maps, dockerfile, collector, receiver, _issuer: issuer })
    }

    /// For logs, volumes and claims; goes with the stack.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of values.
    pub(super) fn values(&self) -> &Path {
        &self.values
    }

    /// Where telemetry ends.
    pub(super) const fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// Ends what this has started.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.collector.stop().await
    }

    /// A key of a secret.
    pub(super) fn secret(&self, name: &str, key: &str) -> anyhow::Result<&str> {
        text(&self.secrets, name, key).with_context(|| format!("secret {name}"))
    }

    /// A key of a `ConfigMap` that is not the chart's.
    pub(super) fn config_map(&self, name: &str, key: &str) -> anyhow::Result<&str> {
        text(&self.config_maps, name, key).with_context(|| format!("ConfigMap {name}"))
    }

    /// The program that an image starts, as the Dockerfile's stage of its name says; the one that was built here.
    pub(super) fn entrypoint(&self, image: &str) -> anyhow::Result<PathBuf> {
        built_binary(&program(&self.dockerfile, image)?)
    }
}

fn text<'a>(texts: &'a Texts, name: &str, key: &str) -> anyhow::Result<&'a str> {
    let object = texts.get(name).context("it is not there")?;
    object.get(key).map(String::as_str).with_context(|| format!("it has no key {key}"))
}

/// The one word of `ENTRYPOINT` in the stage that an image is named after.
fn program(dockerfile: &str, image: &str) -> anyhow::Result<String> {
    let name = image.rsplit('/').next().unwrap_or(image).split([':', '@']).next().unwrap_or_default();
    let stage = dockerfile
        .split("\nFROM ")
        .find(|stage| stage.lines().next().is_some_and(|line| line.ends_with(&format!(" AS {name}"))));
    let stage = stage.with_context(|| format!("{DOCKERFILE} has no stage {name} for {image}"))?;
    let entry = stage.lines().find_map(|line| line.strip_prefix("ENTRYPOINT "));
    let words: Vec<String> = serde_json::from_str(entry.context("the stage has no ENTRYPOINT")?)?;
    ensure!(words.len() == 1, "ENTRYPOINT of {name} is one word, arguments are the chart's");
    Ok(words.concat())
}

#[expect(clippy::disallowed_methods, reason = "the edge of the process: a token is valid from now on")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Makes the databases and owners that the chart's own values name, and returns these values with the server's address.
async fn databases(stack: &Endpoints, defaults: &Value) -> anyhow::Result<Value> {
    let address = stack.postgres.rsplit_once('@').map_or(stack.postgres.as_str(), |(_, rest)| rest);
    let address = address.split('/').next().unwrap_or(address);
    let (host, port) = address.split_once(':').context("the server has a port")?;
    let mut databases = defaults["postgresql"]["databases"].clone();
    let mut server = PgConnection::connect(&stack.postgres).await?;
    for (service, database) in databases.as_object_mut().context("databases by service")? {
        let [name, user] = ["name", "user"].map(|key| database[key].as_str().unwrap_or_default().to_owned());
        ensure!(!name.is_empty() && !user.is_empty(), "the database of {service} has no name or owner");
        for statement in [
            format!("CREATE ROLE {user} LOGIN"),
            format!("CREATE DATABASE {name} OWNER {user} TEMPLATE template0"),
        ] {
            server.execute(AssertSqlSafe(statement.as_str())).await?;
        }
        database["host"] = json!(host);
        database["port"] = json!(port.parse::<u16>()?);
        database["existingSecret"] = json!("postgres");
    }
    server.close().await?;
    Ok(databases)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERFILE: &str = "FROM x AS build\nENTRYPOINT [\"no\"]\n\nFROM runtime AS sla\nCOPY a b\nENTRYPOINT [\"redress-sla\"]\n";

    #[test]
    fn an_image_starts_what_the_stage_of_its_name_says() {
        for image in ["redress/sla:0.1.0", "registry.example:5000/mirror/sla@sha256:00", "sla"] {
            assert_eq!(program(DOCKERFILE, image).unwrap(), "redress-sla", "{image}");
        }
        assert!(program(DOCKERFILE, "redress/intake:1").is_err());
    }
}
