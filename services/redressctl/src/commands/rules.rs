//! Rules of classification: what would come of them.

use std::collections::{BTreeSet, HashMap};
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
const FOLDERS: [&str; 3] = ["lexicon", "rules", "examples"];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check rule files against their examples and the running rule set; nothing is published
    Test {
        /// A file below lexicon/, rules/ or examples/, or a folder that has these; may be repeated
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
    let mut found = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            collect(path, &mut found)?;
        } else {
            found.insert(path.clone());
        }
    }
    let named = found.into_iter().map(|path| Ok((name(&path)?, text(&path)?)));
    let files: HashMap<String, String> = named.collect::<Result<_, Failure>>()?;
    if files.is_empty() {
        return Err(Failure::usage(
            "there is no rule file",
            "A folder with lexicon/, rules/ or examples/ is expected.",
        ));
    }
    Ok(files)
}

fn collect(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| {
        Failure::usage(format!("cannot read the folder {}: {error}", folder.display()), "Check the path.")
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.insert(path);
        }
    }
    Ok(())
}

/// From the last of the rule set's folders on: `…/data/rules/quality.yaml` is `rules/quality.yaml`.
fn name(path: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parts: Vec<_> = absolute.iter().filter_map(|part| part.to_str()).collect();
    let at = parts.iter().rposition(|part| FOLDERS.contains(part)).filter(|at| at + 1 < parts.len());
    at.map(|at| parts[at..].join("/")).ok_or_else(|| {
        Failure::usage(
            format!("{} lies in none of the folders of a rule set", path.display()),
            "Put it below lexicon/, rules/ or examples/, as services/classification/data has them.",
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

    #[test]
    fn files_are_named_by_their_place_in_the_rule_set() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, name).unwrap();
            path
        };
        write("rules/quality.yaml");
        write("lexicon/zh-Hans/words.yaml");
        write("rules/notes.txt");
        let single = write("elsewhere/examples/one.yaml");
        let files = rule_set(&[folder.path().join("rules"), folder.path().join("lexicon"), single]).unwrap();
        let mut names: Vec<_> = files.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["examples/one.yaml", "lexicon/zh-Hans/words.yaml", "rules/quality.yaml"]);
        assert_eq!(files["rules/quality.yaml"], "rules/quality.yaml");
    }

    #[test]
    fn a_file_elsewhere_is_refused_with_where_it_belongs() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let told = rule_set(&[file.path().to_owned()]).unwrap_err();
        assert!(told.to_string().contains("lexicon/, rules/ or examples/"), "{told}");
    }
}
