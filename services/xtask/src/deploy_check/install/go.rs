//! Tools from Go modules: helm, kubectl and what tests charts, a control plane, a collector. Built as their `go.sum` says.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio::process::Command;

use super::{Programs, required, set};
use crate::command;

/// What is built without names of symbols and lines is smaller and done sooner.
const FLAGS: [&str; 2] = ["-trimpath", "-gcflags=all=-dwarf=false"];
/// Without these a Kubernetes binary does not know which version it is.
const VERSION: &str = "-ldflags=-s -w \
    -X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 \
    -X k8s.io/component-base/version.gitMinor=36 -X k8s.io/client-go/pkg/version.gitVersion=v1.36.3";

/// Programs that one module builds.
pub(super) struct Module {
    /// The set's name.
    name: &'static str,
    go_mod: &'static str,
    sums: &'static str,
    /// A program of the module itself, with none its packages are elsewhere.
    main: Option<&'static str>,
    /// A package and the program that it becomes.
    packages: &'static [(&'static str, &'static str)],
}

const KUBERNETES_MOD: &str = include_str!("../../../deploy/kubernetes/go.mod");
const KUBERNETES_SUMS: &str = include_str!("../../../deploy/kubernetes/go.sum");

/// What renders and tests charts.
pub(super) const KUBERNETES: Module = Module {
    name: "kubernetes",
    go_mod: KUBERNETES_MOD,
    sums: KUBERNETES_SUMS,
    main: None,
    packages: &[
        ("helm.sh/helm/v4/cmd/helm", "helm"),
        ("github.com/helm-unittest/helm-unittest/cmd/helm-unittest", "helm-unittest"),
        ("github.com/norwoodj/helm-docs/cmd/helm-docs", "helm-docs"),
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
    ],
};

/// The same module, so that what they share is compiled once; a set of its own, for it takes minutes more.
const SERVER: Module = Module {
    name: "kube-apiserver",
    packages: &[("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver")],
    ..KUBERNETES
};

const CONTROLLERS: Module = Module {
    name: "kube-controllers",
    packages: &[
        ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
        ("k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"),
    ],
    ..KUBERNETES
};

/// What many have who install the chart. A module of its own, with the versions of Kubernetes of the one above.
const HELM3: Module = Module {
    name: "helm3",
    go_mod: include_str!("../../../deploy/helm3/go.mod"),
    sums: include_str!("../../../deploy/helm3/go.sum"),
    main: None,
    packages: &[("helm.sh/helm/v3/cmd/helm", "helm3")],
};

/// Its versions do not fit the first module, nor do those of the next ones.
const ETCD: Module = Module {
    name: "etcd",
    go_mod: include_str!("../../../deploy/etcd/go.mod"),
    sums: include_str!("../../../deploy/etcd/go.sum"),
    main: None,
    packages: &[("go.etcd.io/etcd/server/v3", "etcd")],
};

const KWOK: Module = Module {
    name: "kwok",
    go_mod: include_str!("../../../deploy/kwok/go.mod"),
    sums: include_str!("../../../deploy/kwok/go.sum"),
    main: None,
    packages: &[("sigs.k8s.io/kwok/cmd/kwok", "kwok")],
};

const KWOK_SUM: &str = "h1:OTIOTwgROqPMovcTwxICx2eYQ4AwLpSx5EpjbDKF4SQ=";

const SCORE: Module = Module {
    name: "kube-score",
    go_mod: include_str!("../../../deploy/kube-score/go.mod"),
    sums: include_str!("../../../deploy/kube-score/go.sum"),
    main: None,
    packages: &[("github.com/zegl/kube-score/cmd/kube-score", "kube-score")],
};

const COLLECTOR: Module = Module {
    name: "collector",
    go_mod: include_str!("../../../deploy/collector/go.mod"),
    sums: include_str!("../../../deploy/collector/go.sum"),
    main: Some(include_str!("../../../deploy/collector/main.go")),
    packages: &[(".", "otelcol")],
};

/// All that a check of the chart and of rollouts but simulated ones needs.
pub(super) const ALL_BUT_ROLLOUTS: [&Module; 6] = [&KUBERNETES, &HELM3, &SERVER, &ETCD, &SCORE, &COLLECTOR];

impl Module {
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// The sums cover the module's requirements and all that these require.
    pub(super) fn lock(&self) -> String {
        let Self { sums, main, packages, .. } = self;
        format!("{sums}{main:?}{packages:?}{FLAGS:?}{VERSION}")
    }

    async fn build(&self) -> anyhow::Result<Programs> {
        let folder = set(self.name, &self.lock(), async |folder: &Path| {
            let go = required("go", "install Go 1.26 or newer")?;
            fs::write(folder.join("go.mod"), self.go_mod)?;
            fs::write(folder.join("go.sum"), self.sums)?;
            if let Some(main) = self.main {
                fs::write(folder.join("main.go"), main)?;
            }
            for (package, program) in self.packages {
                eprintln!("  {program}");
                let mut build = Command::new(&go);
                build.arg("build").args(FLAGS).arg(VERSION).args(["-o", &format!("bin/{program}"), package]);
                build.current_dir(folder);
                command::run_named(build, &format!("go build {package}")).await?;
            }
            Ok(())
        })
        .await?;
        Ok(Programs(folder.join("bin")))
    }
}

/// helm, helm-unittest, helm-docs, kubectl.
pub(in crate::deploy_check) async fn kubernetes() -> anyhow::Result<Programs> {
    KUBERNETES.build().await
}

/// helm3.
pub(in crate::deploy_check) async fn helm3() -> anyhow::Result<Programs> {
    HELM3.build().await
}

/// kube-apiserver.
pub(in crate::deploy_check) async fn server() -> anyhow::Result<Programs> {
    SERVER.build().await
}

/// etcd.
pub(in crate::deploy_check) async fn etcd() -> anyhow::Result<Programs> {
    ETCD.build().await
}

/// kube-controller-manager, kube-scheduler.
pub(in crate::deploy_check) async fn controllers() -> anyhow::Result<Programs> {
    CONTROLLERS.build().await
}

/// kwok.
pub(in crate::deploy_check) async fn kwok() -> anyhow::Result<Programs> {
    KWOK.build().await
}

/// kube-score.
pub(in crate::deploy_check) async fn score() -> anyhow::Result<Programs> {
    SCORE.build().await
}

/// otelcol, with the parts that `k8s/` configures.
pub(in crate::deploy_check) async fn collector() -> anyhow::Result<Programs> {
    COLLECTOR.build().await
}

/// The files that tell kwok how nodes and pods live: what is asked of them happens at once.
pub(in crate::deploy_check) async fn kwok_stages() -> anyhow::Result<Vec<PathBuf>> {
    let folder = sources("sigs.k8s.io/kwok@v0.8.0", KWOK_SUM).await?.join("kustomize/stage");
    let stages = [
        "node/fast/node-initialize.yaml",
        "node/heartbeat/node-heartbeat.yaml",
        "pod/fast/pod-ready.yaml",
        "pod/fast/pod-complete.yaml",
        "pod/fast/pod-delete.yaml",
    ];
    Ok(stages.iter().map(|stage| folder.join(stage)).collect())
}

/// What `go mod download -json` answers, as far as it concerns us.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: PathBuf,
    sum: String,
}

/// The folder of a module's sources, `sum` being what they must be.
pub(super) async fn sources(module: &str, sum: &str) -> anyhow::Result<PathBuf> {
    let mut download = Command::new(required("go", "install Go 1.26 or newer")?);
    // Outside any module: the sum of ours decides.
    download.args(["mod", "download", "-json", module]).current_dir(std::env::temp_dir());
    let found: Downloaded = serde_json::from_str(&command::output(download).await?)?;
    anyhow::ensure!(found.sum == sum, "{module} is {}, not {sum}", found.sum);
    Ok(found.dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_the_same_sums_are_sets_of_their_own_and_a_changed_program_is_another_set() {
        assert_ne!(KUBERNETES.lock(), SERVER.lock());
        assert_ne!(COLLECTOR.lock(), Module { main: Some("package main"), ..COLLECTOR }.lock());
    }
}
