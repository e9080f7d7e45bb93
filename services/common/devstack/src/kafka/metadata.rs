//! One request of Kafka's protocol by hand: whether the broker serves. A client library would be a heavy dependency
//! for twenty bytes.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Metadata (key 3), version 4, correlation id 1, no client id; no topics, none created.
const REQUEST: [u8; 19] = [0, 0, 0, 15, 0, 3, 0, 4, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0];

/// Whether the broker counts itself as alive: only then can topics be created and led.
pub(super) async fn has_broker(port: u16) -> io::Result<bool> {
    let mut broker = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    broker.write_all(&REQUEST).await?;
    let _size = broker.read_i32().await?;
    let _correlation = broker.read_i32().await?;
    let _throttle_ms = broker.read_i32().await?;
    let brokers = broker.read_i32().await?;
    Ok(brokers > 0)
}
