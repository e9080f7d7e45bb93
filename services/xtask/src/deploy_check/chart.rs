//! What can be said of the chart and of `k8s/` by rendering them.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::cases::CASES;
use super::install::{self, Programs};
use super::{overlays, suites};
use crate::steps::Steps;
use crate::{check, command, workspace};

const CHART: &str = "charts/redress";
/// What both helms are to think they render for.
const KUBERNETES: &str = "1.36.3";

/// The steps of this part.
pub(super) async fn check(steps: &mut Steps, root: &Path) {
    let Some(tools) = steps.run("tools: helm and what tests charts", install::kubernetes()).await else {
        return;
    };
    steps.run("chart: helm lint --strict, every case", lint(&tools)).await;
    steps.run("chart: every case names what the code has", of_code(&tools, root)).await;
    steps.run("chart: Helm 3 renders what Helm 4 renders", both_helms(&tools)).await;
    steps.run("chart: a suite per template and switch", async { suites::complete(root) }).await;
    steps
        .run("chart: suites of helm-unittest", command_runs(&tools, "helm-unittest", &["--strict", CHART]))
        .await;
    steps.run("chart: README is what helm-docs makes", docs(&tools, root)).await;
    steps.run("chart: what kube-score finds", score(&tools)).await;
    steps
        .run("k8s: rendered files are the chart's rendering", async {
            let helm = tools.command("helm").as_std().get_program().to_owned();
            check::compare_rendered(root, Path::new(&helm), false)
        })
        .await;
    steps.run("k8s: every kustomization builds", kustomizations(&tools)).await;
    steps.run("k8s: an overlay's settings roll the pods", overlays::settings_roll(&tools)).await;
    steps.run("k8s: overlays are sized as the chart's profiles", overlays::sized(&tools)).await;
}

async fn command_runs(tools: &Programs, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = tools.command(program);
    command.args(arguments);
    command::run(command).await
}

async fn lint(tools: &Programs) -> anyhow::Result<()> {
    for case in CASES {
        let mut lint = tools.command("helm");
        lint.args(["lint", "--strict", "--quiet", CHART]).args(case.arguments());
        command::output(lint).await.with_context(|| format!("case {}", case.name))?;
    }
    Ok(())
}

/// Keys of configurations, from secrets as well, and probes: `cargo xtask check` sees only what `k8s/` is rendered with.
async fn of_code(tools: &Programs, root: &Path) -> anyhow::Result<()> {
    for case in CASES {
        let mut template = tools.command("helm");
        template.args(["template", "redress", CHART]).args(case.arguments());
        let wrong = check::of_rendering(root, &command::output(template).await?)?;
        ensure!(wrong.is_empty(), "case {}:\n{}", case.name, wrong.join("\n"));
    }
    Ok(())
}

/// Both without a server: what differs between them there, `cluster` tries. Blank lines between objects are no difference.
async fn both_helms(tools: &Programs) -> anyhow::Result<()> {
    let older = install::helm3().await?;
    for case in CASES {
        let mut rendered = Vec::new();
        for mut helm in [tools.command("helm"), older.command("helm3")] {
            helm.args(["template", "redress", CHART, "--namespace", "redress", "--kube-version", KUBERNETES]);
            helm.args(case.arguments());
            let objects: Vec<Value> = serde_saphyr::from_multiple(&command::output(helm).await?)?;
            ensure!(!objects.is_empty(), "case {} renders nothing", case.name);
            rendered.push(objects);
        }
        let differs = rendered[0].iter().zip(&rendered[1]).find(|(new, old)| new != old);
        let differs = differs.map(|(new, _)| (&new["kind"], &new["metadata"]["name"]));
        ensure!(rendered[0] == rendered[1], "case {}: the first object that differs: {differs:?}", case.name);
    }
    Ok(())
}

/// Tests of kube-score that are left out, each for a reason.
const NOT_SCORED: &[&str] = &[
    // A tag of a release never changes, and a digest may be named: pulling again costs every start a question.
    "container-image-pull-policy",
    // Spreading is asked for by topologySpreadConstraints, which it does not know.
    "deployment-has-host-podantiaffinity",
    // A pod that has a claim to itself ends before the next starts; that all others roll, a suite of the chart holds.
    "deployment-strategy",
    // One replica of a consumer is what `small` is for, and replicas that are scaled stand in no Deployment.
    "deployment-replicas",
];

/// Security, probes and what else it knows by heart; with network policies, which only a cluster can tell whether it has.
async fn score(tools: &Programs) -> anyhow::Result<()> {
    let score = install::score().await?;
    let folder = Path::new("target/deploy-check");
    std::fs::create_dir_all(folder)?;
    for case in CASES {
        let mut template = tools.command("helm");
        template.args(["template", "redress", CHART, "--namespace", "redress"]).args(case.arguments());
        template.args(["--set", "networkPolicy.enabled=true"]);
        let file = folder.join("scored.yaml");
        std::fs::write(&file, command::output(template).await?)?;
        let mut judge = score.command("kube-score");
        judge.args([
            "score",
            "--output-format",
            "ci",
            "--kubernetes-version",
            "v1.34",
            "--exit-one-on-warning",
        ]);
        // A limit of processor time throttles a process in the middle of a spike; requests divide fairly.
        judge.arg("--ignore-container-cpu-limit");
        judge.args(NOT_SCORED.iter().flat_map(|&test| ["--ignore-test", test])).arg(&file);
        command::output(judge).await.with_context(|| format!("case {}", case.name))?;
    }
    Ok(())
}

async fn docs(tools: &Programs, root: &Path) -> anyhow::Result<()> {
    let mut docs = tools.command("helm-docs");
    docs.args(["--chart-search-root", CHART, "--dry-run", "--log-level", "warning"]);
    let made = command::output(docs).await?;
    let there = std::fs::read_to_string(root.join(CHART).join("README.md"))?;
    ensure!(
        made.trim() == there.trim(),
        "{CHART}/README.md is older than values.yaml or README.md.gotmpl; run: {} --chart-search-root {CHART}",
        tools.command("helm-docs").as_std().get_program().display()
    );
    Ok(())
}

/// The folders below `k8s/` that kustomize builds.
pub(super) fn kustomization_folders() -> anyhow::Result<Vec<String>> {
    let files = workspace::files()?;
    let mut folders = Vec::new();
    for file in files.iter().filter(|file| file.starts_with("k8s") && file.ends_with("kustomization.yaml")) {
        // A component is a part of others, and is built with them.
        let whole = !std::fs::read_to_string(file)?.contains("\nkind: Component\n");
        folders.extend(file.parent().filter(|_| whole).map(|folder| folder.display().to_string()));
    }
    ensure!(
        folders.len() >= 5,
        "base, kafka, monitoring and overlays are expected, there is only {folders:?}"
    );
    Ok(folders)
}

/// What kustomize makes of a folder; `build` is `kubectl kustomize <folder>`.
pub(super) async fn kustomized(build: Command) -> anyhow::Result<String> {
    let built = command::output(build).await?;
    ensure!(built.contains("kind:"), "it is built of nothing");
    Ok(built)
}

async fn kustomizations(tools: &Programs) -> anyhow::Result<()> {
    for folder in kustomization_folders()? {
        let mut build = tools.command("kubectl");
        build.args(["kustomize", &folder]);
        kustomized(build).await.context(folder)?;
    }
    Ok(())
}
