use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::kind::NoticeKind;
use super::super::locale::Locale;

/// The template files by path, such as `en/n01_receipt.jinja`.
#[derive(Debug, Clone, Default)]
pub struct Sources(BTreeMap<String, Cow<'static, str>>);

/// Pairs each path with the text of the file that was compiled in.
macro_rules! files {
    ($($locale:literal: $names:tt;)+) => { &[$(files!(@names $locale $names)),+] };
    (@names $locale:literal [$($name:literal)+]) => {
        &[$((
            concat!($locale, "/", $name),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $locale, "/", $name)),
        )),+]
    };
}

macro_rules! of_each_language {
    ($names:tt) => {
        files! { "zh-Hans": $names; "zh-Hant": $names; "en": $names; }
    };
}

type Compiled = &'static [&'static [(&'static str, &'static str)]];

const BUILT_IN: Compiled = of_each_language!([
    "lexicon.toml" "examples.toml" "letter.jinja"
    "n01_receipt.jinja" "n02_acceptance.jinja" "n03_refusal.jinja" "n04_completion.jinja" "n05_respondent.jinja"
    "n06_evidence.jinja" "n08_progress.jinja" "n09_delay.jinja" "n10_proposal.jinja" "n11_settlement.jinja"
    "n12_result.jinja" "n13_ruling.jinja" "n14_termination.jinja" "n15_appeal.jinja" "n17_execution.jinja"
    "n18_survey.jinja" "n24_escalation.jinja"
]);

/// The templates that come with the binary.
pub fn builtin() -> Sources {
    let files = BUILT_IN.iter().copied().flatten();
    Sources(files.map(|(path, text)| ((*path).to_owned(), Cow::Borrowed(*text))).collect())
}

/// The path of a kind's template.
pub fn path(kind: NoticeKind, locale: Locale) -> String {
    format!("{locale}/{kind}.jinja")
}

impl Sources {
    /// Every path that a whole set has.
    pub fn paths() -> impl Iterator<Item = String> {
        Locale::ALL.iter().flat_map(|&locale| {
            let shared =
                ["lexicon.toml", "examples.toml", "letter.jinja"].map(|name| format!("{locale}/{name}"));
            shared.into_iter().chain(NoticeKind::ALL.iter().map(move |&kind| path(kind, locale)))
        })
    }

    /// The file at `path`.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(AsRef::as_ref)
    }

    /// Puts a file in its place.
    pub fn put(&mut self, path: String, text: String) {
        self.0.insert(path, Cow::Owned(text));
    }
}
