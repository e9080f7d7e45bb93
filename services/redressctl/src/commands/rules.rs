//! Rules of classification: what would come of them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use redress_proto::classification::v1::{TestRuleSetRequest, TestRuleSetResponse};

use super::file;
use crate::cli::Verdict;
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;
use crate::output::{self, Format};

/// The folders of a rule set.
const FOLDERS: [&str; 4] = ["lexicon", "rules", "words", "examples"];
/// The same, as people are told.
const EXPECTED: &str = "lexicon/, rules/, words/ or examples/";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check rule files against their examples and the running rule set; nothing is published
    Test {
        /// A file below lexicon/, rules/, words/ or examples/, or a folder that has these; may be repeated
        #[arg(required = true, value_name = "FILE|FOLDER")]
        paths: Vec<PathBuf>,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<Verdict, Failure> {
    let Command::Test { paths } = command;
    let request = TestRuleSetRequest { files: rule_set(&paths)? };
    let answer = context.classification()?.test_rule_set(context.request(request)).await;
    let answer = answer.map_err(context.failed(Service::Classification)).map_err(|failure| {
        if failure.told().reason == "PERMISSION_DENIED" {
            return failure
                .with_remedy("Rule sets are for supervisors: use a token with the role supervisor.");
        }
        failure
    })?;
    let answer = answer.into_inner();
    output::print(&match context.format {
        Format::Json => output::json(&answer)?,
        Format::Table => told(&answer),
    })?;
    Ok(if answer.passed { Verdict::Well } else { Verdict::Wanting })
}

fn told(answer: &TestRuleSetResponse) -> String {
    let mut text = String::new();
    for (heading, lines) in [
        ("cannot be loaded", &answer.problems),
        ("examples that fail", &answer.failed_examples),
        ("examples whose labels change", &answer.changed_examples),
    ] {
        if lines.is_empty() {
            continue;
        }
        text.extend([heading, ":\n"]);
        for line in lines {
            text.extend(["  ", &output::clean(line), "\n"]);
        }
    }
    let verdict = if answer.passed { "passed" } else { "does not pass" };
    text + &format!("{verdict}; compared with {}\n", answer.running)
}

/// The files by the names that a rule set gives them.
fn rule_set(paths: &[PathBuf]) -> Result<HashMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.insert(place(path, 1)?, path.clone());
        }
    }
    if found.is_empty() {
        return Err(Failure::usage(
            "there is no rule file",
            format!("A folder with {EXPECTED} is expected."),
        ));
    }
    found.into_iter().map(|(name, path)| Ok((name, text(&path)?))).collect()
}

/// A folder that holds a rule set's folders, and beside them others that are none of its; or one of them; or one below.
fn walk(folder: &Path, found: &mut BTreeMap<String, PathBuf>) -> Result<(), Failure> {
    let own: Vec<_> = FOLDERS.iter().filter(|name| folder.join(name).is_dir()).collect();
    if own.is_empty() {
        return collect(folder, &place(folder, 0)?, found);
    }
    own.into_iter().try_for_each(|name| collect(&folder.join(name), name, found))
}

/// Everything below a folder that a rule set calls `name`.
fn collect(folder: &Path, name: &str, found: &mut BTreeMap<String, PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| {
        Failure::usage(format!("cannot read the folder {}: {error}", folder.display()), "Check the path.")
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, name) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        if path.is_dir() {
            collect(&path, &name, found)?;
        } else if is_rule_file(&name) {
            found.insert(name, path);
        }
    }
    Ok(())
}

/// Tables of weights are text, everything else is YAML; what else lies there (notes, copies of an editor) stays.
fn is_rule_file(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    match extension {
        Some("yaml" | "yml") => true,
        Some("txt") => name.starts_with("words/"),
        _ => false,
    }
}

/// From the last of the rule set's folders on, with `below` names behind it at least: `…/data/rules/quality.yaml` is
/// `rules/quality.yaml`.
fn place(path: &Path, below: usize) -> Result<String, Failure> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parts: Vec<_> = absolute.iter().filter_map(|part| part.to_str()).collect();
    let at = parts.iter().rposition(|part| FOLDERS.contains(part)).filter(|at| at + below < parts.len());
    at.map(|at| parts[at..].join("/")).ok_or_else(|| {
        Failure::usage(
            format!("{} lies in none of the folders of a rule set", path.display()),
            format!("Put it below {EXPECTED}, as services/classification/data has them."),
        )
    })
}

fn text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(file::bytes(path)?)
        .map_err(|_| Failure::usage(format!("{} is not UTF-8", path.display()), "Convert it first."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &tempfile::TempDir, name: &str) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, name).unwrap();
        path
    }

    fn names(paths: &[PathBuf]) -> Vec<String> {
        let mut names: Vec<String> = rule_set(paths).unwrap().into_keys().collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn files_are_named_by_their_place_in_the_rule_set() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, "rules/quality.yaml");
        write(&folder, "lexicon/zh-hans/words.yaml");
        write(&folder, "rules/notes.txt");
        let single = write(&folder, "elsewhere/examples/one.yaml");
        let paths = [folder.path().join("rules"), folder.path().join("lexicon/zh-hans"), single];
        assert_eq!(names(&paths), ["examples/one.yaml", "lexicon/zh-hans/words.yaml", "rules/quality.yaml"]);
        assert_eq!(rule_set(&paths).unwrap()["rules/quality.yaml"], "rules/quality.yaml");
    }

    #[test]
    fn of_a_folder_with_a_rule_set_everything_that_the_set_can_hold_is_sent_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let own = [
            "examples/ordinary.yaml",
            "lexicon/en/goods.yaml",
            "lexicon/zh-hant/regional.yaml",
            "rules/units.yaml",
            "rules/weight.yml",
            "words/parties.txt",
            "words/subcategories.txt",
            "words/urgency.txt",
        ];
        for name in own.into_iter().chain(["eval/unseen.yaml", "phrases/en-goods.yaml", "notes.yaml"]) {
            write(&folder, name);
        }
        write(&folder, "rules/units.yaml.orig");
        assert_eq!(names(&[folder.path().to_owned()]), own);
    }

    #[test]
    fn a_file_or_folder_elsewhere_is_refused_with_where_it_belongs() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        write(&folder, "phrases/en-goods.yaml");
        for path in [file.path(), folder.path()] {
            let told = rule_set(&[path.to_owned()]).unwrap_err();
            assert!(told.to_string().contains(EXPECTED), "{told}");
        }
        let empty = tempfile::tempdir().unwrap();
        std::fs::create_dir(empty.path().join("rules")).unwrap();
        let told = rule_set(&[empty.path().to_owned()]).unwrap_err();
        assert!(told.to_string().contains("no rule file"), "{told}");
    }
}
