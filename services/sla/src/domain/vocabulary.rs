//! Which events of the other services sla hears, and which of their fields policies may name.
//!
//! The list is data (`data/vocabulary.toml`). Ids, enumerations, codes, numbers, truth values and instants only: nothing
//! personal, nothing sealed. A test holds each entry against the contract.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _,
};
use redress_domain::DecidedBy;
use redress_proto::types::v1 as types;
use serde::Deserialize;
use thiserror::Error;

use super::fact::{Fields, Value};

/// The bytes are no message of the type that they are said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the event cannot be read as its type")]
pub struct Unreadable;

/// What was heard: see [`super::fact::Fact`], which it becomes with topic, version and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The event's short name.
    pub event: &'static str,
    /// What it says.
    pub fields: Fields,
}

/// An event that sla hears.
#[derive(Debug)]
pub struct Event {
    topic: String,
    full_type: String,
    fields: BTreeMap<String, ValueKind>,
    descriptor: MessageDescriptor,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueKind {
    /// A code or an id.
    Text,
    /// One of these names.
    Name(Vec<String>),
    /// A whole number.
    Int,
    /// Yes or no.
    Bool,
    /// An instant.
    Time,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    topic: Vec<TopicEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    name: String,
    package: String,
    events: BTreeMap<String, Vec<String>>,
}

/// All events by short name.
static ALL: LazyLock<BTreeMap<String, Event>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "file and contract are compiled in; a test reads them")]
    read(include_str!("../../data/vocabulary.toml")).expect("the compiled-in vocabulary fits the contract")
});

/// The field that the envelope of an event tells: who decided it, by the name of [`types::DecidedBy`].
pub const DECIDED_BY: &str = "decided_by";

/// What the event says, if it is one that is heard. `decided_by` stands in its envelope, as a code.
///
/// # Errors
/// If the bytes are not what they are said to be.
pub fn extract(
    full_type: &str,
    payload: &[u8],
    decided_by: Option<&str>,
) -> Result<Option<Heard>, Unreadable> {
    let name = full_type.rsplit('.').next().unwrap_or(full_type);
    let Some((name, event)) = ALL.get_key_value(name).filter(|(_, event)| event.full_type == full_type)
    else {
        return Ok(None);
    };
    let message = DynamicMessage::decode(event.descriptor.clone(), payload).map_err(|_| Unreadable)?;
    let mut fields = Fields::new();
    for path in event.fields.keys() {
        if let Some(value) = value_at(&message, path)? {
            fields.insert(path.clone(), value);
        }
    }
    let decided_by = decided_by.and_then(|code| code.parse::<DecidedBy>().ok());
    if let Some(decided_by) = decided_by.filter(|_| event.fields.contains_key(DECIDED_BY)) {
        let name = types::DecidedBy::from(decided_by).as_str_name();
        fields.insert(DECIDED_BY.to_owned(), Value::Text(name.to_owned()));
    }
    Ok(Some(Heard { event: name, fields }))
}

/// The event of that short name.
pub fn event(name: &str) -> Option<&'static Event> {
    ALL.get(name)
}

/// The short names of all events that are heard.
pub fn events() -> impl Iterator<Item = &'static str> {
    ALL.keys().map(String::as_str)
}

/// The topics on which events are heard, sorted, none twice.
pub fn topics() -> Vec<&'static str> {
    let mut topics: Vec<&str> = ALL.values().map(Event::topic).collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

impl Event {
    /// The topic it stands on.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Its type in the contract.
    pub fn full_type(&self) -> &str {
        &self.full_type
    }

    /// The fields that policies may name, by path.
    pub fn fields(&self) -> &BTreeMap<String, ValueKind> {
        &self.fields
    }
}

fn read(text: &str) -> Result<BTreeMap<String, Event>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let pool = DescriptorPool::decode(redress_proto::DESCRIPTORS).map_err(|error| error.to_string())?;
    let mut all = BTreeMap::new();
    for topic in file.topic {
        for (name, paths) in topic.events {
            let full_type = format!("{}.{name}", topic.package);
            let descriptor =
                pool.get_message_by_name(&full_type).ok_or_else(|| format!("no message {full_type}"))?;
            let mut fields = BTreeMap::new();
            for path in paths {
                let of_envelope = (path == DECIDED_BY).then(deciders);
                let kind = of_envelope
                    .or_else(|| kind_at(&descriptor, &path))
                    .ok_or_else(|| format!("{full_type} has no {path}"))?;
                fields.insert(path, kind);
            }
            let event = Event { topic: topic.name.clone(), full_type, fields, descriptor };
            if all.insert(name.clone(), event).is_some() {
                return Err(format!("two events are called {name}"));
            }
        }
    }
    Ok(all)
}

fn deciders() -> ValueKind {
    let all = (0..).map_while(|number| types::DecidedBy::try_from(number).ok());
    ValueKind::Name(all.map(|one| one.as_str_name().to_owned()).collect())
}

fn kind_at(message: &MessageDescriptor, path: &str) -> Option<ValueKind> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let field: FieldDescriptor = message.get_field_by_name(name).filter(|field| !field.is_list())?;
    match (field.kind(), rest) {
        (Kind::Message(inner), Some(rest)) => kind_at(&inner, rest),
        (Kind::Message(inner), None) if inner.full_name() == TIMESTAMP => Some(ValueKind::Time),
        (Kind::Enum(names), None) => {
            Some(ValueKind::Name(names.values().map(|value| value.name().to_owned()).collect()))
        }
        (Kind::String, None) => Some(ValueKind::Text),
        (Kind::Bool, None) => Some(ValueKind::Bool),
        (Kind::Int32 | Kind::Int64 | Kind::Uint32, None) => Some(ValueKind::Int),
        _ => None,
    }
}

const TIMESTAMP: &str = "google.protobuf.Timestamp";

/// What stands at `path`; none for what was not told: an empty text, an enumeration's unspecified value.
fn value_at(message: &DynamicMessage, path: &str) -> Result<Option<Value>, Unreadable> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let descriptor = message.descriptor();
    let Some(field) = descriptor.get_field_by_name(name) else { return Ok(None) };
    if field.supports_presence() && !message.has_field(&field) {
        return Ok(None);
    }
    let value = message.get_field(&field);
    Ok(match (&*value, field.kind()) {
        (prost_reflect::Value::Message(inner), _) => match rest {
            Some(rest) => value_at(inner, rest)?,
            None => Some(Value::Time(instant(inner)?)),
        },
        (prost_reflect::Value::EnumNumber(number), Kind::Enum(names)) => {
            let name = names.get_value(*number).filter(|_| *number != 0);
            name.map(|name| Value::Text(name.name().to_owned()))
        }
        (prost_reflect::Value::String(text), _) => (!text.is_empty()).then(|| Value::Text(text.clone())),
        (prost_reflect::Value::Bool(value), _) => Some(Value::Bool(*value)),
        (prost_reflect::Value::I32(value), _) => Some(Value::Int((*value).into())),
        (prost_reflect::Value::U32(value), _) => Some(Value::Int((*value).into())),
        (prost_reflect::Value::I64(value), _) => Some(Value::Int(*value)),
        _ => None,
    })
}

/// Cut to the millisecond (D1).
fn instant(message: &DynamicMessage) -> Result<Timestamp, Unreadable> {
    let part = |name| message.get_field_by_name(name);
    let seconds = part("seconds").and_then(|value| value.as_i64()).unwrap_or_default();
    let nanos = part("nanos").and_then(|value| value.as_i32()).unwrap_or_default();
    let milliseconds = seconds.checked_mul(1_000).and_then(|ms| ms.checked_add(i64::from(nanos) / 1_000_000));
    milliseconds.and_then(|ms| Timestamp::from_millisecond(ms).ok()).ok_or(Unreadable)
}
