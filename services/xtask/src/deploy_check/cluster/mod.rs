//! The chart and `k8s/` before a real Kubernetes control plane: its schemas, its defaults, the custom resources' rules,
//! Pod Security *restricted*, server-side apply; and a release's whole life.
//!
//! Nothing runs there: no kubelet, no controllers. So nothing becomes ready, and helm is not told to wait.

mod control_plane;
mod life;

use std::path::Path;

use anyhow::{Context as _, ensure};

use super::cases::{CASES, Case};
use super::chart::{kustomization_folders, kustomized, piped};
use super::install;
use crate::command;
use crate::steps::Steps;

use control_plane::ControlPlane;

const CHART: &str = "charts/redress";
/// A pod that Pod Security *restricted* refuses, and a container with a variable that is there twice.
const REFUSED: [(&str, &str); 2] = [
    (
        "restricted",
        r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {
        "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
            "securityContext": {"runAsNonRoot": false}, "containers": [{"name": "x", "image": "x"}]}}}}"#,
    ),
    (
        "duplicate",
        r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [{
            "name": "x", "image": "x", "env": [{"name": "A"}, {"name": "A"}],
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}}"#,
    ),
];

/// The steps of this part.
pub(super) async fn check(steps: &mut Steps, root: &Path) {
    let tools = async {
        anyhow::Ok((install::kubernetes().await?, install::etcd().await?, install::custom_resources().await?))
    };
    let Some((kubernetes, etcd, resources)) =
        steps.run("tools: kube-apiserver, etcd, custom resources", tools).await
    else {
        return;
    };
    let start = ControlPlane::start(&kubernetes, &etcd, root);
    let Some(cluster) = steps.run("cluster: etcd and kube-apiserver on loopback", start).await else {
        return;
    };
    if steps.run("cluster: custom resources", cluster.install(&resources)).await.is_some() {
        steps.run("cluster: it refuses what it must", refuses(&cluster)).await;
        steps.run("cluster: server-side dry run of every case", cases(&cluster)).await;
        steps.run("cluster: server-side dry run of every kustomization", kustomizations(&cluster)).await;
        steps.run("cluster: install, upgrade, roll back, uninstall", life::lives(&cluster)).await;
        steps.run("cluster: upgrade from the committed chart", life::upgrade_from_committed(&cluster)).await;
    }
    cluster.stop().await;
}

/// A check that lets everything pass would pass as well.
async fn refuses(cluster: &ControlPlane) -> anyhow::Result<()> {
    cluster.namespace("refused").await?;
    for (reason, object) in REFUSED {
        let Err(told) = dry_run(cluster, "refused", object).await else {
            anyhow::bail!("an object was let pass that should have been refused for: {reason}")
        };
        let told = told.to_string().to_lowercase();
        ensure!(told.contains(reason), "refused for another reason than `{reason}`: {told}");
    }
    Ok(())
}

async fn cases(cluster: &ControlPlane) -> anyhow::Result<()> {
    cluster.namespace("dry").await?;
    // Where the full case has Strimzi's objects.
    cluster.namespace("kafka").await?;
    for case in CASES {
        let objects = rendered(cluster, case, "redress").await?;
        dry_run(cluster, "dry", &objects).await.with_context(|| format!("case {}", case.name))?;
    }
    // Names that YAML takes for something else unless they are quoted.
    for release in ["y", "1", "true", "null"] {
        let objects = rendered(cluster, Case::named("full")?, release).await?;
        dry_run(cluster, "dry", &objects).await.with_context(|| format!("a release named {release}"))?;
    }
    Ok(())
}

/// Rendered with what the server has, hooks included.
async fn rendered(cluster: &ControlPlane, case: &Case, release: &str) -> anyhow::Result<String> {
    let mut template = cluster.helm();
    template
        .args(["template", release, CHART, "--dry-run=server", "--namespace", "dry"])
        .args(case.arguments());
    command::output(template).await.with_context(|| format!("case {}", case.name))
}

async fn kustomizations(cluster: &ControlPlane) -> anyhow::Result<()> {
    for folder in kustomization_folders()? {
        let objects = kustomized(cluster.programs(), &folder).await?;
        // In a dry run the namespaces are not made that the other objects stand in.
        for namespace in namespaces(&objects)? {
            cluster.namespace(&namespace).await?;
        }
        dry_run(cluster, "dry", &objects).await.with_context(|| folder.clone())?;
    }
    Ok(())
}

/// Every namespace that the objects name.
fn namespaces(objects: &str) -> anyhow::Result<std::collections::BTreeSet<String>> {
    let objects: Vec<serde_json::Value> = serde_saphyr::from_multiple(objects)?;
    let named = objects.iter().filter_map(|object| object["metadata"]["namespace"].as_str());
    Ok(named.map(ToOwned::to_owned).collect())
}

/// What the server would say; its warnings are errors.
async fn dry_run(cluster: &ControlPlane, namespace: &str, objects: &str) -> anyhow::Result<()> {
    let mut apply = cluster.kubectl();
    apply.args(["apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-f", "-"]);
    // Not for objects that name another.
    if !objects.contains("\n  namespace:") {
        apply.args(["--namespace", namespace]);
    }
    piped(apply, objects).await.map(drop)
}
