//! Strict decoding: what the contract does not know is refused by name, and every refusal names its field.
//!
//! As in the JSON mapping of protobuf, `null` is an absent field and a whole number may come as its digits in a string.

use redress_domain::{Violation, Violations};
use serde::{Deserialize, Deserializer};

use super::Request;

/// The request in `body`.
pub fn decode(body: &[u8]) -> Result<Request, Violations> {
    let mut found = Violations::default();
    // serde would also take an array as the fields in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        found.add("", "MALFORMED", "a JSON object is expected");
        return Err(found);
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let mut unknown = Vec::new();
    let request = serde_ignored::deserialize(tracked, |path| unknown.push(field(&path.to_string())));
    for field in unknown {
        found.add(field, "UNKNOWN_FIELD", "the request has no such field");
    }
    match request {
        Err(_) => {
            let path = track.path().to_string();
            found.add(
                if path == "." { String::new() } else { path },
                "MALFORMED",
                "cannot be read as its type",
            );
        }
        Ok(_) if json.end().is_err() => found.add("", "MALFORMED", "something follows the JSON object"),
        Ok(request) if found.is_empty() => return Ok(request),
        Ok(_) => {}
    }
    Err(found)
}

/// `pauses.0.to`, with `?` for each option passed, as `pauses[0].to`.
fn field(path: &str) -> String {
    path.split('.').filter(|part| *part != "?").fold(String::new(), |field, part| {
        // A list has no six-digit places; a longer number is somebody's slip, not an index.
        if part.len() <= 5 && part.parse::<usize>().is_ok() {
            return format!("{field}[{part}]");
        }
        let name = Violation::shown_name(part);
        if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
    })
}

/// `null` as the default.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A text, or a whole number as its digits.
#[derive(Deserialize)]
#[serde(untagged)]
enum Digits {
    Text(String),
    Number(i64),
}

/// A version: a text, or a number as its digits.
pub(crate) fn version<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Option::deserialize(from)? {
        Some(Digits::Text(text)) => text,
        Some(Digits::Number(number)) => number.to_string(),
        None => String::new(),
    })
}

/// A whole number, possibly as its digits; `null` as 0.
pub(super) fn integer<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    Option::deserialize(from)?.map_or(Ok(0), whole)
}

/// Whole numbers, each possibly as its digits; `null` as none.
pub(super) fn integers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<i64>, D::Error> {
    let numbers: Option<Vec<Digits>> = Option::deserialize(from)?;
    numbers.unwrap_or_default().into_iter().map(whole).collect()
}

fn whole<E: serde::de::Error>(digits: Digits) -> Result<i64, E> {
    match digits {
        Digits::Number(number) => Ok(number),
        Digits::Text(text) => text.parse().map_err(|_| E::custom("no whole number")),
    }
}
