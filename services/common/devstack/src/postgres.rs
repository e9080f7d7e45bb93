//! PostgreSQL, from a template of an initialised data folder.
//!
//! `initdb` takes a second or two and always gives the same, so it runs once; a stack copies its result.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guard::gated;
use crate::server::Place;
use crate::tool::Tool;
use crate::{StackError, folders};

/// The account that the Debian package makes; PostgreSQL refuses to run as root.
const ACCOUNT: &str = "postgres";

#[derive(Debug)]
pub(crate) struct Postgres {
    bin: PathBuf,
    data: PathBuf,
    port: u16,
    fsync: bool,
    account: Option<Account>,
}

impl Postgres {
    /// Puts the data in place.
    pub(crate) async fn prepare(place: &Place, port: u16) -> Result<Self, StackError> {
        let account = if rustix::process::geteuid().is_root() { Some(Account::of(ACCOUNT)?) } else { None };
        if account.is_some() && !folders::is_open_to_others(&place.dir) {
            return Err(StackError::FolderClosed(place.dir.clone()));
        }
        let data = place.dir.join("postgres");
        let server = Self { bin: Tool::Postgres.path()?, data, port, fsync: place.fsync, account };
        server.make_data_folder().map_err(StackError::io(format!("make {}", server.data.display())))?;
        let template = server.template()?;
        if template.exists() {
            place.run("copy", copy(&template, &server.data)).await?;
        } else {
            place.run("initdb", server.initdb()).await?;
            server.keep_as(&template, place).await?;
        }
        Ok(server)
    }

    pub(crate) fn command(&self) -> Command {
        let (synchronous, port) = (if self.fsync { "on" } else { "off" }, self.port);
        let mut command = self.program("postgres");
        command.arg("-D").arg(&self.data);
        for setting in [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            // Relative to the data folder: an absolute path may be longer than a socket's name can be.
            "unix_socket_directories=.".to_owned(),
            "max_connections=300".to_owned(),
            "shared_buffers=128MB".to_owned(),
            // In the data folder instead of /dev/shm, where a killed server would leave it.
            "dynamic_shared_memory_type=mmap".to_owned(),
            format!("fsync={synchronous}"),
            format!("full_page_writes={synchronous}"),
            "log_min_messages=warning".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        command
    }

    /// Whether connections are accepted: not yet so while the log of a crash is replayed.
    pub(crate) async fn answers(&self) -> bool {
        let status = tokio::process::Command::new(self.bin.join("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-t", "1"])
            .status();
        status.await.is_ok_and(|status| status.success())
    }

    fn make_data_folder(&self) -> std::io::Result<()> {
        fs::create_dir(&self.data)?;
        fs::set_permissions(&self.data, fs::Permissions::from_mode(0o700))?;
        match self.account {
            Some(Account { uid, gid }) => chown(&self.data, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }

    fn initdb(&self) -> Command {
        let mut command = self.program("initdb");
        command.arg("-D").arg(&self.data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        command
    }

    /// The template's folder: one per version of PostgreSQL and account, since the owner must be right.
    fn template(&self) -> Result<PathBuf, StackError> {
        let version = Command::new(self.bin.join("postgres"))
            .arg("--version")
            .output()
            .map_err(StackError::io("ask PostgreSQL for its version"))?
            .stdout;
        let version = String::from_utf8_lossy(&version);
        let version = version.split_whitespace().nth(2).unwrap_or("unknown");
        let uid = self.account.as_ref().map_or(rustix::process::geteuid().as_raw(), |account| account.uid);
        Ok(folders::devstack()?.join(format!("postgres-{version}-{uid}")))
    }

    /// Keeps the fresh data folder for later stacks. Several may try at once: the first wins, each result is whole.
    async fn keep_as(&self, template: &Path, place: &Place) -> Result<(), StackError> {
        let draft = place.dir.join("postgres-template");
        place.run("copy", copy(&self.data, &draft)).await?;
        match fs::rename(&draft, template) {
            Err(_) if template.exists() => Ok(()),
            kept => kept.map_err(StackError::io(format!("keep {}", template.display()))),
        }
    }

    fn program(&self, name: &str) -> Command {
        let mut command = gated(self.bin.join(name));
        // The caller's folder may be closed to the account.
        command.current_dir("/");
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn copy(from: &Path, to: &Path) -> Command {
    let mut contents = OsString::from(from);
    contents.push("/.");
    let mut command = gated("cp");
    command.args(["-a", "--reflink=auto"]).arg(contents).arg(to);
    command
}

/// Numbers of an account.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    fn of(name: &str) -> Result<Self, StackError> {
        Ok(Self { uid: number(name, "-u")?, gid: number(name, "-g")? })
    }
}

fn number(account: &str, option: &str) -> Result<u32, StackError> {
    let output = Command::new("id").args([option, account]).output();
    let unknown = || std::io::Error::other("there is no such account");
    output
        .and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|_| unknown()))
        .map_err(StackError::io(format!("find the account `{account}`, as which PostgreSQL runs for root")))
}
