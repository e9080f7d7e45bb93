//! The chart and `k8s/` on a real control plane: what its API server refuses, warns of, or finds in conflict. With `--full`
//! also on a simulated cluster, where pods are scheduled, roll and are drained.
//!
//! Nothing runs in the pods: there are no kubelets, no images, no network policies enforced, no operators.

mod accepted;
mod plane;
mod previous;
mod releases;
mod rollouts;
mod simulated;

use std::path::Path;

use plane::{ControlPlane, Tools};

use crate::steps::Steps;

const CHART: &str = "charts/redress";

/// The steps of this part.
pub(super) async fn check(steps: &mut Steps, root: &Path, full: bool) {
    let Some(tools) =
        steps.run("tools: kube-apiserver, etcd, definitions of operators", Tools::install()).await
    else {
        return;
    };
    let Some(plane) = steps.run("control plane: start", ControlPlane::start(tools)).await else { return };
    steps.run("cluster: what is wrong is refused", accepted::wrong_is_refused(&plane)).await;
    steps.run("cluster: every case is accepted without a warning", accepted::cases(&plane)).await;
    steps.run("cluster: releases whose names YAML reads otherwise", accepted::names(&plane)).await;
    steps
        .run("cluster: every kustomization is accepted without a warning", accepted::kustomizations(&plane))
        .await;
    steps.run("cluster: install, upgrade, rollback, uninstall", releases::whole_life(&plane)).await;
    steps.run("cluster: the same by Helm 3", releases::by_helm_3(&plane)).await;
    steps.run("cluster: upgrade from the chart before", releases::from_previous(&plane, root)).await;
    if full {
        Box::pin(rollouts::check(steps, &plane)).await;
    }
    steps.run("control plane: stop", plane.stop()).await;
}
