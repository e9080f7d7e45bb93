//! Apache Kafka as one `KRaft` node, from its jars.

mod jars;
mod metadata;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guard::gated;
use crate::server::Place;
use crate::tool::Tool;
use crate::{StackError, folders};

const SERVER: &str = include_str!("server.properties");
const LOGGING: &str = include_str!("log4j2.properties");

/// A node with its formatted data and its configuration in a folder of its own.
#[derive(Debug)]
pub(crate) struct Kafka {
    java: PathBuf,
    /// The installation: jars, archive of loaded classes, formatted data.
    home: PathBuf,
    dir: PathBuf,
    port: u16,
}

impl Kafka {
    /// Fetches the jars if need be and puts configuration and data in place.
    pub(crate) async fn prepare(place: &Place, port: u16, controller: u16) -> Result<Self, StackError> {
        let home = jars::fetched(place).await?;
        let kafka = Self::configured(home, place.dir.join("kafka"), port, controller)?;
        copy_formatted(&kafka.home.join(jars::FORMATTED), &kafka.data())?;
        Ok(kafka)
    }

    /// A node without data, whose configuration is written to `dir`.
    fn configured(home: PathBuf, dir: PathBuf, port: u16, controller: u16) -> Result<Self, StackError> {
        let kafka = Self { java: Tool::Java.path()?, home, dir, port };
        folders::make(&kafka.data())?;
        folders::make(&kafka.dir.join("tmp"))?;
        let properties = SERVER
            .replace("{port}", &port.to_string())
            .replace("{controller}", &controller.to_string())
            .replace("{data}", &kafka.data().display().to_string());
        for (name, text) in [("server.properties", properties.as_str()), ("log4j2.properties", LOGGING)] {
            fs::write(kafka.dir.join(name), text).map_err(StackError::io(format!("write Kafka's {name}")))?;
        }
        Ok(kafka)
    }

    pub(crate) fn command(&self) -> Command {
        self.broker(with_path("-XX:SharedArchiveFile=", &self.home.join(jars::ARCHIVE)))
    }

    pub(crate) async fn answers(&self) -> bool {
        metadata::has_broker(self.port).await.unwrap_or(false)
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn broker(&self, archive: OsString) -> Command {
        let mut command = self.java(archive);
        command.arg("kafka.Kafka").arg(self.dir.join("server.properties"));
        command
    }

    /// The virtual machine, set for a quick start and a small size; the class and its arguments follow.
    fn java(&self, archive: OsString) -> Command {
        let mut command = gated(&self.java);
        command
            .args(["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            // Its file in /tmp would outlive a killed process.
            .arg("-XX:-UsePerfData")
            .arg(archive)
            .arg(with_path("-Djava.io.tmpdir=", &self.dir.join("tmp")))
            .arg(with_path("-Dlog4j2.configurationFile=", &self.dir.join("log4j2.properties")))
            .arg("-cp")
            .arg(self.home.join("libs/*"));
        command
    }
}

fn with_path(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}

/// Copies what the format command writes.
fn copy_formatted(from: &Path, to: &Path) -> Result<(), StackError> {
    folders::make(to)?;
    for file in ["meta.properties", "bootstrap.checkpoint"] {
        fs::copy(from.join(file), to.join(file)).map_err(StackError::io(format!("copy Kafka's {file}")))?;
    }
    Ok(())
}
