//! What intake does, one file per use: load → decide → save.

pub mod accept;
pub mod assessments;
pub mod audit;
pub mod commands;
pub mod publish;
pub mod queries;
pub mod register;
pub mod transition;
pub mod view;
pub mod watch;

pub use redress_proto::personal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Identity of the event that brought a complaint to `version` of the lifecycle topic: the same however often the
/// event is written.
pub fn event_id(complaint: Uuid, version: i64) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"redress/lifecycle-event/1");
    hash.update(complaint.as_bytes());
    hash.update(version.to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
