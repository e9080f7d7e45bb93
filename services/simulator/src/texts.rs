//! The words of complaints, in our own; they lie in files of their own, one per language.

use anyhow::Context as _;
use serde::Deserialize;

const FILES: [&str; 3] = [
    include_str!("../data/zh-hans.toml"),
    include_str!("../data/zh-hant.toml"),
    include_str!("../data/en.toml"),
];

/// The complaints of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// BCP 47.
    pub tag: String,
    /// Invented complainants.
    pub names: Vec<String>,
    /// What they say.
    #[serde(rename = "complaint")]
    pub texts: Vec<Text>,
}

/// What somebody complains of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "what a text is good for, by the names of the data file")]
pub struct Text {
    /// In their words.
    pub words: String,
    /// What was bought.
    pub product: String,
    /// What is asked for, as codes of the catalogue.
    pub remedies: Vec<String>,
    /// Whether it is about a live room.
    #[serde(default)]
    pub live: bool,
    /// Whether it is about the one lie that a whole room complains of.
    #[serde(default)]
    pub uproar: bool,
    /// Whether it insults and complains of nothing.
    #[serde(default)]
    pub abusive: bool,
    /// Whether a merchant says it, against a penalty of the platform.
    #[serde(default)]
    pub penalty: bool,
}

/// All languages.
pub fn all() -> anyhow::Result<Vec<Language>> {
    FILES
        .iter()
        .map(|file| toml::from_str(file).context("a file of services/simulator/data has another form"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_two_hundred_different_texts_and_a_fifth_of_them_are_about_live_rooms() {
        let languages = all().unwrap();
        let texts: Vec<&Text> = languages.iter().flat_map(|language| &language.texts).collect();
        let different: BTreeSet<&str> = texts.iter().map(|text| text.words.as_str()).collect();
        assert!(different.len() >= 200 && different.len() == texts.len());
        let live = texts.iter().filter(|text| text.live).count();
        assert!((15..=25).contains(&(live * 100 / texts.len())), "{live} of {}", texts.len());
        let tags: Vec<&str> = languages.iter().map(|language| language.tag.as_str()).collect();
        assert_eq!(tags, ["zh-Hans", "zh-Hant", "en"]);
    }

    #[test]
    fn telephone_numbers_are_visibly_invalid() {
        for text in all().unwrap().iter().flat_map(|language| &language.texts) {
            let number: String = text.words.chars().filter(char::is_ascii_digit).collect();
            assert!(number.len() < 7 || number.chars().all(|digit| digit == '0'), "{}", text.words);
        }
    }
}
