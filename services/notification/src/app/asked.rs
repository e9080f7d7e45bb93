//! What a respondent is asked, by category of complaint: data.

use std::collections::BTreeMap;

use redress_domain::Category;
use serde::Deserialize;

/// The table of questions.
#[derive(Debug, Clone)]
pub struct Asked(BTreeMap<Category, Questions>);

/// What is asked about one category; codes of the lexicon, one a line as the fields of a notice have them.
#[derive(Debug, Clone, Default)]
pub struct Questions {
    /// The points to answer.
    pub points: String,
    /// The evidence to show.
    pub evidence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    points: Vec<String>,
    evidence: Vec<String>,
}

impl Asked {
    /// The table that comes with the binary.
    pub fn builtin() -> Result<Self, String> {
        Self::read(include_str!("../../data/asked.toml"))
    }

    /// Reads a table; every category has a row.
    pub fn read(text: &str) -> Result<Self, String> {
        let rows: BTreeMap<Category, Row> = toml::from_str(text).map_err(|error| error.to_string())?;
        let without = |category: &&Category| {
            rows.get(category).is_none_or(|row| row.points.is_empty() || row.evidence.is_empty())
        };
        if let Some(category) = Category::ALL.iter().find(without) {
            return Err(format!("{category}: points and evidence are mandatory"));
        }
        let questions =
            |row: Row| Questions { points: row.points.join("\n"), evidence: row.evidence.join("\n") };
        Ok(Self(rows.into_iter().map(|(category, row)| (category, questions(row))).collect()))
    }

    /// What is asked about a category.
    pub fn about(&self, category: Category) -> Questions {
        self.0.get(&category).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lexicon::Vocabulary;
    use crate::domain::locale::Locale;
    use crate::domain::templates::{Templates, builtin};

    #[test]
    fn every_question_has_its_words_in_every_language() {
        let asked = Asked::builtin().unwrap();
        let templates = Templates::read(&builtin()).unwrap();
        for &locale in Locale::ALL {
            let lexicon = templates.lexicon(locale).unwrap();
            for &category in Category::ALL {
                let questions = asked.about(category);
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

    #[test]
    fn a_category_without_questions_is_refused() {
        let table = include_str!("../../data/asked.toml").replace("[CQ08]", "[CQ07b]");
        assert!(Asked::read(&table).is_err());
        let table = include_str!("../../data/asked.toml").split("[CQ09]").next().unwrap().to_owned();
        assert_eq!(Asked::read(&table).unwrap_err(), "CQ09: points and evidence are mandatory");
    }
}
