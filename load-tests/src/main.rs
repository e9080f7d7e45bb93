//! Load tests, run by hand: an open-loop driver, the raw operations of the same run, and a ledger of every request that
//! is held against what the service stored and published.
//!
//! Refused: a closed loop (it slows down with the service and hides every stall), averages of percentiles, absolute
//! rates as goals for CI (a neighbour's build halves them), and a load generator in another language (on two cores its
//! own appetite would be the result).

mod audit;
mod baseline;
mod cli;
mod driver;
mod ledger;
mod machine;
mod moments;
mod procfs;
mod published;
mod report;
mod scenario;
mod site;
mod stores;
mod texts;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use scenario::Finding;
use site::Site;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let command = match Cli::parse().command {
        Command::RawServer { listen } => {
            baseline::bare_grpc::serve(listen).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::RawUpload { listen, folder } => {
            baseline::bare_upload::serve(listen, &folder).await?;
            return Ok(ExitCode::SUCCESS);
        }
        command => command,
    };
    let site = Site::open().await?;
    let machine = machine::describe(&site).await?;
    machine.print_table()?;
    let found = run(&site, command).await;
    site.close().await;
    let Finding { mut report, sound } = found?;
    report.goal("sound", sound, "true");
    report.print(&machine)?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(site: &Site, command: Command) -> anyhow::Result<Finding> {
    match command {
        Command::Accept { load, transport } => scenario::accept::run(site, load, transport).await,
        Command::Baseline { load } => scenario::baseline::run(site, load).await,
        Command::P1 { load, pairs } => scenario::p1::run(site, load, pairs).await,
        Command::Register { backlog, rate } => scenario::register::run(site, backlog, rate).await,
        Command::Spike { peak, seconds } => scenario::spike::run(site, peak, seconds).await,
        Command::Start => scenario::start::run(site).await,
        Command::Faults { kills, rate } => scenario::faults::run(site, kills, rate).await,
        Command::Understand { load } => scenario::understand::run(site, load).await,
        Command::Incident { peak, seconds } => scenario::incident::run(site, peak, seconds).await,
        Command::Timers { amounts } => scenario::timers::run(site, amounts).await,
        Command::Cases { load, kills, whole } => scenario::cases::run(site, load, kills, whole).await,
        Command::Evidence { files } => scenario::evidence::run(site, files).await,
        Command::Deadlines { amounts } => scenario::deadlines::run(site, amounts).await,
        Command::RawServer { listen } => {
            baseline::bare_grpc::serve(listen).await?;
            anyhow::bail!("the raw server ended")
        }
        Command::RawUpload { listen, folder } => {
            baseline::bare_upload::serve(listen, &folder).await?;
            anyhow::bail!("the raw server ended")
        }
    }
}
