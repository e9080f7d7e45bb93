//! The files of rules as they are written: typed, and strict about names that they do not know.

use redress_domain::{Category, Channel, Matter, PartyKind, UrgentReason};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::problem::{Problems, SourceFile};
use crate::domain::assessment::{InadmissibleReason, Missing};
use crate::domain::scan::Measure;

/// A value and the line its item begins in.
#[derive(Debug)]
pub(super) struct Item<T> {
    pub(super) line: u64,
    pub(super) value: T,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: String,
    /// Conditions that must all hold.
    #[serde(default)]
    pub(super) all: Vec<String>,
    /// Conditions of which none may hold.
    #[serde(default)]
    pub(super) none: Vec<String>,
    /// Conditions that must hold close together.
    pub(super) near: Option<RawNear>,
    /// What must hold of the case beside its text.
    #[serde(default)]
    pub(super) when: When,
    /// What it speaks for.
    pub(super) then: Outcome,
    /// How strongly; negative to speak against.
    #[serde(default = "one")]
    pub(super) score: f32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNear {
    /// Two conditions, in either order, in the same sentence.
    pub(super) of: [String; 2],
    /// How many characters and words may stand between.
    pub(super) within: u8,
}

/// What must hold of the case beside its text. Absent means that it does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    pub(super) live: Option<bool>,
    pub(super) order: Option<bool>,
    pub(super) complainant: Option<Vec<PartyKind>>,
    pub(super) channel: Option<Vec<Channel>>,
    /// Whole yuan in dispute, at least.
    pub(super) at_stake: Option<f64>,
    /// The category that was decided; such a rule comes after the decision and cannot take part in it.
    pub(super) category: Option<Vec<Category>>,
    /// The sub-category that was decided.
    pub(super) sub: Option<Vec<String>>,
}

/// What a rule speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A sub-category, and so its category.
    Sub(String),
    /// A category, without knowing more.
    Hint(Category),
    /// A feature for other rules.
    Feature(String),
    /// A border of the guide: where both are candidates, `over` loses.
    Prefer(Preference),
    /// Severity major.
    Major,
    /// Urgency with its cause.
    Urgent(UrgentReason),
    /// Who caused it in a live-commerce relation.
    Cause(Cause),
    /// Whom it is directed at.
    Respondent(Respondent),
    /// Own relief, report or both.
    Matter(Matter),
    /// A ground to propose refusal.
    Inadmissible(InadmissibleReason),
    /// A mandatory detail that the text lacks.
    Missing(Missing),
}

/// A border between two categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// Who stays.
    pub category: Category,
    /// Who goes.
    pub over: Category,
    /// Whether the loser is still told as secondary.
    #[serde(default)]
    pub secondary: bool,
}

/// Who caused a matter of live commerce. `nobody`: someone outside the relation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Spoken words or personal acts.
    Anchor,
    /// The set-up of the room.
    LiveRoomOperator,
    /// The agency.
    Mcn,
    /// Goods, dispatch, after-sales, own service.
    Merchant,
    /// Functions, payment, badges, sanctions.
    Platform,
    /// A carrier, another user, an intruder.
    Nobody,
}

/// Whom a complaint is directed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Respondent {
    /// The shop.
    Merchant,
    /// Who speaks in the room.
    Anchor,
    /// Who runs the room.
    LiveRoomOperator,
    /// The agency.
    Mcn,
    /// The platform.
    Platform,
    /// Couriers and warehouses.
    Carrier,
    /// A buyer, by a merchant.
    Consumer,
    /// Another user.
    OtherUser,
    /// A provider of payment services.
    PaymentProvider,
    /// A supplier.
    Supplier,
    /// Whoever caused it, in live commerce; else the merchant.
    Cause,
    /// Nobody knows.
    Unknown,
    /// It is no complaint.
    None,
}

impl Cause {
    /// The party behind it.
    pub fn party(self) -> Option<PartyKind> {
        Some(match self {
            Self::Anchor => PartyKind::Anchor,
            Self::LiveRoomOperator => PartyKind::LiveRoomOperator,
            Self::Mcn => PartyKind::Mcn,
            Self::Merchant => PartyKind::Merchant,
            Self::Platform => PartyKind::Platform,
            Self::Nobody => return None,
        })
    }
}

impl Respondent {
    /// The party; `cause` is who caused it, if the matter arises in live commerce.
    pub fn party(self, cause: Option<Cause>) -> Option<PartyKind> {
        Some(match self {
            Self::Merchant => PartyKind::Merchant,
            Self::Anchor => PartyKind::Anchor,
            Self::LiveRoomOperator => PartyKind::LiveRoomOperator,
            Self::Mcn => PartyKind::Mcn,
            Self::Platform => PartyKind::Platform,
            Self::Carrier => PartyKind::Carrier,
            Self::Consumer => PartyKind::Consumer,
            Self::OtherUser => PartyKind::User,
            Self::PaymentProvider => PartyKind::PaymentProvider,
            Self::Supplier => PartyKind::Supplier,
            Self::Cause => return cause.map_or(Some(PartyKind::Merchant), Cause::party),
            Self::Unknown | Self::None => return None,
        })
    }
}

/// A row of the table of sub-categories.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSub {
    pub(super) sub: String,
    pub(super) category: Category,
    pub(super) respondent: Respondent,
    pub(super) cause: Cause,
    /// Whether its parties stand for the whole category where only hints speak.
    #[serde(default)]
    pub(super) typical: bool,
    #[serde(default)]
    pub(super) needs: Vec<Missing>,
}

/// A row of the table of units.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUnit {
    pub(super) unit: String,
    pub(super) measure: Measure,
    #[serde(default = "one_of_it")]
    pub(super) factor: f64,
}

/// A row of the table of thresholds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawThreshold {
    pub(super) feature: String,
    pub(super) measure: Measure,
    pub(super) at_least: Option<f64>,
    pub(super) below: Option<f64>,
}

/// A row of the table of references.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReference {
    pub(super) cue: String,
    pub(super) gives: String,
}

/// A row of the list of concepts that count however they are said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAnyhow {
    pub(super) concept: String,
}

fn one() -> f32 {
    1.0
}

fn one_of_it() -> f64 {
    1.0
}

/// Reads a file that is a YAML sequence. Its items are parsed one by one, each beginning with `- ` in the first column,
/// so that one broken item does not hide the problems of the others.
pub(super) fn read_items<T: DeserializeOwned>(file: &SourceFile, problems: &mut Problems) -> Vec<Item<T>> {
    let mut items = Vec::new();
    for (line, text) in pieces(&file.content) {
        match serde_saphyr::from_str::<Vec<T>>(&text) {
            Ok(values) => items.extend(values.into_iter().map(|value| Item { line, value })),
            Err(error) => problems.add_parse(file, line - 1, &error),
        }
    }
    items
}

/// The pieces of a sequence with the line each begins in, from 1.
fn pieces(content: &str) -> Vec<(u64, String)> {
    let mut pieces: Vec<(u64, String)> = Vec::new();
    for (number, line) in (1..).zip(content.lines()) {
        let starts = line.starts_with("- ") || pieces.is_empty();
        let nothing = line.trim().is_empty() || line.starts_with('#');
        match pieces.last_mut() {
            Some((_, piece)) if !starts => {
                // Comment lines stay as blank lines, so that lines keep their numbers.
                piece.push_str(if nothing { "" } else { line });
                piece.push('\n');
            }
            _ if nothing => {}
            _ => pieces.push((number, format!("{line}\n"))),
        }
    }
    pieces
}
