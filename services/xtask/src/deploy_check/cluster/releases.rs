//! Releases as they really go: fields that cannot change, owners of fields, what is left behind.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::plane::{ControlPlane, NAMESPACE};
use super::{CHART, previous};

const MINIMAL: &str = "charts/redress/ci/minimal-values.yaml";
const FULL: &str = "charts/redress/ci/full-values.yaml";
/// Another name would be another set of objects, and no upgrade of these.
const SAME_NAMES: &str = "nameOverride=redress";
/// Everything that a release makes but topics, which are to stay, and Jobs.
const KINDS: &str = "deployments,services,configmaps,serviceaccounts,poddisruptionbudgets,horizontalpodautoscalers,\
    networkpolicies,ingresses,pods,secrets,scaledobjects.keda.sh,podmonitors.monitoring.coreos.com,\
    prometheusrules.monitoring.coreos.com,externalsecrets.external-secrets.io,kafkausers.kafka.strimzi.io,\
    httproutes.gateway.networking.k8s.io,grpcroutes.gateway.networking.k8s.io";

/// From the least to everything, while something else scales; back; everything again; gone.
pub(super) async fn whole_life(plane: &ControlPlane) -> anyhow::Result<()> {
    release(plane, &["install", "redress", CHART, "--values", MINIMAL]).await?;
    ensure!(replicas(plane).await? == 2, "small accepts with two replicas");
    hand_over(plane, 2).await?;
    let everything = ["upgrade", "redress", CHART, "--values", FULL, "--set", SAME_NAMES];
    release(plane, &everything).await?;
    ensure!(
        replicas(plane).await? == 2,
        "what was handed over was taken back, to {}",
        replicas(plane).await?
    );
    // As an autoscaler does it. A release that named replicas as well would be in conflict, or take them back.
    plane.told(plane.kubectl(&["scale", &format!("deployment/{SCALED}"), "--replicas=9"])).await?;
    release(plane, &[everything.as_slice(), &["--set", "telemetry.log=debug"]].concat()).await?;
    ensure!(replicas(plane).await? == 9, "an upgrade took back what the autoscaler gave");
    release(plane, &["rollback", "redress", "2"]).await?;
    ensure!(replicas(plane).await? == 9, "a rollback took back what the autoscaler gave");
    // Nobody takes the number back by accident; OPERATIONS says how on purpose.
    plane.refused(plane.helm(&["rollback", "redress", "1"]), "conflict").await?;
    release(plane, &["rollback", "redress", "1", "--force-conflicts"]).await?;
    ensure!(replicas(plane).await? == 2, "the release did not take the number of replicas back");
    release(plane, &everything).await?;
    // Not the Jobs: helm forgets what was there before a rollback that was refused. They go by their time to live.
    uninstalled(plane, KINDS).await
}

const AS_IT_IS: &[&str] = &[];
/// A Deployment whose strategy was another in the chart before.
const ON_A_CLAIM: &[&str] = &[
    "evidence.existingClaim=evidence",
    "evidence.store=file:///var/lib/redress/open",
    "evidence.sensitiveStore=file:///var/lib/redress/sensitive",
];

/// What works on calls, and is scaled by an autoscaler if told so.
const SCALED: &str = "redress-intake-accept";

/// As OPERATIONS says before an autoscaler is switched on: the number gets another owner, so that it outlives the release's.
async fn hand_over(plane: &ControlPlane, replicas: u32) -> anyhow::Result<()> {
    let file = plane.folder().join("handover.json");
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": SCALED}, "spec": {"replicas": replicas},
    });
    std::fs::write(&file, object.to_string())?;
    let mut apply =
        plane.kubectl(&["apply", "--server-side", "--field-manager=handover", "--validate=false", "-f"]);
    apply.arg(file);
    plane.told(apply).await?;
    Ok(())
}

/// As somebody does who follows what is published.
pub(super) async fn from_previous(plane: &ControlPlane, root: &Path) -> anyhow::Result<()> {
    let previous = previous::find(root, plane.folder())?;
    eprintln!("  from {}", previous.name);
    let chart = previous.chart.display().to_string();
    for (values, set) in [("minimal", AS_IT_IS), ("full", AS_IT_IS), ("minimal", ON_A_CLAIM)] {
        let old = previous.chart.join(format!("ci/{values}-values.yaml")).display().to_string();
        let new = format!("{CHART}/ci/{values}-values.yaml");
        let set: Vec<&str> = set.iter().flat_map(|setting| ["--set", setting]).collect();
        release(plane, &[["install", "redress", &chart, "--values", &old].as_slice(), &set].concat()).await?;
        release(plane, &[["upgrade", "redress", CHART, "--values", &new].as_slice(), &set].concat()).await?;
        release(plane, &["rollback", "redress", "1"]).await?;
        release(plane, &[["upgrade", "redress", CHART, "--values", &new].as_slice(), &set].concat()).await?;
        uninstalled(plane, &format!("{KINDS},jobs")).await.with_context(|| format!("case {values}"))?;
    }
    Ok(())
}

/// One act on the release; it must be deployed afterwards.
async fn release(plane: &ControlPlane, arguments: &[&str]) -> anyhow::Result<()> {
    plane.told(plane.helm(arguments)).await?;
    let status = plane.told(plane.helm(&["status", "redress", "--output", "json"])).await?;
    let status: Value = serde_json::from_str(&status)?;
    ensure!(status["info"]["status"] == "deployed", "after {arguments:?}: {}", status["info"]["status"]);
    Ok(())
}

/// How many of [`SCALED`] there shall be.
async fn replicas(plane: &ControlPlane) -> anyhow::Result<u64> {
    let get = ["get", "deployment", SCALED, "--output", "jsonpath={.spec.replicas}"];
    Ok(plane.told(plane.kubectl(&get)).await?.trim().parse()?)
}

/// The same life by Helm 3, which has no owners of fields: it compares what it had rendered with what it renders.
pub(super) async fn by_helm_3(plane: &ControlPlane) -> anyhow::Result<()> {
    let life: [&[&str]; 4] = [
        &["install", "redress", CHART, "--values", MINIMAL],
        &["upgrade", "redress", CHART, "--values", FULL, "--set", SAME_NAMES],
        &["rollback", "redress", "1"],
        &["uninstall", "redress"],
    ];
    for act in life {
        plane.told(plane.helm3(act)).await?;
    }
    nothing_left(plane, KINDS).await
}

/// Removes the release; nothing of it may be left but topics.
async fn uninstalled(plane: &ControlPlane, kinds: &str) -> anyhow::Result<()> {
    plane.told(plane.helm(&["uninstall", "redress"])).await?;
    nothing_left(plane, kinds).await
}

async fn nothing_left(plane: &ControlPlane, kinds: &str) -> anyhow::Result<()> {
    let mine = "--selector=app.kubernetes.io/instance=redress";
    let left = plane.told(plane.kubectl(&["get", kinds, "--all-namespaces", mine, "--output=name"])).await?;
    ensure!(left.trim().is_empty(), "the release left behind: {left}");
    let of_helm = ["get", "secrets", "--namespace", NAMESPACE, "--selector=owner=helm", "--output=name"];
    let left = plane.told(plane.kubectl(&of_helm)).await?;
    ensure!(left.trim().is_empty(), "helm left behind: {left}");
    plane
        .told(plane.kubectl(&["delete", "kafkatopics.kafka.strimzi.io", "--all", "--all-namespaces"]))
        .await?;
    Ok(())
}
