//! Variants as they are written: no two may fit a case equally well (U25).

use redress_domain::Violations;

use super::check::{once, required};
use super::condition::by_field;
use super::draft::{ClockDraft, VariantDraft};
use super::terms::{Known, fill, terms};
use super::{Start, Variant, patterns};

pub(super) fn variants(
    clock: &ClockDraft,
    start: &[Start],
    at: &str,
    known: &Known<'_>,
    found: &mut Violations,
) -> Vec<Variant> {
    let events: Vec<&str> = start.iter().map(|start| start.on.event.as_str()).collect();
    let one = |(index, draft): (usize, &VariantDraft)| {
        let at = format!("{at}.variant[{index}]");
        required(&draft.name, &format!("{at}.name"), found);
        let mut when = patterns::conditions(&draft.when, false, &format!("{at}.when"), &events, found);
        when.extend(patterns::conditions(&draft.unless, true, &format!("{at}.unless"), &events, found));
        if draft.when.is_empty() && draft.unless.is_empty() {
            found.add(format!("{at}.when"), "REQUIRED", "a variant says for which cases it holds");
        }
        let terms_draft = fill(&draft.terms(), Some(&clock.terms()), &at, found);
        // What the clock itself states was told there.
        let mut told = Violations::default();
        let terms = terms(&terms_draft, &at, known, &mut told);
        tell_own(draft, &at, told, found);
        Variant { name: draft.name.clone(), when, terms }
    };
    let variants: Vec<Variant> = clock.variant.iter().enumerate().map(one).collect();
    once(variants.iter().map(|variant| variant.name.as_str()), |i| format!("{at}.variant[{i}].name"), found);
    for (index, variant) in variants.iter().enumerate() {
        if variants.iter().take(index).any(|earlier| tie(earlier, variant)) {
            let field = format!("{at}.variant[{index}].when");
            found.add(field, "TIE", "another variant fits the same cases equally well");
        }
    }
    variants
}

/// What is wrong with the terms that the variant states itself, and with how they go with the clock's.
fn tell_own(draft: &VariantDraft, at: &str, told: Violations, found: &mut Violations) {
    let states = |name: &str| match name {
        "calendar" => draft.calendar.is_some(),
        "limit" => draft.limit.is_some(),
        // A longer limit can pass the clock's cap.
        "cap" => draft.cap.is_some() || draft.limit.is_some(),
        "pauses" => draft.pauses.is_some(),
        "opt_in" => draft.opt_in.is_some() || draft.limit.is_some() || draft.pauses.is_some(),
        "thresholds" => draft.thresholds.is_some(),
        _ => true,
    };
    for violation in told.into_vec() {
        let inside = violation.field.strip_prefix(at).unwrap_or_default().trim_start_matches('.');
        let name = inside.split(['.', '[']).next().unwrap_or_default();
        if states(name) {
            found.add(violation.field, violation.reason, violation.description);
        }
    }
}

/// Whether both fit some case and neither is more specific.
fn tie(one: &Variant, other: &Variant) -> bool {
    let (ours, theirs) = (by_field(&one.when), by_field(&other.when));
    one.when.len() == other.when.len()
        && ours
            .iter()
            .all(|(field, condition)| theirs.get(field).is_none_or(|theirs| condition.overlaps(theirs)))
}
