//! Releases that live: installed, upgraded, rolled back and removed by helm, each object kept and compared by the server.

use std::path::Path;

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use super::super::cases::Case;
use super::control_plane::ControlPlane;
use crate::command;

const CHART: &str = "charts/redress";

/// Each way that an installation may take from the least to everything, and back.
pub(super) async fn lives(cluster: &ControlPlane) -> anyhow::Result<()> {
    // The full case has another name for its objects, so all of them are made anew; the sizes change them in place.
    for (release, steps) in [("redress", ["minimal", "medium", "large"]), ("y", ["minimal", "full", "init"])]
    {
        let namespace = format!("life-{release}");
        cluster.namespace(&namespace).await?;
        life(cluster, release, &namespace, &steps).await.with_context(|| format!("release {release}"))?;
    }
    Ok(())
}

async fn life(cluster: &ControlPlane, release: &str, namespace: &str, steps: &[&str]) -> anyhow::Result<()> {
    let helm = async |arguments: &[&str], case: Option<&str>| {
        let mut helm = cluster.helm();
        helm.args(arguments).args(["--namespace", namespace]);
        if let Some(case) = case {
            helm.args(Case::named(case)?.arguments());
        }
        command::output(helm)
            .await
            .with_context(|| format!("helm {} {}", arguments.join(" "), case.unwrap_or_default()))
    };
    let (first, later) = steps.split_first().context("a life begins")?;
    helm(&["install", release, CHART], Some(first)).await?;
    let installed = deployments(cluster, namespace).await?;
    ensure!(installed.lines().count() == 8, "eight workloads are expected, there are:\n{installed}");
    for case in later {
        helm(&["upgrade", release, CHART], Some(case)).await?;
        // What the server has is what helm believes to have: nobody else owns a field, nothing was left out.
        same_again(cluster, release, namespace, case).await?;
    }
    helm(&["rollback", release, "1"], None).await?;
    let back = deployments(cluster, namespace).await?;
    ensure!(back == installed, "after the rollback there is:\n{back}\nbut was installed:\n{installed}");
    helm(&["uninstall", release], None).await?;
    let left = left_over(cluster, namespace).await?;
    ensure!(left.is_empty(), "after uninstalling is left:\n{left}");
    Ok(())
}

/// Applies the same once more: no object may change its generation.
async fn same_again(
    cluster: &ControlPlane,
    release: &str,
    namespace: &str,
    case: &str,
) -> anyhow::Result<()> {
    let before = generations(cluster, namespace).await?;
    let mut upgrade = cluster.helm();
    upgrade.args(["upgrade", release, CHART, "--namespace", namespace]).args(Case::named(case)?.arguments());
    command::output(upgrade).await?;
    let after = generations(cluster, namespace).await?;
    ensure!(before == after, "the same upgrade to {case} changes something:\n{before}\n{after}");
    Ok(())
}

/// From the chart of the last commit to that of the working tree.
///
/// Until a chart is released, the one that a user may have is that of the commit.
pub(super) async fn upgrade_from_committed(cluster: &ControlPlane) -> anyhow::Result<()> {
    const NAMESPACE: &str = "committed";
    let folder = Path::new("target/deploy-check/committed");
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let mut archive = Command::new("git");
    archive.args([
        "archive",
        "--format=tar",
        "--output=target/deploy-check/committed/chart.tar",
        "HEAD",
        CHART,
    ]);
    command::output(archive).await?;
    let mut unpack = Command::new("tar");
    unpack.args(["-xf", "chart.tar"]).current_dir(folder);
    command::output(unpack).await?;
    cluster.namespace(NAMESPACE).await?;
    let before = folder.join(CHART);
    for (verb, chart) in [("install", before.as_path()), ("upgrade", Path::new(CHART))] {
        let mut helm = cluster.helm();
        helm.args([verb, "redress"])
            .arg(chart)
            .args(["--namespace", NAMESPACE])
            .args(Case::named("medium")?.arguments());
        command::output(helm).await?;
    }
    let mut uninstall = cluster.helm();
    uninstall.args(["uninstall", "redress", "--namespace", NAMESPACE]);
    command::output(uninstall).await.map(drop)
}

/// The Deployments as helm left them: name, replicas, image and digest of the configuration.
async fn deployments(cluster: &ControlPlane, namespace: &str) -> anyhow::Result<String> {
    const FIELDS: &str = "jsonpath={range .items[*]}{.metadata.name} {.spec.replicas} \
        {.spec.template.spec.containers[0].image} {.spec.template.metadata.annotations.checksum/config}{\"\\n\"}{end}";
    get(cluster, namespace, "deployments", FIELDS).await
}

async fn generations(cluster: &ControlPlane, namespace: &str) -> anyhow::Result<String> {
    const FIELDS: &str =
        "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation}{\"\\n\"}{end}";
    // Jobs are named by the revision.
    get(cluster, namespace, "deployments,services,configmaps,poddisruptionbudgets,serviceaccounts", FIELDS)
        .await
}

async fn left_over(cluster: &ControlPlane, namespace: &str) -> anyhow::Result<String> {
    const KINDS: &str = "deployments,services,configmaps,poddisruptionbudgets,serviceaccounts,networkpolicies,ingresses,\
        horizontalpodautoscalers,scaledobjects.keda.sh,podmonitors.monitoring.coreos.com,\
        prometheusrules.monitoring.coreos.com,externalsecrets.external-secrets.io,httproutes.gateway.networking.k8s.io";
    get(cluster, namespace, KINDS, "name").await
}

async fn get(cluster: &ControlPlane, namespace: &str, kinds: &str, form: &str) -> anyhow::Result<String> {
    let mut get = cluster.kubectl();
    get.args(["get", kinds, "--namespace", namespace, "--output", form]);
    command::output(get).await
}
