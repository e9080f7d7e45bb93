//! The question in the shape of the contract, nothing checked yet.

use serde::{Deserialize, Serialize};

use super::decode;
use crate::domain::calendar::Draft;

/// A time limit about which is asked. [`super::decode()`] reads it strictly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// A stored calendar; this or `calendar`.
    #[serde(alias = "calendar_id", deserialize_with = "decode::nullable")]
    pub calendar_id: String,
    /// A calendar that comes with the request.
    pub calendar: Option<Draft>,
    /// The code of a [`crate::domain::unit::UnitCode`].
    #[serde(deserialize_with = "decode::nullable")]
    pub unit: String,
    /// How much of it, 1 or more.
    #[serde(deserialize_with = "decode::integer")]
    pub amount: i64,
    /// RFC 3339; finer than a millisecond is cut off.
    #[serde(deserialize_with = "decode::nullable")]
    pub start: String,
    /// The code of a [`crate::domain::unit::DayClose`]; empty = end of business.
    #[serde(deserialize_with = "decode::nullable")]
    pub close: String,
    /// The code of an [`crate::domain::unit::EventDay`]; empty = excluded.
    #[serde(alias = "event_day", deserialize_with = "decode::nullable")]
    pub event_day: String,
    /// The code of a [`crate::domain::unit::RollForward`]; empty = off.
    #[serde(alias = "roll_forward", deserialize_with = "decode::nullable")]
    pub roll_forward: String,
    /// In any order; they may overlap.
    #[serde(deserialize_with = "decode::nullable")]
    pub pauses: Vec<PauseDraft>,
    /// Granted extensions, each 1 or more of the unit.
    #[serde(deserialize_with = "decode::integers")]
    pub extensions: Vec<i64>,
    /// What no extension passes.
    pub cap: Option<CapDraft>,
    /// Percentages, 1 to 100; that of 100 is always answered.
    #[serde(deserialize_with = "decode::integers")]
    pub thresholds: Vec<i64>,
}

/// A stretch during which the clock stood still.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PauseDraft {
    /// RFC 3339.
    #[serde(deserialize_with = "decode::nullable")]
    pub from: String,
    /// RFC 3339, not before `from`; empty = still open.
    #[serde(deserialize_with = "decode::nullable")]
    pub to: String,
    /// A code; may be empty.
    #[serde(deserialize_with = "decode::nullable")]
    pub reason: String,
}

/// The cap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CapDraft {
    /// How much, 1 or more.
    #[serde(deserialize_with = "decode::integer")]
    pub amount: i64,
    /// The reasons whose pauses move it; absent = all, `[]` = none.
    #[serde(alias = "pause_reasons")]
    pub pause_reasons: Option<Vec<String>>,
}
