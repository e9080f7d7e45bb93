//! What a notice says, checked against its kind: nothing incomplete gets past this point (I7).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::form::{Form, cleaned};
use super::kind::NoticeKind;
use super::profile::NOTICE;

/// The fields of a notice, complete and each in its form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Content(BTreeMap<String, String>);

/// What is wrong with fields; names only, for values may be personal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Mandatory fields that are missing or empty.
    pub missing: Vec<String>,
    /// Fields that do not have their form, or that the kind does not know.
    pub malformed: Vec<String>,
}

/// What a notice of a delay tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delay {
    /// The definition of the clock that takes longer; empty where nobody told it.
    pub clock: String,
    /// Until when it takes.
    pub new_due_at: Timestamp,
}

impl Faults {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.malformed.is_empty()
    }
}

impl Content {
    /// Checks fields; all that is wrong is told at once.
    pub fn check(kind: NoticeKind, fields: BTreeMap<String, String>) -> Result<Self, Faults> {
        Self::check_beside(kind, fields, |_| false)
    }

    /// Checks fields beside those that are there but `sealed`: they are checked when the letter is written.
    pub fn check_beside(
        kind: NoticeKind,
        fields: BTreeMap<String, String>,
        sealed: impl Fn(&str) -> bool,
    ) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        for field in kind.fields() {
            match fields.get(field.name).map(|text| text.trim()).filter(|text| !text.is_empty()) {
                None if field.mandatory && !sealed(field.name) => faults.missing.push(field.name.to_owned()),
                Some(text) if !field.form.fits(text) => faults.malformed.push(field.name.to_owned()),
                _ => {}
            }
        }
        let known = |name: &str| kind.fields().iter().any(|field| field.name == name);
        faults.malformed.extend(fields.keys().filter(|name| !known(name)).cloned());
        let content = Self(fields);
        // An extension beyond the longest that the rules allow is no date to tell (F068).
        if let (Some(new_due), Some(cap)) = (content.instant("new_due"), content.instant("cap"))
            && new_due > cap
        {
            faults.malformed.push("new_due".to_owned());
        }
        if faults.is_empty() { Ok(content) } else { Err(faults) }
    }

    /// A field, if it was given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// By when the addressee must act, if the kind asks for something.
    pub fn deadline(&self, kind: NoticeKind) -> Option<Timestamp> {
        self.instant(kind.deadline()?)
    }

    /// The same, with the notice's id in the links that have a place for it.
    #[must_use]
    pub fn named(mut self, kind: NoticeKind, notice: Uuid) -> Self {
        for field in kind.fields().iter().filter(|field| field.form == Form::Link) {
            if let Some(link) = self.0.get_mut(field.name) {
                *link = link.replace(NOTICE, &notice.to_string());
            }
        }
        self
    }

    /// What it tells of a delay, if that is its kind. Whoever wrote the fields, only a definition's id is told further.
    pub fn delay(&self, kind: NoticeKind) -> Option<Delay> {
        let new_due_at = self.instant("new_due").filter(|_| kind == NoticeKind::Delay)?;
        let is_id =
            |clock: &&str| clock.len() <= 16 && clock.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let clock = self.get("clock").filter(is_id).unwrap_or_default().to_owned();
        Some(Delay { clock, new_due_at })
    }

    fn instant(&self, name: &str) -> Option<Timestamp> {
        self.get(name)?.parse().ok()
    }
}

/// Content as it was stored: it was checked before, and is checked again, for another version may have written it.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Stored(BTreeMap<String, String>);

impl Stored {
    /// Adds what was sealed. People typed it elsewhere: what a letter could not show as it is, is left out.
    pub fn add(&mut self, field: String, text: &str) {
        self.0.insert(field, cleaned(text));
    }

    /// The content, if it still fits its kind.
    pub fn read(self, kind: NoticeKind) -> Result<Content, Faults> {
        Content::check(kind, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_no_value_with_it() {
        let faults = Content::check(
            NoticeKind::Completion,
            fields(&[("missing", "order_no"), ("due", "tomorrow"), ("consequence", "  "), ("phone", "000")]),
        )
        .unwrap_err();
        assert_eq!(faults.missing, ["consequence"]);
        assert_eq!(faults.malformed, ["due", "phone"]);
    }

    #[test]
    fn a_notice_that_lacks_any_one_mandatory_field_is_refused() {
        for &kind in NoticeKind::ALL {
            let faults = Content::check(kind, BTreeMap::new()).unwrap_err();
            let mandatory: Vec<_> =
                kind.fields().iter().filter(|field| field.mandatory).map(|field| field.name).collect();
            assert!(!mandatory.is_empty());
            assert_eq!(faults.missing, mandatory, "{kind}");
        }
    }

    #[test]
    fn a_delay_says_of_which_clock_and_until_when_and_nothing_that_a_person_wrote() {
        let delay = |kind, clock: &str| {
            let own = [
                ("delay_reason", "检测需要时间"),
                ("new_due", "2026-12-31T10:00:00Z"),
                ("cap", "2026-12-31T10:00:00Z"),
                ("clock", clock),
            ];
            Content(fields(&own)).delay(kind)
        };
        let told = |clock: &str| {
            let new_due_at = "2026-12-31T10:00:00Z".parse().unwrap();
            Some(Delay { clock: clock.to_owned(), new_due_at })
        };
        assert_eq!(delay(NoticeKind::Delay, "C13"), told("C13"));
        for other in ["", "测试某甲", "somebody's name"] {
            assert_eq!(delay(NoticeKind::Delay, other), told(""), "{other}");
        }
        assert_eq!(delay(NoticeKind::Proposal, "C13"), None);
    }

    #[test]
    fn a_delay_beyond_its_cap_is_no_date_to_tell() {
        let delay = |new_due: &str| {
            Content::check(
                NoticeKind::Delay,
                fields(&[
                    ("delay_reason", "检测需要时间"),
                    ("approved_by", "主管-0007"),
                    ("new_due", new_due),
                    ("cap", "2026-12-31T10:00:00Z"),
                ]),
            )
        };
        assert!(delay("2026-12-31T10:00:00Z").is_ok());
        assert_eq!(delay("2026-12-31T10:00:01Z").unwrap_err().malformed, ["new_due"]);
    }
}
