//! How well a rule set does on labelled texts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use redress_domain::Category;
use thiserror::Error;

use super::rules::RuleSet;
use super::rules::examples::{Example, Labels};
use super::rules::problem::{Problems, SourceFile};

/// Counts over pairs of what a text is and what it was assessed as.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// How often a text of the first category was given the second.
    pub confusion: BTreeMap<(Category, Category), u32>,
    /// Urgency as a yes or no.
    pub urgent: Hits,
    /// Severity major.
    pub major: Hits,
    /// Urgency with the right cause, among the urgent texts.
    pub urgent_reason: Share,
    /// Sub-category.
    pub sub: Share,
    /// Severity.
    pub severity: Share,
    /// Yes, no or completion, with the reason of a refusal.
    pub admissibility: Share,
    /// All the missing details that are told, among texts that lack some.
    pub missing: Share,
    /// Who caused it, among texts of live commerce.
    pub live: Share,
    /// Whom it is directed at.
    pub respondent: Share,
    /// Own relief, report or both.
    pub matter: Share,
    /// Exactly the secondary categories.
    pub secondary: Share,
}

/// Why a folder of labelled texts cannot be measured.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// The folder or a file of it.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// What is written in a file.
    #[error(transparent)]
    Labels(#[from] Problems),
}

/// The labelled texts of every `.yaml` file in `folder`, in the order of their names.
pub fn read(folder: &Path) -> Result<Vec<Example>, Unreadable> {
    Ok(files(folder)?.into_iter().flat_map(|(_, examples)| examples).collect())
}

/// The `.yaml` files in `folder` with their labelled texts, in the order of their names.
pub fn files(folder: &Path) -> Result<Vec<(String, Vec<Example>)>, Unreadable> {
    let unreadable = |error| Unreadable::File(folder.display().to_string(), error);
    let entries = std::fs::read_dir(folder).map_err(unreadable)?.map(|entry| entry.map(|e| e.path()));
    let mut paths = entries.collect::<Result<Vec<PathBuf>, _>>().map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let content =
            std::fs::read_to_string(&path).map_err(|error| Unreadable::File(name.clone(), error))?;
        let examples = Example::read(&SourceFile { path: name.clone(), content })?;
        files.push((name, examples));
    }
    Ok(files)
}

/// A yes-or-no label.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Hits {
    /// Found and right.
    pub right: u32,
    /// Found and wrong.
    pub wrong: u32,
    /// Not found.
    pub missed: u32,
}

/// A share of right answers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Right answers.
    pub right: u32,
    /// All answers.
    pub of: u32,
}

impl Hits {
    fn count(&mut self, is: bool, got: bool) {
        match (is, got) {
            (true, true) => self.right += 1,
            (false, true) => self.wrong += 1,
            (true, false) => self.missed += 1,
            (false, false) => {}
        }
    }

    /// Of what was found, how much is right; 1 if nothing was found.
    pub fn precision(self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    /// Of what is there, how much was found; 1 if nothing is there.
    pub fn recall(self) -> f64 {
        ratio(self.right, self.right + self.missed)
    }

    /// The harmonic mean of both.
    pub fn f1(self) -> f64 {
        ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

impl Share {
    /// Counts one answer.
    pub fn count(&mut self, right: bool) {
        self.right += u32::from(right);
        self.of += 1;
    }

    /// 0 to 1; 1 of nothing.
    pub fn value(self) -> f64 {
        ratio(self.right, self.of)
    }
}

fn ratio(part: u32, whole: u32) -> f64 {
    if whole == 0 { 1.0 } else { f64::from(part) / f64::from(whole) }
}

impl Measurement {
    /// Measures a rule set on labelled texts.
    pub fn on(rules: &RuleSet, examples: &[Example]) -> Self {
        Self::of(
            examples.iter().map(|example| (example.is.clone(), Labels::of(&rules.assess(&example.case())))),
        )
    }

    /// Counts pairs of what a text is and what it was assessed as.
    pub fn of(pairs: impl IntoIterator<Item = (Labels, Labels)>) -> Self {
        let mut all = Self::default();
        for (is, got) in pairs {
            all.count(&is, &got);
        }
        all
    }

    fn count(&mut self, is: &Labels, got: &Labels) {
        *self.confusion.entry((is.category, got.category)).or_default() += 1;
        self.urgent.count(is.urgent.is_some(), got.urgent.is_some());
        self.major.count(is.major, got.major);
        if is.urgent.is_some() {
            self.urgent_reason.count(is.urgent == got.urgent);
        }
        self.sub.count(is.sub == got.sub);
        self.severity.count(is.major == got.major);
        self.admissibility.count(is.incomplete == got.incomplete && is.inadmissible == got.inadmissible);
        if !is.missing.is_empty() {
            self.missing.count(is.missing.iter().all(|detail| got.missing.contains(detail)));
        }
        if is.live.is_some() || got.live.is_some() {
            self.live.count(is.live == got.live);
        }
        self.respondent.count(is.respondent == got.respondent);
        self.matter.count(is.matter == got.matter);
        self.secondary.count(is.secondary == got.secondary);
    }

    /// One category as a yes-or-no label.
    pub fn category(&self, category: Category) -> Hits {
        let mut hits = Hits::default();
        for (&(is, got), &count) in &self.confusion {
            match (is == category, got == category) {
                (true, true) => hits.right += count,
                (false, true) => hits.wrong += count,
                (true, false) => hits.missed += count,
                (false, false) => {}
            }
        }
        hits
    }

    /// The figures that matter most, on one line.
    pub fn line(&self) -> String {
        format!(
            "macro-F1 {:.3}, urgent recall {:.3} precision {:.3}, severity {:.3}, admissibility {:.3}, sub-category {:.3}, \
             respondent {:.3}, live attribution {:.3}",
            self.macro_f1(),
            self.urgent.recall(),
            self.urgent.precision(),
            self.severity.value(),
            self.admissibility.value(),
            self.sub.value(),
            self.respondent.value(),
            self.live.value(),
        )
    }

    /// The mean of the nine categories' F1.
    pub fn macro_f1(&self) -> f64 {
        Category::ALL.iter().map(|&category| self.category(category).f1()).sum::<f64>() / 9.0
    }
}

/// The least macro-F1 over the nine categories.
const MACRO_F1: f64 = 0.80;
/// The least recall of urgent complaints.
const URGENT_RECALL: f64 = 0.90;
/// The fewest labelled texts that say anything.
const TEXTS: u32 = 150;

impl Measurement {
    /// What falls short of the goals; nothing if they are reached.
    pub fn shortfalls(&self) -> Vec<String> {
        let texts: u32 = self.confusion.values().sum();
        let mut short = Vec::new();
        if texts < TEXTS {
            short.push(format!("{texts} texts, at least {TEXTS} are needed"));
        }
        for (name, value, goal) in [
            ("macro-F1", self.macro_f1(), MACRO_F1),
            ("recall of urgent complaints", self.urgent.recall(), URGENT_RECALL),
        ] {
            if value < goal {
                short.push(format!("{name} is {value:.3}, at least {goal:.2} is the goal"));
            }
        }
        short
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "label      precision  recall      F1")?;
        for &category in Category::ALL {
            line(f, category.code(), self.category(category))?;
        }
        line(f, "urgent", self.urgent)?;
        line(f, "major", self.major)?;
        writeln!(f, "macro-F1 over the nine categories: {:.3}", self.macro_f1())?;
        for (name, share) in [
            ("sub-category", self.sub),
            ("cause of urgency", self.urgent_reason),
            ("severity", self.severity),
            ("admissibility", self.admissibility),
            ("missing details", self.missing),
            ("live attribution", self.live),
            ("respondent", self.respondent),
            ("matter", self.matter),
            ("secondary", self.secondary),
        ] {
            writeln!(f, "{name:<17} {:>4} of {:<4} {:.3}", share.right, share.of, share.value())?;
        }
        self.table(f)
    }
}

impl Measurement {
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "is, got →")?;
        for got in Category::ALL {
            write!(f, "{:>5}", got.code())?;
        }
        for &is in Category::ALL {
            write!(f, "\n{:<9}", is.code())?;
            for &got in Category::ALL {
                write!(f, "{:>5}", self.confusion.get(&(is, got)).copied().unwrap_or_default())?;
            }
        }
        writeln!(f)
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, hits: Hits) -> fmt::Result {
    writeln!(f, "{name:<10} {:>9.3} {:>7.3} {:>7.3}", hits.precision(), hits.recall(), hits.f1())
}
