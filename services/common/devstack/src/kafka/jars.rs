//! The installation of Kafka below `target/devstack`: made once, then only read.
//!
//! Maven fetches the jars (50 MB). The node is formatted once, and run once so that the virtual machine writes an
//! archive of the classes that it loaded: with it a broker starts in 0.7 s instead of 2 s.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Kafka;
use crate::guard::gated;
use crate::process::Process;
use crate::server::Place;
use crate::tool::Tool;
use crate::{StackError, folders, ports};

const VERSION: &str = "4.3.1";
const POM: &str = include_str!("pom.xml");
/// 16 bytes in the alphabet of base64. Stacks do not meet, so all may have the same.
const CLUSTER_ID: &str = "cmVkcmVzcy1kZXZzdGFjaw";

/// Start and regular end of the first run take 2 s each; a loaded machine gets more.
const FIRST_RUN_WITHIN: Duration = Duration::from_mins(1);

/// The folder with `meta.properties` and `bootstrap.checkpoint` as the format command writes them.
pub(super) const FORMATTED: &str = "formatted";
/// The archive of loaded classes.
pub(super) const ARCHIVE: &str = "classes.jsa";

/// The installation's folder. The first caller on a machine makes it and others wait.
pub(super) async fn fetched(place: &Place) -> Result<PathBuf, StackError> {
    let devstack = folders::devstack()?;
    let home = devstack.join(format!("kafka-{VERSION}"));
    if is_complete(&home) {
        return Ok(home);
    }
    let _lock = locked(&devstack.join("kafka.lock")).await?;
    if !is_complete(&home) {
        // What an interrupted fetch has left may be half a jar.
        remove(&home)?;
        install(&home, place).await?;
    }
    Ok(home)
}

fn remove(folder: &Path) -> Result<(), StackError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StackError::io(format!("remove {}", folder.display()))(error))
        }
        _ => Ok(()),
    }
}

/// The archive is written last.
fn is_complete(home: &Path) -> bool {
    home.join(ARCHIVE).exists()
}

/// The kernel frees the lock when its holder ends.
async fn locked(path: &Path) -> Result<File, StackError> {
    let cannot_lock = || StackError::io(format!("lock {}", path.display()));
    let file = File::create(path).map_err(cannot_lock())?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(TryLockError::Error(error)) => return Err(cannot_lock()(error)),
        }
    }
}

async fn install(home: &Path, place: &Place) -> Result<(), StackError> {
    folders::make(home)?;
    fetch(home, place).await?;
    let (port, controller) = (ports::claim()?, ports::claim()?);
    let dir = place.dir.join("kafka-first-run");
    let first = Kafka::configured(home.to_owned(), dir, port.number, controller.number)?;
    format(&first, place).await?;
    archive(&first, place).await
}

async fn fetch(home: &Path, place: &Place) -> Result<(), StackError> {
    tracing::info!("fetching Apache Kafka {VERSION} by Maven");
    fs::write(home.join("pom.xml"), POM.replace("{version}", VERSION))
        .map_err(StackError::io("write Kafka's pom.xml"))?;
    let mut maven = gated(Tool::Maven.path()?);
    maven
        .args([
            "-q",
            "-B",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            "-DoutputDirectory=libs",
        ])
        .current_dir(home);
    place.run("mvn", maven).await
}

/// Formats the data of the first run and keeps the result for all later ones.
async fn format(first: &Kafka, place: &Place) -> Result<(), StackError> {
    let mut command = first.java(super::with_path("-XX:SharedArchiveFile=", &first.home.join(ARCHIVE)));
    command.args(["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config"]);
    command.arg(first.dir.join("server.properties"));
    place.run("kafka-format", command).await?;
    super::copy_formatted(&first.data(), &first.home.join(FORMATTED))
}

/// Runs the broker until it serves; at its regular end the virtual machine writes the archive.
async fn archive(first: &Kafka, place: &Place) -> Result<(), StackError> {
    let draft = first.home.join("classes.draft");
    let command = first.broker(super::with_path("-XX:ArchiveClassesAtExit=", &draft));
    let broker = Process::spawn(&place.guard, "kafka-first-run", command, &place.log("kafka-first-run"))?;
    broker.ready(FIRST_RUN_WITHIN, async || first.answers().await).await?;
    broker.terminate(FIRST_RUN_WITHIN).await?;
    fs::rename(&draft, first.home.join(ARCHIVE)).map_err(StackError::io("keep Kafka's archive of classes"))
}
