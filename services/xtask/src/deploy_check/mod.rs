//! `cargo xtask deploy-check`: the chart, `k8s/`, the dashboards and the alerts, held against real tools, on a machine
//! without containers and without a cluster.
//!
//! Apart from `cargo xtask check`, because its tools are built from Go modules, which takes minutes once; they are kept
//! outside the project, keyed by their lock files, so that a fresh clone finds them.
//!
//! There is no control plane and no kubelet: what a server would refuse, images, name resolution, network policies and the
//! operators of KEDA and Strimzi are not tried.
//! What a kubelet would do with a pod of ours, `processes` does with real processes.

mod cases;
mod chart;
mod files;
mod install;
mod monitoring;
mod processes;
mod suites;

use std::path::Path;

use clap::ValueEnum as _;

use crate::steps::Steps;
use crate::workspace;

pub(crate) use install::cached_helm;

/// The chart, k8s/, dashboards and alerts on real tools: helm, Prometheus, linters, and the services as processes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these parts; all if none is named
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Lint, tests and refusals of the chart, its README, k8s/ as rendered, overlays
    Chart,
    /// Rules and their tests, dashboards
    Monitoring,
    /// Dockerfile, shell scripts, YAML, spelling
    Files,
    /// Rendered pods as processes on the development stack
    Processes,
}

/// Runs every part, also after one has failed.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    workspace::enter()?;
    let root = Path::new(".");
    let mut steps = Steps::default();
    for part in Part::value_variants().iter().filter(|part| args.only.is_empty() || args.only.contains(part))
    {
        match part {
            Part::Chart => chart::check(&mut steps, root).await,
            Part::Monitoring => monitoring::check(&mut steps, root).await,
            Part::Files => files::check(&mut steps).await,
            Part::Processes => processes::check(&mut steps, root).await,
        }
    }
    steps.finish()
}
