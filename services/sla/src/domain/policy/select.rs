//! Which terms hold for a case: the most specific variant that fits.

use super::{Definition, Terms};
use crate::domain::fact::{Fact, Value};

/// What is known of a case, as variants and conditions may ask for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Who brought it in, as an `ORIGIN_…` name; empty before registration.
    pub origin: String,
    /// Through which channel, as a `CHANNEL_…` name.
    pub channel: String,
    /// What it is about, as a `CATEGORY_…` name; empty before it is assessed.
    pub category: String,
    /// How grave it is, as a `SEVERITY_…` name; empty before it is assessed.
    pub severity: String,
    /// Whether it goes before all others.
    pub urgent: bool,
    /// Whether the last event made it so, or took it back.
    pub urgent_changed: bool,
    /// Whether the last event said first, or otherwise than before, what it is about.
    pub category_changed: bool,
    /// The profile of the policy.
    pub profile: String,
}

/// The names of the attributes.
pub(super) const ATTRIBUTES: [&str; 8] =
    ["origin", "channel", "category", "severity", "urgent", "urgent_changed", "category_changed", "profile"];

/// Which terms apply, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected<'a> {
    /// The variant; empty for the definition's own terms.
    pub variant: &'a str,
    /// How many conditions it has.
    pub specificity: usize,
    /// What holds.
    pub terms: &'a Terms,
}

impl Attributes {
    /// The attribute of that name; none where nothing is known.
    pub fn value(&self, name: &str) -> Option<Value> {
        let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
        match name {
            "origin" => text(&self.origin),
            "channel" => text(&self.channel),
            "category" => text(&self.category),
            "severity" => text(&self.severity),
            "urgent" => Some(Value::Bool(self.urgent)),
            "urgent_changed" => Some(Value::Bool(self.urgent_changed)),
            "category_changed" => Some(Value::Bool(self.category_changed)),
            "profile" => text(&self.profile),
            _ => None,
        }
    }
}

impl Definition {
    /// The terms for a case, when `start` starts the clock. A policy has no two that fit equally well.
    pub fn select(&self, start: &Fact, case: &Attributes) -> Selected<'_> {
        let fits = self.variants.iter().filter(|v| v.when.iter().all(|when| when.holds(start, case)));
        let best = fits.max_by_key(|variant| variant.when.len());
        best.map_or(Selected { variant: "", specificity: 0, terms: &self.terms }, |variant| Selected {
            variant: &variant.name,
            specificity: variant.when.len(),
            terms: &variant.terms,
        })
    }
}
