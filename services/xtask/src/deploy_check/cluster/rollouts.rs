//! How releases roll on a simulated cluster: pods are scheduled, become ready, spread, roll and are drained.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::CHART;
use super::plane::ControlPlane;
use super::simulated::{NODES, Simulated, Tools};
use crate::steps::Steps;

const MINIMAL: &str = "charts/redress/ci/minimal-values.yaml";
const MEDIUM: &str = "profile=medium";

/// The steps of `--full`.
pub(super) async fn check(steps: &mut Steps, plane: &ControlPlane) {
    let Some(tools) = steps.run("tools: controllers, scheduler, kwok", Tools::install()).await else {
        return;
    };
    let start = Simulated::start(plane, tools);
    let Some(mut simulated) = steps.run("simulated cluster: start", start).await else { return };
    let installed =
        steps.run("rollouts: install waits until pods are ready", upgrade(plane, &[], "3m")).await;
    if installed.is_some() {
        steps.run("rollouts: replicas spread over zones", spread(plane)).await;
        steps.run("rollouts: a changed setting replaces every pod", roll(plane)).await;
        steps.run("rollouts: a drain moves pods away", drain(plane)).await;
        steps.run("rollouts: a drain that would take too much is refused", refused_drain(plane)).await;
        steps
            .run("rollouts: what never becomes ready fails, and rolls back", stuck(plane, &mut simulated))
            .await;
        steps.run("rollouts: an autoscaler lifts to the least", lifted(plane)).await;
        steps
            .run("rollouts: uninstall", async { plane.told(plane.helm(&["uninstall", "redress"])).await })
            .await;
    }
    steps.run("simulated cluster: stop", simulated.stop()).await;
}

/// Installs or upgrades, and waits until all is ready.
async fn upgrade(plane: &ControlPlane, set: &[&str], limit: &str) -> anyhow::Result<()> {
    plane.told(waiting(plane, set, limit)).await?;
    Ok(())
}

fn waiting(plane: &ControlPlane, set: &[&str], limit: &str) -> tokio::process::Command {
    let mut helm = plane.helm(&["upgrade", "--install", "redress", CHART, "--wait", "--timeout", limit]);
    helm.args(["--values", MINIMAL, "--set", MEDIUM]);
    helm.args(set.iter().flat_map(|setting| ["--set", setting]));
    helm
}

/// Pods of Deployments that run: workload, node, name.
async fn pods(plane: &ControlPlane) -> anyhow::Result<Vec<[String; 3]>> {
    let get = ["get", "pods", "--field-selector=status.phase=Running", "--output=json"];
    let pods: Value = serde_json::from_str(&plane.told(plane.kubectl(&get)).await?)?;
    let pods = pods["items"].as_array().context("a list of pods")?.iter();
    // One that is on its way out counts no more.
    let pods = pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(pods
        .map(|pod| {
            let metadata = &pod["metadata"];
            [&metadata["labels"]["app.kubernetes.io/component"], &pod["spec"]["nodeName"], &metadata["name"]]
                .map(text)
        })
        .collect())
}

/// No zone has two pods of a workload more than another: there is a node per zone.
async fn spread(plane: &ControlPlane) -> anyhow::Result<()> {
    let mut placed: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for [workload, node, _] in pods(plane).await? {
        let zones = placed.entry(workload).or_insert_with(|| NODES.map(|node| (node, 0)).into());
        if let Some(number) = zones.get_mut(node.as_str()) {
            *number += 1;
        }
    }
    ensure!(placed.len() == 8, "eight workloads are expected, there are {placed:?}");
    for (workload, zones) in placed {
        let (most, least) = (zones.values().max().copied(), zones.values().min().copied());
        let (most, least) = (most.unwrap_or_default(), least.unwrap_or_default());
        ensure!(most >= 1 && most - least <= 1, "{workload} is not spread: {zones:?}");
    }
    Ok(())
}

async fn roll(plane: &ControlPlane) -> anyhow::Result<()> {
    let before: BTreeSet<_> = pods(plane).await?.into_iter().collect();
    upgrade(plane, &["telemetry.log=debug"], "3m").await?;
    let after: BTreeSet<_> = pods(plane).await?.into_iter().collect();
    let kept: Vec<_> = before
        .iter()
        .map(|[_, _, name]| name)
        .filter(|name| after.iter().any(|pod| pod[2] == **name))
        .collect();
    ensure!(kept.is_empty(), "still there with the old setting: {kept:?}");
    spread(plane).await
}

fn draining(plane: &ControlPlane, node: &str, limit: &str) -> tokio::process::Command {
    plane.kubectl(&[
        "drain",
        node,
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        &format!("--timeout={limit}"),
    ])
}

async fn drain(plane: &ControlPlane) -> anyhow::Result<()> {
    let [gone, ..] = NODES;
    plane.told(draining(plane, gone, "2m")).await?;
    available(plane).await?;
    let left: Vec<_> = pods(plane).await?.into_iter().filter(|[_, node, _]| node == gone).collect();
    ensure!(left.is_empty(), "still on the drained node: {left:?}");
    Ok(())
}

/// With no node left to go to, each workload gives one pod; whoever takes a second is refused by its budget.
async fn refused_drain(plane: &ControlPlane) -> anyhow::Result<()> {
    let [_, second, third] = NODES;
    for node in [second, third] {
        plane.told(plane.kubectl(&["cordon", node])).await?;
    }
    // May go through or not: that depends on where the odd pods are.
    let first = plane.told(draining(plane, second, "10s")).await;
    plane.refused(draining(plane, third, "10s"), "disruption budget").await?;
    if first.is_err() {
        eprintln!("  the first drain was refused as well");
    }
    for node in NODES {
        plane.told(plane.kubectl(&["uncordon", node])).await?;
    }
    available(plane).await
}

async fn available(plane: &ControlPlane) -> anyhow::Result<()> {
    let wait = ["wait", "deployment", "--all", "--for=condition=Available", "--timeout=2m"];
    plane.told(plane.kubectl(&wait)).await?;
    for [workload, _, _] in pods(plane).await? {
        let name = format!("deployment/redress-{workload}");
        plane.told(plane.kubectl(&["rollout", "status", &name, "--timeout=2m"])).await?;
    }
    Ok(())
}

/// With nobody who runs pods, an upgrade must not pass for done.
async fn stuck(plane: &ControlPlane, simulated: &mut Simulated) -> anyhow::Result<()> {
    simulated.stop_kubelets().await?;
    let failed = plane.refused(waiting(plane, &["telemetry.log=trace"], "10s"), "deadline exceeded").await;
    simulated.start_kubelets(plane).await?;
    failed?;
    plane.told(plane.helm(&["rollback", "redress", "--wait", "--timeout", "3m"])).await?;
    available(plane).await
}

/// `large` accepts with six replicas at least, and then names none itself.
async fn lifted(plane: &ControlPlane) -> anyhow::Result<()> {
    upgrade(plane, &["profile=large", "autoscaling.hpa.enabled=true"], "3m").await?;
    let six = [
        "wait",
        "deployment/redress-intake-accept",
        "--for=jsonpath={.status.readyReplicas}=6",
        "--timeout=2m",
    ];
    plane.told(plane.kubectl(&six)).await?;
    Ok(())
}
