//! Programs that the commands need beside Rust: installed where that is possible, else asked for in one sentence.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::command;

/// The linter of the contract comes as an npm package, pinned by this lock file.
const BUF_PACKAGE: &str = include_str!("../buf/package.json");
const BUF_LOCK: &str = include_str!("../buf/package-lock.json");

/// Makes sure that PostgreSQL, Redis, Java and Maven are there.
pub(crate) async fn ensure_stack() -> anyhow::Result<()> {
    tokio::task::spawn_blocking(redress_devstack::install_missing).await??;
    Ok(())
}

/// The path of `buf`, below `target/tools`; fetched when it is missing or another version.
pub(crate) async fn buf() -> anyhow::Result<PathBuf> {
    let folder = target().join("tools/buf");
    let binary = folder.join("node_modules/.bin/buf");
    // Written last, so it stands only beside a complete installation.
    let marker = folder.join("installed.json");
    if binary.exists() && fs::read_to_string(&marker).is_ok_and(|lock| lock == BUF_LOCK) {
        return Ok(binary);
    }
    ensure_npm()?;
    let write = |name: &str, text: &str| {
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join(name), text))
            .context("cannot write target/tools")
    };
    write("package.json", BUF_PACKAGE)?;
    write("package-lock.json", BUF_LOCK)?;
    let mut npm = tokio::process::Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
    command::run(npm).await.context("cannot fetch buf; is the npm registry reachable?")?;
    write("installed.json", BUF_LOCK)?;
    Ok(binary)
}

fn ensure_npm() -> anyhow::Result<()> {
    const COMMAND: &str = "apt-get install -y --no-install-recommends nodejs npm";
    if which::which("npm").is_ok() && which::which("node").is_ok() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() || which::which("apt-get").is_err() {
        bail!("not installed: node and npm; on Debian run: sudo {COMMAND}");
    }
    for arguments in ["apt-get update", COMMAND] {
        let mut words = arguments.split(' ');
        let mut apt = Command::new(words.next().unwrap_or_default());
        let status =
            apt.args(words).stdout(std::io::stderr()).env("DEBIAN_FRONTEND", "noninteractive").status();
        ensure!(status.is_ok_and(|status| status.success()), "`{arguments}` failed; it has told why");
    }
    Ok(())
}

/// The build's folder, relative to the workspace's root.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new("target").to_owned(), PathBuf::from)
}
