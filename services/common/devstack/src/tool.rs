//! The programs that the stack needs, and where they are.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A program, known by the Debian package that brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Postgres,
    Redis,
    Java,
    Maven,
}

impl Tool {
    pub(crate) const ALL: [Self; 4] = [Self::Postgres, Self::Redis, Self::Java, Self::Maven];

    pub(crate) const fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Redis => "redis-server",
            Self::Java => "default-jre-headless",
            Self::Maven => "maven",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL (15 or newer)",
            Self::Redis => "redis-server (7 or newer)",
            Self::Java => "java (17 or newer)",
            Self::Maven => "mvn",
        }
    }

    /// The program's path; for PostgreSQL the folder that holds `postgres`, `initdb` and `pg_isready`.
    pub(crate) fn path(self) -> Result<PathBuf, Missing> {
        match self {
            Self::Postgres => postgres_folder(),
            Self::Redis => which::which("redis-server").ok(),
            Self::Java => which::which("java").ok(),
            Self::Maven => which::which("mvn").ok(),
        }
        .ok_or_else(|| Missing(vec![self]))
    }
}

/// Debian keeps PostgreSQL's programs off the path, one folder per version: the newest wins.
fn postgres_folder() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = debian
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .map(|version| (version, Path::new("/usr/lib/postgresql").join(version.to_string()).join("bin")))
        .filter(|(_, folder)| folder.join("postgres").exists())
        .max_by_key(|(version, _)| *version);
    match newest {
        Some((_, folder)) => Some(folder),
        None => which::which("postgres").ok()?.canonicalize().ok()?.parent().map(Path::to_owned),
    }
}

/// Programs that are not installed, with the command that installs them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Missing(pub(crate) Vec<Tool>);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|tool| tool.description()).collect();
        let packages: Vec<_> = self.0.iter().map(|tool| tool.package()).collect();
        write!(
            f,
            "not installed: {}; on Debian run: sudo apt-get install -y --no-install-recommends {}",
            names.join(", "),
            packages.join(" ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_in_one_sentence_with_the_command() {
        assert_eq!(
            Missing(vec![Tool::Redis, Tool::Maven]).to_string(),
            "not installed: redis-server (7 or newer), mvn; \
             on Debian run: sudo apt-get install -y --no-install-recommends redis-server maven"
        );
    }
}
