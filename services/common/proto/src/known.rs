//! Enumerations of a later version. Protobuf carries their numbers as they are, and generated code reads them as the zero
//! value; so a condition or a decision that this version does not know would count as not told.

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, Value};
use redress_domain::Violations;

use crate::POOL;

/// Notes the enumerations of `message`, and of what it holds, whose number this version does not know, as
/// `UNKNOWN_ENUM_VALUE`. Costs a second decoding: for requests that are not many.
pub fn enumerations<M: Message + Name>(message: &M, found: &mut Violations) {
    let Some(descriptor) = POOL.get_message_by_name(&M::full_name()) else { return };
    if let Ok(message) = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()) {
        walk(&message, "", found);
    }
}

fn walk(message: &DynamicMessage, within: &str, found: &mut Violations) {
    for (field, value) in message.fields() {
        let path = format!("{within}{}", field.json_name());
        match value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    check(item, &field.kind(), &format!("{path}[{index}]"), found);
                }
            }
            value => check(value, &field.kind(), &path, found),
        }
    }
}

fn check(value: &Value, kind: &prost_reflect::Kind, path: &str, found: &mut Violations) {
    match value {
        Value::Message(message) => walk(message, &format!("{path}."), found),
        Value::EnumNumber(number) => {
            let known = kind.as_enum().is_some_and(|enumeration| enumeration.get_value(*number).is_some());
            if !known {
                found.add(path, "UNKNOWN_ENUM_VALUE", "the enumeration has no such value");
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::v1::{Channel, Complainant, Respondent, Submission};

    #[test]
    fn each_unknown_number_is_told_by_its_path_and_known_ones_are_not() {
        let message = Submission {
            channel: Channel::Chat.into(),
            origin: 99,
            complainant: Some(Complainant { kind: -1, ..Complainant::default() }),
            respondents: vec![Respondent::default(), Respondent { kind: 99, ..Respondent::default() }],
            ..Submission::default()
        };
        let mut found = Violations::default();
        enumerations(&message, &mut found);
        let mut fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["complainant.kind", "origin", "respondents[1].kind"]);
    }
}
