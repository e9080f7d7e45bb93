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

/// One line per statement that the code does not bear out, and per topic that a service reads and the chart does not say:
/// nobody would be scaled by it, and a Kafka user of Strimzi could not read it.
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
    found.extend(edge(root, &workloads));
    found.extend(
        unscaled(root, &workloads).into_iter().map(|name| format!("{WORKLOADS}: nothing reads {name}")),
    );
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
    Ok(wrong)
}

/// Routes of the services that the chart leads nowhere, and paths of the chart that no service answers. All workloads of a
/// binary count together.
fn edge(root: &Path, workloads: &BTreeMap<String, Workload>) -> Vec<String> {
    let mut found = Vec::new();
    let binaries: BTreeSet<&str> = workloads.values().map(|workload| workload.binary.as_str()).collect();
    for binary in binaries {
        let text = source(root, &PathBuf::from("services").join(binary).join("src/http/mod.rs"));
        let routes: Vec<&str> = text.split('"').filter(|text| text.starts_with("/v1/")).collect();
        let own = || workloads.values().filter(|workload| workload.binary == binary);
        let prefixes: Vec<&String> = own().flat_map(|workload| &workload.http).collect();
        let patterns: Vec<&String> = own().flat_map(|workload| &workload.http_regex).collect();
        let leads = |route: &str| {
            prefixes.iter().any(|prefix| below(route, prefix))
                || patterns.iter().any(|pattern| fits(route, pattern))
        };
        found.extend(
            routes
                .iter()
                .filter(|route| !leads(route))
                .map(|route| format!("{WORKLOADS}: {binary}: nothing leads to {route}")),
        );
        let answered =
            prefixes.iter().map(|prefix| (prefix, routes.iter().any(|route| below(route, prefix))));
        let matched =
            patterns.iter().map(|pattern| (pattern, routes.iter().any(|route| fits(route, pattern))));
        let idle = answered.chain(matched).filter(|(_, answers)| !answers);
        found.extend(idle.map(|(path, _)| format!("{WORKLOADS}: {binary}: no route fits {path}")));
    }
    found
}

/// As Ingress and Gateway tell prefixes: by whole elements, so that `/v1/facts.csv` is not below `/v1/facts`.
fn below(route: &str, prefix: &str) -> bool {
    route.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// For patterns of the one form that the chart has: `/head/[^/]+/(one|other).*`.
fn fits(route: &str, pattern: &str) -> bool {
    let Some((head, tail)) = pattern.split_once("[^/]+") else { return false };
    let words = tail.trim_start_matches("/(").trim_end_matches(").*").split('|');
    let after = route.strip_prefix(head).and_then(|rest| rest.split_once('/')).map(|(_, after)| after);
    after.is_some_and(|after| words.into_iter().any(|word| after.starts_with(word)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_with_an_element_and_patterns_tell_the_rest() {
        assert!(below("/v1/facts/{id}", "/v1/facts") && below("/v1/facts", "/v1/facts"));
        assert!(!below("/v1/facts.csv", "/v1/facts") && !below("/v1/deadlines:preview", "/v1/deadlines"));
        let pattern = "/v1/complaints/[^/]+/(checklist|timeline).*";
        assert!(
            fits("/v1/complaints/{id}/timeline", pattern) && !fits("/v1/complaints/{id}/events", pattern)
        );
    }

    #[test]
    fn a_route_without_a_way_to_it_and_a_way_without_a_route_are_found() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("services/x/src/http");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("mod.rs"), r#"route("/v1/facts.csv", a).route("/v1/metrics/{id}", b)"#)
            .unwrap();
        let workload = "{binary: x, grpc: a.B, scalesOn: cpu, http: [/v1/facts, /v1/metrics]}";
        let workloads = BTreeMap::from([("x".to_owned(), serde_saphyr::from_str(workload).unwrap())]);
        let found = edge(root.path(), &workloads);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("nothing leads to /v1/facts.csv")
                && found[1].contains("no route fits /v1/facts"),
            "{found:?}"
        );
    }
}
