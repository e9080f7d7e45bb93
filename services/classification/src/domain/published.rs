//! The rule set that comes with the service: the one in effect until a tenant publishes its own.

use super::rules::RuleSet;
use super::rules::problem::{Problems, SourceFile};

macro_rules! files {
    ($($path:literal),+ $(,)?) => { [$(($path, include_str!(concat!("../../data/", $path)))),+] };
}

const FILES: &[(&str, &str)] = &files![
    "lexicon/en/account.yaml",
    "lexicon/en/aftersales.yaml",
    "lexicon/en/delivery.yaml",
    "lexicon/en/fields.yaml",
    "lexicon/en/goods.yaml",
    "lexicon/en/matters.yaml",
    "lexicon/en/money.yaml",
    "lexicon/en/people.yaml",
    "lexicon/en/phrases.yaml",
    "lexicon/en/scopes.yaml",
    "lexicon/en/service.yaml",
    "lexicon/en/topics.yaml",
    "lexicon/zh-hans/account.yaml",
    "lexicon/zh-hans/aftersales.yaml",
    "lexicon/zh-hans/delivery.yaml",
    "lexicon/zh-hans/fields.yaml",
    "lexicon/zh-hans/goods.yaml",
    "lexicon/zh-hans/matters.yaml",
    "lexicon/zh-hans/money.yaml",
    "lexicon/zh-hans/people.yaml",
    "lexicon/zh-hans/phrases.yaml",
    "lexicon/zh-hans/scopes.yaml",
    "lexicon/zh-hans/service.yaml",
    "lexicon/zh-hans/topics.yaml",
    "lexicon/zh-hant/regional.yaml",
    "rules/admissibility.yaml",
    "rules/anyhow.yaml",
    "rules/borders.yaml",
    "rules/categories.yaml",
    "rules/features.yaml",
    "rules/parties.yaml",
    "rules/references.yaml",
    "rules/subcategories.yaml",
    "rules/thresholds.yaml",
    "rules/topics.yaml",
    "rules/units.yaml",
    "rules/weight.yaml",
    "words/parties.txt",
    "words/subcategories.txt",
    "words/urgency.txt",
];

const EXAMPLES: &[(&str, &str)] = &files!["examples/ordinary.yaml", "examples/paraphrases.yaml"];

/// The files of the rule set that comes with the service.
pub fn files() -> Vec<SourceFile> {
    owned(FILES)
}

/// The examples that it was written with.
pub fn examples() -> Vec<SourceFile> {
    owned(EXAMPLES)
}

fn owned(files: &[(&str, &str)]) -> Vec<SourceFile> {
    files
        .iter()
        .map(|&(path, content)| SourceFile { path: path.to_owned(), content: content.to_owned() })
        .collect()
}

/// The rule set that comes with the service. Its tests load it, so an error means a broken build.
pub fn rule_set() -> Result<RuleSet, Problems> {
    RuleSet::load(&files())
}
