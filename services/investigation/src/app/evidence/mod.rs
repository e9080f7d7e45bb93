//! Evidence files: taken in, shown, copied for others, proved, handed out.
//!
//! A file counts once the transaction has committed that also holds its row, its link in the chain of custody, its event
//! and its receipt; before that it is announced (`pending_object`), so whatever is left behind is found and removed
//! ([`sweep`]). Whoever looks at a file adds a link before the first byte is shown.

mod custody;
mod export;
mod header;
mod pack;
mod render;
mod rights;
mod room;
mod submit;
pub mod sweep;
mod told;
mod verify;
mod view;

use std::sync::Arc;
use std::time::Duration;

use redress_domain::{ErrorKind, Principal, Problem};

use super::Desk;
use crate::domain::evidence::{BUILT_IN, Policy, Unfit};
use crate::error::Error;
use crate::objects::{EvidenceConfig, Objects};
use room::{Room, Rooms};

pub use export::export;
pub use render::produce;
pub use submit::submit;
pub use verify::verify;
pub use view::{get, list};

/// Bytes of one message of a file or a pack; a message's limit is 4 MiB with most clients.
const CHUNK: usize = 512 * 1024;

/// What every use of files needs. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    /// Database, vault, clock and relay.
    pub desk: Desk,
    /// Where files lie.
    pub objects: Objects,
    config: Arc<EvidenceConfig>,
    policy: Arc<Policy>,
    room: Rooms,
}

impl Files {
    /// Opens the places of `config`.
    pub fn open(desk: Desk, config: &EvidenceConfig) -> anyhow::Result<Self> {
        Ok(Self {
            desk,
            objects: Objects::open(config)?,
            policy: Arc::new(Policy::read(BUILT_IN)?),
            room: Rooms::new(usize::try_from(config.at_once)?),
            config: Arc::new(config.clone()),
        })
    }

    /// Room for one file to pass through memory. A crowd is told to come again rather than fill it, and one side alone
    /// cannot fill it: an upload may take an hour, and whoever reads slowly even longer.
    async fn room(&self, caller: &Principal) -> Result<Room, Problem> {
        self.room.enter(caller).await.ok_or_else(|| {
            let message = "too many files at once; repeat after the delay";
            Problem::new(ErrorKind::ResourceExhausted, "FILES_AT_LIMIT", message)
                .after(Duration::from_secs(2))
        })
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        let kind = match unfit {
            Unfit::ProviderNotAllowed => ErrorKind::FailedPrecondition,
            Unfit::TooSlow => ErrorKind::DeadlineExceeded,
            _ => ErrorKind::InvalidArgument,
        };
        let problem = Problem::new(kind, unfit.code(), unfit.message());
        Self::Told(problem.with("satisfied_by", unfit.satisfied_by()))
    }
}
