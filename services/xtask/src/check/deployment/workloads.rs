//! `files/workloads.yaml` of the chart against the services: binaries, topics, groups, gRPC services, HTTP paths, sections
//! of the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use super::read;

const WORKLOADS: &str = "charts/redress/files/workloads.yaml";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Workload {
    binary: String,
    #[serde(default)]
    uses: Vec<String>,
    grpc: String,
    #[serde(default)]
    http: Vec<String>,
    #[serde(default)]
    http_regex: Vec<String>,
    scales_on: ScalesOn,
    #[serde(default)]
    consumes: Vec<Consumed>,
    #[serde(default)]
    config: serde_json::Value,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum ScalesOn {
    Cpu,
    Lag,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consumed {
    suffix: String,
    topic: String,
}

/// One line per statement that the code does not bear out. What the chart does not say yet is told, and no fault: the
/// service works, it is not scaled by that topic.
pub(super) fn findings(root: &Path) -> anyhow::Result<Vec<String>> {
    let text = read(root, Path::new(WORKLOADS))?;
    let workloads: BTreeMap<String, Workload> = serde_saphyr::from_str(&text).context(WORKLOADS)?;
    let mut found = Vec::new();
    for (name, workload) in &workloads {
        let folder = PathBuf::from("services").join(&workload.binary);
        if !root.join(&folder).join("config/default.toml").is_file() {
            eprintln!("note: {name} is not checked, services/{} has no configuration yet", workload.binary);
            continue;
        }
        let wrong = of(root, &folder, workload)?;
        found.extend(wrong.into_iter().map(|problem| format!("{WORKLOADS}: {name}: {problem}")));
    }
    for name in unscaled(root, &workloads) {
        eprintln!("note: {WORKLOADS} scales nothing by {name}");
    }
    Ok(found)
}

fn of(root: &Path, folder: &Path, workload: &Workload) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let topics = read(root, &folder.join("src/topics.rs"))?;
    let wiring = read(root, &folder.join("src/wiring.rs"))? + &read(root, &folder.join("src/consumer.rs"))?;
    for Consumed { suffix, topic } in &workload.consumes {
        if !topics.contains(&format!("\"{topic}\"")) {
            wrong.push(format!("src/topics.rs does not name {topic}"));
        }
        // The words of a group's name stand as a text of their own, or are made of a name of the domain (Teller).
        let word = suffix.trim_start_matches('-');
        let lines = [wiring.as_str(), &source(root, &folder.join("src/app/facts.rs"))].concat();
        if !lines.to_lowercase().contains(word) {
            wrong.push(format!("no group ends with `{suffix}`"));
        }
    }
    if (workload.scales_on == ScalesOn::Lag) == workload.consumes.is_empty() {
        wrong.push("scales on lag exactly if it consumes".to_owned());
    }
    let default: toml::Table = read(root, &folder.join("config/default.toml"))?.parse()?;
    for section in ["redis", "vault"] {
        if default.contains_key(section) != workload.uses.iter().any(|used| used == section) {
            wrong.push(format!("`uses` and the section [{section}] of the configuration disagree"));
        }
    }
    let group = default.get("kafka").and_then(|kafka| kafka.get("group")).and_then(|group| group.as_str());
    if group != Some(&format!("redress-{}", workload.binary)) {
        wrong.push(format!("its group is not redress-{}", workload.binary));
    }
    if let Err(missing) = has_all(&workload.config, &default) {
        wrong.push(format!("the configuration has no `{missing}`"));
    }
    let (package, service) = workload.grpc.rsplit_once('.').context("a gRPC service has a package")?;
    let contract = root.join("proto").join(package.replace('.', "/"));
    if !any_file_has(&contract, &format!("service {service} "))? {
        wrong.push(format!("proto/ has no {}", workload.grpc));
    }
    let routes = root.join(folder).join("src/http");
    for path in workload.http.iter().chain(&workload.http_regex) {
        let fixed = path.split("[^/]").next().unwrap_or(path).trim_end_matches('/');
        if !any_file_has(&routes, &format!("\"{fixed}"))? {
            wrong.push(format!("no route begins with {fixed}"));
        }
    }
    Ok(wrong)
}

/// Topics that a service's code names, does not own, and that the chart does not scale it by.
fn unscaled(root: &Path, workloads: &BTreeMap<String, Workload>) -> Vec<String> {
    let mut told: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for workload in workloads.values() {
        let topics = workload.consumes.iter().map(|consumed| consumed.topic.as_str());
        told.entry(&workload.binary).or_default().extend(topics);
    }
    let mut found = Vec::new();
    for (binary, topics) in told {
        let text = source(root, &PathBuf::from("services").join(binary).join("src/topics.rs"));
        let own = format!("redress.{binary}.");
        let is_topic = |text: &&str| text.starts_with("redress.") && text.rsplit('.').next() == Some("v1");
        let named = text.split('"').filter(is_topic);
        found.extend(
            named
                .filter(|name| !name.starts_with(&own) && !topics.contains(name))
                .map(|name| format!("{name} for {binary}")),
        );
    }
    found
}

fn source(root: &Path, file: &Path) -> String {
    std::fs::read_to_string(root.join(file)).unwrap_or_default()
}

/// Every key of `wanted` is in `tree`; the error is the first that is not.
fn has_all(wanted: &serde_json::Value, tree: &toml::Table) -> Result<(), String> {
    for (key, value) in wanted.as_object().into_iter().flatten() {
        match (value.is_object(), tree.get(key)) {
            (true, Some(toml::Value::Table(inner))) => has_all(value, inner)?,
            (false, Some(_)) => {}
            (_, None) | (true, Some(_)) => return Err(key.clone()),
        }
    }
    Ok(())
}

fn any_file_has(folder: &Path, text: &str) -> anyhow::Result<bool> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(false) };
    for entry in entries {
        let path = entry?.path();
        if path.is_file() && std::fs::read_to_string(&path)?.contains(text) {
            return Ok(true);
        }
    }
    Ok(false)
}
