//! The JSON form of messages, read so that a caller learns everything that is wrong at once.
//!
//! A deserializer stops at its first error. Here the body is first held against the message's descriptor: each field
//! that does not fit is reported with its path and left out, and what remains is decoded, so that the rules of the
//! message itself are checked in the same pass.

mod scalar;

use std::collections::BTreeSet;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use redress_domain::{Violation, Violations};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::POOL;

/// Deeper nesting than any message has.
const DEPTH: usize = 16;

/// What was readable of a body, and all that was not.
#[derive(Debug)]
pub struct Reading<M> {
    /// The message without the fields that do not fit.
    pub message: M,
    /// The fields that do not fit.
    pub violations: Violations,
}

/// Reads `body` as the JSON form of `M`.
///
/// Fields may be spelled as in JSON (`orderNo`) or as in the message (`order_no`). Reasons: `MALFORMED_JSON`,
/// `INVALID_UTF8`, `UNKNOWN_FIELD`, `DOUBLED_FIELD` (in both spellings), `UNKNOWN_ENUM_VALUE`, `WRONG_TYPE`, `OUT_OF_RANGE`,
/// `MALFORMED_TIME`.
///
/// # Errors
/// Only what cannot be taken apart into fields at all.
pub fn read<M: DeserializeOwned + prost::Name>(body: &[u8]) -> Result<Reading<M>, Violations> {
    let unreadable = |reason, description: &'static str| {
        let mut found = Violations::default();
        found.add("", reason, description);
        found
    };
    let text = std::str::from_utf8(body).map_err(|_| unreadable("INVALID_UTF8", "the body is not UTF-8"))?;
    let mut value: Value = serde_json::from_str(text)
        .map_err(|_| unreadable("MALFORMED_JSON", "the body is not a JSON document"))?;
    let descriptor = POOL
        .get_message_by_name(&M::full_name())
        .ok_or_else(|| unreadable("MALFORMED_JSON", "the message is unknown"))?;
    let mut violations = Violations::default();
    if !keep_what_fits(&mut value, &descriptor, &mut Path::default(), &mut violations) {
        return Err(violations);
    }
    let Ok(message) = serde_json::from_value(value) else {
        violations.add("", "MALFORMED_JSON", "the body does not have the message's form");
        return Err(violations);
    };
    Ok(Reading { message, violations })
}

/// Reads a query string as the fields of `M`, under the same rules as a body; anything that does not fit is refused, since
/// a condition that was left out would answer another question.
///
/// # Errors
/// Everything that does not fit.
pub fn read_query<M: DeserializeOwned + prost::Name>(query: &str) -> Result<M, Violations> {
    let reading = reading_of_query::<M>(query)?;
    if reading.violations.is_empty() { Ok(reading.message) } else { Err(reading.violations) }
}

/// The same for a caller that adds what else is wrong, and then refuses.
///
/// # Errors
/// Only what cannot be taken apart into fields at all.
pub fn reading_of_query<M: DeserializeOwned + prost::Name>(query: &str) -> Result<Reading<M>, Violations> {
    let descriptor = POOL.get_message_by_name(&M::full_name());
    let mut fields = serde_json::Map::new();
    let mut doubled = BTreeSet::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let field = descriptor.as_ref().and_then(|message| {
            message.get_field_by_json_name(&name).or_else(|| message.get_field_by_name(&name))
        });
        let value = value_of_query(text.into_owned(), field.as_ref());
        match (fields.get_mut(&*name), field) {
            (Some(Value::Array(values)), _) => values.push(value),
            (Some(_), Some(_)) => _ = doubled.insert(name.into_owned()),
            (Some(_), None) => {}
            (None, Some(field)) if field.is_list() => {
                _ = fields.insert(name.into_owned(), Value::Array(vec![value]));
            }
            (None, _) => _ = fields.insert(name.into_owned(), value),
        }
    }
    let mut reading: Reading<M> = read(Value::Object(fields).to_string().as_bytes())?;
    for name in doubled {
        reading.violations.add(name, "DOUBLED_FIELD", "given more than once");
    }
    Ok(reading)
}

/// A query knows texts alone: a truth value is one of two words.
fn value_of_query(text: String, field: Option<&FieldDescriptor>) -> Value {
    match (field.map(FieldDescriptor::kind), text.as_str()) {
        (Some(Kind::Bool), "true") => Value::Bool(true),
        (Some(Kind::Bool), "false") => Value::Bool(false),
        _ => Value::String(text),
    }
}

/// The way from the body to the field at hand.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            if !text.is_empty() && !step.starts_with('[') {
                text.push('.');
            }
            text.push_str(step);
        }
        text
    }

    fn within<T>(&mut self, step: String, work: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(step);
        let done = work(self);
        self.0.pop();
        done
    }
}

/// Removes from an object every field that does not fit its message; `false` if it is no object.
fn keep_what_fits(
    value: &mut Value,
    message: &MessageDescriptor,
    path: &mut Path,
    found: &mut Violations,
) -> bool {
    let Value::Object(fields) = value else {
        found.add(path.to_text(), "WRONG_TYPE", "an object is expected");
        return false;
    };
    if path.0.len() > DEPTH {
        found.add(path.to_text(), "WRONG_TYPE", "nested too deeply");
        return false;
    }
    let mut met = BTreeSet::new();
    fields.retain(|name, value| {
        let field = message.get_field_by_json_name(name).or_else(|| message.get_field_by_name(name));
        path.within(Violation::shown_name(name).to_owned(), |path| {
            let Some(field) = field else {
                found.add(path.to_text(), "UNKNOWN_FIELD", "there is no such field");
                return false;
            };
            if value.is_null() {
                return false;
            }
            if !met.insert(field.number()) {
                found.add(
                    path.to_text(),
                    "DOUBLED_FIELD",
                    "the field stands there in its other spelling too",
                );
                return false;
            }
            field_fits(value, &field, path, found)
        })
    });
    true
}

fn field_fits(value: &mut Value, field: &FieldDescriptor, path: &mut Path, found: &mut Violations) -> bool {
    if !field.is_list() {
        return item_fits(value, &field.kind(), path, found);
    }
    let Value::Array(items) = value else {
        found.add(path.to_text(), "WRONG_TYPE", "a list is expected");
        return false;
    };
    for (index, item) in items.iter_mut().enumerate() {
        let fits = path.within(format!("[{index}]"), |path| item_fits(item, &field.kind(), path, found));
        if !fits {
            // The place stays taken, so that the paths of the items behind it stay true.
            *item = scalar::empty(&field.kind());
        }
    }
    true
}

fn item_fits(value: &mut Value, kind: &Kind, path: &mut Path, found: &mut Violations) -> bool {
    match kind {
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
            scalar::note(scalar::time(value), path, found)
        }
        Kind::Message(message) => keep_what_fits(value, message, path, found),
        scalar => scalar::note(scalar::check(value, scalar), path, found),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::v1::{Channel, Submission};

    fn problems(body: &str) -> Vec<(String, &'static str)> {
        let found = match read::<Submission>(body.as_bytes()) {
            Ok(reading) => reading.violations,
            Err(violations) => violations,
        };
        found.iter().map(|v| (v.field.clone(), v.reason)).collect()
    }

    #[test]
    fn all_that_does_not_fit_is_told_and_the_rest_is_read() {
        let body = r#"{"channel":"CHANNEL_PIGEON","text":7,"colour":"red","submittedAt":"yesterday",
            "respondents":[{"kind":"PARTY_KIND_X"},{"kind":"PARTY_KIND_ANCHOR","externalRef":"a1"}],
            "live":{"offsetMs":-1,"roomId":"r1"},"order":{"paid":{"amountMinor":"12.5","currency":"CNY"}},
            "demand":[],"language":"zh-Hans"}"#;
        let reading = read::<Submission>(body.as_bytes()).unwrap();
        let mut found: Vec<_> = reading.violations.iter().map(|v| (v.field.as_str(), v.reason)).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("channel", "UNKNOWN_ENUM_VALUE"),
                ("colour", "UNKNOWN_FIELD"),
                ("demand", "WRONG_TYPE"),
                ("live.offsetMs", "OUT_OF_RANGE"),
                ("order.paid.amountMinor", "OUT_OF_RANGE"),
                ("respondents[0].kind", "UNKNOWN_ENUM_VALUE"),
                ("submittedAt", "MALFORMED_TIME"),
                ("text", "WRONG_TYPE"),
            ]
        );
        assert_eq!(reading.message.language, "zh-Hans");
        assert_eq!(reading.message.respondents[1].external_ref, "a1");
        assert_eq!(reading.message.live.unwrap().room_id, "r1");
    }

    #[test]
    fn what_is_no_document_is_refused_as_a_whole() {
        assert_eq!(problems("{"), [(String::new(), "MALFORMED_JSON")]);
        assert_eq!(problems("[]"), [(String::new(), "WRONG_TYPE")]);
        let found = read::<Submission>(b"{\"text\":\"\xff\"}").unwrap_err();
        assert_eq!(found.iter().next().unwrap().reason, "INVALID_UTF8");
    }

    #[test]
    fn fitting_values_pass_in_every_spelling() {
        let body = r#"{"channel":"CHANNEL_CHAT","text":"t","submitted_at":"2026-11-25T08:00:00+08:00",
            "order":{"orderNo":"1","paid":{"currency":"CNY","amountMinor":12900}},"live":null}"#;
        let reading = read::<Submission>(body.as_bytes()).unwrap();
        assert!(reading.violations.is_empty(), "{:?}", reading.violations);
        assert_eq!(reading.message.channel(), Channel::Chat);
        assert_eq!(reading.message.order.unwrap().paid.unwrap().amount_minor, 12_900);
    }

    #[test]
    fn a_time_may_be_written_shorter_and_hides_no_other_problem() {
        for time in
            ["2026-11-25T08:00Z", "20261125T080000Z", "2026-11-25T16:00:00+08", "2026-11-25 08:00:00Z"]
        {
            let body = format!(r#"{{"submittedAt":"{time}","colour":1}}"#);
            let reading = read::<Submission>(body.as_bytes()).unwrap();
            assert_eq!(reading.message.submitted_at.unwrap().seconds, 1_795_593_600, "{time}");
            assert_eq!(problems(&body), [("colour".to_owned(), "UNKNOWN_FIELD")], "{time}");
        }
        assert_eq!(problems(r#"{"submittedAt":"0000-01-01T00:00:00Z"}"#)[0].1, "MALFORMED_TIME");
    }

    #[test]
    fn a_field_in_both_spellings_is_told_by_the_second() {
        let body = r#"{"order":{"orderNo":"1","order_no":"2"},"text":7}"#;
        let expected = [("order.order_no".to_owned(), "DOUBLED_FIELD"), ("text".to_owned(), "WRONG_TYPE")];
        assert_eq!(problems(body), expected);
    }

    /// Values of every kind, right and wrong for any field.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
            "[+-]?0{0,2}[0-9]{1,3}".prop_map(Value::from),
            "[0-9]{4}-(0[1-9]|1[0-2])-[012][1-9]T[01][0-9]:[0-5][0-9](:[0-5][0-9])?(Z|[+]08)"
                .prop_map(Value::from),
            Just(Value::from("PARTY_KIND_CONSUMER")),
            Just(Value::from("CHANNEL_CHAT")),
        ];
        let names = prop_oneof![
            Just("text"),
            Just("channel"),
            Just("complainant"),
            Just("kind"),
            Just("externalRef"),
            Just("external_ref"),
            Just("contacts"),
            Just("type"),
            Just("value"),
            Just("consentToContact"),
            Just("respondents"),
            Just("order"),
            Just("orderNo"),
            Just("order_no"),
            Just("paid"),
            Just("amountMinor"),
            Just("amount_minor"),
            Just("orderedAt"),
            Just("live"),
            Just("offsetMs"),
            Just("startedAt"),
            Just("demand"),
            Just("remedies"),
            Just("amount"),
            Just("submittedAt"),
            Just("submitted_at"),
            Just("attachments"),
            Just("objectKey"),
            Just("colour"),
        ];
        leaf.prop_recursive(4, 64, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..12)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_kept_of_any_object_decodes(body in any_value()) {
            if body.is_object() {
                prop_assert!(read::<Submission>(body.to_string().as_bytes()).is_ok(), "{}", body);
            }
        }
    }

    #[test]
    fn a_query_is_read_as_a_message_or_refused_as_a_whole() {
        let live = read_query::<crate::types::v1::LiveRef>("roomId=a%20b&offsetMs=7").unwrap();
        assert_eq!((live.room_id.as_str(), live.offset_ms), ("a b", 7));
        let found = read_query::<crate::types::v1::LiveRef>("roomId=a&offsetMs=x&colour=red").unwrap_err();
        assert_eq!(found.iter().count(), 2);
        assert!(read_query::<crate::types::v1::LiveRef>("").is_ok());
    }

    #[test]
    fn a_query_says_truth_in_words_repeats_the_names_of_lists_and_of_nothing_else() {
        let read = |query| read_query::<crate::admin::v1::PartitionStatus>(query);
        assert!(read("paused=true").unwrap().paused);
        assert_eq!(read("paused=maybe").unwrap_err().iter().count(), 1);
        let found = read_query::<crate::types::v1::LiveRef>("roomId=a&roomId=b").unwrap_err();
        assert_eq!(found.iter().map(|one| one.reason).collect::<Vec<_>>(), ["DOUBLED_FIELD"]);
        let listed = read_query::<crate::admin::v1::OutboxStatusResponse>("refusedTopics=a&refusedTopics=b");
        assert_eq!(listed.unwrap().refused_topics, ["a", "b"]);
    }

    #[test]
    fn a_field_name_is_not_echoed_unless_it_is_one() {
        assert_eq!(problems(r#"{"张三 0000":1}"#), [("?".to_owned(), "UNKNOWN_FIELD")]);
    }
}
