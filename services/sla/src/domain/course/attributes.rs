//! What is known of a case, as it comes to be known.

use crate::domain::fact::{Fact, Value};
use crate::domain::policy::Attributes;

/// What is known after `facts`, which are in the order of time.
pub fn attributes<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Attributes {
    let mut known = Attributes::default();
    for fact in facts {
        hear(&mut known, fact);
    }
    known
}

/// What is known after one more fact; whether that changed anything.
pub(super) fn hear(known: &mut Attributes, fact: &Fact) -> bool {
    let before = known.clone();
    (known.urgent_changed, known.category_changed) = (false, false);
    match fact.event.as_str() {
        "ComplaintRegistered" => {
            fact.text("submission.channel").clone_into(&mut known.channel);
            origin(fact).clone_into(&mut known.origin);
        }
        "AdmissibilityReviewStarted" | "AssessmentApplied" => {
            fact.text("category").clone_into(&mut known.category);
            fact.text("severity").clone_into(&mut known.severity);
            known.urgent = fact.fields.get("urgent") == Some(&Value::Bool(true));
            known.urgent_changed = known.urgent != before.urgent;
            known.category_changed = known.category != before.category;
        }
        _ => {}
    }
    *known != before
}

/// As told, else as the complainant's kind says.
fn origin(registered: &Fact) -> &str {
    match (registered.text("submission.origin"), registered.text("submission.complainant.kind")) {
        ("", "PARTY_KIND_CONSUMER") => "ORIGIN_CONSUMER",
        ("", "PARTY_KIND_USER") => "ORIGIN_USER",
        ("", "") => "",
        ("", _) => "ORIGIN_MERCHANT",
        (told, _) => told,
    }
}
