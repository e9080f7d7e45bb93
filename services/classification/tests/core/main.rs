//! The pure core: what it says of texts, and what it refuses to load.

mod goals;
mod hostile;
mod loading;
mod saying;

use redress_classification::domain::published;
use redress_classification::domain::rules::RuleSet;
use redress_domain::{Channel, PartyKind};
use std::sync::LazyLock;

use redress_classification::domain::assessment::Assessment;
use redress_classification::domain::case::Case;

static RULES: LazyLock<RuleSet> =
    LazyLock::new(|| published::rule_set().unwrap_or_else(|problems| panic!("{problems}")));

fn assess(text: &str) -> Assessment {
    RULES.assess(&Case::of_text(text, Channel::Mail, PartyKind::Consumer))
}
