//! `cargo xtask check`: everything that can be said without running a server.

mod deployment;
mod edges;
mod files;
mod layers;
mod manifests;
mod metrics;
mod paths;

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::command::{self, cargo};
use crate::steps::Steps;
use crate::{tools, workspace};

pub(crate) use deployment::compare_by as compare_rendered;
pub(crate) use deployment::{ImageStage, image_stages, of_rendering};

/// Format, lints, layers, sizes, contract and docs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Repair what can be repaired: format, and lints that have a machine's suggestion
    #[arg(long)]
    fix: bool,
}

/// Runs every rule, also after one has failed: all findings are told at once.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    workspace::enter()?;
    let mut steps = Steps::default();
    rules(&mut steps, args.fix).await;
    steps.finish()
}

/// The rules, the quick ones first.
pub(crate) async fn rules(steps: &mut Steps, fix: bool) {
    steps.run("format", format(fix)).await;
    steps.run("files: sizes and names", async { report(&files::findings(&workspace::files()?)) }).await;
    steps.run("layers: who may use whom", layers()).await;
    steps.run("deployment: chart and k8s against the code", async { deployment(fix) }).await;
    steps.run("metrics: READMEs against the code", async { metrics() }).await;
    steps.run("contract: buf lint", contract()).await;
    steps.run("clippy", clippy(fix)).await;
    steps.run("docs", docs()).await;
}

async fn format(fix: bool) -> anyhow::Result<()> {
    let arguments = if fix { "fmt --all" } else { "fmt --all --check -- --files-with-diff" };
    command::run(cargo(arguments)).await.context("run: cargo xtask check --fix")
}

async fn layers() -> anyhow::Result<()> {
    let members = manifests::read().await?;
    let mut findings = edges::findings(&members);
    findings.extend(layers::findings(Path::new("."), &members, &workspace::files()?)?);
    report(&findings)
}

fn deployment(fix: bool) -> anyhow::Result<()> {
    deployment::compare(Path::new("."), fix)?;
    report(&deployment::findings(Path::new("."), &workspace::files()?)?)
}

fn metrics() -> anyhow::Result<()> {
    report(&metrics::findings(Path::new("."), &workspace::files()?)?)
}

/// Breaking changes are not looked for: nothing has been released that could be broken.
async fn contract() -> anyhow::Result<()> {
    let mut buf = tokio::process::Command::new(tools::buf().await?);
    buf.args(["lint", "proto"]);
    command::run(buf).await.context("change the contract as told above; proto/buf.yaml has the rules")
}

async fn clippy(fix: bool) -> anyhow::Result<()> {
    const SCOPE: &str = "--locked --workspace --all-targets --all-features";
    if fix {
        command::run(cargo(&format!("clippy --fix --allow-dirty --allow-staged {SCOPE}"))).await?;
    }
    command::run(cargo(&format!("clippy --quiet {SCOPE} -- -D warnings"))).await.context("clippy")
}

async fn docs() -> anyhow::Result<()> {
    let mut doc = cargo("doc --quiet --locked --workspace --no-deps --all-features");
    doc.env("RUSTDOCFLAGS", "-D warnings");
    command::run(doc).await.context("a link in the docs leads nowhere, or their form is wrong; see above")
}

fn report(findings: &[String]) -> anyhow::Result<()> {
    if findings.is_empty() { Ok(()) } else { bail!("{}", findings.join("\n")) }
}
