//! A ladder as it is written, nothing checked yet.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LadderDraft {
    pub(super) version: i64,
    pub(super) level: Vec<LevelDraft>,
    pub(super) acknowledge: BTreeMap<String, AcknowledgeDraft>,
    pub(super) rule: Vec<RuleDraft>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LevelDraft {
    pub(super) level: i64,
    pub(super) role: String,
    pub(super) calendar: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AcknowledgeDraft {
    pub(super) unit: String,
    pub(super) amounts: Vec<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RuleDraft {
    pub(super) on: String,
    pub(super) clocks: Vec<String>,
    pub(super) percent: Option<i64>,
    pub(super) level: i64,
    pub(super) role: Option<String>,
    pub(super) keeps_role: bool,
}
