//! The project's own commands, called as `cargo xtask <command>`.
//!
//! Written in Rust rather than in shell or make, so that they know the stack, the services and the contract by the same
//! types as the tests do, and run wherever the project compiles.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to whoever called it")]

mod check;
mod classify_eval;
mod command;
mod demo;
mod deploy_check;
mod launch;
mod signals;
mod steps;
mod test;
mod tools;
mod up;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// The project's own commands
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Cli {
    Check(check::Args),
    ClassifyEval(classify_eval::Args),
    Test,
    Up(up::Args),
    Demo(demo::Args),
    DeployCheck(deploy_check::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    signals::listen()?;
    match cli {
        Cli::Check(args) => signals::unless_interrupted(Box::pin(check::run(&args))).await,
        Cli::ClassifyEval(args) => signals::unless_interrupted(Box::pin(classify_eval::run(&args))).await,
        Cli::Test => signals::unless_interrupted(Box::pin(test::run())).await,
        Cli::Up(args) => Box::pin(up::run(&args)).await,
        Cli::Demo(args) => Box::pin(demo::run(&args)).await,
        Cli::DeployCheck(args) => signals::unless_interrupted(Box::pin(deploy_check::run(&args))).await,
    }
}
