//! Each README names the metrics of ours that its service emits, and none that nobody does. Those that every service has
//! stand on one page for all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::deployment::instruments;

/// Where the shared crates' metrics are told.
const OF_ALL: &str = "services/docs/OPERATIONS.md";
/// What our own names begin with; others are the conventions'.
const OURS: &str = "redress.";

/// One line per metric that is emitted and not told, or told and not emitted.
pub(super) fn findings(root: &Path, files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut emitted: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    let mut attributes = BTreeSet::new();
    for file in files {
        let Some(page) = page_of(file) else { continue };
        let source = read(root, file)?;
        let ours = instruments(&source).into_iter().filter(|name| name.starts_with(OURS));
        emitted.entry(page).or_default().extend(ours);
        attributes.extend(tokens(&source, "KeyValue::new(\""));
    }
    let all: BTreeSet<String> = emitted.values().flatten().cloned().collect();
    let mut found = Vec::new();
    for (page, names) in emitted.iter().filter(|(page, _)| files.contains(page)) {
        let told: BTreeSet<String> = tokens(&read(root, page)?, "`").filter(|name| is_metric(name)).collect();
        let page = page.display();
        found.extend(names.difference(&told).map(|name| format!("{page}: `{name}` is emitted and not told")));
        let unknown = told.difference(&all).filter(|name| !attributes.contains(*name));
        found.extend(unknown.map(|name| format!("{page}: nothing emits `{name}`")));
    }
    Ok(found)
}

fn read(root: &Path, file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {}", file.display()))
}

/// Where the metrics of a source file are to be told; none if it is no source of a service.
fn page_of(file: &Path) -> Option<PathBuf> {
    let parts: Vec<&str> = file.iter().filter_map(|part| part.to_str()).collect();
    let is_source = file.extension().is_some_and(|extension| extension == "rs");
    match parts[..] {
        ["services", "common", _, "src", ..] if is_source => Some(OF_ALL.into()),
        ["services", "xtask", ..] => None,
        ["services", service, "src", ..] if is_source => {
            Some(Path::new("services").join(service).join("README.md"))
        }
        _ => None,
    }
}

/// The names of ours that follow `opening` at once.
fn tokens(text: &str, opening: &str) -> impl Iterator<Item = String> {
    let starts = text.match_indices(opening).map(|(at, _)| text.split_at(at + opening.len()).1);
    let word = |rest: &str| {
        let end =
            rest.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_')));
        rest.split_at(end.unwrap_or(rest.len())).0.to_owned()
    };
    starts.map(word).filter(|name| name.starts_with(OURS))
}

/// Topics and packages have a version in their names.
fn is_metric(name: &str) -> bool {
    !name.split('.').any(|part| part == "v1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_emitted_and_not_told_and_what_is_told_and_not_emitted_is_found() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            PathBuf::from(file)
        };
        let source = "m.u64_counter(\"redress.a.told\"); m.i64_gauge(\n\"redress.a.hidden\"); \
                      m.u64_counter(\"rpc.calls\"); KeyValue::new(\"redress.channel\", x)";
        let readme = "`redress.a.told{redress.channel}` by `redress.channel`, `redress.a.gone`, `redress.a.v1.Service`, \
                      topic `redress.a.events.v1`, and `redress.kit.lag` of all";
        let files = [
            write("services/a/src/lib.rs", source),
            write("services/a/tests/it.rs", "m.u64_counter(\"redress.test.only\")"),
            write("services/a/README.md", readme),
            write("services/common/kit/src/lib.rs", "m.i64_observable_gauge(\"redress.kit.lag\")"),
            write(OF_ALL, "nothing"),
        ];
        let found = findings(root.path(), &files).unwrap();
        assert_eq!(
            found,
            [
                "services/a/README.md: `redress.a.hidden` is emitted and not told",
                "services/a/README.md: nothing emits `redress.a.gone`",
                "services/docs/OPERATIONS.md: `redress.kit.lag` is emitted and not told",
            ]
        );
    }
}
