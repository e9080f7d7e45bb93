//! Every metric that dashboards and alerts name is one that the code emits, or one of the few from elsewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::{code, has_extension, read};

const DASHBOARDS: &str = "charts/redress/files/dashboards";
const RULES: &str = "charts/redress/files/rules";
const RUNBOOKS: &str = "services/docs/OPERATIONS.md";
/// What others than redress emit: Prometheus itself, the kubelet, `node_exporter`, cert-manager.
const FROM_ELSEWHERE: &[&str] = &[
    "certmanager_certificate_expiration_timestamp_seconds",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "node_timex_offset_seconds",
    "up",
];
/// Words of `PromQL` that stand where a metric could. Functions are told by their bracket.
const KEYWORDS: &[&str] = &["and", "or", "unless", "bool", "offset"];
/// Words whose brackets hold labels.
const GROUPINGS: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];

/// One line per name that nobody emits, and per alert without a runbook.
pub(super) fn findings(root: &Path, files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut known: BTreeSet<String> = FROM_ELSEWHERE.iter().map(|&name| name.to_owned()).collect();
    for file in files.iter().filter(|file| file.starts_with("services") && has_extension(file, "rs")) {
        known.extend(code::series(&read(root, file)?));
    }
    let mut found = Vec::new();
    let mut expressions = Vec::new();
    let runbooks = read(root, Path::new(RUNBOOKS))?.to_lowercase();
    for file in files.iter().filter(|file| file.starts_with(RULES) && has_extension(file, "yaml")) {
        let rules: Value =
            serde_saphyr::from_str(&read(root, file)?).with_context(|| file.display().to_string())?;
        for rule in each(&rules["groups"]).flat_map(|group| each(&group["rules"])) {
            if let Some(recorded) = rule["record"].as_str() {
                known.insert(recorded.to_owned());
            }
            if let Some(alert) = rule["alert"].as_str()
                && !runbooks.lines().any(|line| line.trim_start_matches('#').trim() == alert.to_lowercase())
            {
                found.push(format!("{}: {alert} has no section in {RUNBOOKS}", file.display()));
            }
            expressions.extend(rule["expr"].as_str().map(|text| (file, text.to_owned())));
        }
    }
    for file in files.iter().filter(|file| file.starts_with(DASHBOARDS) && has_extension(file, "json")) {
        let board: Value =
            serde_json::from_str(&read(root, file)?).with_context(|| file.display().to_string())?;
        let targets = each(&board["panels"]).flat_map(|panel| each(&panel["targets"]));
        expressions.extend(targets.filter_map(|t| t["expr"].as_str()).map(|text| (file, text.to_owned())));
    }
    for (file, text) in expressions {
        let unknown = named(&text).into_iter().filter(|name| !known.contains(name));
        found.extend(unknown.map(|name| format!("{}: nothing emits `{name}`", file.display())));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The metrics that an expression names.
fn named(expression: &str) -> Vec<String> {
    let text = without_brackets(expression);
    let words = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
        // A digit before it makes it the end of a number: 1e9, 5m.
        let number = rest[..start].ends_with(|c: char| c.is_ascii_digit());
        let end = rest[start..].find(words).map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        rest = rest[end..].trim_start();
        if GROUPINGS.contains(&word) && rest.starts_with('(') {
            rest = rest.split_once(')').map_or("", |(_, after)| after);
        } else if !number && !rest.starts_with('(') && !KEYWORDS.contains(&word) && !groups(word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// Whether an aggregation may stand without its bracket: `sum by (x) (…)`.
fn groups(word: &str) -> bool {
    matches!(word, "sum" | "max" | "min" | "avg" | "count" | "topk" | "bottomk" | "quantile")
}

/// Without selectors and ranges, texts in them included.
fn without_brackets(expression: &str) -> String {
    let mut kept = String::new();
    let (mut depth, mut quoted) = (0_usize, false);
    for c in expression.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_told_from_functions_labels_ranges_and_numbers() {
        let expression =
            "histogram_quantile(0.99, sum by (le, workload) (rate(a_bucket{x=\"b{}\"}[$__rate_interval])))
            and on (workload) (slo:b:rate5m > 14.4 * 1e3) unless max(c_total) == 0 or vector(0)";
        assert_eq!(named(expression), ["a_bucket", "slo:b:rate5m", "c_total"]);
    }

    #[test]
    fn a_metric_that_nobody_emits_and_an_alert_without_runbook_are_found() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            PathBuf::from(file)
        };
        let rules =
            "groups: [{name: g, rules: [{alert: Gone, expr: 'a_total > 0'}, {alert: Here, expr: 'b > 0'}]}]";
        let files = [
            write(
                "services/x/src/lib.rs",
                "fn f() { meter.u64_counter(\"a\".into()); m.u64_counter(\"a.b\") }",
            ),
            write("charts/redress/files/rules/r.yaml", rules),
            write(RUNBOOKS, "### Here\n"),
        ];
        let found = findings(root.path(), &files).unwrap().join("\n");
        assert!(found.contains("`a_total`") && found.contains("`b`"), "{found}");
        assert!(found.contains("Gone has no section") && !found.contains("Here has"), "{found}");
    }
}
