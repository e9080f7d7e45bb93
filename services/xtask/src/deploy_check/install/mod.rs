//! The tools, installed once and kept outside the project, so that fresh clones share them.
//!
//! Each set lies in a folder of its own below `~/.cache/redress/tools` (`REDRESS_TOOLS`), named after the set and a digest
//! of what it was made from: another lock file makes another folder, and clones of different age live side by side.

mod crds;
mod go;
mod python;

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::process::Command;

use crate::command;

pub(super) use crds::crds;
pub(super) use go::{collector, controllers, etcd, helm3, kubernetes, kwok, kwok_stages, score, server};
pub(super) use python::python;

/// Written last, so it stands only beside a complete installation.
const MARKER: &str = "complete";

/// helm, if an earlier `deploy-check` has built it. Nothing is installed.
pub(crate) fn cached_helm() -> Option<PathBuf> {
    cached(&go::KUBERNETES).map(|folder| folder.join("bin/helm"))
}

/// Whether everything is there that takes minutes to build and that the parts of `deploy-check` need.
pub(in crate::deploy_check) fn all_cached() -> bool {
    go::ALL_BUT_ROLLOUTS.iter().all(|module| cached(module).is_some())
}

fn cached(module: &go::Module) -> Option<PathBuf> {
    let folder = folder(module.name(), &module.lock()).ok()?;
    folder.join(MARKER).exists().then_some(folder)
}

/// The programs of one set.
#[derive(Debug, Clone)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// A program of the set, to be given arguments.
    pub(super) fn command(&self, program: &str) -> Command {
        Command::new(self.path(program))
    }

    /// Where a program of the set is.
    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.0.join(program)
    }
}

/// The folder of the set `name`, made by `make` unless it is there. Of several processes one makes it, the others wait.
async fn set(
    name: &str,
    lock: &str,
    make: impl AsyncFnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let folder = folder(name, lock)?;
    let ours = turn(folder.with_extension("lock")).await?;
    if !folder.join(MARKER).exists() {
        eprintln!("installing {name} into {} …", folder.display());
        // What an interrupted installation left.
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        make(&folder).await.with_context(|| format!("cannot install {name}"))?;
        fs::write(folder.join(MARKER), lock)?;
    }
    drop(ours);
    Ok(folder)
}

/// Waits until nobody else makes the set.
async fn turn(file: PathBuf) -> anyhow::Result<File> {
    tokio::task::spawn_blocking(move || {
        fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
        let file = File::create(file)?;
        file.lock()?;
        Ok(file)
    })
    .await?
}

fn folder(name: &str, lock: &str) -> anyhow::Result<PathBuf> {
    // Another compiler may digest differently; then the set is made once more.
    let mut digest = DefaultHasher::new();
    lock.hash(&mut digest);
    Ok(root()?.join(format!("{name}-{:016x}", digest.finish())))
}

/// Where all sets lie.
pub(in crate::deploy_check) fn root() -> anyhow::Result<PathBuf> {
    match (std::env::var_os("REDRESS_TOOLS"), std::env::var_os("XDG_CACHE_HOME")) {
        (Some(tools), _) => Ok(PathBuf::from(tools)),
        (None, Some(cache)) => Ok(PathBuf::from(cache).join("redress/tools")),
        (None, None) => {
            let home = std::env::home_dir().context("there is no home folder; set REDRESS_TOOLS")?;
            Ok(home.join(".cache/redress/tools"))
        }
    }
}

/// A program of the machine; `remedy` is told if it is missing.
fn required(program: &str, remedy: &str) -> anyhow::Result<PathBuf> {
    which::which(program).with_context(|| format!("not installed: {program}; {remedy}"))
}

/// Prometheus' `promtool`: the machine's own, or Debian's, unpacked without being installed.
pub(super) async fn promtool() -> anyhow::Result<Command> {
    if let Ok(own) = which::which("promtool") {
        return Ok(Command::new(own));
    }
    required("apt-get", "install Prometheus, which brings promtool")?;
    let folder = set("promtool", "debian", async |folder| {
        if rustix::process::geteuid().is_root() {
            let mut update = Command::new("apt-get");
            update.args(["update", "-q"]);
            command::run(update).await?;
        }
        let mut download = Command::new("apt-get");
        download.args(["download", "-q", "prometheus"]).current_dir(folder);
        command::run(download).await?;
        let mut unpack = Command::new("sh");
        unpack.args(["-c", "dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb"]).current_dir(folder);
        command::run(unpack).await
    })
    .await?;
    Ok(Command::new(folder.join("usr/bin/promtool")))
}

/// The folder of a Debian that has its base packages and nothing else; only root can make one.
pub(super) async fn debian(release: &str) -> anyhow::Result<PathBuf> {
    let folder = set(&format!("debian-{release}"), "minbase", async |folder: &Path| {
        if which::which("debootstrap").is_err() {
            tokio::task::spawn_blocking(|| crate::tools::install_debian("debootstrap", "debootstrap"))
                .await??;
        }
        let mut make = Command::new("debootstrap");
        make.args(["--variant=minbase", release])
            .arg(folder.join("root"))
            .stdout(std::process::Stdio::null());
        command::output(make).await?;
        Ok(())
    })
    .await?;
    Ok(folder.join("root"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_lock_file_is_another_folder() {
        let (one, other) = (folder("x", "a 1").unwrap(), folder("x", "a 2").unwrap());
        assert_ne!(one, other);
        assert_eq!(one, folder("x", "a 1").unwrap());
    }

    #[test]
    fn a_program_that_is_missing_is_told_with_its_remedy() {
        let told = format!("{:#}", required("redress-nothing", "make it").unwrap_err());
        assert!(told.contains("not installed: redress-nothing; make it"), "{told}");
    }
}
