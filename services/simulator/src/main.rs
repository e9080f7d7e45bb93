//! `redress-simulator`: the platform's side of an installation on loopback, for integrators who have none at hand yet.
#![expect(clippy::print_stdout, reason = "a command talks to whoever called it")]

use anyhow::Context as _;
use clap::Parser;
use redress_simulator::Connectors;

/// Payments, platform data, message box, mail server and callback address for services under test; until Ctrl-C
#[derive(Debug, Parser)]
#[command(name = "redress-simulator")]
struct Args {
    /// Where the three gRPC services answer; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// What decides which payments stumble and what the platform holds
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let connectors = Connectors::start(args.seed, &args.listen).await?;
    println!("# callbacks: {}", connectors.outside.callbacks.url);
    for (service, variable, value) in connectors.settings(now())? {
        println!("{variable}='{value}' # {service}");
    }
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
    println!("# {} payments, {} messages", connectors.payments.made().len(), connectors.inbox.count());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the edge of the process: nights are of now")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
