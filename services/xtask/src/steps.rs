//! A command's steps: a heading before each, and what each came to at the end.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

/// What has been done so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    failure: Option<String>,
}

impl Steps {
    /// Does one step. A failure is told at once and again in the summary; the caller decides whether to go on.
    pub(crate) async fn run<T>(
        &mut self,
        name: impl Into<String>,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> Option<T> {
        let name = name.into();
        eprintln!("── {name}");
        let begun = Instant::now();
        let (value, failure) = match work.await {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        if let Some(failure) = &failure {
            eprintln!("{failure}");
        }
        self.done.push(Step { name, took: begun.elapsed(), failure });
        value
    }

    /// How many have failed so far.
    pub(crate) fn failures(&self) -> usize {
        self.done.iter().filter(|step| step.failure.is_some()).count()
    }

    /// Prints all steps with their times; fails if one of them did.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        eprintln!("\n{}", self.summary());
        let failed: Vec<&str> =
            self.done.iter().filter(|step| step.failure.is_some()).map(|step| step.name.as_str()).collect();
        if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
    }

    fn summary(&self) -> String {
        let mut text = String::new();
        for Step { name, took, failure } in &self.done {
            let mark = if failure.is_some() { "FAILED" } else { "ok" };
            // Writing to a string does not fail.
            let _ = writeln!(text, "{mark:>6}  {:>7.1} s  {name}", took.as_secs_f64());
            for line in failure.iter().flat_map(|failure| failure.lines()) {
                let _ = writeln!(text, "{:19}{line}", "");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[tokio::test]
    async fn one_failed_step_fails_the_whole_and_says_why_in_the_summary() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("first", async { Ok(1) }).await, Some(1));
        assert_eq!(steps.run("second", async { Err::<(), _>(anyhow!("do this instead")) }).await, None);
        assert_eq!(steps.failures(), 1);
        let summary = steps.summary();
        assert!(summary.contains("ok") && summary.contains("FAILED"), "{summary}");
        assert!(summary.ends_with("do this instead\n"), "{summary}");
        assert_eq!(steps.finish().unwrap_err().to_string(), "failed: second");
    }

    #[tokio::test]
    async fn steps_that_all_went_well_are_a_success() {
        let mut steps = Steps::default();
        steps.run("only", async { Ok(()) }).await;
        steps.finish().unwrap();
    }
}
