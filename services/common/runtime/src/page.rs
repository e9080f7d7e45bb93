//! Tokens of keyset pages: where the last page ended, bound to the conditions it was made for.
//!
//! A token is no secret and proves nothing: the caller's tenant is a condition of every query anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use redress_domain::{Problem, Violations, derived_id};
use uuid::Uuid;

/// The token of the next page of the list with these `conditions`, which may have any form of text; `place` says where it
/// begins, in a form of the list's own.
pub fn write<const N: usize>(place: [u8; N], conditions: &str) -> String {
    URL_SAFE_NO_PAD.encode([&place, digest(conditions).as_bytes().as_slice()].concat())
}

/// Where the page of `token` begins; none for the first.
///
/// # Errors
/// If the text is no token, or one of a list with other conditions.
pub fn read<const N: usize>(token: &str, conditions: &str) -> Result<Option<[u8; N]>, Problem> {
    if token.is_empty() {
        return Ok(None);
    }
    let place = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (place, bound_to) = bytes.split_first_chunk::<N>()?;
        (bound_to == digest(conditions).as_bytes()).then_some(*place)
    };
    place().map(Some).ok_or_else(malformed)
}

fn malformed() -> Problem {
    let mut found = Violations::default();
    found.add("pageToken", "MALFORMED", "the token is of another query, or none");
    Problem::invalid(found)
}

fn digest(conditions: &str) -> Uuid {
    derived_id("redress/page/1", &[conditions.as_bytes()])
}

/// The last row of a page, in lists ordered by time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// Its time; whole microseconds.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl After {
    /// The token of the page after this row, see [`write()`].
    pub fn write(&self, conditions: &str) -> String {
        let mut place = [0; 24];
        place[..8].copy_from_slice(&self.at.as_microsecond().to_be_bytes());
        place[8..].copy_from_slice(self.id.as_bytes());
        write(place, conditions)
    }

    /// The row that a page comes after, see [`read`]; none for the first.
    ///
    /// # Errors
    /// If the text is no token, or one of a list with other conditions.
    pub fn read(token: &str, conditions: &str) -> Result<Option<Self>, Problem> {
        let Some(place) = read::<24>(token, conditions)? else { return Ok(None) };
        let time = i64::from_be_bytes(std::array::from_fn(|n| place[n]));
        let at = Timestamp::from_microsecond(time).map_err(|_| malformed())?;
        let id = Uuid::from_bytes(std::array::from_fn(|n| place[8 + n]));
        Ok(Some(Self { at, id }))
    }
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
