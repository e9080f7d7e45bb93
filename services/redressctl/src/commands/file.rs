//! Files that hold a message of the contract in its JSON form.

use std::io::Read as _;
use std::path::Path;

use redress_proto::json;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// The bytes of a file; `-` is standard input.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let outcome = if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    outcome.map(|()| bytes).map_err(|error| {
        Failure::usage(
            format!("cannot read {}: {error}", shown(path)),
            "Check the path; - is standard input.",
        )
    })
}

/// The message; all that does not fit is told at once.
pub(crate) fn message<M: DeserializeOwned + prost::Name>(path: &Path) -> Result<M, Failure> {
    let refuse = |violations| Failure::of_file(&shown(path), &violations);
    let reading = json::read::<M>(&bytes(path)?).map_err(refuse)?;
    if reading.violations.is_empty() { Ok(reading.message) } else { Err(refuse(reading.violations)) }
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}
