//! The overlays of `k8s/` by what kustomize makes of them: that a changed setting rolls the pods that read it, and that an
//! overlay is sized as the chart's profile of which it says so.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::chart::kustomized;
use super::install::Programs;
use crate::command;

const BASE: &str = "k8s/base";
/// Each overlay with the profile that it is sized as.
const OVERLAYS: &[(&str, Option<&str>)] = &[
    ("k8s/overlays/dev", None),
    ("k8s/overlays/staging", Some("medium")),
    ("k8s/overlays/production", Some("large")),
];
const PARTITIONS: &str = "REDRESS__KAFKA__PARTITIONS";

/// A pod is replaced when its template changes. The base's digest of a `ConfigMap` stands in the template and is the base's, so
/// an overlay must not change the data; what it adds must have a name that tells the data apart.
pub(super) async fn settings_roll(tools: &Programs) -> anyhow::Result<()> {
    let base = built(tools, BASE).await?;
    for (overlay, _) in OVERLAYS {
        rolls(&base, &built(tools, overlay).await?).context(*overlay)?;
    }
    Ok(())
}

fn rolls(base: &[Value], overlay: &[Value]) -> anyhow::Result<()> {
    let before = data(base);
    let mut added = 0;
    for (name, data) in data(overlay) {
        if let Some(old) = before.get(name) {
            ensure!(*old == data, "ConfigMap {name} has other data than the base's, under its name");
            continue;
        }
        added += 1;
        let digest = name.rsplit('-').next().unwrap_or_default();
        let generated = digest.len() == 10 && digest.chars().all(|c| c.is_ascii_alphanumeric());
        ensure!(generated, "ConfigMap {name} is not generated: its name says nothing of its data");
    }
    ensure!(added > 0, "it sets nothing");
    let there = data(overlay);
    for (name, pod) in pods(overlay) {
        for container in
            ["initContainers", "containers"].iter().filter_map(|key| pod[key].as_array()).flatten()
        {
            let from = container["envFrom"].as_array().into_iter().flatten();
            let read = from.filter_map(|from| from["configMapRef"]["name"].as_str()).collect::<Vec<_>>();
            let gone = read.iter().find(|map| !there.contains_key(*map));
            ensure!(gone.is_none(), "{name}: {} reads {gone:?}, which is not there", container["name"]);
            ensure!(read.len() > 1, "{name}: {} does not read what the overlay sets", container["name"]);
        }
    }
    Ok(())
}

/// Replicas, requests, limits and partitions are those of the chart's rendering with the profile.
pub(super) async fn sized(tools: &Programs) -> anyhow::Result<()> {
    for (overlay, profile) in OVERLAYS {
        let Some(profile) = profile else { continue };
        let mut template = tools.command("helm");
        template.args(["template", "redress", "charts/redress", "--values", "k8s/base/values.yaml"]);
        template.args(["--set", &format!("profile={profile}")]);
        let wanted = objects(&command::output(template).await?)?;
        let made = built(tools, overlay).await?;
        for ((name, wanted), (same, made)) in sizes(&wanted).iter().zip(&sizes(&made)) {
            ensure!(
                name == same && wanted == made,
                "{overlay}: {same} is sized {made}, {profile} sizes {name} {wanted}"
            );
        }
        let [wanted, made] = [&wanted, &made].map(|objects| partitions(objects));
        ensure!(
            wanted.is_some() && wanted == made,
            "{overlay}: {made:?} partitions, {profile} has {wanted:?}"
        );
    }
    Ok(())
}

async fn built(tools: &Programs, folder: &str) -> anyhow::Result<Vec<Value>> {
    let mut build = tools.command("kubectl");
    build.args(["kustomize", folder]);
    objects(&kustomized(build).await.context(folder.to_owned())?)
}

fn objects(text: &str) -> anyhow::Result<Vec<Value>> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    Ok(serde_saphyr::from_multiple_with_options(text, options)?)
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let found = objects.iter().filter(move |object| object["kind"] == kind);
    found.filter_map(|object| Some((object["metadata"]["name"].as_str()?, object)))
}

fn data(objects: &[Value]) -> BTreeMap<&str, &Value> {
    of_kind(objects, "ConfigMap").map(|(name, map)| (name, &map["data"])).collect()
}

fn pods(objects: &[Value]) -> BTreeMap<&str, &Value> {
    of_kind(objects, "Deployment").map(|(name, object)| (name, &object["spec"]["template"]["spec"])).collect()
}

/// Of each workload, as a text to be compared.
fn sizes(objects: &[Value]) -> BTreeMap<&str, String> {
    let size = |object: &Value| {
        let spec = &object["spec"];
        format!("{} {}", spec["replicas"], spec["template"]["spec"]["containers"][0]["resources"])
    };
    of_kind(objects, "Deployment").map(|(name, object)| (name, size(object))).collect()
}

/// The number that the last `ConfigMap` of the acceptance's pod says.
fn partitions(objects: &[Value]) -> Option<&str> {
    let (maps, pods) = (data(objects), pods(objects));
    let from = pods.get("redress-intake-accept")?["containers"][0]["envFrom"].as_array()?;
    let mut read = from.iter().rev().filter_map(|from| maps.get(from["configMapRef"]["name"].as_str()?));
    read.find_map(|map| map[PARTITIONS].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(name: &str, value: &str) -> Value {
        json!({"kind": "ConfigMap", "metadata": {"name": name}, "data": {"REDRESS__KAFKA__PARTITIONS": value}})
    }

    fn deployment(reads: &[&str]) -> Value {
        let from: Vec<_> = reads.iter().map(|name| json!({"configMapRef": {"name": name}})).collect();
        let container = json!({"name": "a", "envFrom": from, "resources": {"requests": {"cpu": 1}}});
        let spec = json!({"replicas": 2, "template": {"spec": {"containers": [container]}}});
        json!({"kind": "Deployment", "metadata": {"name": "redress-intake-accept"}, "spec": spec})
    }

    #[test]
    fn a_change_that_rolls_nothing_is_found() {
        let base = [map("a", "6"), deployment(&["a"])];
        let well = [map("a", "6"), map("s-0123456789", "48"), deployment(&["a", "s-0123456789"])];
        rolls(&base, &well).unwrap();
        assert_eq!(partitions(&well), Some("48"), "the last one wins");
        for (wrong, why) in [
            (
                vec![map("a", "7"), map("s-0123456789", "48"), deployment(&["a", "s-0123456789"])],
                "other data",
            ),
            (vec![map("a", "6"), map("s", "48"), deployment(&["a", "s"])], "not generated"),
            (vec![map("a", "6"), map("s-0123456789", "48"), deployment(&["a"])], "does not read"),
            (vec![map("a", "6"), map("s-0123456789", "48"), deployment(&["a", "s"])], "not there"),
            (vec![map("a", "6"), deployment(&["a"])], "sets nothing"),
        ] {
            let told = rolls(&base, &wrong).unwrap_err().to_string();
            assert!(told.contains(why), "{why}: {told}");
        }
    }

    #[test]
    fn sizes_are_replicas_and_resources() {
        let found = [deployment(&[])];
        assert_eq!(sizes(&found)["redress-intake-accept"], "2 {\"requests\":{\"cpu\":1}}");
    }
}
