//! Learns the weights of words from labelled texts.
//!
//! `cargo run --release --example learn` writes `data/words` from all phrases and labelled texts.
//! `cargo run --release --example learn -- FOLDER` learns from phrases and labelled texts without FOLDER's texts and measures
//! on FOLDER; `-- FOLDER each` measures each file of FOLDER with weights learned from everything else, `-- FOLDER cross`
//! each fifth. `-v` behind either shows each difference.
#![expect(clippy::print_stdout, reason = "a command talks to whoever called it")]

mod descent;
mod lessons;

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::path::Path;

use descent::{Text, learn};
use lessons::{Lesson, lesson, phrases};
use redress_classification::domain::measure::{self, Measurement, Share};
use redress_classification::domain::published;
use redress_classification::domain::rules::RuleSet;
use redress_classification::domain::rules::examples::{Example, Labels};
use redress_classification::domain::words::{NONE, Tables, USUAL, value_of_pieces};
use redress_domain::{Category, PartyKind, UrgentReason};

/// A piece that fewer texts hold is an accident.
const SELDOM: u32 = 3;
/// Where labelled texts lie.
const LABELLED: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/data/labelled"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/data/examples"),
];
const WORDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/words");
const FOLDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let rules = published::rule_set()?;
    let mut lessons = phrases(&rules)?;
    let mut examples = Vec::new();
    for folder in LABELLED {
        examples.extend(measure::read(Path::new(folder))?);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first() else {
        lessons.extend(examples.iter().map(|example| lesson(&rules, example)));
        return write(&rules, &lessons);
    };
    let files = measure::files(Path::new(folder))?;
    let told: HashSet<&str> = files.iter().flat_map(|(_, texts)| texts).map(|m| m.text.as_str()).collect();
    let others = examples.iter().filter(|example| !told.contains(example.text.as_str()));
    lessons.extend(others.map(|example| lesson(&rules, example)));
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let texts: Vec<(usize, &Example)> = match (has("each"), has("cross")) {
        (true, _) => {
            (0..).zip(&files).flat_map(|(at, (_, texts))| texts.iter().map(move |t| (at, t))).collect()
        }
        (_, true) => files
            .iter()
            .flat_map(|(_, texts)| texts)
            .enumerate()
            .map(|(at, text)| (at % FOLDS, text))
            .collect(),
        _ => files.iter().flat_map(|(_, texts)| texts).map(|text| (0, text)).collect(),
    };
    let folds = texts.iter().map(|(fold, _)| fold + 1).max().unwrap_or_default();
    let own: Vec<(usize, Lesson)> = texts.iter().map(|(fold, text)| (*fold, lesson(&rules, text))).collect();
    let mut pairs: Vec<(Labels, Labels)> = Vec::new();
    let mut rules = rules;
    // Wrong categories, right categories: how many go to a person.
    let mut persons = [Share::default(); 2];
    for fold in 0..folds {
        let learned = own.iter().filter(|(of, _)| *of != fold).map(|(_, lesson)| lesson);
        let before = pairs.len();
        rules = {
            let tables = taught(&rules, &lessons.iter().chain(learned).collect::<Vec<_>>());
            rules.with_words(tables)
        };
        for (_, example) in texts.iter().filter(|(of, _)| *of == fold) {
            let assessment = rules.assess(&example.case());
            let got = Labels::of(&assessment);
            persons[usize::from(got.category == example.is.category)].count(assessment.needs_human);
            if has("-v") && got != example.is {
                let fired: Vec<&str> = assessment.reasons.iter().map(|r| r.rule_id.as_str()).collect();
                println!(
                    "\n{}\n  is  {:?}\n  got {got:?}\n  by  {}",
                    example.text,
                    example.is,
                    fired.join(" ")
                );
            }
            pairs.push((example.is.clone(), got));
        }
        if let Some((name, _)) = files.get(fold).filter(|_| has("each")) {
            let measured = Measurement::of(pairs.get(before..).unwrap_or_default().iter().cloned());
            println!("{name}: {}", measured.line());
        }
    }
    println!("{} texts\n{}", pairs.len(), Measurement::of(pairs));
    for (name, Share { right, of }) in ["wrong", "right"].iter().zip(persons) {
        println!("of {of} {name} categories {right} go to a person");
    }
    Ok(())
}

/// Writes what all lessons teach.
fn write(rules: &RuleSet, lessons: &[Lesson]) -> Result<(), Box<dyn Error>> {
    let tables = taught(rules, &lessons.iter().collect::<Vec<_>>());
    let origin = format!(
        "Weights of words, learned by `cargo run --release --example learn` from {} phrases and texts in data/phrases,\n\
         data/labelled and data/examples. A line: a piece of text, #concept asserted, ~negated, \"quoted, ?supposed, or =context; then places\n\
         of labels with weights.",
        lessons.len()
    );
    for (name, table) in
        [("subcategories", tables.subs), ("urgency", tables.urgency), ("parties", tables.parties)]
    {
        std::fs::write(Path::new(WORDS).join(format!("{name}.txt")), table.write(&origin))?;
        println!("{name}: {} pieces", table.rows.len());
    }
    println!("{} lessons", lessons.len());
    Ok(())
}

/// The tables learned from `lessons`.
fn taught(rules: &RuleSet, lessons: &[&Lesson]) -> Tables {
    let group = |category| Category::ALL.iter().position(|c| *c == category).unwrap_or_default();
    let subs: Vec<(String, usize)> =
        rules.sub_categories().map(|(sub, row)| (sub.to_owned(), group(row.category))).collect();
    let causes = alone(UrgentReason::ALL.iter().map(|reason| reason.code()));
    let parties = alone(PartyKind::ALL.iter().map(|party| party.code()));
    let keys = keys(lessons);
    let places: HashMap<&str, usize> = keys.iter().enumerate().map(|(place, key)| (*key, place)).collect();
    let others: HashMap<&str, usize> = places
        .iter()
        .filter(|(key, _)| !tells_parties_alone(key))
        .map(|(key, place)| (*key, *place))
        .collect();
    let place = |labels: &[(String, usize)], label: &str| labels.iter().position(|(l, _)| l == label);
    let by_sub = lessons.iter().map(|lesson| {
        let label = lesson.sub.as_ref().and_then(|sub| place(&subs, sub));
        text(lesson, &others, label, group(lesson.category))
    });
    let by_cause = lessons.iter().map(|lesson| {
        let label = place(&causes, lesson.urgency);
        text(lesson, &others, label, label.unwrap_or_default())
    });
    let by_party = lessons.iter().filter_map(|lesson| {
        let party = lesson.party?;
        let label = place(&parties, party.is)?;
        let usual = party.usual.and_then(|usual| place(&parties, usual));
        Some(Text { usual: usual.map(|label| (label, USUAL)), ..text(lesson, &places, Some(label), label) })
    });
    Tables {
        subs: learn(&by_sub.collect::<Vec<_>>(), &keys, &subs),
        urgency: learn(&by_cause.collect::<Vec<_>>(), &keys, &causes),
        parties: learn(&by_party.collect::<Vec<_>>(), &keys, &parties),
    }
}

/// Labels that stand each for itself, [`NONE`] first.
fn alone(codes: impl Iterator<Item = &'static str>) -> Vec<(String, usize)> {
    std::iter::once(NONE).chain(codes).enumerate().map(|(place, code)| (code.to_owned(), place)).collect()
}

/// Whether a key tells whom a text is directed at: for other questions it would be an accident.
fn tells_parties_alone(key: &str) -> bool {
    key.contains("field.who.")
}

/// The keys that are no accident, sorted.
fn keys<'a>(lessons: &[&'a Lesson]) -> Vec<&'a str> {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for Lesson { shown, .. } in lessons {
        let keys = shown.pieces.iter().chain(shown.said.iter().map(|(key, _)| key));
        keys.for_each(|key| *counts.entry(key).or_default() += 1);
    }
    let mut keys: Vec<&str> =
        counts.iter().filter(|(_, count)| **count >= SELDOM).map(|(key, _)| *key).collect();
    keys.sort_unstable();
    keys
}

fn text(lesson: &Lesson, places: &HashMap<&str, usize>, label: Option<usize>, group: usize) -> Text {
    let Lesson { shown, weight, .. } = lesson;
    let known: Vec<usize> =
        shown.pieces.iter().filter_map(|piece| places.get(piece.as_str()).copied()).collect();
    let value = value_of_pieces(known.len());
    let said = shown.said.iter().filter_map(|(key, value)| Some((*places.get(key.as_str())?, *value)));
    Text {
        shows: known.iter().map(|&place| (place, value)).chain(said).collect(),
        group,
        label,
        weight: *weight,
        usual: None,
    }
}
