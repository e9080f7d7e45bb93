use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// The command line of every service.
#[derive(Debug, Parser)]
#[command(version, about = "A service of redress", long_about = None)]
#[command(
    after_help = "Every key of the configuration can be set by environment: REDRESS__SECTION__KEY. `config` \
                        prints all keys. Traces, metrics and logs follow the OTEL_* variables of OpenTelemetry."
)]
pub(crate) struct Cli {
    /// TOML file whose keys come over the built-in defaults; the environment comes over both
    #[arg(long, env = "REDRESS_CONFIG", global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Serve until SIGTERM (the default)
    Serve,
    /// Bring the database to this version and end
    Migrate,
    /// Create the topics that the service owns and end
    Topics,
    /// Print the configuration in force as TOML, secrets masked
    Config,
    /// Ask a running service on this machine whether it is ready; exit code 0 if so
    Healthcheck,
}

impl Cli {
    /// Reads the arguments of the binary `name`; `--help`, `--version` and mistakes come back as an error that prints
    /// itself.
    pub(crate) fn parse_as(
        name: &'static str,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        let matches = Self::command().name(name).bin_name(name).try_get_matches_from(arguments)?;
        Self::from_arg_matches(&matches)
    }

    pub(crate) fn command_or_serve(&self) -> Command {
        self.command.unwrap_or(Command::Serve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_means_serve_and_the_file_may_stand_before_or_after_the_command() {
        let parse = |line: &str| Cli::parse_as("redress-x", line.split(' ').map(OsString::from)).unwrap();
        assert_eq!(parse("x").command_or_serve(), Command::Serve);
        for line in ["x --config a.toml migrate", "x migrate --config a.toml"] {
            let cli = parse(line);
            assert_eq!(cli.command_or_serve(), Command::Migrate);
            assert_eq!(cli.config, Some("a.toml".into()));
        }
    }
}
