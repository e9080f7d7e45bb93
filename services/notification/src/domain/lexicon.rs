//! The words of one language: codes as a reader knows them, dates, zones, the outside routes. Data, in a file per
//! language; code knows no phrase.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_domain::{Category, Channel, DecidedBy, coded_enum};
use serde::Deserialize;

use super::kind::Role;
use super::locale::Locale;

coded_enum! {
    /// A table of codes and the words for them.
    Vocabulary {
        /// Channels of submission.
        Channel = "channel",
        /// Categories of complaints.
        Category = "category",
        /// Grounds of refusal (L04 and the platform's own).
        Refusal = "refusal",
        /// What each ground of refusal means, for a reader who did not write the rules.
        RefusalFacts = "refusal_facts",
        /// Rules of law and platform, by their ids without version.
        Rule = "rule",
        /// Details that a complaint lacks.
        Missing = "missing",
        /// What follows if somebody stays silent.
        Consequence = "consequence",
        /// What can be asked for or ordered.
        Remedy = "remedy",
        /// Queues that answer for a complaint in the place of a handler.
        Handler = "handler",
        /// What a respondent is asked to answer.
        Point = "point",
        /// Kinds of evidence.
        Evidence = "evidence",
        /// Grounds of the end of a mediation (L08).
        Termination = "termination",
        /// Kinds of decider.
        Decider = "decider",
        /// Kinds of party, and what stands where no party is answerable.
        Party = "party",
        /// The two sides.
        Side = "side",
        /// What came of an appeal.
        AppealOutcome = "appeal_outcome",
        /// Sentences that letters say where nobody wrote one.
        Sentence = "sentence",
        /// Why a case goes up a level.
        Escalation = "escalation",
    }
}

/// Codes of the grounds of refusal, as intake publishes them.
const REFUSALS: &[&str] = &[
    "not_competent",
    "handled_elsewhere",
    "no_dispute",
    "not_living_consumption",
    "over_three_years",
    "false_or_missing_material",
    "identity_not_verifiable",
    "abuse_or_spam",
    "duplicate_settled",
    "unreasonable_demand",
    "incomplete",
];
/// The eight grounds of L08.
const TERMINATIONS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8"];
/// What can come of an appeal.
const APPEAL_OUTCOMES: &[&str] = &["uphold", "vary", "revoke", "remit"];
/// The outside routes of L47.
const ROUTES: usize = 5;

impl Vocabulary {
    /// The codes that every language must have a word for; none where the vocabulary is open.
    fn closed(self) -> Vec<&'static str> {
        match self {
            Self::Channel => Channel::ALL.iter().map(|channel| channel.code()).collect(),
            Self::Category => Category::ALL.iter().map(|category| category.code()).collect(),
            Self::Refusal | Self::RefusalFacts => REFUSALS.to_vec(),
            Self::Termination => TERMINATIONS.to_vec(),
            Self::Decider => DecidedBy::ALL.iter().map(|decider| decider.code()).collect(),
            Self::Remedy => redress_domain::RemedyKind::ALL.iter().map(|remedy| remedy.code()).collect(),
            Self::Party => redress_domain::PartyKind::ALL.iter().map(|kind| kind.code()).collect(),
            Self::Side => Role::ALL.iter().map(|role| role.code()).collect(),
            Self::AppealOutcome => APPEAL_OUTCOMES.to_vec(),
            Self::Rule
            | Self::Missing
            | Self::Consequence
            | Self::Handler
            | Self::Point
            | Self::Evidence
            | Self::Sentence
            | Self::Escalation => Vec::new(),
        }
    }

    /// Whether every language has a word for `code`.
    pub fn has(self, code: &str) -> bool {
        self.closed().contains(&code)
    }
}

/// See the module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lexicon {
    dates: Dates,
    zones: BTreeMap<String, String>,
    routes: Vec<String>,
    words: BTreeMap<String, BTreeMap<String, String>>,
}

/// How dates are written. Places in braces: year, month, day, weekday, hour, minute, zone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dates {
    instant: String,
    day: String,
    /// Places: name, offset.
    zone: String,
    weekdays: Vec<String>,
    months: Vec<String>,
}

impl Lexicon {
    /// Reads a lexicon file. The error is the parser's, with line and column.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The words for a code.
    pub fn phrase(&self, vocabulary: Vocabulary, code: &str) -> Option<&str> {
        let table = self.words.get(vocabulary.code())?;
        // A rule is cited with its version: `l04.3@2026-04-15`.
        let code = if vocabulary == Vocabulary::Rule { code.split('@').next().unwrap_or(code) } else { code };
        table.get(code).map(String::as_str)
    }

    /// The outside routes, in the order of the law.
    pub fn routes(&self) -> &[String] {
        &self.routes
    }

    /// Date, hour and zone: never one without the other.
    pub fn instant(&self, instant: Timestamp, zone: &TimeZone) -> String {
        let there = instant.to_zoned(zone.clone());
        self.date(&self.dates.instant, &there)
            .replace("{hour}", &format!("{:02}", there.hour()))
            .replace("{minute}", &format!("{:02}", there.minute()))
            .replace("{zone}", &self.zone(&there))
    }

    /// The day alone, for the end of a letter.
    pub fn day(&self, instant: Timestamp, zone: &TimeZone) -> String {
        self.date(&self.dates.day, &instant.to_zoned(zone.clone()))
    }

    fn date(&self, form: &str, there: &jiff::Zoned) -> String {
        let pick = |list: &[String], place: i8| {
            list.get(usize::from(place.unsigned_abs())).cloned().unwrap_or_default()
        };
        form.replace("{year}", &there.year().to_string())
            .replace("{month}", &pick(&self.dates.months, there.month() - 1))
            .replace("{day}", &there.day().to_string())
            .replace("{weekday}", &pick(&self.dates.weekdays, there.weekday().to_monday_zero_offset()))
    }

    fn zone(&self, there: &jiff::Zoned) -> String {
        let iana = there.time_zone().iana_name().unwrap_or("UTC");
        let minutes = there.offset().seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let offset = if rest == 0 { format!("{sign}{hours}") } else { format!("{sign}{hours}:{rest:02}") };
        let name = self.zones.get(iana).map_or(iana, String::as_str);
        self.dates.zone.replace("{name}", name).replace("{offset}", &offset)
    }

    /// What is wrong with this lexicon beside `first`, the one that the others are measured by.
    pub fn problems(&self, locale: Locale, first: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut refuse = |problem: String| found.push(format!("{locale}/lexicon.toml: {problem}"));
        for (name, list, wanted) in [
            ("dates.weekdays", &self.dates.weekdays, 7),
            ("dates.months", &self.dates.months, 12),
            ("routes", &self.routes, ROUTES),
        ] {
            if list.len() != wanted || list.iter().any(|entry| entry.trim().is_empty()) {
                refuse(format!("{name}: {wanted} entries are expected"));
            }
        }
        if !self.dates.instant.contains("{zone}") || !self.dates.zone.contains("{offset}") {
            refuse("dates: an instant is told with its zone and offset".to_owned());
        }
        for name in self.words.keys().filter(|name| name.parse::<Vocabulary>().is_err()) {
            refuse(format!("words.{name}: no such vocabulary"));
        }
        for &vocabulary in Vocabulary::ALL {
            let none = BTreeMap::new();
            let own = self.words.get(vocabulary.code()).unwrap_or(&none);
            let theirs = first.words.get(vocabulary.code()).unwrap_or(&none);
            let wanted: BTreeSet<&str> =
                vocabulary.closed().into_iter().chain(theirs.keys().map(String::as_str)).collect();
            for code in wanted {
                if own.get(code).is_none_or(|words| words.trim().is_empty()) {
                    refuse(format!("words.{vocabulary}.{code}: is missing"));
                }
            }
            for code in own.keys().filter(|code| !theirs.contains_key(*code)) {
                refuse(format!("words.{vocabulary}.{code}: other languages have no word for it"));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::templates::builtin;

    fn of(locale: Locale) -> Lexicon {
        Lexicon::read(builtin().text(&format!("{locale}/lexicon.toml")).unwrap()).unwrap()
    }

    #[test]
    fn a_deadline_is_told_with_day_hour_and_zone_in_the_readers_language() {
        let instant = "2026-12-02T10:00:00Z".parse().unwrap();
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(
            of(Locale::ZhHans).instant(instant, &zone),
            "2026年12月2日（星期三）18:00（北京时间，UTC+8）"
        );
        assert_eq!(
            of(Locale::ZhHant).instant(instant, &zone),
            "2026年12月2日（星期三）18:00（北京時間，UTC+8）"
        );
        assert_eq!(
            of(Locale::En).instant(instant, &zone),
            "Wednesday, 2 December 2026, 18:00 (Beijing time, UTC+8)"
        );
        let kolkata = TimeZone::get("Asia/Kolkata").unwrap();
        assert!(of(Locale::En).instant(instant, &kolkata).ends_with("15:30 (Asia/Kolkata, UTC+5:30)"));
    }

    #[test]
    fn a_rule_is_named_whatever_its_version() {
        let named = of(Locale::ZhHans);
        assert!(named.phrase(Vocabulary::Rule, "l04.3@2026-04-15").unwrap().contains("第十六条"));
        assert_eq!(named.phrase(Vocabulary::Rule, "unheard-of@1"), None);
    }

    #[test]
    fn a_language_that_lacks_a_word_or_has_one_too_many_is_told_each() {
        let whole = of(Locale::ZhHans);
        let mut poorer = of(Locale::En);
        poorer.words.get_mut("channel").unwrap().remove("phone");
        poorer.words.get_mut("missing").unwrap().insert("shoe_size".into(), "shoe size".into());
        poorer.routes.pop();
        assert_eq!(
            poorer.problems(Locale::En, &whole),
            [
                "en/lexicon.toml: routes: 5 entries are expected",
                "en/lexicon.toml: words.channel.phone: is missing",
                "en/lexicon.toml: words.missing.shoe_size: other languages have no word for it",
            ]
        );
    }
}
