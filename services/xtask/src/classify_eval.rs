//! `cargo xtask classify-eval`: how good the classifier is on labelled texts that it has not learned from.

use std::path::PathBuf;

use crate::command::{self, cargo};
use crate::workspace;

/// Measure classification on labelled texts: precision, recall, F1, urgency, and the table of confusions
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of labelled texts
    #[arg(default_value = "services/classification/data/eval")]
    folder: PathBuf,
    /// Show each text that is labelled otherwise, with the rules that fired
    #[arg(short, long)]
    verbose: bool,
    /// Fail where the goals are not reached: macro-F1 and recall of urgent complaints
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    workspace::enter()?;
    let mut measure = cargo("run --quiet --locked --package redress-classification --example eval --");
    measure.arg(&args.folder);
    if args.verbose {
        measure.arg("-v");
    }
    if args.check {
        measure.arg("--check");
    }
    command::run(measure).await
}
