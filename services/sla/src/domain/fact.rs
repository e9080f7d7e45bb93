//! What was heard about a case: events of the other services, reduced to what policies may name.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A code, an id, or the name of an enumeration's value.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// An instant.
    Time(Timestamp),
}

impl Value {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The instant, if it is one.
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Time(at) => Some(*at),
            _ => None,
        }
    }
}

/// Values by their field's path, for example `submission.channel`. What the event does not carry is absent.
pub type Fields = BTreeMap<String, Value>;

/// One event that was heard about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The topic it stood on.
    pub topic: String,
    /// Its version among the case's events of that topic, from 1.
    pub version: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Its short name, for example `ComplaintRegistered`.
    pub event: String,
    /// What it says.
    pub fields: Fields,
}

impl Fact {
    /// Which event of the case it is.
    pub fn reference(&self) -> FactRef {
        FactRef { topic: self.topic.clone(), version: self.version }
    }

    /// The text of a field; empty without one.
    pub fn text(&self, path: &str) -> &str {
        self.fields.get(path).and_then(Value::text).unwrap_or_default()
    }

    /// The instant of a field.
    pub fn time(&self, path: &str) -> Option<Timestamp> {
        self.fields.get(path).and_then(Value::time)
    }
}

/// Which event of a case: enough to name it as a cause (`redress_domain::event_id`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FactRef {
    /// The topic.
    pub topic: String,
    /// The version.
    pub version: i64,
}
