//! The command line: arguments, and from an outcome to an exit code.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use jiff::tz::TimeZone;
use redress_runtime::SystemClock;
use serde_json::json;

use crate::commands::{audit, calendar, clocks, complaint, config, parked, rules};
use crate::context::Context;
use crate::doctor;
use crate::failure::{Failure, Kind};
use crate::output::{self, Format};
use crate::settings::{At, Environment, Settings};

/// Complaints, parked events, deadlines, rules and the state of a redress installation
#[derive(Debug, Parser)]
#[command(name = "redressctl", bin_name = "redressctl", version, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 done; 1 refused, or something was found wanting; 2 the arguments, the settings or a \
                        file do not fit; 3 nobody answered. The token is read from --token-file, REDRESSCTL_TOKEN, \
                        REDRESSCTL_TOKEN_FILE or token_file in the settings file, in this order."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes, before or after its name.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Settings file [default: redress/redressctl.toml in the folder of settings, if it is there]
    #[arg(long, global = true, env = "REDRESSCTL_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where a service answers gRPC, for example `intake=https://intake.example:7001`; may be repeated
    #[arg(long, global = true, env = "REDRESSCTL_AT", value_name = "SERVICE=URL", value_delimiter = ',')]
    pub(crate) at: Vec<At>,
    /// File with the token; - is standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Authorities of the services' certificates, PEM [default: those that the machine knows]
    #[arg(long, global = true, env = "REDRESSCTL_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Let http:// leave this machine, token included: for closed networks only
    #[arg(long, global = true, env = "REDRESSCTL_ALLOW_PLAINTEXT")]
    pub(crate) allow_plaintext: bool,
    /// What is printed
    #[arg(
        long,
        short,
        global = true,
        env = "REDRESSCTL_OUTPUT",
        value_enum,
        value_name = "FORMAT",
        default_value = "table"
    )]
    pub(crate) output: Format,
    /// Seconds that one call may take
    #[arg(
        long,
        global = true,
        env = "REDRESSCTL_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    pub(crate) timeout: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Submit, show, list and watch complaints
    #[command(subcommand)]
    Complaint(complaint::Command),
    /// Records that a service could not apply
    #[command(subcommand)]
    Parked(parked::Command),
    /// Deadlines of complaints, and why they are due when they are
    #[command(subcommand)]
    Clocks(clocks::Command),
    /// Calendars in which deadlines count
    #[command(subcommand)]
    Calendar(calendar::Command),
    /// The chains of the audit trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// Rules of classification
    #[command(subcommand)]
    Rules(rules::Command),
    /// Configuration files of services
    #[command(subcommand)]
    Config(config::Command),
    /// Look at services, topics, databases, Redis, clocks and the collector; each finding with its remedy
    Doctor(doctor::Args),
    /// Print a shell's completions
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Whether a command that ran to its end found all well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Well,
    /// What was printed says what is wanting.
    Wanting,
}

/// The whole of `main`.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Cli { global, command } = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => {
            let _ = message.print();
            return if message.use_stderr() { Kind::Usage.exit().into() } else { ExitCode::SUCCESS };
        }
    };
    let format = global.output;
    match execute(&global, command) {
        Ok(Verdict::Well) => ExitCode::SUCCESS,
        Ok(Verdict::Wanting) => Kind::Refused.exit().into(),
        Err(failure) => {
            match format {
                Format::Table => output::tell(&failure),
                Format::Json => output::tell(json!({ "error": failure.told() })),
            }
            failure.exit()
        }
    }
}

fn execute(global: &Global, command: Command) -> Result<Verdict, Failure> {
    match command {
        // These ask no service, so they need no settings that are right.
        Command::Completions { shell } => return completions(shell),
        Command::Config(command) => return config::run(&command, global.output),
        _ => {}
    }
    let context = Context {
        settings: Settings::read(global, &Environment::of_process())?,
        format: global.output,
        zone: TimeZone::system(),
        clock: SystemClock,
        timeout: Duration::from_secs(global.timeout),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(format!("cannot start: {error}"), ""))?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Complaint(command) => complaint::run(&context, command).await,
            Command::Parked(command) => parked::run(&context, command).await,
            Command::Clocks(command) => clocks::run(&context, command).await,
            Command::Calendar(command) => calendar::run(&context, command).await,
            Command::Audit(command) => audit::run(&context, command).await,
            Command::Rules(command) => rules::run(&context, command).await,
            Command::Doctor(args) => doctor::run(&context, &args).await,
            Command::Completions { .. } | Command::Config(_) => Ok(Verdict::Well),
        }
    });
    // A question to a broker that never answers is left behind.
    runtime.shutdown_background();
    outcome
}

fn completions(shell: Shell) -> Result<Verdict, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "redressctl", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Verdict::Well)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_every_command_may_stand_before_or_after_it() {
        for line in ["redressctl -o json complaint list", "redressctl complaint list -o json"] {
            assert_eq!(parse(line).unwrap().global.output, Format::Json, "{line}");
        }
    }

    #[test]
    fn mistakes_are_refused_with_what_is_possible() {
        for (line, told) in [
            ("redressctl complaint submit --channel pigeon --text x", "live_comment"),
            ("redressctl parked list nobody", "classification"),
            ("redressctl --at nobody=http://h doctor", "intake"),
            ("redressctl parked discard intake --reason r --position here", "TOPIC/PARTITION/OFFSET"),
            ("redressctl complaint list --from yesterday", "2026-08-01T09:00:00+08:00"),
        ] {
            let message = parse(line).unwrap_err().to_string();
            assert!(message.contains(told), "{line}: {message}");
        }
    }

    #[test]
    fn completions_know_the_commands_of_every_shell() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "redressctl", &mut script);
            assert!(String::from_utf8(script).unwrap().contains("redrive"), "{shell}");
        }
    }

    /// The words of a line of a shell; quotes are single ones, and assignments before the command are none of its words.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" #").next().unwrap();
        let from = line.find("redressctl").unwrap();
        let quoted = line[from..].split('\'').enumerate();
        let words = quoted.flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        });
        words.collect()
    }

    #[test]
    fn the_first_commands_of_the_readme_are_commands() {
        let readme = include_str!("../README.md");
        let block = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
        let lines: Vec<_> = block
            .lines()
            .filter(|line| line.contains("redressctl ") && !line.starts_with("export"))
            .collect();
        assert_eq!(lines.len(), 5, "{lines:#?}");
        for line in lines {
            Cli::try_parse_from(words(line)).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
}
