//! `doctor`: what an installation stands on, looked at from outside; each finding with what to do about it.
//!
//! The judgements are pure functions; the rest fetches what they are made on. A part that the settings do
//! not name is told as skipped: silence would look like health.

mod collector;
mod databases;
mod finding;
mod operation;
mod redis;
mod services;
mod skew;
mod topics;

use std::time::Duration;

use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;
use crate::output::{self, Format};
use finding::{Finding, Level, Report};

/// How long one question to a server may take.
const LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these services, with their topics and databases [default: all]
    service: Vec<Service>,
}

pub(crate) async fn run(context: &Context, args: &Args) -> Result<Verdict, Failure> {
    let services = if args.service.is_empty() { Service::ALL.to_vec() } else { args.service.clone() };
    let (served, kept, told, remembered, traced) = tokio::join!(
        services::look(context, &services),
        databases::look(context, &services),
        topics::look(context, &services),
        redis::look(context),
        collector::look(context),
    );
    let report = Report::of([served?, kept, told, remembered, traced].concat());
    output::print(&match context.format {
        Format::Json => output::json(&report)?,
        Format::Table => report.shown(),
    })?;
    Ok(if report.well { Verdict::Well } else { Verdict::Wanting })
}

/// What was not looked at, because the settings do not say where it is.
fn unnamed(check: &'static str, subject: &str, section: &str) -> Finding {
    Finding::new(check, subject, Level::Skipped, "the settings do not say where it is").remedy(format!(
        "Add the section [{section}] to the settings file, as services/redressctl/README.md shows."
    ))
}
