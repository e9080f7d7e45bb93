//! What can be said of the chart and of `k8s/` by rendering them.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::cases::CASES;
use super::install::{self, Programs};
use super::suites;
use crate::steps::Steps;
use crate::{check, command, workspace};

const CHART: &str = "charts/redress";

/// The steps of this part.
pub(super) async fn check(steps: &mut Steps, root: &Path) {
    let Some(tools) = steps.run("tools: helm and what tests charts", install::kubernetes()).await else {
        return;
    };
    steps.run("chart: helm lint --strict, every case", lint(&tools)).await;
    steps.run("chart: a suite per template and switch", async { suites::complete(root) }).await;
    steps
        .run("chart: suites of helm-unittest", command_runs(&tools, "helm-unittest", &["--strict", CHART]))
        .await;
    steps.run("chart: README is what helm-docs makes", docs(&tools, root)).await;
    steps.run("chart: kube-score, every case", score(&tools)).await;
    steps
        .run("k8s: rendered files are the chart's rendering", async {
            let helm = tools.command("helm").as_std().get_program().to_owned();
            check::compare_rendered(root, Path::new(&helm), false)
        })
        .await;
    steps.run("k8s: every kustomization builds", kustomizations(&tools)).await;
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

/// What is told and not wanted: images are named by version or digest and pulled once; spread over zones and hosts is by
/// topology constraints, which the tool does not count; small installations have workloads of one replica.
const NOT_WANTED: &[&str] =
    &["container-image-pull-policy", "deployment-has-host-podantiaffinity", "container-resources"];

async fn score(tools: &Programs) -> anyhow::Result<()> {
    let score = install::kube_score().await?;
    for case in CASES {
        let mut template = tools.command("helm");
        template.args(["template", "redress", CHART]).args(case.arguments());
        let objects = command::output(template).await?;
        let mut judge = score.command("kube-score");
        judge.args(["score", "--kubernetes-version", "v1.34", "--output-format", "ci"]);
        judge.args(NOT_WANTED.iter().flat_map(|test| ["--ignore-test", test])).arg("-");
        piped(judge, &objects).await.with_context(|| format!("case {}", case.name))?;
    }
    Ok(())
}

/// Runs a program on `input`; its findings are the error.
pub(super) async fn piped(mut command: Command, input: &str) -> anyhow::Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("cannot start it")?;
    let mut stdin = child.stdin.take().context("its input is piped")?;
    let text = input.to_owned();
    // Beside the reading: neither side waits for the other with a full pipe.
    let writing = tokio::spawn(async move { stdin.write_all(text.as_bytes()).await });
    let output = child.wait_with_output().await?;
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    ensure!(output.status.success(), "{}", said.trim());
    writing.await??;
    Ok(said)
}

/// The folders below `k8s/` that kustomize builds.
pub(super) fn kustomization_folders() -> anyhow::Result<Vec<String>> {
    let files = workspace::files()?;
    let folders = files.iter().filter(|file| file.starts_with("k8s") && file.ends_with("kustomization.yaml"));
    let folders: Vec<_> = folders.filter_map(|file| Some(file.parent()?.display().to_string())).collect();
    ensure!(
        folders.len() >= 5,
        "base, kafka, monitoring and overlays are expected, there is only {folders:?}"
    );
    Ok(folders)
}

/// What kustomize makes of a folder.
pub(super) async fn kustomized(tools: &Programs, folder: &str) -> anyhow::Result<String> {
    let mut build = tools.command("kubectl");
    build.args(["kustomize", folder]);
    command::output(build).await
}

async fn kustomizations(tools: &Programs) -> anyhow::Result<()> {
    for folder in kustomization_folders()? {
        let built = kustomized(tools, &folder).await?;
        ensure!(built.contains("kind:"), "{folder} is built of nothing");
    }
    Ok(())
}
