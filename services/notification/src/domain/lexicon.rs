//! The words of one language: codes as a reader knows them, dates, zones, the outside routes. Data, in a file per
//! language; code knows no phrase.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_domain::PartyKind;
use serde::Deserialize;

use super::form::{AND, OF};
use super::locale::Locale;
use super::vocabulary::Vocabulary;

/// The outside routes: as many for a consumer (L47) as for anybody else (L20).
const ROUTES: usize = 5;

/// See the module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lexicon {
    dates: Dates,
    zones: BTreeMap<String, String>,
    money: BTreeMap<String, String>,
    rules: Rules,
    routes: Routes,
    words: BTreeMap<String, BTreeMap<String, String>>,
}

/// The outside routes by whom a letter goes to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Routes {
    consumer: Ways,
    other: Ways,
}

/// Outside routes, and the law that names them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ways {
    /// The law.
    pub basis: String,
    /// The routes, in its order.
    pub ways: Vec<String>,
}

/// How rules are cited.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// Places: rule, version.
    cited: String,
    /// A published rule that has no words of its own; place: id.
    published: String,
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
        self.words.get(vocabulary.code())?.get(code).map(String::as_str)
    }

    /// A rule with its version, in words: `l04.3@2026-04-15`. What is no code stands as it is.
    pub fn rule(&self, cited: &str) -> String {
        let (id, version) = cited.split_once('@').unwrap_or((cited, ""));
        let is_code = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let named = match self.phrase(Vocabulary::Rule, id) {
            Some(words) => words.to_owned(),
            None if is_code(id) && is_code(version) && cited.contains(['.', '_', '-', '@']) => {
                self.rules.published.replace("{id}", id)
            }
            None => return cited.to_owned(),
        };
        if version.is_empty() {
            return named;
        }
        self.rules.cited.replace("{rule}", &named).replace("{version}", version)
    }

    /// A phrase with the amount that belongs to it: `points|200`, `freight|CNY 12.00`.
    pub fn entry(&self, vocabulary: Vocabulary, entry: &str) -> String {
        let phrase = |code: &str| self.phrase(vocabulary, code).unwrap_or(code).to_owned();
        match entry.split_once(OF) {
            Some((code, amount)) => match self.phrase(Vocabulary::Unit, code) {
                Some(unit) => format!("{} {}", phrase(code), unit.replace("{number}", amount)),
                None => format!("{} {}", phrase(code), self.money(amount)),
            },
            None => match self.phrase(vocabulary, entry) {
                Some(words) => words.to_owned(),
                None => entry.split(AND).map(|amount| self.money(amount)).collect::<Vec<_>>().join(AND),
            },
        }
    }

    /// An amount of money as this language writes it: `CNY 12.00`. What is none stands as it is.
    fn money(&self, amount: &str) -> String {
        let words = amount.split_once(' ').and_then(|(currency, number)| {
            let is_number = number.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            Some(self.money.get(currency).filter(|_| is_number)?.replace("{amount}", number))
        });
        words.unwrap_or_else(|| amount.to_owned())
    }

    /// The outside routes of an addressee. Those of a consumer are a consumer's alone: a business that is told to settle with
    /// the business, or to ask a consumer association, is told nothing.
    pub fn routes(&self, addressee: PartyKind) -> &Ways {
        if addressee == PartyKind::Consumer { &self.routes.consumer } else { &self.routes.other }
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
            ("routes.consumer.ways", &self.routes.consumer.ways, ROUTES),
            ("routes.other.ways", &self.routes.other.ways, ROUTES),
        ] {
            if list.len() != wanted || list.iter().any(|entry| entry.trim().is_empty()) {
                refuse(format!("{name}: {wanted} entries are expected"));
            }
        }
        if !self.dates.instant.contains("{zone}") || !self.dates.zone.contains("{offset}") {
            refuse("dates: an instant is told with its zone and offset".to_owned());
        }
        for (name, words, places) in [
            ("routes.consumer.basis", &self.routes.consumer.basis, &[][..]),
            ("routes.other.basis", &self.routes.other.basis, &[]),
            ("rules.cited", &self.rules.cited, &["{rule}", "{version}"]),
            ("rules.published", &self.rules.published, &["{id}"]),
        ] {
            if words.trim().is_empty() || places.iter().any(|place| !words.contains(place)) {
                refuse(format!(
                    "{name}: {} are expected",
                    if places.is_empty() { "words" } else { "its places" }
                ));
            }
        }
        for (currency, words) in self.money.iter().filter(|(_, words)| !words.contains("{amount}")) {
            refuse(format!("money.{currency}: {words} has no place for the amount"));
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
    fn a_rule_is_cited_in_words_with_its_version() {
        let named = of(Locale::ZhHans);
        let cited = named.rule("l04.3@2026-04-15");
        assert!(cited.contains("第十六条第三项") && cited.contains("2026-04-15"), "{cited}");
        assert_eq!(named.rule("house.late-parcel@4"), "本平台公示的规则 house.late-parcel（版本 4）");
        assert_eq!(named.rule("platform_rules"), "本平台公示的投诉处理规则");
        assert_eq!(named.rule("平台规则 第 3 条"), "平台规则 第 3 条", "words stay words");
    }

    #[test]
    fn every_rule_that_the_platform_ships_has_its_words() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../resolution/data/rules/cn.toml");
        let shipped: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let rules = shipped["rule"].as_array().unwrap();
        assert!(!rules.is_empty());
        for &locale in Locale::ALL {
            for rule in rules {
                let id = rule["id"].as_str().unwrap();
                assert!(of(locale).phrase(Vocabulary::Rule, id).is_some(), "{locale} {id}");
            }
        }
    }

    #[test]
    fn amounts_are_told_as_the_language_writes_them() {
        let (zh, en) = (of(Locale::ZhHans), of(Locale::En));
        assert_eq!(zh.entry(Vocabulary::Remedy, "freight|CNY 12.00"), "承担运费 人民币 12.00 元");
        assert_eq!(zh.entry(Vocabulary::Remedy, "points|200"), "积分 200 分");
        assert_eq!(zh.entry(Vocabulary::Party, "merchant|70 %"), "商家 70 %");
        assert_eq!(zh.entry(Vocabulary::Sentence, "CNY 1.00 + EUR 2.00"), "人民币 1.00 元 + EUR 2.00");
        assert_eq!(en.entry(Vocabulary::Sentence, "no_money"), "no money");
        assert_eq!(en.entry(Vocabulary::Sentence, "about one CNY 5"), "about one CNY 5");
    }

    #[test]
    fn a_consumers_routes_are_a_consumers_alone() {
        for &locale in Locale::ALL {
            let lexicon = of(locale);
            assert_ne!(lexicon.routes(PartyKind::Consumer).basis, lexicon.routes(PartyKind::Merchant).basis);
            for kind in PartyKind::ALL.iter().filter(|kind| **kind != PartyKind::Consumer) {
                assert_eq!(lexicon.routes(*kind).ways, lexicon.routes(PartyKind::Merchant).ways);
            }
        }
    }

    #[test]
    fn a_language_that_lacks_a_word_or_has_one_too_many_is_told_each() {
        let whole = of(Locale::ZhHans);
        let mut poorer = of(Locale::En);
        poorer.words.get_mut("channel").unwrap().remove("phone");
        poorer.words.get_mut("missing").unwrap().insert("shoe_size".into(), "shoe size".into());
        poorer.routes.consumer.ways.pop();
        assert_eq!(
            poorer.problems(Locale::En, &whole),
            [
                "en/lexicon.toml: routes.consumer.ways: 5 entries are expected",
                "en/lexicon.toml: words.channel.phone: is missing",
                "en/lexicon.toml: words.missing.shoe_size: other languages have no word for it",
            ]
        );
    }
}
