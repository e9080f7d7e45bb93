//! `complaint show`.

use std::time::Duration;

use super::{fetch, shape};
use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, Format};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The complaint's id or number
    #[arg(value_name = "ID|NUMBER")]
    complaint: String,
    /// Wait up to so many seconds for one that is being registered
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Verdict, Failure> {
    let complaint = fetch(context, &args.complaint, Duration::from_secs(args.wait)).await?;
    output::print(&match context.format {
        Format::Json => output::json(&complaint)?,
        Format::Table => shape::whole(&complaint, &context.zone),
    })?;
    Ok(Verdict::Well)
}
