//! Measures the published rule set on labelled texts: `cargo run --example eval [-- folder [-v]]`.
#![expect(clippy::print_stdout, reason = "a command talks to whoever called it")]

use std::error::Error;
use std::path::{Path, PathBuf};

use redress_classification::domain::measure::Measurement;
use redress_classification::domain::published;
use redress_classification::domain::rules::examples::{Example, Labels, test};
use redress_classification::domain::rules::problem::SourceFile;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/data/eval").to_owned());
    let examples = read(Path::new(&folder))?;
    let rules = published::rule_set()?;
    let pairs = examples.iter().map(|e| (e.is.clone(), Labels::of(&rules.assess(&e.case()))));
    println!("{} texts, rule set {}\n{}", examples.len(), rules.version(), Measurement::of(pairs));
    if arguments.next().is_some() {
        for difference in test(&rules, &examples) {
            let got = Labels::of(&difference.assessment);
            let fired: Vec<&str> = difference.assessment.reasons.iter().map(|r| r.rule_id.as_str()).collect();
            println!("\n{}\n  is  {:?}", difference.text, difference.expected);
            println!("  got {got:?}\n  by  {}", fired.join(" "));
        }
    }
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<Example>, Box<dyn Error>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<PathBuf>, _>>()?;
    paths.sort();
    let mut examples = Vec::new();
    for path in paths {
        let file = SourceFile { path: path.display().to_string(), content: std::fs::read_to_string(&path)? };
        examples.extend(Example::read(&file)?);
    }
    Ok(examples)
}
