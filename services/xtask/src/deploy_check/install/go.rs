//! Tools from Go modules: helm, kubectl and what tests charts. Built as their `go.sum` says.

use std::fs;
use std::path::Path;

use tokio::process::Command;

use super::{Programs, required, set};
use crate::command;

/// Without these a Kubernetes binary does not know which version it is.
const VERSION: &str = "-s -w \
    -X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 \
    -X k8s.io/component-base/version.gitMinor=36 -X k8s.io/client-go/pkg/version.gitVersion=v1.36.3";

/// Programs that one module builds.
pub(super) struct Module {
    name: &'static str,
    go_mod: &'static str,
    sums: &'static str,
    packages: &'static [&'static str],
}

/// One module, so that what they share is compiled once.
pub(super) const KUBERNETES: Module = Module {
    name: "kubernetes",
    go_mod: include_str!("../../../deploy/kubernetes/go.mod"),
    sums: include_str!("../../../deploy/kubernetes/go.sum"),
    packages: &[
        "helm.sh/helm/v4/cmd/helm",
        "github.com/helm-unittest/helm-unittest/cmd/helm-unittest",
        "github.com/norwoodj/helm-docs/cmd/helm-docs",
        "k8s.io/kubernetes/cmd/kubectl",
    ],
};

impl Module {
    /// The sums cover the module's requirements and all that these require.
    pub(super) fn lock(&self) -> String {
        format!("{}{:?}{VERSION}", self.sums, self.packages)
    }

    async fn build(&self) -> anyhow::Result<Programs> {
        let folder = set(self.name, &self.lock(), async |folder: &Path| {
            let go = required("go", "install Go 1.26 or newer")?;
            fs::write(folder.join("go.mod"), self.go_mod)?;
            fs::write(folder.join("go.sum"), self.sums)?;
            for package in self.packages {
                eprintln!("  {package}");
                let mut build = Command::new(&go);
                build.args(["build", "-trimpath", &format!("-ldflags={VERSION}"), "-o", "bin/", package]);
                build.current_dir(folder);
                command::run(build).await?;
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
