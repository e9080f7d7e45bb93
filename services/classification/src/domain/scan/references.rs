//! Numbers of reference: order, account, penalty.

use crate::domain::lexicon::{Concept, Match};

/// A concept that announces a reference, for example 订单号.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The announcing concept.
    pub cue: Concept,
    /// The feature that a number behind it gives.
    pub gives: Concept,
}

/// Shorter numbers are sizes, prices and dates.
const SHORTEST_ORDER_NUMBER: usize = 10;
/// Shorter tokens behind a cue are words such as "is".
const SHORTEST_TOKEN: usize = 4;
/// How many bytes may stand between the cue and its token: `: `, `是`, ` number is `.
const LONGEST_GAP: usize = 12;

/// Adds the features of references that the text names.
pub(super) fn find(
    text: &str,
    references: &[Reference],
    long_number: Option<Concept>,
    matches: &mut Vec<Match>,
) {
    let mut found = Vec::new();
    for m in matches.iter() {
        for reference in references.iter().filter(|r| r.cue == m.concept) {
            if let Some((start, end)) = token_behind(text, m.end) {
                found.push(Match { concept: reference.gives, start, end });
            }
        }
    }
    if let Some(concept) = long_number {
        found.extend(long_numbers(text).map(|(start, end)| Match { concept, start, end }));
    }
    matches.append(&mut found);
}

/// A token that names something: of letters, digits and marks, with a digit or a mark among them.
fn token_behind(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let part = |at: usize| {
        bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@'))
    };
    let mut at = from;
    while at < bytes.len() && at - from <= LONGEST_GAP {
        if !part(at) {
            at += 1;
            continue;
        }
        let end = (at..bytes.len()).find(|&end| !part(end)).unwrap_or(bytes.len());
        let token = text.get(at..end)?.trim_end_matches(['.', '-']);
        let names = token.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'@'));
        if token.len() >= SHORTEST_TOKEN && names {
            return Some((at, at + token.len()));
        }
        at = end;
    }
    None
}

/// Runs of digits that are long enough for an order number and no mobile number.
fn long_numbers(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            at = (start..bytes.len()).find(|&i| !bytes[i].is_ascii_digit()).unwrap_or(bytes.len());
            let digits = &bytes[start..at];
            at = at.max(start + 1);
            let mobile = digits.len() == 11 && digits[0] == b'1';
            if digits.len() >= SHORTEST_ORDER_NUMBER && !mobile {
                return Some((start, start + digits.len()));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mobile_number_is_no_order_number() {
        let found: Vec<_> = long_numbers("电话13800000000,订单 202603150000123 尺码42").collect();
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_token_behind_its_cue_needs_a_digit_or_a_mark() {
        assert!(token_behind("账号是 lanxi_0472。", "账号".len()).is_some());
        assert!(token_behind("account was hacked by someone", "account".len()).is_none());
    }
}
