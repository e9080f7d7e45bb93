//! Findings, and the report of them.

use serde::Serialize;

use crate::output::{clean, table};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Not looked at.
    Skipped,
    /// Works, and may not for long, or not for production.
    Warning,
    /// Wrong: the exit code is 1.
    Problem,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What kind of thing: services, parked, outbox, consumers, schema, database, topics, redis, clock, collector.
    check: &'static str,
    /// Which one.
    subject: String,
    level: Level,
    /// What was found, a sentence.
    message: String,
    /// What to do; empty where nothing is to be done.
    remedy: String,
}

impl Finding {
    pub(super) fn new(
        check: &'static str,
        subject: impl Into<String>,
        level: Level,
        message: impl Into<String>,
    ) -> Self {
        Self { check, subject: subject.into(), level, message: message.into(), remedy: String::new() }
    }

    #[must_use]
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    #[cfg(test)]
    pub(super) fn is(&self, level: Level) -> bool {
        self.level == level
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.message, self.remedy)
    }
}

/// All findings; its names are stable.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether there is no problem. Warnings and what was skipped are none.
    pub(super) well: bool,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn of(findings: Vec<Finding>) -> Self {
        Self { well: findings.iter().all(|finding| finding.level != Level::Problem), findings }
    }

    pub(super) fn shown(&self) -> String {
        let mut text = table(
            ["", "CHECK", "SUBJECT", "FINDING"],
            self.findings.iter().map(|finding| {
                [
                    finding.level.word().to_owned(),
                    finding.check.to_owned(),
                    finding.subject.clone(),
                    finding.message.clone(),
                ]
            }),
        );
        for (level, heading) in [
            (Level::Problem, "What to do:"),
            (Level::Warning, "Worth a look:"),
            (Level::Skipped, "To look at more:"),
        ] {
            text.push_str(&remedies(&self.findings, level, heading));
        }
        let count = |level| self.findings.iter().filter(|finding| finding.level == level).count();
        let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
        text + &format!("\n{problems} problem(s), {warnings} warning(s)\n")
    }
}

/// Each remedy once, with what it is for.
fn remedies(findings: &[Finding], level: Level, heading: &str) -> String {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.level == level && !finding.remedy.is_empty()) {
        match told.iter_mut().find(|(remedy, _)| *remedy == finding.remedy) {
            Some((_, subjects)) => subjects.push(&finding.subject),
            None => told.push((&finding.remedy, vec![&finding.subject])),
        }
    }
    if told.is_empty() {
        return String::new();
    }
    let lines =
        told.iter().map(|(remedy, subjects)| format!("  {}: {}\n", subjects.join(", "), clean(remedy)));
    format!("\n{heading}\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_makes_the_report_bad_and_each_remedy_is_told_once() {
        let finding =
            |subject: &str, level| Finding::new("topics", subject, level, "found").remedy("Do this.");
        let report = Report::of(vec![
            finding("a", Level::Problem),
            finding("b", Level::Problem),
            finding("c", Level::Warning),
            Finding::new("redis", "d", Level::Ok, "fine"),
        ]);
        assert!(!report.well);
        let text = report.shown();
        assert!(text.contains("What to do:\n  a, b: Do this.\n"), "{text}");
        assert!(text.ends_with("2 problem(s), 1 warning(s)\n"), "{text}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["findings"][3]["level"], "ok");
        assert!(Report::of(vec![finding("c", Level::Warning), finding("d", Level::Skipped)]).well);
    }
}
