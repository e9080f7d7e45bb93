//! Where things live: all below `target/devstack`, so that `cargo clean` takes them away.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Pid;

use crate::{StackError, procfs};

/// What the folder of a stack is called: this, the process and a number.
pub(crate) const RUN: &str = "run";

/// Folders of earlier stacks that nobody uses any more: their process is gone, and so suddenly that even its guard could
/// not remove them, as when a machine loses power. No later stack touches them.
pub fn left_over() -> Result<Vec<PathBuf>, StackError> {
    let devstack = devstack()?;
    let cannot_read = || StackError::io(format!("read {}", devstack.display()));
    let mut found = Vec::new();
    for entry in fs::read_dir(&devstack).map_err(cannot_read())? {
        let name = entry.map_err(cannot_read())?.file_name();
        if name.to_str().and_then(process_of).is_some_and(|process| !procfs::is_running(process)) {
            found.push(devstack.join(name));
        }
    }
    found.sort();
    Ok(found)
}

/// The process that a stack's folder is named after.
fn process_of(folder: &str) -> Option<Pid> {
    let (process, number) = folder.strip_prefix(RUN)?.strip_prefix('-')?.split_once('-')?;
    number.parse::<u32>().ok()?;
    Pid::from_raw(process.parse().ok()?)
}

/// `target/devstack`, made if need be. Templates and the broker's jars stay there.
pub(crate) fn devstack() -> Result<PathBuf, StackError> {
    let here = std::env::current_dir().map_err(StackError::io("find the current folder"))?;
    let workspace = here.ancestors().find(|folder| folder.join("Cargo.lock").exists());
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => workspace.unwrap_or(&here).join(target),
        None => workspace.ok_or_else(|| StackError::NoWorkspace(here.clone()))?.join("target"),
    };
    let folder = target.join("devstack");
    make(&folder)?;
    Ok(folder)
}

/// `mkdir -p`.
pub(crate) fn make(folder: &Path) -> Result<(), StackError> {
    fs::create_dir_all(folder).map_err(StackError::io(format!("make {}", folder.display())))
}

/// A fresh folder of this process: `<parent>/<stem>-<pid>-<n>`.
pub(crate) fn fresh(parent: &Path, stem: &str) -> Result<PathBuf, StackError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("{stem}-{}-{n}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            // Left by a process of the same number before the machine lost power.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StackError::io(format!("make {}", folder.display()))(error)),
        }
    }
}

/// The folder that the caller asked for, made if need be. It must be empty.
pub(crate) fn own(folder: &Path) -> Result<PathBuf, StackError> {
    make(folder)?;
    let cannot_read = || StackError::io(format!("read {}", folder.display()));
    if fs::read_dir(folder).map_err(cannot_read())?.next().is_some() {
        return Err(StackError::FolderInUse(folder.to_owned()));
    }
    folder.canonicalize().map_err(cannot_read())
}

/// Whether another account can pass through all the folders above.
pub(crate) fn is_open_to_others(folder: &Path) -> bool {
    folder.ancestors().all(|above| fs::metadata(above).is_ok_and(|of| of.permissions().mode() & 0o001 != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_closed_to_others_when_one_above_it_is() {
        let closed = tempfile::tempdir().unwrap();
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let inside = closed.path().join("open");
        fs::create_dir(&inside).unwrap();
        fs::set_permissions(&inside, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!is_open_to_others(&inside));
        fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(is_open_to_others(&inside));
    }

    #[test]
    fn a_stacks_folder_tells_its_process_and_no_other_folder_does() {
        assert_eq!(process_of("run-12-0").map(|pid| pid.as_raw_nonzero().get()), Some(12));
        for other in ["run-12", "run-12-x", "run-0-1", "run--1", "postgres-15.18-107", "kafka-4.3.1"] {
            assert_eq!(process_of(other), None, "{other}");
        }
    }

    #[test]
    fn each_fresh_folder_is_another_also_beside_what_an_earlier_process_left() {
        let parent = tempfile::tempdir().unwrap();
        let first = fresh(parent.path(), "run").unwrap();
        let second = fresh(parent.path(), "run").unwrap();
        assert_ne!(first, second);
        let left = 2..12;
        for n in left {
            fs::create_dir_all(parent.path().join(format!("run-{}-{n}", std::process::id()))).unwrap();
        }
        let third = fresh(parent.path(), "run").unwrap();
        assert!(third != first && third != second);
    }
}
