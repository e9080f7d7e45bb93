//! Configuration files of services, checked by the service's own binary: no other program knows all its keys.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::Verdict;
use crate::failure::Failure;
use crate::installation::Service;
use crate::output::{self, Format};

/// What a service's binary ends with when its configuration does not fit.
const DOES_NOT_FIT: i32 = 2;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a service's configuration file, together with the REDRESS__* variables of this environment
    Check(Check),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The service
    service: Service,
    /// Its configuration, TOML
    file: PathBuf,
    /// The service's binary [default: beside redressctl, else in the PATH]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// The answer; its names are stable.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Checked {
    service: &'static str,
    file: String,
    fits: bool,
    /// Each with its key and where it was set.
    problems: Vec<String>,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Verdict, Failure> {
    let Command::Check(args) = command;
    let name = format!("redress-{}", args.service.name());
    let binary = args.binary.clone().or_else(|| beside(&name)).unwrap_or_else(|| name.as_str().into());
    let ended = Process::new(&binary).arg("config").arg("--config").arg(&args.file).output();
    let ended = ended.map_err(|error| {
        Failure::usage(
            format!("cannot run {}: {error}", binary.display()),
            format!("Name the service's binary: --binary PATH/{name}. It is in the service's image under that name."),
        )
    })?;
    let told = String::from_utf8_lossy(&ended.stderr);
    let problems = match ended.status.code() {
        Some(0) => Vec::new(),
        Some(DOES_NOT_FIT) => problems(&told),
        _ => return Err(Failure::usage(format!("{} failed: {}", binary.display(), told.trim()), "")),
    };
    let checked = Checked {
        service: args.service.name(),
        file: args.file.display().to_string(),
        fits: problems.is_empty(),
        problems,
    };
    output::print(&match format {
        Format::Json => output::json(&checked)?,
        Format::Table => shown(&checked),
    })?;
    Ok(if checked.fits { Verdict::Well } else { Verdict::Wanting })
}

/// The runtime tells problems as a list below a heading; what is no such list is told as it is.
fn problems(told: &str) -> Vec<String> {
    let listed: Vec<_> =
        told.lines().filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect();
    if listed.is_empty() { vec![told.trim().to_owned()] } else { listed }
}

fn shown(checked: &Checked) -> String {
    if checked.fits {
        return format!("{} fits {}\n", checked.file, checked.service);
    }
    checked.problems.iter().map(|problem| output::clean(problem) + "\n").collect()
}

/// As the images and the build have them: all binaries in one folder.
fn beside(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    own.parent().map(|folder: &Path| folder.join(name)).filter(|binary| binary.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_of_the_list_is_one_and_another_text_is_told_whole() {
        let told = "the configuration has 2 problem(s):\n  - intake.colour (a.toml): unknown key\n  - b: must be text\n";
        assert_eq!(problems(told), ["intake.colour (a.toml): unknown key", "b: must be text"]);
        assert_eq!(problems("error: no such file\n"), ["error: no such file"]);
    }
}
