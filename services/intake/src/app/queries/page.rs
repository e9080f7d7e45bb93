//! The token of the next page: where the last one ended, bound to the conditions it was made for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use redress_domain::{Problem, Violations};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::complaint::Complaint;
use crate::store::search::{After, Filter};

/// Time, id, and eight bytes of a hash of the conditions.
const LENGTH: usize = 8 + 16 + 8;

/// Reads and writes tokens.
pub(super) struct Token;

impl Token {
    /// The token after `last`.
    pub(super) fn write(last: &Complaint, filter: &Filter) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&last.received_at.as_microsecond().to_be_bytes());
        bytes[8..24].copy_from_slice(last.id.as_uuid().as_bytes());
        bytes[24..].copy_from_slice(&digest(filter));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Where the page begins; none for the first.
    pub(super) fn read(text: &str, filter: &Filter) -> Result<Option<After>, Problem> {
        if text.is_empty() {
            return Ok(None);
        }
        let refuse = || {
            let mut found = Violations::default();
            found.add("pageToken", "MALFORMED", "the token is of another query, or none");
            Problem::invalid(found)
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse())?;
        let bytes = <[u8; LENGTH]>::try_from(bytes).map_err(|_| refuse())?;
        let (time, rest) = bytes.split_first_chunk::<8>().ok_or_else(refuse)?;
        let (id, conditions) = rest.split_first_chunk::<16>().ok_or_else(refuse)?;
        if conditions != digest(filter) {
            return Err(refuse());
        }
        let received_at = Timestamp::from_microsecond(i64::from_be_bytes(*time)).map_err(|_| refuse())?;
        Ok(Some(After { received_at, id: Uuid::from_bytes(*id) }))
    }
}

fn digest(filter: &Filter) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(format!("{filter:?}").as_bytes()).into();
    let mut short = [0; 8];
    short.copy_from_slice(&hash[..8]);
    short
}
