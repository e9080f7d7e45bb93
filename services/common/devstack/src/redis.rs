//! Redis without persistence: after a kill it comes back empty, as the services must be able to bear.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::StackError;
use crate::folders;
use crate::guard::gated;
use crate::server::Place;
use crate::tool::Tool;

#[derive(Debug)]
pub(crate) struct Redis {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
}

impl Redis {
    pub(crate) fn prepare(place: &Place, port: u16) -> Result<Self, StackError> {
        let dir = place.dir.join("redis");
        folders::make(&dir)?;
        Ok(Self { program: Tool::Redis.path()?, dir, port })
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = gated(&self.program);
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--loglevel", "warning"])
            .current_dir(&self.dir);
        command
    }

    pub(crate) async fn answers(&self) -> bool {
        ping(self.port).await.unwrap_or(false)
    }
}

async fn ping(port: u16) -> std::io::Result<bool> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    server.write_all(b"PING\r\n").await?;
    let mut answer = [0; 7];
    server.read_exact(&mut answer).await?;
    Ok(answer == *b"+PONG\r\n")
}
