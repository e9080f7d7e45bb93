//! Where the project is and which files it has.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Goes to the workspace's root, so that every path below is relative to it, wherever the command was called.
pub(crate) fn enter() -> anyhow::Result<()> {
    let here = std::env::current_dir().context("cannot find the current folder")?;
    let is_root = |folder: &&Path| folder.join("services/xtask/Cargo.toml").is_file();
    let root = here.ancestors().find(is_root);
    let root =
        root.with_context(|| format!("{} is not inside the project; go there first", here.display()))?;
    std::env::set_current_dir(root).with_context(|| format!("cannot go to {}", root.display()))
}

/// The project's files as git knows them, new ones included, ignored ones not.
pub(crate) fn files() -> anyhow::Result<Vec<PathBuf>> {
    let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let files = listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from);
    // A file that was deleted and not yet committed is still listed.
    Ok(files.filter(|file| file.is_file()).collect())
}

/// What git says differs from the last commit, one line per file.
pub(crate) fn changes() -> anyhow::Result<String> {
    git(&["status", "--porcelain"])
}

fn git(arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").args(arguments).output();
    let output = output.context("cannot run git; install it: sudo apt-get install -y git")?;
    ensure!(output.status.success(), "git failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8(output.stdout).context("a file's name is no UTF-8; rename it")
}
