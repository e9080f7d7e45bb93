//! Which module of a service may use which of its others: `domain ← app ← {grpc, http, consumer}`, `store` serves `app`,
//! and only the crate's root knows them all.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::edges::{self, INPUT_OUTPUT};
use super::manifests::Member;
use super::paths::{self, NamedPath};

/// What each layer's code must not name of its own crate.
const MUST_NOT: &[(&str, &[&str])] = &[
    ("domain", &["app", "store", "objects", "grpc", "http", "consumer", "wiring"]),
    // Where files lie (investigation).
    ("objects", &["app", "store", "grpc", "http", "consumer", "wiring"]),
    ("store", &["app", "grpc", "http", "consumer", "wiring"]),
    ("app", &["grpc", "http", "consumer", "wiring"]),
    ("grpc", &["store", "http", "consumer", "wiring"]),
    ("http", &["store", "grpc", "consumer", "wiring"]),
    ("consumer", &["store", "grpc", "http", "wiring"]),
];
/// Our own crates that do input or output.
const OWN_INPUT_OUTPUT: &[&str] = &["messaging", "outbox", "postgres", "redis", "runtime"];

/// One line per use that points the wrong way, in all services; folders and files are relative to `root`.
pub(super) fn findings(root: &Path, members: &[Member], files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let services = members.iter().filter(|member| edges::service(&member.folder).is_some());
    let mut found = Vec::new();
    for service in services {
        let source = service.folder.join("src");
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
            let Ok(inside) = file.strip_prefix(&source) else { continue };
            let text = std::fs::read_to_string(root.join(file))
                .with_context(|| format!("cannot read {}", file.display()))?;
            let named =
                paths::named(&text).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
            found.extend(of_file(inside, &named).into_iter().map(|(line, problem)| {
                format!(
                    "{}:{line}: {problem}; see the table in services/xtask/src/check/layers.rs",
                    file.display()
                )
            }));
        }
    }
    Ok(found)
}

/// `inside` is the file's path below `src`.
fn of_file(inside: &Path, named: &[NamedPath]) -> Vec<(usize, String)> {
    let module = module(inside);
    let Some(layer) = module.first() else { return vec![] };
    let Some((_, must_not)) = MUST_NOT.iter().find(|(name, _)| name == layer) else { return vec![] };
    let mut found: Vec<_> = named
        .iter()
        .filter_map(|path| Some((path.line, own_module(&path.segments, module.len())?)))
        .filter(|(_, used)| must_not.contains(used))
        .map(|(line, used)| (line, format!("`{layer}` must not use `{used}`")))
        .collect();
    if layer == "domain" {
        let outside = named.iter().filter_map(|path| Some((path.line, input_output(&path.segments)?)));
        found.extend(
            outside.map(|(line, used)| (line, format!("`domain` is pure and must not use `{used}`"))),
        );
    }
    found.dedup();
    found
}

/// `domain/lifecycle/mod.rs` → `domain`, `lifecycle`; the crate's root files → nothing.
fn module(inside: &Path) -> Vec<String> {
    let parts = inside.with_extension("");
    let parts = parts.iter().filter_map(|part| part.to_str()).map(str::to_owned);
    parts.filter(|part| !matches!(part.as_str(), "mod" | "lib" | "main")).collect()
}

/// The top module of the own crate that a path leads to, from a module `depth` below the root.
fn own_module(segments: &[String], depth: usize) -> Option<&str> {
    let up = segments.iter().take_while(|segment| *segment == "super").count();
    let at = match segments.first()?.as_str() {
        "crate" => 1,
        "super" if up >= depth => up,
        _ => return None,
    };
    segments.get(at).map(String::as_str)
}

/// The crate that a path begins with, if it does input or output.
fn input_output(segments: &[String]) -> Option<&str> {
    let [first, _, ..] = segments else { return None };
    let ours = first.strip_prefix("redress_").is_some_and(|name| OWN_INPUT_OUTPUT.contains(&name));
    (ours || INPUT_OUTPUT.contains(&first.replace('_', "-").as_str())).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(file: &str, source: &str) -> Vec<String> {
        let named = paths::named(source).unwrap();
        of_file(Path::new(file), &named).into_iter().map(|(_, problem)| problem).collect()
    }

    #[test]
    fn the_pure_layer_uses_nothing_of_the_others_by_whatever_path() {
        for (file, source) in [
            ("domain/audit.rs", "use crate::{domain::x, store::Db};"),
            ("domain/mod.rs", "use super::store::Db;"),
            ("domain/lifecycle/state.rs", "fn f() { super::super::super::store::save() }"),
        ] {
            assert_eq!(problems(file, source), ["`domain` must not use `store`"], "{file}");
        }
        assert!(
            problems("domain/lifecycle/state.rs", "use super::store::Kept; use crate::error::Error;")
                .is_empty()
        );
    }

    #[test]
    fn the_pure_layer_uses_no_crate_that_does_input_or_output() {
        for name in ["tokio", "sqlx", "tokio_util", "redress_outbox"] {
            let source = format!("fn f() {{ {name}::spawn() }}");
            let expected = format!("`domain` is pure and must not use `{name}`");
            assert_eq!(problems("domain/audit.rs", &source), [expected]);
        }
        assert!(problems("domain/audit.rs", "use sha2::Sha256; use redress_domain::Clock;").is_empty());
        assert!(problems("store/audit.rs", "use sqlx::PgPool;").is_empty());
    }

    #[test]
    fn each_layer_uses_only_what_is_below_it() {
        assert_eq!(problems("app/accept/mod.rs", "use crate::grpc::encode;"), ["`app` must not use `grpc`"]);
        assert_eq!(problems("store/audit.rs", "use crate::app::view;"), ["`store` must not use `app`"]);
        assert_eq!(problems("http/mod.rs", "use crate::store::Db;"), ["`http` must not use `store`"]);
        assert_eq!(problems("http/mod.rs", "use crate::grpc::shown;"), ["`http` must not use `grpc`"]);
        assert_eq!(problems("consumer.rs", "use super::store::Db;"), ["`consumer` must not use `store`"]);
        assert!(problems("app/accept/mod.rs", "use crate::{domain::x, store::y};").is_empty());
        assert!(problems("lib.rs", "use crate::{store, grpc, app};").is_empty());
        assert!(problems("wiring.rs", "use crate::{store, grpc, app};").is_empty());
    }

    #[test]
    fn a_wrong_use_in_a_service_is_told_with_file_and_line() {
        let root = std::env::temp_dir().join(redress_testkit::unique_name("layers"));
        let file = Path::new("services/sla/src/domain/clock.rs");
        std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        std::fs::write(root.join(file), "//! Clocks.\nuse crate::app::Due;\n").unwrap();
        let member = Member { folder: "services/sla".into(), dependencies: vec![] };
        let found = findings(&root, &[member], &[file.to_owned()]).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("services/sla/src/domain/clock.rs:2: `domain` must not use `app`"),
            "{found:?}"
        );
    }
}
