//! What is wrong with the files of a rule set, all of it at once, each with its place.

use std::fmt;

use thiserror::Error;

/// A file of a rule set. The path decides what it holds: `lexicon/<language>/…`, `rules/…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path inside the rule set, with `/`.
    pub path: String,
    /// Its text.
    pub content: String,
}

/// One thing that is wrong with one place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}: {reason}")]
pub struct LoadProblem {
    /// The file's path inside the rule set.
    pub file: String,
    /// The line, from 1; 0 if it is about the whole file.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

impl LoadProblem {
    /// A problem of a whole file or folder.
    pub fn of_file(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, reason: reason.into() }
    }
}

/// Everything that is wrong with a rule set. A set with a problem is refused; the running one stays.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems(Vec<LoadProblem>);

impl Problems {
    /// Notes a problem.
    pub fn add(&mut self, file: &SourceFile, line: u64, reason: impl Into<String>) {
        self.0.push(LoadProblem { file: file.path.clone(), line, reason: reason.into() });
    }

    /// Notes what the parser says about a piece of `file` that begins after `skipped` lines.
    pub fn add_parse(&mut self, file: &SourceFile, skipped: u64, error: &serde_saphyr::Error) {
        let line = error.location().map_or(0, |location| location.line());
        self.add(file, skipped + line, error.without_snippet().to_string());
    }

    /// Notes a problem that is placed already.
    pub fn push(&mut self, problem: LoadProblem) {
        self.0.push(problem);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, LoadProblem> {
        self.0.iter()
    }
}

impl From<LoadProblem> for Problems {
    fn from(problem: LoadProblem) -> Self {
        Self(vec![problem])
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a LoadProblem;
    type IntoIter = std::slice::Iter<'a, LoadProblem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self {
            writeln!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The line a value stands in, from 1.
pub fn line_of<T>(value: &serde_saphyr::Spanned<T>) -> u64 {
    value.referenced.line()
}
