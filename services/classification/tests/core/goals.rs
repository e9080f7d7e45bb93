//! How good the published rules are on labelled texts that took no part in writing them.

use std::path::Path;

use redress_classification::domain::measure::{self, Measurement};

use crate::RULES;

#[test]
fn the_published_rules_reach_their_goals_on_texts_that_they_have_not_learned_from() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/eval");
    let examples = measure::read(&folder).unwrap();
    let measured = Measurement::on(&RULES, &examples);
    assert_eq!(measured.shortfalls(), [] as [String; 0], "{measured}");
}

#[test]
fn what_falls_short_is_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/eval");
    let examples = measure::read(&folder).unwrap();
    // Half of the urgent texts, told to be none: as if the rules had missed them.
    let mut measured = Measurement::on(&RULES, &examples);
    measured.urgent.missed += measured.urgent.right / 2;
    measured.urgent.right -= measured.urgent.right / 2;
    let short = measured.shortfalls();
    assert!(short.len() == 1 && short[0].starts_with("recall of urgent complaints"), "{short:?}");
    let few = Measurement::on(&RULES, &examples[..10]);
    assert!(few.shortfalls().iter().any(|short| short.starts_with("10 texts")), "{:?}", few.shortfalls());
}
