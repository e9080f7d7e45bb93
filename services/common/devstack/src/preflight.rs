//! Whether everything is installed, and installing it where that is possible.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, ExitStatus};

use thiserror::Error;

use crate::tool::{Missing, Tool};

/// Finds the programs that the stack needs.
pub fn preflight() -> Result<(), Missing> {
    let missing: Vec<Tool> = Tool::ALL.into_iter().filter(|&tool| !is_usable(tool)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Missing(missing)) }
}

fn is_usable(tool: Tool) -> bool {
    let Ok(path) = tool.path() else { return false };
    let (program, option, oldest) = match tool {
        Tool::Postgres => (path.join("postgres"), "--version", 15),
        Tool::Redis => (path, "--version", 7),
        Tool::Java => (path, "-version", 17),
        Tool::Maven => return true,
    };
    // Java tells its version on the error output.
    Command::new(program).arg(option).output().is_ok_and(|output| {
        let text = [output.stdout, output.stderr].concat();
        major_version(&String::from_utf8_lossy(&text)).is_some_and(|version| version >= oldest)
    })
}

/// The first number of `openjdk version "17.0.15" …`, `postgres (PostgreSQL) 15.18`, `Redis server v=7.0.15 …`.
fn major_version(text: &str) -> Option<u32> {
    let from_digit = &text[text.find(|c: char| c.is_ascii_digit())?..];
    from_digit.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Why something could not be installed.
#[derive(Debug, Error)]
pub enum InstallError {
    /// Not root on Debian, so the user has to do it.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// `apt-get` could not be run, or the start of services not be forbidden.
    #[error("cannot run apt-get: {0}")]
    Io(#[from] io::Error),
    /// `apt-get` failed; it has told why.
    #[error("apt-get ended with {0}")]
    AptGet(ExitStatus),
}

/// Installs what [`preflight`] misses by `apt-get`, if this is root on Debian; takes minutes at worst.
///
/// The packages' own services are not started: a stack runs servers of its own.
pub fn install_missing() -> Result<(), InstallError> {
    let Err(missing) = preflight() else { return Ok(()) };
    if !rustix::process::geteuid().is_root() || which::which("apt-get").is_err() {
        return Err(missing.into());
    }
    let _no_services = NoServiceStarts::begin()?;
    apt_get(&["update", "-q"])?;
    let packages = missing.0.iter().map(|tool| tool.package());
    apt_get(
        &["install", "-q", "-y", "--no-install-recommends"].into_iter().chain(packages).collect::<Vec<_>>(),
    )?;
    Ok(preflight()?)
}

fn apt_get(arguments: &[&str]) -> Result<(), InstallError> {
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    if status.success() { Ok(()) } else { Err(InstallError::AptGet(status)) }
}

/// Debian's way to keep packages from starting services while they are installed: a script that answers 101.
struct NoServiceStarts {
    ours: bool,
}

impl NoServiceStarts {
    const POLICY: &str = "/usr/sbin/policy-rc.d";

    fn begin() -> io::Result<Self> {
        let script = fs::File::options().write(true).create_new(true).mode(0o755).open(Self::POLICY);
        match script {
            Ok(mut script) => {
                let policy = Self { ours: true };
                io::Write::write_all(&mut script, b"#!/bin/sh\nexit 101\n")?;
                Ok(policy)
            }
            // Containers have one already.
            Err(_) if Path::new(Self::POLICY).exists() => Ok(Self { ours: false }),
            Err(error) => Err(error),
        }
    }
}

impl Drop for NoServiceStarts {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = fs::remove_file(Self::POLICY)
        {
            tracing::error!(%error, "{} must be removed by hand: no service starts while it is there", Self::POLICY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_tell_them() {
        assert_eq!(major_version("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_version("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0"), Some(7));
        assert_eq!(major_version("java version \"1.8.0_392\""), Some(1));
        assert_eq!(major_version("no number"), None);
    }

    #[test]
    fn the_machine_that_runs_the_tests_has_everything() {
        assert_eq!(preflight(), Ok(()));
    }
}
