//! Learns the weights of words from labelled texts.
//!
//! `cargo run --release --example learn` writes `data/words` from all phrases and examples.
//! `cargo run --release --example learn -- FOLDER` learns from phrases and examples without FOLDER's texts and measures on
//! FOLDER; `-- FOLDER cross` measures each fifth of FOLDER with weights learned from everything else.
#![expect(clippy::print_stdout, reason = "a command talks to whoever called it")]

mod descent;

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::Path;

use descent::{Text, learn};
use redress_classification::domain::case::Case;
use redress_classification::domain::measure::{self, Measurement, Share};
use redress_classification::domain::published;
use redress_classification::domain::rules::RuleSet;
use redress_classification::domain::rules::examples::{Example, Labels};
use redress_classification::domain::words::{NOT_URGENT, Table, value_of_pieces};
use redress_domain::{Category, Channel, PartyKind, UrgentReason};

/// A piece that fewer texts hold is an accident.
const SELDOM: u32 = 3;
/// A whole text teaches more than a phrase.
const EXAMPLE: f32 = 1.5;
/// Where each kind of text lies.
const PHRASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/phrases");
const LABELLED: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/data/labelled"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/data/examples"),
];
const SUBS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/words/subcategories.txt");
const URGENCY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/words/urgency.txt");
const FOLDS: usize = 5;

/// A text to learn from, as the rule set shows it.
struct Lesson {
    pieces: Vec<String>,
    said: Vec<(String, f32)>,
    category: Category,
    sub: Option<String>,
    urgency: &'static str,
    weight: f32,
}

/// What phrases of a sub-category are usually urgent for.
const USUALLY: [(UrgentReason, &[&str]); 4] = [
    (
        UrgentReason::ProductSafety,
        &["fire_or_shock_hazard", "injury_or_illness", "allergy_or_irritation", "food_safety"],
    ),
    (UrgentReason::Minor, &["minor_spending"]),
    (
        UrgentReason::PrivacyLeak,
        &[
            "fraud_call_with_data",
            "leak_after_order",
            "public_exposure",
            "waybill_exposure",
            "data_sold_or_shared",
            "misdirected_data",
        ],
    ),
    (UrgentReason::FinancialLoss, &["account_takeover", "shop_account_takeover", "code_phishing"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let rules = published::rule_set()?;
    let mut lessons = phrases(&rules)?;
    let mut examples = Vec::new();
    for folder in LABELLED {
        examples.extend(measure::read(Path::new(folder))?);
    }
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        lessons.extend(examples.iter().map(|example| lesson(&rules, example)));
        let (subs, urgency) = taught(&rules, &lessons.iter().collect::<Vec<_>>());
        let origin = format!(
            "Weights of words, learned by `cargo run --release --example learn` from {} phrases and texts in data/phrases,\n\
             data/labelled and data/examples. A line: a piece of text, #concept asserted, ~negated, \"quoted, ?supposed, or =context; then places\n\
             of labels with weights.",
            lessons.len()
        );
        std::fs::write(SUBS, subs.write(&origin))?;
        std::fs::write(URGENCY, urgency.write(&origin))?;
        println!("{} lessons, {} pieces", lessons.len(), subs.rows.len());
        return Ok(());
    };
    let measured = measure::read(Path::new(&folder))?;
    let others = examples.iter().filter(|example| measured.iter().all(|m| m.text != example.text));
    lessons.extend(others.map(|example| lesson(&rules, example)));
    let cross = arguments.next().is_some();
    let own: Vec<Lesson> = measured.iter().map(|example| lesson(&rules, example)).collect();
    let mut pairs: Vec<(Labels, Labels)> = Vec::new();
    let mut rules = rules;
    // Wrong categories, right categories: how many go to a person.
    let mut persons = [Share::default(); 2];
    for fold in 0..if cross { FOLDS } else { 1 } {
        let taken = |index: &usize| !cross || index % FOLDS == fold;
        let learned = own.iter().enumerate().filter(|(index, _)| !taken(index)).map(|(_, lesson)| lesson);
        let (subs, urgency) = taught(&rules, &lessons.iter().chain(learned).collect::<Vec<_>>());
        rules = rules.with_words(subs, urgency);
        for (_, example) in measured.iter().enumerate().filter(|(index, _)| taken(index)) {
            let assessment = rules.assess(&example.case());
            let got = Labels::of(&assessment);
            persons[usize::from(got.category == example.is.category)].count(assessment.needs_human);
            pairs.push((example.is.clone(), got));
        }
    }
    println!("{} texts\n{}", pairs.len(), Measurement::of(pairs));
    for (name, Share { right, of }) in ["wrong", "right"].iter().zip(persons) {
        println!("of {of} {name} categories {right} go to a person");
    }
    Ok(())
}

/// The tables learned from `lessons`: for sub-categories, and for causes of urgency.
fn taught(rules: &RuleSet, lessons: &[&Lesson]) -> (Table, Table) {
    let group = |category| Category::ALL.iter().position(|c| *c == category).unwrap_or_default();
    let subs: Vec<(String, usize)> =
        rules.sub_categories().map(|(sub, row)| (sub.to_owned(), group(row.category))).collect();
    let causes = std::iter::once(NOT_URGENT).chain(UrgentReason::ALL.iter().map(|reason| reason.code()));
    let causes: Vec<(String, usize)> =
        causes.enumerate().map(|(place, cause)| (cause.to_owned(), place)).collect();
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for lesson in lessons {
        let keys = lesson.pieces.iter().chain(lesson.said.iter().map(|(key, _)| key));
        keys.for_each(|key| *counts.entry(key).or_default() += 1);
    }
    let mut keys: Vec<&str> =
        counts.iter().filter(|(_, count)| **count >= SELDOM).map(|(key, _)| *key).collect();
    keys.sort_unstable();
    let places: HashMap<&str, usize> = keys.iter().enumerate().map(|(place, key)| (*key, place)).collect();
    let by_sub = lessons.iter().map(|lesson| {
        let label = lesson.sub.as_ref().and_then(|sub| subs.iter().position(|(label, _)| label == sub));
        text(lesson, &places, label, group(lesson.category))
    });
    let by_cause = lessons.iter().map(|lesson| {
        let label = causes.iter().position(|(cause, _)| cause == lesson.urgency);
        text(lesson, &places, label, label.unwrap_or_default())
    });
    (learn(&by_sub.collect::<Vec<_>>(), &keys, &subs), learn(&by_cause.collect::<Vec<_>>(), &keys, &causes))
}

fn text(lesson: &Lesson, places: &HashMap<&str, usize>, label: Option<usize>, group: usize) -> Text {
    let known: Vec<usize> =
        lesson.pieces.iter().filter_map(|piece| places.get(piece.as_str()).copied()).collect();
    let value = value_of_pieces(known.len());
    let said = lesson.said.iter().filter_map(|(key, value)| Some((*places.get(key.as_str())?, *value)));
    Text {
        shows: known.iter().map(|&place| (place, value)).chain(said).collect(),
        group,
        label,
        weight: lesson.weight,
    }
}

fn lesson(rules: &RuleSet, example: &Example) -> Lesson {
    let (pieces, said) = rules.shown(&example.case());
    Lesson {
        pieces,
        said,
        category: example.is.category,
        sub: example.is.sub.clone(),
        urgency: example.is.urgent.map_or(NOT_URGENT, |reason| reason.code()),
        weight: EXAMPLE,
    }
}

/// The phrases: per file a mapping of sub-categories to lines; `merchant: ` in front says who speaks.
fn phrases(rules: &RuleSet) -> Result<Vec<Lesson>, Box<dyn Error>> {
    let mut lessons = Vec::new();
    let mut paths: Vec<_> =
        std::fs::read_dir(PHRASES)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let subs: BTreeMap<String, String> = serde_saphyr::from_str(&std::fs::read_to_string(&path)?)?;
        for (sub, lines) in subs {
            let row = rules
                .sub_category(&sub)
                .ok_or_else(|| format!("{}: no sub-category `{sub}`", path.display()))?;
            let usual = if row.category == Category::Cq06 { PartyKind::User } else { PartyKind::Consumer };
            for line in lines.lines().filter(|line| !line.is_empty()) {
                let merchant = line.strip_prefix("merchant: ");
                let kind = if merchant.is_some() { PartyKind::Merchant } else { usual };
                let case = Case::of_text(merchant.unwrap_or(line), Channel::App, kind);
                let (pieces, said) = rules.shown(&case);
                let usual = USUALLY.iter().find(|(_, subs)| subs.contains(&sub.as_str()));
                let urgency = usual.map_or(NOT_URGENT, |(reason, _)| reason.code());
                lessons.push(Lesson {
                    pieces,
                    said,
                    category: row.category,
                    sub: Some(sub.clone()),
                    urgency,
                    weight: 1.0,
                });
            }
        }
    }
    Ok(lessons)
}
