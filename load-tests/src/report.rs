//! The result of a run: a table for people and one line of JSON for machines, from the same figures.

use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::{Map, Value};

/// Figures in order. A name ends with its unit.
#[derive(Debug)]
pub(crate) struct Report {
    command: &'static str,
    figures: Vec<(String, Value, &'static str)>,
}

impl Report {
    pub(crate) fn of(command: &'static str) -> Self {
        Self { command, figures: Vec::new() }
    }

    /// Adds a figure.
    pub(crate) fn figure(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.goal(name, value, "");
    }

    /// Adds a figure that has a goal, told beside it.
    pub(crate) fn goal(&mut self, name: impl Into<String>, value: impl Into<Value>, goal: &'static str) {
        self.figures.push((name.into(), rounded(value.into()), goal));
    }

    /// Prints what was found out so far, the table only.
    pub(crate) fn print_table(&self) -> io::Result<()> {
        let width = self.figures.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        let mut out = io::stdout().lock();
        writeln!(out, "{}", self.command)?;
        for (name, value, goal) in &self.figures {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let goal = if goal.is_empty() { String::new() } else { format!("   (goal {goal})") };
            writeln!(out, "  {name:<width$}  {value:>12}{goal}")?;
        }
        out.flush()
    }

    /// Prints the table and, as the last line, the JSON with the figures of `machine` beside ours.
    pub(crate) fn print(&self, machine: &Self) -> io::Result<()> {
        self.print_table()?;
        let line = serde_json::json!({
            "command": self.command, "machine": machine.to_object(), "figures": self.to_object(),
        });
        writeln!(io::stdout().lock(), "{line}")
    }

    fn to_object(&self) -> Map<String, Value> {
        self.figures.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect()
    }
}

/// Microseconds of `time` for each of `times`.
pub(crate) fn microseconds_each(time: Duration, times: u64) -> f64 {
    time.as_secs_f64() * 1_000_000.0 / as_f64(times.max(1))
}

pub(crate) fn megabytes(bytes: u64) -> f64 {
    as_f64(bytes) / 1_000_000.0
}

/// Counts of a run and sizes of its processes are exact as they are.
#[expect(clippy::cast_precision_loss, reason = "they stay far below 2^52")]
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Three decimals: more than any of these figures is worth.
fn rounded(value: Value) -> Value {
    match value.as_f64() {
        Some(number) if value.is_f64() => ((number * 1_000.0).round() / 1_000.0).into(),
        _ => value,
    }
}

/// Says on stderr what is going on; stdout is for results.
pub(crate) fn progress(what: impl std::fmt::Display) {
    // Nobody reads it when the terminal is gone.
    writeln!(io::stderr().lock(), "… {what}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_and_json_are_the_same_figures() {
        let mut report = Report::of("accept");
        report.figure("accepted", 5_u64);
        report.goal("p99_ms", 12.345_67, "<= 200");
        assert_eq!(
            serde_json::to_value(report.to_object()).unwrap(),
            serde_json::json!({"accepted": 5, "p99_ms": 12.346})
        );
    }
}
