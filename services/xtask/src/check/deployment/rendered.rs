//! What in `k8s/` is rendered from the chart, compared with what the chart renders now.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::deploy_check::cached_helm;

/// A rendered file: its values, lowest first, and the one template it consists of, if not all.
struct Rendered {
    file: &'static str,
    values: &'static [&'static str],
    only: Option<&'static str>,
}

const FILES: &[Rendered] = &[
    Rendered { file: "k8s/base/redress.yaml", values: &["k8s/base/values.yaml"], only: None },
    Rendered {
        file: "k8s/monitoring/redress.yaml",
        values: &["k8s/base/values.yaml", "k8s/monitoring/values.yaml"],
        only: Some("templates/monitoring.yaml"),
    },
    Rendered {
        file: "k8s/kafka/topics.yaml",
        values: &["k8s/base/values.yaml", "k8s/kafka/values.yaml"],
        only: Some("templates/strimzi.yaml"),
    },
];

/// Compares, or renders anew if `fix`. Without helm nothing is compared, and that is said.
pub(in crate::check) fn compare(root: &Path, fix: bool) -> anyhow::Result<()> {
    let Some(helm) = which::which("helm").ok().or_else(cached_helm) else {
        eprintln!(
            "NOT CHECKED: whether k8s/ is what the chart renders, for there is no helm on this machine; `cargo xtask \
             deploy-check` builds one"
        );
        return Ok(());
    };
    compare_by(root, &helm, fix)
}

/// The same by a helm that is there.
pub(crate) fn compare_by(root: &Path, helm: &Path, fix: bool) -> anyhow::Result<()> {
    let mut old = Vec::new();
    for rendered in FILES {
        let now = render(root, helm, rendered)?;
        let file = root.join(rendered.file);
        if std::fs::read_to_string(&file).is_ok_and(|then| then == now) {
            continue;
        }
        if fix {
            std::fs::write(&file, now).context(rendered.file)?;
        } else {
            old.push(rendered.file);
        }
    }
    if old.is_empty() {
        Ok(())
    } else {
        bail!("the chart renders something else than {}; run: cargo xtask check --fix", old.join(", "))
    }
}

fn render(root: &Path, helm: &Path, rendered: &Rendered) -> anyhow::Result<String> {
    let mut command = Command::new(helm);
    command.current_dir(root).args(["template", "redress", "charts/redress", "--namespace", "redress"]);
    command.args(rendered.values.iter().flat_map(|file| ["--values", file]));
    command.args(rendered.only.iter().flat_map(|template| ["--show-only", template]));
    let output = command.output().context("cannot run helm")?;
    ensure!(output.status.success(), "helm: {}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8(output.stdout).context("helm wrote no UTF-8")
}
