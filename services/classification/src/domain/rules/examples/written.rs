//! Labels as people write them in files of examples: close to the words of the guide, with what is usual left out.

use redress_domain::{Category, Matter, PartyKind, UrgentReason};
use serde::Deserialize;

use crate::domain::assessment::{InadmissibleReason, Missing};
use crate::domain::language::Language;

/// The labels of a text as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    category: Category,
    sub: Option<String>,
    #[serde(default)]
    secondary: Vec<Category>,
    #[serde(default)]
    major: bool,
    urgent: Option<UrgentReason>,
    live: Option<PartyKind>,
    respondent: Option<Respondent>,
    #[serde(default = "dispute")]
    matter: Matter,
    inadmissible: Option<InadmissibleReason>,
    #[serde(default)]
    missing: Vec<Missing>,
    /// Another way to write a refusal or what is missing, beside `reason`.
    admissible: Option<Admissible>,
    reason: Option<String>,
    /// Told for readers; nothing is measured on it, since every text shows its language.
    #[serde(rename = "language")]
    _language: Option<LanguageTag>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Admissible {
    Yes,
    No,
    NeedsCompletion,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Respondent {
    Nobody(Nobody),
    Party(PartyKind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Nobody {
    None,
    Unknown,
    OtherUser,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct LanguageTag;

impl TryFrom<String> for LanguageTag {
    type Error = String;

    fn try_from(tag: String) -> Result<Self, String> {
        let known = Language::ALL.iter().any(|language| language.code().eq_ignore_ascii_case(&tag));
        known.then_some(Self).ok_or_else(|| format!("`{tag}` is no language that is known here"))
    }
}

fn dispute() -> Matter {
    Matter::Dispute
}

fn coded<T: Copy>(all: &[T], code: impl Fn(T) -> &'static str, reason: &str) -> Result<T, String> {
    all.iter().copied().find(|&value| code(value) == reason).ok_or_else(|| format!("`{reason}` is no reason"))
}

impl TryFrom<Labels> for super::Labels {
    type Error = String;

    fn try_from(written: Labels) -> Result<Self, String> {
        let mut inadmissible = written.inadmissible;
        let mut missing = written.missing;
        let incomplete = !missing.is_empty() || written.admissible == Some(Admissible::NeedsCompletion);
        match (written.admissible, written.reason.as_deref()) {
            (Some(Admissible::No), Some(reason)) => {
                inadmissible = Some(coded(InadmissibleReason::ALL, InadmissibleReason::code, reason)?);
            }
            (Some(Admissible::NeedsCompletion), Some(reason)) => {
                missing.push(coded(Missing::ALL, Missing::code, reason)?);
            }
            (Some(Admissible::Yes | Admissible::NeedsCompletion) | None, None) => {}
            _ => return Err("`admissible` and `reason` do not fit".to_owned()),
        }
        let respondent = match written.respondent {
            Some(Respondent::Party(party)) => Some(party),
            Some(Respondent::Nobody(Nobody::OtherUser)) => Some(PartyKind::User),
            Some(Respondent::Nobody(Nobody::None | Nobody::Unknown)) | None => None,
        };
        Ok(Self {
            category: written.category,
            sub: written.sub,
            secondary: written.secondary,
            major: written.major,
            urgent: written.urgent,
            live: written.live,
            respondent,
            matter: written.matter,
            inadmissible,
            incomplete,
            missing,
        })
    }
}
