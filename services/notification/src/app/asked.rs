//! What a respondent is asked: by category of complaint, as far as its kind can say and have it. Data.

use std::collections::BTreeMap;

use redress_domain::{Category, PartyKind};
use serde::Deserialize;

/// The table of questions.
#[derive(Debug, Clone)]
pub struct Asked {
    rows: BTreeMap<Category, Row>,
    holds: BTreeMap<String, Row>,
}

/// What everybody is asked, and can write.
const POINT: &str = "truth";
const EVIDENCE: &str = "merchant_statement";

/// What is asked about one category; codes of the lexicon, one a line as the fields of a notice have them.
#[derive(Debug, Clone, Default)]
pub struct Questions {
    /// The points to answer.
    pub points: String,
    /// The evidence to show.
    pub evidence: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    points: Vec<String>,
    evidence: Vec<String>,
}

impl Asked {
    /// The table that comes with the binary.
    pub fn builtin() -> Result<Self, String> {
        Self::read(include_str!("../../data/asked.toml"), include_str!("../../data/holds.toml"))
    }

    /// Reads the questions of each category, and what kinds of respondents can have; every category has a row.
    pub fn read(text: &str, holds: &str) -> Result<Self, String> {
        let rows: BTreeMap<Category, Row> = toml::from_str(text).map_err(|error| error.to_string())?;
        let without = |category: &&Category| {
            rows.get(category).is_none_or(|row| row.points.is_empty() || row.evidence.is_empty())
        };
        if let Some(category) = Category::ALL.iter().find(without) {
            return Err(format!("{category}: points and evidence are mandatory"));
        }
        let holds: BTreeMap<String, Row> = toml::from_str(holds).map_err(|error| error.to_string())?;
        if let Some(kind) = holds.keys().find(|kind| kind.parse::<PartyKind>().is_err()) {
            return Err(format!("{kind}: no kind of party"));
        }
        Ok(Self { rows, holds })
    }

    /// What this kind of respondent is asked about a category.
    pub fn about(&self, category: Category, respondent: PartyKind) -> Questions {
        let Some(row) = self.rows.get(&category) else { return Questions::default() };
        let held = self.holds.get(respondent.code());
        let of = |asked: &[String], held: Option<&[String]>, least: &str| {
            let can = |code: &&String| held.is_none_or(|held| held.contains(code));
            let asked: Vec<&str> = asked.iter().filter(can).map(String::as_str).collect();
            if asked.is_empty() { least.to_owned() } else { asked.join("\n") }
        };
        Questions {
            points: of(&row.points, held.map(|held| held.points.as_slice()), POINT),
            evidence: of(&row.evidence, held.map(|held| held.evidence.as_slice()), EVIDENCE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::locale::Locale;
    use crate::domain::templates::{Templates, builtin};
    use crate::domain::vocabulary::Vocabulary;

    #[test]
    fn every_question_has_its_words_in_every_language() {
        let asked = Asked::builtin().unwrap();
        let templates = Templates::read(&builtin()).unwrap();
        for &locale in Locale::ALL {
            let lexicon = templates.lexicon(locale).unwrap();
            for &category in Category::ALL {
                for &kind in PartyKind::ALL {
                    let questions = asked.about(category, kind);
                    for (vocabulary, codes) in
                        [(Vocabulary::Point, &questions.points), (Vocabulary::Evidence, &questions.evidence)]
                    {
                        for code in codes.lines() {
                            assert!(lexicon.phrase(vocabulary, code).is_some(), "{locale} {category} {code}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_category_without_questions_is_refused() {
        let table = include_str!("../../data/asked.toml").replace("[CQ08]", "[CQ07b]");
        let holds = include_str!("../../data/holds.toml");
        assert!(Asked::read(&table, holds).is_err());
        let table = include_str!("../../data/asked.toml").split("[CQ09]").next().unwrap().to_owned();
        assert_eq!(Asked::read(&table, holds).unwrap_err(), "CQ09: points and evidence are mandatory");
        let strange = holds.replace("[mcn]", "[neighbour]");
        let whole = include_str!("../../data/asked.toml");
        assert_eq!(Asked::read(whole, &strange).unwrap_err(), "neighbour: no kind of party");
    }

    #[test]
    fn a_buyer_who_is_complained_of_is_asked_for_no_records_of_a_trade() {
        let asked = Asked::builtin().unwrap();
        for &category in Category::ALL {
            let questions = asked.about(category, PartyKind::User);
            for record in
                ["order_record", "service_promise", "invoice", "licence", "outbound_record", "price_basis"]
            {
                assert!(!questions.evidence.contains(record), "{category} {record}");
            }
            assert!(questions.points.contains(POINT) && !questions.evidence.is_empty());
        }
    }
}
