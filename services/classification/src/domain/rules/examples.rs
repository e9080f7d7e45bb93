//! Examples: texts with the labels that the guide gives them. A rule set is tested on them before it takes effect, and
//! two rule sets are told apart by the examples they assess differently.

mod written;

use redress_domain::{Category, Channel, Matter, Money, PartyKind, Severity, UrgentReason};
use serde::Deserialize;

use super::RuleSet;
use super::problem::{Problems, SourceFile};
use super::source::read_items;
use crate::domain::assessment::{Assessment, InadmissibleReason, Missing};
use crate::domain::case::{Case, Live, Order};

/// A text with its labels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The text.
    pub text: String,
    /// What came with it.
    #[serde(default)]
    pub given: Given,
    /// What the guide says of it.
    pub is: Labels,
}

/// What came with the text.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    /// As what the writer complains.
    pub kind: PartyKind,
    /// Through which channel; a letter unless said, where nobody is logged in.
    pub channel: Channel,
    /// Whether an order came with it.
    pub order: bool,
    /// What was paid, in whole yuan.
    pub paid: Option<u32>,
    /// The amount in dispute that came with it, in fen.
    pub amount: Option<i64>,
    /// Whether a live session came with it.
    pub live: bool,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            kind: PartyKind::Consumer,
            channel: Channel::Mail,
            order: false,
            paid: None,
            amount: None,
            live: false,
        }
    }
}

/// The labels of a text; what is left out is general, not urgent, no live relation, no known respondent, a dispute,
/// admissible and complete.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "written::Labels")]
pub struct Labels {
    /// The category.
    pub category: Category,
    /// The sub-category.
    pub sub: Option<String>,
    /// Other categories.
    pub secondary: Vec<Category>,
    /// Whether it is major.
    pub major: bool,
    /// Why it is urgent.
    pub urgent: Option<UrgentReason>,
    /// Who caused it in a live-commerce relation.
    pub live: Option<PartyKind>,
    /// Whom it is directed at.
    pub respondent: Option<PartyKind>,
    /// Own relief, report or both.
    pub matter: Matter,
    /// Why it is to be refused.
    pub inadmissible: Option<InadmissibleReason>,
    /// Whether something mandatory is missing.
    pub incomplete: bool,
    /// What is missing, as far as told.
    pub missing: Vec<Missing>,
}

impl Labels {
    /// The labels that an assessment gives. Order says nothing in lists.
    pub fn of(assessment: &Assessment) -> Self {
        let mut labels = Self {
            category: assessment.category,
            sub: assessment.sub_category.clone(),
            secondary: assessment.secondary.clone(),
            major: assessment.severity == Severity::Major,
            urgent: assessment.urgent,
            live: assessment.live_attribution,
            respondent: assessment.respondent,
            matter: assessment.matter,
            inadmissible: assessment.inadmissible_reason(),
            incomplete: !assessment.missing().is_empty(),
            missing: assessment.missing().to_vec(),
        };
        labels.sort();
        labels
    }

    fn sort(&mut self) {
        self.secondary.sort_unstable();
        self.missing.sort_unstable();
    }
}

impl Example {
    /// Reads a file of examples; all problems at once.
    pub fn read(file: &SourceFile) -> Result<Vec<Self>, Problems> {
        let mut problems = Problems::default();
        let items = read_items::<Self>(file, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let examples = items.into_iter().map(|item| {
            let mut example = item.value;
            example.is.sort();
            example
        });
        Ok(examples.collect())
    }

    /// The case that the example describes.
    pub fn case(&self) -> Case {
        let fen = self.given.amount.or(self.given.paid.map(|yuan| i64::from(yuan) * 100));
        let paid = fen.and_then(|fen| Money::new("CNY", fen).ok());
        Case {
            order: (self.given.order || paid.is_some()).then_some(Order { paid }),
            live: self.given.live.then(Live::default),
            ..Case::of_text(self.text.clone(), self.given.channel, self.given.kind)
        }
    }
}

/// An example that is assessed otherwise than expected: by its labels, or by the running rule set.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference<'a> {
    /// The example's text.
    pub text: &'a str,
    /// What was expected.
    pub expected: Labels,
    /// What the rule set says, with its reasons.
    pub assessment: Assessment,
}

/// The examples that `rules` assess otherwise than their labels say.
pub fn test<'a>(rules: &RuleSet, examples: &'a [Example]) -> Vec<Difference<'a>> {
    examples
        .iter()
        .filter_map(|example| difference(example, example.is.clone(), rules.assess(&example.case())))
        .collect()
}

/// The examples that `new` assesses otherwise than `running`: what publishing it would change.
pub fn compare<'a>(running: &RuleSet, new: &RuleSet, examples: &'a [Example]) -> Vec<Difference<'a>> {
    examples
        .iter()
        .filter_map(|example| {
            let case = example.case();
            difference(example, Labels::of(&running.assess(&case)), new.assess(&case))
        })
        .collect()
}

fn difference(example: &Example, expected: Labels, assessment: Assessment) -> Option<Difference<'_>> {
    (Labels::of(&assessment) != expected).then_some(Difference { text: &example.text, expected, assessment })
}
