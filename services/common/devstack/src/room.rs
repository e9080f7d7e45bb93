//! Whether the disk has room for a stack: servers that find none end in many ways, each with its own words.

use std::path::Path;

use crate::{StackError, folders};

/// Databases, log segments and logs of one run, with the broker's jars.
const NEEDED_MIB: u64 = 768;
/// With less than this left, whatever failed failed because of it.
const NEARLY_NOTHING_MIB: u64 = 16;

/// Fails if there is less room below the target folder than a stack needs. To be asked before anything is begun.
pub fn require_room() -> Result<(), StackError> {
    require(&folders::devstack()?, NEEDED_MIB)
}

/// Fails if there is next to no room in `folder`.
pub(crate) fn require_a_little(folder: &Path) -> Result<(), StackError> {
    require(folder, NEARLY_NOTHING_MIB)
}

fn require(folder: &Path, needed_mib: u64) -> Result<(), StackError> {
    let cannot_look = StackError::io(format!("see how much room {} has", folder.display()));
    let disk = rustix::fs::statvfs(folder).map_err(|error| cannot_look(error.into()))?;
    let free_mib = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
    if free_mib < needed_mib {
        return Err(StackError::NoRoom { folder: folder.to_owned(), free_mib, needed_mib });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_is_told_in_one_sentence_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        require(folder.path(), 0).unwrap();
        let told = require(folder.path(), u64::MAX).unwrap_err().to_string();
        assert!(told.contains("MiB are free for") && told.contains("set CARGO_TARGET_DIR"), "{told}");
        assert_eq!(told.lines().count(), 1);
    }
}
