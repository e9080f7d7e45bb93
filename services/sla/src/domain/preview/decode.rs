//! Strict decoding: what the contract does not know is refused by name, and every refusal names its field.
//!
//! As in the JSON mapping of protobuf, `null` is an absent field, a whole number may come as its digits in a text, and a
//! field may be spelled as in JSON or as in the message. Reasons are those of `redress_proto::json`, whose reader cannot be
//! used: a message does not tell an empty list from none, and a cap that no pause moves is not one that every pause moves.

use std::collections::BTreeSet;

use redress_domain::{Violation, Violations};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Request;

/// What may stand in a field.
enum Shape {
    Text,
    Whole,
    /// A text, or a whole number as its digits.
    Version,
    List(&'static Shape),
    /// Fields by their name in JSON and in the message.
    Object(&'static [(&'static str, &'static str, Shape)]),
}

const REQUEST: Shape = Shape::Object(&[
    ("calendarId", "calendar_id", Shape::Text),
    ("calendar", "calendar", CALENDAR),
    ("unit", "unit", Shape::Text),
    ("amount", "amount", Shape::Whole),
    ("start", "start", Shape::Text),
    ("close", "close", Shape::Text),
    ("eventDay", "event_day", Shape::Text),
    ("rollForward", "roll_forward", Shape::Text),
    (
        "pauses",
        "pauses",
        Shape::List(&Shape::Object(&[
            ("from", "from", Shape::Text),
            ("to", "to", Shape::Text),
            ("reason", "reason", Shape::Text),
        ])),
    ),
    ("extensions", "extensions", Shape::List(&Shape::Whole)),
    (
        "cap",
        "cap",
        Shape::Object(&[
            ("amount", "amount", Shape::Whole),
            ("pauseReasons", "pause_reasons", Shape::List(&Shape::Text)),
        ]),
    ),
    ("thresholds", "thresholds", Shape::List(&Shape::Whole)),
]);
const CALENDAR: Shape = Shape::Object(&[
    ("id", "id", Shape::Text),
    ("version", "version", Shape::Version),
    ("zone", "zone", Shape::Text),
    (
        "weekly",
        "weekly",
        Shape::List(&Shape::Object(&[("day", "day", Shape::Text), ("intervals", "intervals", INTERVALS)])),
    ),
    ("makeupIntervals", "makeup_intervals", INTERVALS),
    (
        "exceptions",
        "exceptions",
        Shape::List(&Shape::Object(&[
            ("date", "date", Shape::Text),
            ("kind", "kind", Shape::Text),
            ("intervals", "intervals", INTERVALS),
            ("name", "name", Shape::Text),
        ])),
    ),
    ("coversFrom", "covers_from", Shape::Text),
    ("coversTo", "covers_to", Shape::Text),
]);
const INTERVALS: Shape =
    Shape::List(&Shape::Object(&[("from", "from", Shape::Text), ("to", "to", Shape::Text)]));

/// The request in `body`.
pub fn decode(body: &[u8]) -> Result<Request, Violations> {
    let mut found = Violations::default();
    let request = read(body, &mut found);
    match request {
        Some(request) if found.is_empty() => Ok(request),
        _ => Err(found),
    }
}

fn read(body: &[u8], found: &mut Violations) -> Option<Request> {
    let Ok(text) = std::str::from_utf8(body) else {
        found.add("", "INVALID_UTF8", "the body is not UTF-8");
        return None;
    };
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        found.add("", "MALFORMED_JSON", "the body is not a JSON document");
        return None;
    };
    fits(&value, &REQUEST, "", found);
    if !found.is_empty() {
        return None;
    }
    let request = serde_json::from_value(value).ok();
    if request.is_none() {
        found.add("", "MALFORMED_JSON", "the body does not have the message's form");
    }
    request
}

/// Tells whatever of `value` does not have the shape.
fn fits(value: &Value, shape: &Shape, at: &str, found: &mut Violations) {
    match (shape, value) {
        (Shape::Text | Shape::Version, Value::String(_)) => {}
        (Shape::Version, Value::Number(number)) if number.is_u64() => {}
        (Shape::Whole, Value::Number(_) | Value::String(_)) => {
            let number = match value {
                Value::String(digits) => digits.parse::<i64>().ok(),
                number => number.as_i64(),
            };
            if number.is_none() {
                found.add(at, "OUT_OF_RANGE", "a whole number within the field's range is expected");
            }
        }
        (Shape::List(item), Value::Array(items)) => {
            for (index, value) in items.iter().enumerate() {
                fits(value, item, &format!("{at}[{index}]"), found);
            }
        }
        (Shape::Object(known), Value::Object(fields)) => {
            let mut met = BTreeSet::new();
            for (name, value) in fields {
                let shown = Violation::shown_name(name);
                let at = if at.is_empty() { shown.to_owned() } else { format!("{at}.{shown}") };
                let field = known.iter().position(|(json, message, _)| name == json || name == message);
                match field {
                    None => found.add(at, "UNKNOWN_FIELD", "there is no such field"),
                    Some(_) if value.is_null() => {}
                    Some(field) if !met.insert(field) => {
                        found.add(at, "DOUBLED_FIELD", "the field stands there in its other spelling too");
                    }
                    Some(field) => fits(value, &known[field].2, &at, found),
                }
            }
        }
        (expected, _) => found.add(at, "WRONG_TYPE", expected.words()),
    }
}

impl Shape {
    fn words(&self) -> &'static str {
        match self {
            Self::Text | Self::Version => "text is expected",
            Self::Whole => "a whole number is expected",
            Self::List(_) => "a list is expected",
            Self::Object(_) => "an object is expected",
        }
    }
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
