//! `redress-investigation verify-pack FILE.zip`: checks an evidence pack on any machine, without a service, a database or
//! a configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aws_lc_rs::digest;
use thiserror::Error;
use zip::ZipArchive;

use crate::domain::evidence::pack::{CHAIN, MANIFEST, Report, SUMS, check};

/// The subcommand.
const COMMAND: &str = "verify-pack";
/// The lists of a pack are read into memory up to so many bytes.
const MOST_TEXT: u64 = 512 << 20;

/// Why a pack cannot be looked into.
#[derive(Debug, Error)]
pub enum PackError {
    /// It cannot be opened or read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is no zip.
    #[error("it is no zip: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// A list that every pack has is not there.
    #[error("{0} is missing")]
    List(&'static str),
}

/// The pack that the arguments of a process name, if they name one.
pub fn asked(mut arguments: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let is_command = arguments.nth(1)? == COMMAND;
    is_command.then(|| arguments.next().unwrap_or_default().into())
}

/// Checks a pack and says what came of it; the exit code is 0 if all fits.
pub fn run(pack: &Path) -> ExitCode {
    let (text, code) = match verify(pack) {
        Ok(report) if report.faults.is_empty() => {
            (format!("OK: {} files, {} links\n", report.files, report.links), ExitCode::SUCCESS)
        }
        Ok(report) => (format!("FAULT: {}\n", report.faults.join("\nFAULT: ")), ExitCode::from(1)),
        Err(error) => (format!("ERROR: {}: {error}\n", pack.display()), ExitCode::from(2)),
    };
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => code,
        Err(_) => ExitCode::from(2),
    }
}

/// Checks a pack: every file against the list of hashes, the chain from its first link, each item against its link.
pub fn verify(pack: &Path) -> Result<Report, PackError> {
    let mut zip = ZipArchive::new(BufReader::new(File::open(pack)?))?;
    let mut hashes = BTreeMap::new();
    let mut buffer = vec![0; 1 << 20];
    for index in 0..zip.len() {
        let mut file = zip.by_index(index)?;
        // What does not read (the zip has a weak sum of its own) has no hash, and so fits none.
        let hash = hash_of(&mut file, &mut buffer).unwrap_or_default();
        hashes.insert(file.name()?.into_owned(), hash);
    }
    let mut list = |name: &'static str| {
        let file = zip.by_name(name).map_err(|_| PackError::List(name))?;
        let mut bytes = Vec::new();
        // As far as it reads: where it does not, its hash has told.
        let _as_far = file.take(MOST_TEXT).read_to_end(&mut bytes);
        Ok::<_, PackError>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (sums, manifest, lines) = (list(SUMS)?, list(MANIFEST)?, list(CHAIN)?);
    Ok(check(&sums, &manifest, &lines, &hashes))
}

fn hash_of(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<String> {
    let mut hash = digest::Context::new(&digest::SHA256);
    loop {
        match file.read(buffer)? {
            0 => return Ok(hex::encode(hash.finish())),
            read => hash.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_by(line: &str) -> Option<PathBuf> {
        asked(line.split(' ').map(OsString::from))
    }

    #[test]
    fn only_the_subcommand_asks_for_a_check() {
        assert_eq!(asked_by("x verify-pack a.zip"), Some("a.zip".into()));
        assert_eq!(asked_by("x verify-pack"), Some(PathBuf::new()));
        assert_eq!(asked_by("x serve"), None);
        assert_eq!(asked_by("x"), None);
    }
}
