use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::guard::{Guard, gated};
use crate::process::Process;
use crate::{StackError, folders};

/// A binary of ours as a child process that tests and the demo may kill, pause and end.
///
/// It ends with this value, and with the process that started it, in whatever way that ends.
#[derive(Debug)]
pub struct ServiceProcess {
    process: Arc<Process>,
}

impl ServiceProcess {
    /// Starts `command` with its program, arguments, variables and folder; its input is empty, and its output is
    /// appended to `<dir>/<name>.log`, so that a restart keeps the earlier lines. `dir` is made if need be and stays.
    ///
    /// Variables of this process are inherited unless the command sets or removes them one by one
    /// (`Command::env_clear` is not seen).
    pub fn start(name: &str, command: &Command, dir: &Path) -> Result<Self, StackError> {
        folders::make(dir)?;
        let guard = Arc::new(Guard::start(None)?);
        let process = Process::spawn(&guard, name, behind_gate(command), &dir.join(format!("{name}.log")))?;
        Ok(Self { process: Arc::new(process) })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The file that takes the output.
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Whether the process runs; a paused one does.
    pub fn is_alive(&self) -> bool {
        self.process.is_running()
    }

    /// Waits until `probe` answers yes, asked every 10 ms. Fails at once when the process ends, with the end of its log.
    pub async fn wait_ready(
        &self,
        within: Duration,
        probe: impl AsyncFn() -> bool,
    ) -> Result<(), StackError> {
        self.process.ready(within, probe).await
    }

    /// Waits until `http://<address><path>` answers with status 200; `address` is `host:port`, `path` begins with `/`.
    pub async fn wait_http(&self, address: &str, path: &str, within: Duration) -> Result<(), StackError> {
        self.wait_ready(within, async || answers_ok(address, path).await.unwrap_or(false)).await
    }

    /// Waits until the process ends by itself.
    pub async fn wait_end(&self, within: Duration) -> Result<ExitStatus, StackError> {
        self.process.wait(within).await
    }

    /// Kills the process and all that it started by `SIGKILL` and waits until they are gone.
    pub async fn kill9(&self) {
        Arc::clone(&self.process).kill().await;
    }

    /// Asks the process to end by `SIGTERM`, as Kubernetes does, and waits until it has. If it has not by then it goes
    /// on running, and the error has the end of its log.
    pub async fn terminate(&self, within: Duration) -> Result<ExitStatus, StackError> {
        self.process.terminate(within).await
    }

    /// Stops the process where it stands (`SIGSTOP`).
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.process.resume();
    }
}

fn behind_gate(command: &Command) -> Command {
    let mut gated = gated(command.get_program());
    gated.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => gated.env(name, value),
            None => gated.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        gated.current_dir(folder);
    }
    gated
}

async fn answers_ok(address: &str, path: &str) -> std::io::Result<bool> {
    let mut server = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    server.write_all(request.as_bytes()).await?;
    let mut status = [0; 12];
    server.read_exact(&mut status).await?;
    Ok(status.starts_with(b"HTTP/1.") && status.ends_with(b" 200"))
}
