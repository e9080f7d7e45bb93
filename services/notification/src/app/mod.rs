//! What notification does, one file per use: load → decide → save.

pub mod asked;
pub mod dispatch;
pub mod draft;
pub mod hear;
pub mod opening;
pub mod preview;
pub mod publish;
pub mod queries;
pub mod queue;
pub mod react;
pub mod receipts;
pub mod send;
pub mod surveys;
pub mod terms;
pub mod view;
pub mod webhooks;
pub mod wire;

use std::sync::Arc;

use jiff::Timestamp;
use prost::{Message, Name};
use redress_domain::{Clock, Principal, Problem, whole_microseconds};
use redress_outbox::{Call, Wake};
use redress_postgres::Db;
use redress_vault::Vault;
use uuid::Uuid;

use crate::domain::profile::Profiles;
use crate::domain::quiet::QuietHours;
use crate::domain::templates::Templates;
use crate::error::Error;

/// What every use needs. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The service's database.
    pub db: Db,
    /// Seals and opens.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells the relay that something waits.
    pub wake: Wake,
    /// The letters.
    pub templates: Arc<Templates>,
    /// In whose name, and in which zone.
    pub profiles: Arc<Profiles>,
    /// When nobody is written to.
    pub quiet: Arc<QuietHours>,
}

impl Desk {
    /// Now, as the database keeps it.
    pub fn now(&self) -> Timestamp {
        whole_microseconds(self.clock.now())
    }
}

/// The call of a mutating RPC; `content` tells it from others under the same name. The fingerprint is keyed, for content
/// may be personal.
async fn call(desk: &Desk, caller: &Principal, request_id: &str, content: &[u8]) -> Result<Call, Error> {
    let fingerprint = desk.vault.fingerprint(&caller.tenant, content).await?;
    Ok(Call::new(caller, request_id, fingerprint)?)
}

/// A message as the content of a call. Not for messages with maps: those encode in any order.
fn content<M: Message + Name>(message: &M) -> Vec<u8> {
    let mut bytes = M::full_name().into_bytes();
    bytes.push(0);
    bytes.extend(message.encode_to_vec());
    bytes
}

/// An id of a request; what is no id is nobody's.
fn id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::not_found())
}
