//! Programs that the commands need beside Rust: installed where that is possible, else asked for in one sentence.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::command;

/// A program that comes as an npm package, pinned by a lock file.
struct Package {
    name: &'static str,
    program: &'static str,
    manifest: &'static str,
    lock: &'static str,
}

/// The linter of the contract.
const BUF: Package = Package {
    name: "buf",
    program: "buf",
    manifest: include_str!("../buf/package.json"),
    lock: include_str!("../buf/package-lock.json"),
};

/// The linter of `OpenAPI` documents.
const REDOCLY: Package = Package {
    name: "redocly",
    program: "redocly",
    manifest: include_str!("../redocly/package.json"),
    lock: include_str!("../redocly/package-lock.json"),
};

/// Makes sure that PostgreSQL, Redis, Java and Maven are there.
pub(crate) async fn ensure_stack() -> anyhow::Result<()> {
    tokio::task::spawn_blocking(redress_devstack::install_missing).await??;
    Ok(())
}

/// The path of `buf`, below `target/tools`; fetched when it is missing or another version.
pub(crate) async fn buf() -> anyhow::Result<PathBuf> {
    BUF.fetched().await
}

/// The same of `redocly`.
pub(crate) async fn redocly() -> anyhow::Result<PathBuf> {
    REDOCLY.fetched().await
}

impl Package {
    async fn fetched(&self) -> anyhow::Result<PathBuf> {
        let Self { name, program, manifest, lock } = *self;
        let folder = target().join("tools").join(name);
        let binary = folder.join("node_modules/.bin").join(program);
        // Written last, so it stands only beside a complete installation.
        let marker = folder.join("installed.json");
        if binary.exists() && fs::read_to_string(&marker).is_ok_and(|installed| installed == lock) {
            return Ok(binary);
        }
        ensure_npm()?;
        let write = |name: &str, text: &str| {
            fs::create_dir_all(&folder)
                .and_then(|()| fs::write(folder.join(name), text))
                .context("cannot write target/tools")
        };
        write("package.json", manifest)?;
        write("package-lock.json", lock)?;
        let mut npm = tokio::process::Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&folder);
        let what = format!("cannot fetch {name}; is the npm registry reachable?");
        command::run(npm).await.context(what)?;
        write("installed.json", lock)?;
        Ok(binary)
    }
}

fn ensure_npm() -> anyhow::Result<()> {
    if which::which("npm").is_ok() && which::which("node").is_ok() {
        return Ok(());
    }
    install_debian("node and npm", "nodejs npm")
}

/// Installs packages of Debian where that is possible, else asks for them.
pub(crate) fn install_debian(what: &str, packages: &str) -> anyhow::Result<()> {
    let install = format!("apt-get install -y --no-install-recommends {packages}");
    if !rustix::process::geteuid().is_root() || which::which("apt-get").is_err() {
        bail!("not installed: {what}; on Debian run: sudo {install}");
    }
    for arguments in ["apt-get update", &install] {
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
