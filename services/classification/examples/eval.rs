//! Measures the published rule set on labelled texts: `cargo run --example eval -- FOLDER [-v] [--check]`.
#![expect(clippy::print_stdout, reason = "a command talks to whoever called it")]

use std::error::Error;
use std::path::Path;

use redress_classification::domain::measure::{self, Measurement};
use redress_classification::domain::published;
use redress_classification::domain::rules::examples::{Labels, test};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder of labelled texts?")?;
    let examples = measure::read(Path::new(&folder))?;
    let rules = published::rule_set()?;
    let measured = Measurement::on(&rules, &examples);
    println!("{} texts, rule set {}\n{measured}", examples.len(), rules.version());
    let flags: Vec<String> = arguments.collect();
    if flags.iter().any(|flag| flag == "-v") {
        for difference in test(&rules, &examples) {
            let got = Labels::of(&difference.assessment);
            let fired: Vec<&str> = difference.assessment.reasons.iter().map(|r| r.rule_id.as_str()).collect();
            println!("\n{}\n  is  {:?}", difference.text, difference.expected);
            println!("  got {got:?}\n  by  {}", fired.join(" "));
        }
    }
    let short = measured.shortfalls();
    if flags.iter().any(|flag| flag == "--check") && !short.is_empty() {
        return Err(short.join("; ").into());
    }
    Ok(())
}
