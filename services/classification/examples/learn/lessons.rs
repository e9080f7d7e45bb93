//! What texts teach.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use redress_classification::domain::case::Case;
use redress_classification::domain::rules::examples::Example;
use redress_classification::domain::rules::{RuleSet, Shown};
use redress_classification::domain::words::NONE;
use redress_domain::{Category, Channel, PartyKind, UrgentReason};

/// A whole text teaches more than a phrase.
const EXAMPLE: f32 = 1.5;
/// Where the phrases lie.
const PHRASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/phrases");

/// A text to learn from, as the rule set shows it.
pub(crate) struct Lesson {
    pub(crate) shown: Shown,
    pub(crate) category: Category,
    pub(crate) sub: Option<String>,
    pub(crate) urgency: &'static str,
    /// The party, and who it usually is; a phrase names none.
    pub(crate) party: Option<Parties>,
    pub(crate) weight: f32,
}

/// Whom a text is directed at, and whom one of its sub-category usually is.
#[derive(Clone, Copy)]
pub(crate) struct Parties {
    pub(crate) is: &'static str,
    pub(crate) usual: Option<&'static str>,
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

/// What a labelled text teaches.
pub(crate) fn lesson(rules: &RuleSet, example: &Example) -> Lesson {
    let shown = rules.shown(&example.case());
    let row = example.is.sub.as_ref().and_then(|sub| rules.sub_category(sub));
    let code = |party: Option<PartyKind>| party.map_or(NONE, PartyKind::code);
    let parties =
        Parties { is: code(example.is.respondent), usual: row.map(|row| code(row.usual_party(shown.live))) };
    Lesson {
        shown,
        category: example.is.category,
        sub: example.is.sub.clone(),
        urgency: example.is.urgent.map_or(NONE, UrgentReason::code),
        party: Some(parties),
        weight: EXAMPLE,
    }
}

/// What the phrases teach: per file a mapping of sub-categories to lines; `merchant: ` in front says who speaks.
pub(crate) fn phrases(rules: &RuleSet) -> Result<Vec<Lesson>, Box<dyn Error>> {
    let mut lessons = Vec::new();
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(PHRASES))?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
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
                let cause = USUALLY.iter().find(|(_, subs)| subs.contains(&sub.as_str()));
                lessons.push(Lesson {
                    shown: rules.shown(&case),
                    category: row.category,
                    sub: Some(sub.clone()),
                    urgency: cause.map_or(NONE, |(reason, _)| reason.code()),
                    party: None,
                    weight: 1.0,
                });
            }
        }
    }
    Ok(lessons)
}
