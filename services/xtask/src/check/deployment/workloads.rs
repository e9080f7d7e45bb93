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
    http_shared: Vec<String>,
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
    found.extend(ambiguous(&workloads));
    found.extend(
        unscaled(root, &workloads).into_iter().map(|name| format!("{WORKLOADS}: nothing reads {name}")),
    );
    Ok(found)
}

fn of(root: &Path, folder: &Path, workload: &Workload) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let topics = read(root, &folder.join("src/topics.rs"))?;
    let code = read(root, &folder.join("src/wiring.rs"))? + &read(root, &folder.join("src/consumer.rs"))?;
    for Consumed { suffix, topic } in &workload.consumes {
        match constant_of(&topics, topic) {
            None => wrong.push(format!("src/topics.rs does not name {topic}")),
            Some(constant) if !reads(&code, suffix, constant) => {
                wrong.push(format!("no group that ends with `{suffix}` reads {topic}"));
            }
            Some(_) => {}
        }
    }
    let suffixes: BTreeSet<&str> =
        workload.consumes.iter().map(|consumed| consumed.suffix.as_str()).collect();
    if suffixes.len() < workload.consumes.len() {
        wrong.push("two topics are read by one group".to_owned());
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

/// The name under which the code knows a topic.
fn constant_of<'a>(topics: &'a str, topic: &str) -> Option<&'a str> {
    let before = topics.split_once(&format!("\"{topic}\""))?.0;
    before.rsplit_once("pub const ")?.1.split(':').next()
}

/// Whether the code says that the group whose name ends with `suffix` reads the topic: the end stands before the topic's
/// name, or is the name of one of the domain that is mapped to it (`Teller`). The group without an end reads what the function
/// of its topic's name subscribes to. What processes really read, `deploy-check` asks them.
fn reads(code: &str, suffix: &str, constant: &str) -> bool {
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let word = suffix.trim_start_matches('-');
    if word.is_empty() {
        let lower = constant.to_lowercase();
        return code.contains(&format!("(\"\", {constant})"))
            || (code.contains(&format!("consumer::{lower}("))
                && code.contains(&format!("Subscription::new({constant}")));
    }
    let said = [format!("\"{word}\", {constant}"), format!("\"-{word}\", {constant}")];
    said.iter().any(|text| code.contains(text))
        || code.to_lowercase().contains(&format!("teller::{word} => {}", constant.to_lowercase()))
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
        let patterns: Vec<&String> =
            own().flat_map(|workload| workload.http_shared.iter().chain(&workload.http_regex)).collect();
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

/// For patterns of the two forms that the chart has: `/head/[^/]+(/one|/other)?$` and `/head/[^/]+/(one|other)(/.*)?$`.
fn fits(route: &str, pattern: &str) -> bool {
    let Some((head, tail)) = pattern.split_once("[^/]+") else { return false };
    let Some(rest) = route.strip_prefix(head) else { return false };
    let after = rest.find('/').map_or("", |at| &rest[at..]);
    let Some(words) = tail.strip_suffix(")?$").and_then(|words| words.strip_prefix(['/', '('])) else {
        return false;
    };
    match words.strip_suffix(")(/.*") {
        Some(words) => {
            let mut words = words.trim_start_matches('(').split('|').map(|word| format!("/{word}"));
            words.any(|word| below(after, &word))
        }
        None => after.is_empty() || words.split('|').any(|word| word == after),
    }
}

/// Prefixes that reach over an expression of another workload: a Gateway may let either win.
fn ambiguous(workloads: &BTreeMap<String, Workload>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, workload) in workloads.iter().filter(|(_, workload)| workload.http_shared.is_empty()) {
        let others = workloads.iter().filter(|(other, _)| *other != name);
        for (other, pattern) in
            others.flat_map(|(other, with)| with.http_regex.iter().map(move |it| (other, it)))
        {
            if workload.http.iter().any(|prefix| pattern.starts_with(&format!("{prefix}/"))) {
                found.push(format!(
                    "{WORKLOADS}: {name}: its prefix reaches over {pattern} of {other}: say httpShared"
                ));
            }
        }
    }
    found
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
        let pattern = "/v1/complaints/[^/]+/(checklist|timeline)(/.*)?$";
        for path in ["/v1/complaints/{id}/timeline", "/v1/complaints/{id}/checklist/{n}/x"] {
            assert!(fits(path, pattern), "{path}");
        }
        for path in ["/v1/complaints/{id}/events", "/v1/complaints/{id}", "/v1/complaints/{id}/timelines"] {
            assert!(!fits(path, pattern), "{path}");
        }
        let shared = "/v1/complaints/[^/]+(/events|/notes)?$";
        for path in ["/v1/complaints/{id}", "/v1/complaints/{id}/events", "/v1/complaints/{id}/notes"] {
            assert!(fits(path, shared), "{path}");
        }
        assert!(
            !fits("/v1/complaints/{id}/timeline", shared) && !fits("/v1/complaints/{id}/events/1", shared)
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

    #[test]
    fn a_group_that_reads_another_topic_is_found() {
        let topics = "pub const CASES: Topic =\n    Topic { name: \"a.cases.v1\" };\npub const CLOCKS: &str = \"b.clocks.v1\";";
        assert_eq!(
            (constant_of(topics, "a.cases.v1"), constant_of(topics, "b.clocks.v1")),
            (Some("CASES"), Some("CLOCKS"))
        );
        assert_eq!(constant_of(topics, "b.clock.v1"), None);
        let code = "[(\"clocks\", CLOCKS, group(\"-clocks\")), (\n    \"-cases\",\n    CASES,\n)] Teller::Sla => CLOCKS \
            consumer::cases(x) Subscription::new(CASES, y)";
        for (suffix, constant) in
            [("-clocks", "CLOCKS"), ("-cases", "CASES"), ("-sla", "CLOCKS"), ("", "CASES")]
        {
            assert!(reads(code, suffix, constant), "{suffix} {constant}");
        }
        for (suffix, constant) in
            [("-clocks", "CASES"), ("-cases", "CLOCKS"), ("-sla", "CASES"), ("", "CLOCKS")]
        {
            assert!(!reads(code, suffix, constant), "{suffix} {constant}");
        }
    }

    #[test]
    fn a_prefix_over_anothers_expression_is_found_unless_it_says_what_is_its_own() {
        let of = |shared: &str| {
            let first = format!("{{binary: x, grpc: a.B, scalesOn: cpu, http: [/v1/c]{shared}}}");
            let other = "{binary: y, grpc: a.C, scalesOn: cpu, httpRegex: ['/v1/c/[^/]+/(t)(/.*)?$']}";
            let read = |text: &str| serde_saphyr::from_str(text).unwrap();
            ambiguous(&BTreeMap::from([("x".to_owned(), read(&first)), ("y".to_owned(), read(other))]))
        };
        assert_eq!((of("").len(), of(", httpShared: ['/v1/c/[^/]+(/e)?$']").len()), (1, 0));
    }
}
