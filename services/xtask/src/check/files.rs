//! How long files may be and what they may not be called.

use std::path::{Path, PathBuf};

const LONGEST: usize = 500;
const WARN_ABOVE: usize = 400;
const SOURCES: &[&str] = &["rs", "proto", "sql", "lua", "sh"];
/// Names that say nothing about what is inside, so that everything ends up there.
const FORBIDDEN: &[&str] = &["helper", "helpers", "manager", "misc", "util", "utils"];

/// One line per file that breaks a rule. Files that are merely long are told on the way.
pub(super) fn findings(files: &[PathBuf]) -> Vec<String> {
    let mut found: Vec<String> = files.iter().filter_map(|file| bad_name(file)).collect();
    for file in files.iter().filter(|file| is_source(file)) {
        let lines = std::fs::read_to_string(file).map_or(0, |text| text.lines().count());
        if lines > LONGEST {
            found.push(format!(
                "{}: {lines} lines; split it where its idea splits ({LONGEST} at most)",
                file.display()
            ));
        } else if lines > WARN_ABOVE {
            eprintln!("warning: {}: {lines} lines; think of splitting it", file.display());
        }
    }
    found
}

fn is_source(file: &Path) -> bool {
    file.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| SOURCES.contains(&extension))
}

fn bad_name(file: &Path) -> Option<String> {
    let stems = file.iter().map(|part| Path::new(part).file_stem().unwrap_or(part));
    let bad = stems.filter_map(|stem| stem.to_str()).find(|stem| FORBIDDEN.contains(stem))?;
    Some(format!("{}: `{bad}` says nothing; name it by what it holds", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_says_nothing_is_refused_for_files_and_folders() {
        for bad in ["services/intake/src/utils.rs", "services/misc/src/lib.rs", "a/manager.sql"] {
            assert!(bad_name(Path::new(bad)).is_some(), "{bad}");
        }
        for good in
            ["services/intake/src/grpc.rs", "proto/redress/types/v1/party.proto", "src/utilities_bill.rs"]
        {
            assert_eq!(bad_name(Path::new(good)), None);
        }
    }

    #[test]
    fn a_source_of_more_than_five_hundred_lines_is_refused_and_data_are_not_counted() {
        let folder = std::env::temp_dir().join(redress_testkit::unique_name("files"));
        std::fs::create_dir(&folder).unwrap();
        let write = |name: &str, lines: usize| {
            let file = folder.join(name);
            std::fs::write(&file, "x\n".repeat(lines)).unwrap();
            file
        };
        let files = [write("just.rs", 500), write("over.rs", 501), write("data.toml", 9_000)];
        let found = findings(&files);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("over.rs: 501 lines"), "{found:?}");
    }
}
