//! Ports of one's own on loopback.
//!
//! A port that the system chose (`:0`) may be given to anyone between its closing here and its opening by the server,
//! also as the source of an outgoing connection. So ports are taken below the range from which Linux chooses, and each
//! is claimed by binding an abstract socket with its number in the name: such a name lives in the same network
//! namespace as the port, belongs to one process at a time, and is freed by the kernel when its holder ends.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::StackError;

/// Below 32768, where Linux begins to choose ports.
pub(crate) const RANGE: Range<u16> = 20_000..32_000;

/// A port that no other process of this project takes while this lives.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    _claim: UnixListener,
}

impl Port {
    /// Whether somebody listens there, who knows nothing of claims.
    pub(crate) fn is_listened_on(&self) -> bool {
        TcpListener::bind((Ipv4Addr::LOCALHOST, self.number)).is_err()
    }
}

/// Claims a port on which nobody listens.
pub(crate) fn claim() -> Result<Port, StackError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let size = u32::from(RANGE.end - RANGE.start);
    // Processes begin at different places, so that a process seldom meets the claims of another.
    let begin = std::process::id().wrapping_mul(61);
    (0..size)
        .map(|_| begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % size)
        .filter_map(|offset| u16::try_from(offset).ok())
        .find_map(|offset| try_claim(RANGE.start + offset))
        .ok_or(StackError::NoPort)
}

fn try_claim(number: u16) -> Option<Port> {
    let name = SocketAddr::from_abstract_name(format!("redress-port-{number}")).ok()?;
    let claim = UnixListener::bind_addr(&name).ok()?;
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)).ok()?;
    Some(Port { number, _claim: claim })
}

/// A free port on loopback that no other test, stack or service process takes until this process ends.
///
/// # Panics
/// When all 12,000 ports of the range are taken.
pub fn free_port() -> u16 {
    static CLAIMED: Mutex<Vec<Port>> = Mutex::new(Vec::new());
    match claim() {
        Ok(port) => {
            let number = port.number;
            CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).push(port);
            number
        }
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_port_and_one_that_is_listened_on_are_not_given_out() {
        let port = claim().unwrap();
        assert!(try_claim(port.number).is_none());
        let number = port.number;
        drop(port);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap();
        assert!(try_claim(number).is_none());
        drop(listener);
        assert!(try_claim(number).is_some());
    }

    #[test]
    fn ports_differ() {
        let ports: std::collections::BTreeSet<u16> = (0..50).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 50);
        assert!(ports.iter().all(|port| RANGE.contains(port)));
    }
}
