//! What classification does, one file per use: load → decide → save.

pub mod assess;
pub mod assessor;
pub mod assignments;
pub mod duplicates;
pub mod ending;
pub mod engine;
pub mod explain;
pub mod incidents;
pub mod labels;
pub mod offering;
pub mod overrule;
pub mod preview;
pub mod provider;
pub mod publish;
pub mod question;
pub mod rule_sets;
pub mod words;

use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{Clock, Principal, Problem, Violations, whole_microseconds};
use redress_outbox::{Call, Wake};
use redress_postgres::Db;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What every use that writes needs.
#[derive(Clone)]
pub struct Desk {
    /// The service's database.
    pub db: Db,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells the relay that something waits.
    pub wake: Wake,
}

impl Desk {
    /// Now, as the database keeps it.
    pub fn now(&self) -> Timestamp {
        whole_microseconds(self.clock.now())
    }
}

/// The call of a mutating RPC; `content` is its message without the request id.
fn call<M: prost::Message + prost::Name>(
    caller: &Principal,
    request_id: &str,
    content: &M,
) -> Result<Call, Problem> {
    let mut hash = Sha256::new();
    hash.update(M::full_name().as_bytes());
    hash.update([0]);
    hash.update(content.encode_to_vec());
    Call::new(caller, request_id, hash.finalize().into())
}

/// An id of a request; what is no id is nobody's.
fn id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::not_found())
}

/// A reason as a stable code, for it is published.
fn code(found: &mut Violations, field: &'static str, text: &str) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.@".contains(&byte);
    if text.is_empty() {
        found.add(field, "REQUIRED", "a reason is mandatory");
    } else if text.len() > 64 || !text.bytes().all(plain) {
        found.add(field, "MALFORMED", "1 to 64 characters of a-z, 0-9 and _-.@ are expected");
    }
}
