//! Rules of the platform and texts of law, in versions that are published ahead, never changed, and pinned by what is
//! decided (L22, L24).
//!
//! A version holds from its day until the next one does. The days of a rule's versions rise with their numbers, so a
//! decision's day names one version for ever: nothing that is published later can change which one it was.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use redress_domain::{ErrorKind, Problem, Violations};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::guard::Refusal;
use super::text::{parse_rule_ref, words};

/// For how long a rule is public before it holds …
const NOTICE: Duration = Duration::from_hours(24 * 7);
/// … and a large change, or one that touches important interests.
const NOTICE_OF_LARGE: Duration = Duration::from_hours(24 * 15);
/// The longest title and text, characters.
const LONGEST: (usize, usize) = (200, 100_000);

/// A rule in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVersion {
    /// Its id.
    pub id: String,
    /// The version, from 1, without holes.
    pub version: u32,
    /// The title.
    pub title: String,
    /// The text, public.
    pub text: String,
    /// When it was published.
    pub published_at: Timestamp,
    /// From when on it holds.
    pub effective_at: Timestamp,
    /// Whether it is a large change or touches important interests.
    pub large_change: bool,
    /// Whether it is a text of law, whose days are the law's.
    pub law: bool,
}

/// A version as somebody wants to publish it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The rule.
    pub id: String,
    /// The version.
    pub version: u32,
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// When it was published, where that is not now.
    pub published_at: Option<Timestamp>,
    /// From when on it is to hold.
    pub effective_at: Option<Timestamp>,
    /// Whether it is a large change or touches important interests.
    pub large_change: bool,
    /// Whether it is a text of law.
    pub law: bool,
}

impl RuleVersion {
    /// As decisions pin it: rule@version.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// Lower-case hexadecimal SHA-256 of the title, a zero byte and the text.
    pub fn sha256(&self) -> String {
        let hash = Sha256::new().chain_update(&self.title).chain_update([0]).chain_update(&self.text);
        hex::encode(hash.finalize())
    }
}

impl Draft {
    /// Lower-case hexadecimal SHA-256 of everything that was told: two people who publish together tell the same.
    pub fn sha256(&self) -> String {
        let day = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.to_string());
        let told = [
            self.id.as_str(),
            &self.version.to_string(),
            &self.title,
            &self.text,
            &day(self.published_at),
            &day(self.effective_at),
            &self.large_change.to_string(),
            &self.law.to_string(),
        ];
        let mut hash = Sha256::new();
        for field in told {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        hex::encode(hash.finalize())
    }

    /// Whether a second person has to publish it as well: a text of law, and what is said to have been public before, holds
    /// without the notice that everybody else's rule gets.
    pub fn needs_second(&self, now: Timestamp) -> bool {
        self.law || self.published_at.is_some_and(|published| published < now)
    }

    /// The version that follows `previous`, published at `now`.
    ///
    /// # Errors
    /// All that is wrong with the draft; `VERSION_NOT_NEXT`; `NOTICE_TOO_SHORT` where it would hold before people could
    /// know it; `RULE_ORDER` where it would hold before the version it follows; `LAW_OR_RULE` where a rule would become law
    /// or law a rule.
    pub fn follow(self, previous: Option<&RuleVersion>, now: Timestamp) -> Result<RuleVersion, Problem> {
        self.check(previous, now)?;
        let next = previous.map_or(1, |previous| previous.version + 1);
        if self.version != next {
            return Err(refused(
                "VERSION_NOT_NEXT",
                "versions are numbered without holes",
                &next.to_string(),
            ));
        }
        if previous.is_some_and(|previous| previous.law != self.law) {
            let message = "a rule of the platform does not become a text of law, nor law a rule";
            return Err(refused("LAW_OR_RULE", message, "a rule of its own"));
        }
        let published_at = self.published_at.unwrap_or(now);
        let notice = match (self.law, self.large_change) {
            (true, _) => Duration::ZERO,
            (false, true) => NOTICE_OF_LARGE,
            (false, false) => NOTICE,
        };
        let earliest = published_at.saturating_add(notice).unwrap_or(Timestamp::MAX);
        let effective_at = self.effective_at.unwrap_or(earliest);
        if effective_at < earliest {
            let message = "a rule is public for 7 days before it holds, a large change for 15";
            return Err(refused("NOTICE_TOO_SHORT", message, &format!("effectiveAt from {earliest}")));
        }
        if let Some(previous) = previous.filter(|previous| effective_at <= previous.effective_at) {
            let satisfied = format!("effectiveAt after {}", previous.effective_at);
            return Err(refused("RULE_ORDER", "a later version holds from a later day", &satisfied));
        }
        Ok(RuleVersion {
            id: self.id,
            version: self.version,
            title: self.title,
            text: self.text,
            published_at,
            effective_at,
            large_change: self.large_change,
            law: self.law,
        })
    }

    fn check(&self, previous: Option<&RuleVersion>, now: Timestamp) -> Result<(), Problem> {
        let mut found = Violations::default();
        if parse_rule_ref(&format!("{}@1", self.id)).is_none() {
            found.add("rule.ruleId", "MALFORMED", "1 to 64 characters of a-z, 0-9, dot and hyphen");
        } else if shipped().iter().any(|rule| rule.id == self.id) {
            found.add("rule.ruleId", "RESERVED", "this text of law comes with the service");
        }
        words(&mut found, "rule.title", &self.title, LONGEST.0);
        words(&mut found, "rule.text", &self.text, LONGEST.1);
        if self.published_at.is_some_and(|published| published > now) {
            found.add("rule.publishedAt", "IN_FUTURE", "what is not public yet is published when it is");
        }
        if self.published_at.is_some() && previous.is_some() && !self.law {
            // The first may come from a platform that had it before; later ones are published here and nowhere else.
            found.add("rule.publishedAt", "NOT_ALLOWED", "a further version is published by this call");
        }
        if found.is_empty() { Ok(()) } else { Err(Problem::invalid(found)) }
    }
}

/// A version does not come to hold on a day on which a decision already rested on the one before.
///
/// # Errors
/// `RULE_BEFORE_DECISIONS`; `decided_at` is when a decision last rested on the rule.
pub fn require_after_decisions(next: &RuleVersion, decided_at: Option<Timestamp>) -> Result<(), Problem> {
    match decided_at.filter(|decided_at| next.effective_at <= *decided_at) {
        None => Ok(()),
        Some(decided_at) => {
            let message = "decisions rest on the version before since the day from which this one would hold";
            Err(refused("RULE_BEFORE_DECISIONS", message, &format!("effectiveAt after {decided_at}")))
        }
    }
}

/// The version in force at `at`, among the versions of one rule.
pub fn in_force(versions: &[RuleVersion], at: Timestamp) -> Option<&RuleVersion> {
    versions.iter().filter(|version| version.effective_at <= at).max_by_key(|version| version.version)
}

/// Until when `version` holds, among the versions of its rule: until the next one does.
pub fn until(versions: &[RuleVersion], version: u32) -> Option<Timestamp> {
    versions.iter().find(|next| next.version == version + 1).map(|next| next.effective_at)
}

/// Every one of `references` is the version in force at `at` of its rule, among `known`.
///
/// # Errors
/// [`Refusal::RuleNotInForce`], naming the rule, and the version that is in force if there is one.
pub fn require_in_force(references: &[String], known: &[RuleVersion], at: Timestamp) -> Result<(), Problem> {
    for reference in references {
        let Some((id, version)) = parse_rule_ref(reference) else {
            return Err(Refusal::RuleNotInForce.problem().with("rule", reference.as_str()));
        };
        let versions: Vec<_> = known.iter().filter(|rule| rule.id == id).cloned().collect();
        let holds = in_force(&versions, at);
        if holds.is_none_or(|holds| holds.version != version) {
            let problem = Refusal::RuleNotInForce.problem().with("rule", reference.as_str());
            let holds = holds.map(RuleVersion::reference).unwrap_or_default();
            return Err(problem.with("in_force", holds));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    version: u32,
    title: String,
    text: String,
    published_at: Timestamp,
    effective_at: Timestamp,
}

fn read(text: &str) -> Result<Vec<RuleVersion>, toml::de::Error> {
    let File { rule: rules } = toml::from_str(text)?;
    let version = |entry: Entry| RuleVersion {
        id: entry.id,
        version: entry.version,
        title: entry.title,
        text: entry.text,
        published_at: entry.published_at,
        effective_at: entry.effective_at,
        large_change: false,
        law: true,
    };
    Ok(rules.into_iter().map(version).collect())
}

/// The texts of law that come with the service: every tenant can cite them.
pub fn shipped() -> &'static [RuleVersion] {
    // Compiled in, and read by a test: what does not read would never be built.
    static CN: LazyLock<Vec<RuleVersion>> =
        LazyLock::new(|| read(include_str!("../../../data/rules/cn.toml")).unwrap_or_default());
    &CN
}

fn refused(code: &'static str, message: &'static str, satisfied_by: &str) -> Problem {
    Problem::new(ErrorKind::FailedPrecondition, code, message).with("satisfied_by", satisfied_by)
}

#[cfg(test)]
mod tests;
