//! `redressctl`: complaints, parked events, clocks, calendars, rules and the state of an installation, on the command line.
//!
//! It is one more caller of the services' gRPC contract and links none of them: what it shows is what their answers say,
//! under the rights of the token that it is given. Only `doctor` looks behind them, at the servers that they stand on.

mod cli;
mod client;
mod commands;
mod context;
mod doctor;
mod failure;
mod installation;
mod output;
mod settings;
mod shown;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(std::env::args_os())
}
