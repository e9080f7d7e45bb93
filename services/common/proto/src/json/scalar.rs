//! Whether one value has the JSON form of one field.

use jiff::Timestamp;
use prost_reflect::Kind;
use redress_domain::Violations;
use serde_json::{Value, json};

use super::Path;

/// 0001-01-01T00:00:00Z, where the messages' calendar begins.
const YEAR_ONE: i64 = -62_135_596_800;

/// Reason and description of a value that does not fit.
pub(super) type Unfit = (&'static str, &'static str);

pub(super) fn note(checked: Result<(), Unfit>, path: &Path, found: &mut Violations) -> bool {
    if let Err((reason, description)) = checked {
        found.add(path.to_text(), reason, description);
        return false;
    }
    true
}

/// A value that stands for nothing in the place of an item that does not fit.
pub(super) fn empty(kind: &Kind) -> Value {
    match kind {
        Kind::Message(_) => json!({}),
        Kind::String | Kind::Bytes => json!(""),
        Kind::Bool => json!(false),
        _ => json!(0),
    }
}

/// Times in every form that is unambiguous, put into the one form that the messages' own reader takes.
pub(super) fn time(value: &mut Value) -> Result<(), Unfit> {
    let text = value.as_str().ok_or(("WRONG_TYPE", "a time of RFC 3339 is expected"))?;
    let time = text.parse::<Timestamp>().ok().filter(|time| time.as_second() >= YEAR_ONE);
    let time = time.ok_or(("MALFORMED_TIME", "a time of RFC 3339 is expected"))?;
    *value = Value::String(time.to_string());
    Ok(())
}

pub(super) fn check(value: &mut Value, kind: &Kind) -> Result<(), Unfit> {
    match kind {
        Kind::String => value.is_string().then_some(()).ok_or(("WRONG_TYPE", "text is expected")),
        Kind::Bytes => value.is_string().then_some(()).ok_or(("WRONG_TYPE", "base64 is expected")),
        Kind::Bool => value.is_boolean().then_some(()).ok_or(("WRONG_TYPE", "true or false is expected")),
        Kind::Double | Kind::Float => {
            value.is_number().then_some(()).ok_or(("WRONG_TYPE", "a number is expected"))
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(value, i32::MIN.into(), i32::MAX.into()),
        Kind::Uint32 | Kind::Fixed32 => integer(value, 0, u32::MAX.into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(value, i64::MIN.into(), i64::MAX.into()),
        Kind::Uint64 | Kind::Fixed64 => integer(value, 0, u64::MAX.into()),
        Kind::Enum(enumeration) => {
            let name =
                value.as_str().ok_or(("WRONG_TYPE", "the name of an enumeration's value is expected"))?;
            let known = enumeration.get_value_by_name(name).is_some();
            known.then_some(()).ok_or(("UNKNOWN_ENUM_VALUE", "the enumeration has no such value"))
        }
        Kind::Message(_) => Ok(()),
    }
}

/// Integers come as JSON numbers or, where they may exceed 53 bits, as text; they go on as text.
fn integer(value: &mut Value, least: i128, most: i128) -> Result<(), Unfit> {
    let number = match value {
        Value::Number(number) => number.to_string().parse::<i128>().ok(),
        Value::String(text) => text.parse::<i128>().ok(),
        _ => return Err(("WRONG_TYPE", "a whole number is expected")),
    };
    match number {
        Some(number) if (least..=most).contains(&number) => {
            *value = Value::String(number.to_string());
            Ok(())
        }
        _ => Err(("OUT_OF_RANGE", "a whole number within the field's range is expected")),
    }
}
