//! Tokens of keyset pages: where the last page ended, bound to the conditions it was made for.
//!
//! A token is no secret and proves nothing: the caller's tenant is a condition of every query anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use redress_domain::{Problem, Violations, derived_id};
use uuid::Uuid;

/// Time, id, and the identity of the conditions.
const LENGTH: usize = 8 + 16 + 16;

/// The last row of a page, in lists ordered by time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// Its time; whole microseconds.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl After {
    /// The token of the next page of the list with these `conditions`, which may have any form of text.
    pub fn write(&self, conditions: &str) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&self.at.as_microsecond().to_be_bytes());
        bytes[8..24].copy_from_slice(self.id.as_bytes());
        bytes[24..].copy_from_slice(digest(conditions).as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Where the page begins; none for the first.
    ///
    /// # Errors
    /// If the text is no token, or one of a list with other conditions.
    pub fn read(token: &str, conditions: &str) -> Result<Option<Self>, Problem> {
        if token.is_empty() {
            return Ok(None);
        }
        Self::decode(token, conditions).map(Some).ok_or_else(|| {
            let mut found = Violations::default();
            found.add("pageToken", "MALFORMED", "the token is of another query, or none");
            Problem::invalid(found)
        })
    }

    fn decode(token: &str, conditions: &str) -> Option<Self> {
        let bytes = <[u8; LENGTH]>::try_from(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (time, rest) = bytes.split_first_chunk::<8>()?;
        let (id, digest_of) = rest.split_first_chunk::<16>()?;
        let at = Timestamp::from_microsecond(i64::from_be_bytes(*time)).ok()?;
        (digest_of == digest(conditions).as_bytes()).then(|| Self { at, id: Uuid::from_bytes(*id) })
    }
}

fn digest(conditions: &str) -> Uuid {
    derived_id("redress/page/1", &[conditions.as_bytes()])
}

/// How many rows a page has: what was asked for, within 1 to `most`; `default` if nothing was.
pub fn size(asked: i32, default: i32, most: i32) -> Result<i64, Problem> {
    match asked {
        0 => Ok(default.into()),
        asked if asked < 0 => {
            let mut found = Violations::default();
            found.add("pageSize", "OUT_OF_RANGE", format!("1 to {most}, or 0 for {default}"));
            Err(Problem::invalid(found))
        }
        asked => Ok(asked.min(most).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_row_and_fits_no_other_list() {
        let after = After { at: "2026-11-25T04:00:00.000001Z".parse().unwrap(), id: Uuid::from_u128(7) };
        let token = after.write("state=suspected");
        assert_eq!(After::read(&token, "state=suspected").unwrap(), Some(after));
        assert_eq!(After::read("", "state=suspected").unwrap(), None);
        for (token, conditions) in [(token.as_str(), "state=confirmed"), ("AAAA", ""), ("?", "")] {
            assert_eq!(After::read(token, conditions).unwrap_err().reason, "INVALID_INPUT");
        }
    }

    #[test]
    fn a_page_has_what_was_asked_for_within_bounds() {
        assert_eq!(size(0, 50, 100).unwrap(), 50);
        assert_eq!(size(7, 50, 100).unwrap(), 7);
        assert_eq!(size(1_000, 50, 100).unwrap(), 100);
        assert!(size(-1, 50, 100).is_err());
    }
}
