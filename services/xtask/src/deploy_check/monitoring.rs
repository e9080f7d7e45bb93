//! Alerts and dashboards, by Prometheus' and Grafana's own readers.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::task::JoinSet;

use super::install;
use crate::steps::Steps;
use crate::{command, workspace};

const RULES: &str = "charts/redress/files/rules";
const TESTS: &str = "charts/redress/ci";
const DASHBOARDS: &str = "charts/redress/files/dashboards";
/// Encodes each dashboard anew from the SDK's types and tells every key that was lost.
const ROUND_TRIP: &str = include_str!("../../deploy/dashboards.py");

/// The steps of this part.
pub(super) async fn check(steps: &mut Steps, root: &Path) {
    steps.run("rules: promtool check", promtool(&["check", "rules", "--lint-fatal"], rules())).await;
    steps.run("rules: promtool test, each alert fires and stays silent", rule_tests()).await;
    steps.run("rules: each alert has both tests", async { both_tests(root) }).await;
    steps.run("dashboards: every expression is PromQL", expressions(root)).await;
    steps.run("dashboards: Grafana knows every field", dashboards()).await;
}

async fn promtool(arguments: &[&str], files: anyhow::Result<Vec<PathBuf>>) -> anyhow::Result<()> {
    let mut command = install::promtool().await?;
    command.args(arguments).args(files?);
    command::run(command).await
}

/// A process per file, side by side: days of rules are evaluated, which takes a core a while.
async fn rule_tests() -> anyhow::Result<()> {
    let mut running = JoinSet::new();
    for file in tests()? {
        let mut test = install::promtool().await?;
        test.args(["test", "rules"]).arg(file);
        running.spawn(command::run(test));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

fn rules() -> anyhow::Result<Vec<PathBuf>> {
    found(|file| file.starts_with(RULES) && file.extension().is_some_and(|extension| extension == "yaml"))
}

fn tests() -> anyhow::Result<Vec<PathBuf>> {
    found(|file| file.starts_with(TESTS) && file.to_string_lossy().ends_with("_test.yaml"))
}

fn boards() -> anyhow::Result<Vec<PathBuf>> {
    found(|file| {
        file.starts_with(DASHBOARDS) && file.extension().is_some_and(|extension| extension == "json")
    })
}

fn found(wanted: impl Fn(&Path) -> bool) -> anyhow::Result<Vec<PathBuf>> {
    let files: Vec<_> = workspace::files()?.into_iter().filter(|file| wanted(file)).collect();
    ensure!(!files.is_empty(), "there is nothing to check");
    Ok(files)
}

/// An alert that is only seen to be silent may never fire.
fn both_tests(root: &Path) -> anyhow::Result<()> {
    let mut names = String::new();
    for file in tests()? {
        names += &fs::read_to_string(root.join(file))?;
    }
    let mut missing = Vec::new();
    for file in rules()? {
        let rules: Value = serde_saphyr::from_str(&fs::read_to_string(root.join(file))?)?;
        for alert in alerts(&rules) {
            let wanted = [format!("- name: {alert} fires"), format!("- name: {alert} stays silent")];
            missing.extend(wanted.into_iter().filter(|name| !names.contains(name.as_str())));
        }
    }
    ensure!(missing.is_empty(), "{TESTS} lacks:\n{}", missing.join("\n"));
    Ok(())
}

fn alerts(rules: &Value) -> Vec<&str> {
    let groups = rules["groups"].as_array().into_iter().flatten();
    let rules = groups.filter_map(|group| group["rules"].as_array()).flatten();
    rules.filter_map(|rule| rule["alert"].as_str()).collect()
}

/// Prometheus reads the expressions as rules; the names tell where a bad one stands.
async fn expressions(root: &Path) -> anyhow::Result<()> {
    let mut text = "groups:\n  - name: dashboards\n    rules:\n".to_owned();
    for file in boards()? {
        let board: Value = serde_json::from_str(&fs::read_to_string(root.join(&file))?)
            .with_context(|| file.display().to_string())?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        for (panel, expression) in expressions_of(&board) {
            // A string of JSON is one of YAML as well.
            writeln!(text, "      - {{record: 'panel:{name}:{panel}', expr: {}}}", Value::from(expression))?;
        }
    }
    let folder = Path::new("target/deploy-check");
    fs::create_dir_all(folder)?;
    let file = folder.join("dashboards.yaml");
    fs::write(&file, text)?;
    promtool(&["check", "rules"], Ok(vec![file])).await
}

/// Each expression with its panel's number and its letter, Grafana's own variables put in.
fn expressions_of(board: &Value) -> Vec<(String, String)> {
    let panels = board["panels"].as_array().into_iter().flatten();
    panels
        .flat_map(|panel| {
            let targets = panel["targets"].as_array().into_iter().flatten();
            let number = &panel["id"];
            targets.filter_map(move |target| {
                let expression = target["expr"].as_str()?;
                let place = format!("{number}:{}", target["refId"].as_str().unwrap_or_default());
                Some((place, expression.replace("$__rate_interval", "5m").replace("$__range", "1h")))
            })
        })
        .collect()
}

async fn dashboards() -> anyhow::Result<()> {
    let mut python = install::python().await?.command("python");
    python.args(["-c", ROUND_TRIP]).args(boards()?);
    command::run_named(python, "dashboards.py").await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_read_from_every_panel_with_grafanas_variables_put_in() {
        let board = json!({"panels": [
            {"id": 1, "targets": [{"refId": "A", "expr": "rate(a[$__rate_interval])"}, {"refId": "B", "expr": "b"}]},
            {"id": 2, "type": "text"},
        ]});
        assert_eq!(
            expressions_of(&board),
            [("1:A".to_owned(), "rate(a[5m])".to_owned()), ("1:B".to_owned(), "b".to_owned())]
        );
    }

    #[test]
    fn alerts_are_told_from_recordings() {
        let rules =
            json!({"groups": [{"rules": [{"record": "r"}, {"alert": "A"}]}, {"rules": [{"alert": "B"}]}]});
        assert_eq!(alerts(&rules), ["A", "B"]);
    }
}
