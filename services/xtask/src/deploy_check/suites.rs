//! Every template of the chart and every switch of its values has a suite of helm-unittest, or a change of it is noticed in
//! a cluster only.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

const CHART: &str = "charts/redress";

/// Fails with what no suite speaks of.
pub(super) fn complete(root: &Path) -> anyhow::Result<()> {
    let chart = root.join(CHART);
    let values: Value = serde_saphyr::from_str(&fs::read_to_string(chart.join("values.yaml"))?)?;
    let suites = texts(&chart.join("tests"))?.into_iter().map(|(_, text)| text).collect::<Vec<_>>().concat();
    let mut missing = Vec::new();
    for (template, _) in texts(&chart.join("templates"))? {
        if Path::new(&template).extension().is_none_or(|extension| extension != "tpl")
            && !suites.contains(&format!("- {template}\n"))
            && !suites.contains(&format!("template: {template}\n"))
        {
            missing.push(format!("no suite is about templates/{template}"));
        }
    }
    for switch in switches(&values, "") {
        // As `set` writes it: a path, then the value that is not the default.
        if !suites.contains(&format!("{switch}: ")) {
            missing.push(format!("no suite sets {switch}"));
        }
    }
    if missing.is_empty() { Ok(()) } else { bail!("{}", missing.join("\n")) }
}

/// The names below `folder`, relative to it, with their texts.
fn texts(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            found.extend(
                texts(&entry.path())?.into_iter().map(|(inner, text)| (format!("{name}/{inner}"), text)),
            );
        } else {
            found.push((name, fs::read_to_string(entry.path())?));
        }
    }
    found.sort();
    Ok(found)
}

/// Every value that is on or off, as a path.
fn switches(values: &Value, path: &str) -> Vec<String> {
    match values {
        Value::Bool(_) => vec![path.to_owned()],
        Value::Object(inner) => inner
            .iter()
            .flat_map(|(key, value)| {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                switches(value, &below)
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_and_a_switch_that_no_suite_speaks_of_are_found() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(CHART).join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("values.yaml", "a: {enabled: false}\nb: {enabled: true, name: x}\n");
        write("templates/one.yaml", "");
        write("templates/tests/two.yaml", "");
        write("templates/_names.tpl", "");
        write("tests/one_test.yaml", "templates:\n  - one.yaml\ntests:\n  - set: {a.enabled: true}\n");
        let told = complete(root.path()).unwrap_err().to_string();
        assert_eq!(told, "no suite is about templates/tests/two.yaml\nno suite sets b.enabled");
    }
}
