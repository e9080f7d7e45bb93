//! `cargo xtask deploy-check`: the chart, `k8s/`, the dashboards and the alerts, held against real tools, on a machine
//! without containers and without a cluster.
//!
//! Apart from `cargo xtask check`, because its tools are built from Go modules, which takes minutes once; they are kept
//! outside the project, keyed by their lock files, so that a fresh clone finds them.
//!
//! `cluster` has a real control plane and no kubelet: images, name resolution, network policies and the operators of KEDA
//! and Strimzi are not tried. What a kubelet would do with a pod of ours, `processes` does with real processes.

mod cases;
mod chart;
mod cluster;
mod files;
mod images;
mod install;
mod monitoring;
mod overlays;
mod processes;
mod suites;
mod tested;

use std::path::Path;

use clap::ValueEnum as _;

use crate::steps::Steps;
use crate::workspace;

pub(crate) use install::cached_helm;
pub(crate) use tested::{always, if_changed};

/// The chart, k8s/, dashboards and alerts on real tools: helm, Prometheus, linters, and the services as processes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these parts; all if none is named
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Also roll releases on a simulated cluster: three nodes in three zones, drains, what never becomes ready
    #[arg(long)]
    full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Lint, tests and refusals of the chart, its README, k8s/ as rendered, overlays
    Chart,
    /// Chart and k8s/ on a real API server: judged, installed, upgraded, rolled back, removed
    Cluster,
    /// Rules and their tests, dashboards
    Monitoring,
    /// Dockerfile, shell scripts, YAML, spelling
    Files,
    /// The images' runtime stage in a folder of its own, and the programs in it; as root
    Images,
    /// Rendered pods as processes on the development stack
    Processes,
}

/// Runs every part, also after one has failed.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    workspace::enter()?;
    let mut steps = Steps::default();
    let wanted = |part: &&Part| args.only.is_empty() || args.only.contains(*part);
    let mut whole = true;
    for part in Part::value_variants().iter().filter(wanted) {
        whole &= Box::pin(part.check(&mut steps, args.full)).await;
    }
    tested::note_if_all_well(&steps, args, whole)?;
    steps.finish()
}

impl Part {
    /// False if something of it cannot be tried here, which has been told.
    async fn check(self, steps: &mut Steps, full: bool) -> bool {
        let root = Path::new(".");
        match self {
            Self::Chart => chart::check(steps, root).await,
            Self::Cluster => cluster::check(steps, root, full).await,
            Self::Monitoring => monitoring::check(steps, root).await,
            Self::Files => files::check(steps).await,
            Self::Images => return images::check(steps, root).await,
            Self::Processes => processes::check(steps, root).await,
        }
        true
    }
}
