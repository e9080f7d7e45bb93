//! What is ordered, by whom it is borne, and who answers, in the codes that letters have words for.

use redress_proto::resolution::v1::{LiabilityShare, PartyRef, RemedyTerms, RemedyType};
use redress_proto::types::v1::Money;

use crate::domain::amount::amount;
use crate::domain::form::{AND, OF};

/// `REMEDY_TYPE_REFUND_ONLY` → `refund_only`, as the lexicons have it.
pub(super) fn remedy(kind: RemedyType) -> String {
    kind.as_str_name().trim_start_matches("REMEDY_TYPE_").to_lowercase()
}

/// The code of a party.
pub(super) fn party(reference: Option<&PartyRef>) -> String {
    let name = reference.map(PartyRef::party).unwrap_or_default().as_str_name();
    match name.trim_start_matches("LIABLE_PARTY_") {
        "OTHER_USER" => "user".to_owned(),
        name => name.to_lowercase(),
    }
}

/// An amount in a letter.
pub(in crate::app) fn money(money: &Money) -> String {
    amount(&money.currency, money.amount_minor)
}

/// What one remedy orders: `refund_only|CNY 299.00`.
fn order(terms: &RemedyTerms) -> String {
    let code = remedy(terms.r#type());
    match &terms.amount {
        Some(amount) => format!("{code}{OF}{}", money(amount)),
        None if terms.units > 0 => format!("{code}{OF}{}", terms.units),
        None => code,
    }
}

/// What remedies order, a line each; that nothing is to be done where there are none.
pub(super) fn orders(terms: &[RemedyTerms]) -> String {
    if terms.is_empty() { "none".to_owned() } else { lines(terms.iter().map(order)) }
}

/// What remedies order, in one line.
pub(super) fn option(terms: &[RemedyTerms]) -> String {
    if terms.is_empty() { "none".to_owned() } else { terms.iter().map(order).collect::<Vec<_>>().join(AND) }
}

/// The money of remedies, added up per currency; that there is none where none is paid.
pub(super) fn sums(terms: &[RemedyTerms]) -> String {
    let mut sums: Vec<(&str, i64)> = Vec::new();
    for one in terms.iter().filter_map(|terms| terms.amount.as_ref()) {
        match sums.iter_mut().find(|(currency, _)| *currency == one.currency) {
            Some((_, sum)) => *sum = sum.saturating_add(one.amount_minor),
            None => sums.push((&one.currency, one.amount_minor)),
        }
    }
    let told: Vec<_> = sums.into_iter().map(|(currency, sum)| amount(currency, sum)).collect();
    if told.is_empty() { "no_money".to_owned() } else { told.join(AND) }
}

/// Who bears remedies, each once.
pub(super) fn payers<'a>(terms: impl Iterator<Item = &'a RemedyTerms>) -> String {
    let mut payers: Vec<String> = terms.map(|terms| party(terms.payer.as_ref())).collect();
    let mut seen = Vec::new();
    payers.retain(|payer| {
        !seen.contains(payer) && {
            seen.push(payer.clone());
            true
        }
    });
    lines(payers)
}

/// Who answers: `merchant|70 %`; a share of the whole without a number where nobody does.
pub(super) fn shares(shares: &[LiabilityShare]) -> String {
    if shares.is_empty() {
        return "not_determined".to_owned();
    }
    let share = |share: &LiabilityShare| {
        let party = party(share.party.as_ref());
        if ["none_found", "undeterminable"].contains(&party.as_str()) {
            return party;
        }
        let (whole, part) = (share.basis_points / 100, share.basis_points % 100);
        if part == 0 { format!("{party}{OF}{whole} %") } else { format!("{party}{OF}{whole}.{part:02} %") }
    };
    lines(shares.iter().map(share))
}

/// Entries, a line each.
pub(super) fn lines(entries: impl IntoIterator<Item = String>) -> String {
    entries.into_iter().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::locale::Locale;
    use crate::domain::templates::{Templates, builtin};
    use crate::domain::vocabulary::Vocabulary;
    use redress_proto::investigation::v1::{EvidenceType, LapseConsequence};
    use redress_proto::resolution::v1::{AppealOutcome, LiableParty};

    fn words(vocabulary: Vocabulary, code: &str) {
        let templates = Templates::read(&builtin()).unwrap();
        for &locale in Locale::ALL {
            let lexicon = templates.lexicon(locale).unwrap();
            assert!(lexicon.phrase(vocabulary, code).is_some(), "{locale} {vocabulary} {code}");
        }
    }

    #[test]
    fn every_code_of_the_contracts_has_its_words_in_every_language() {
        for kind in (1..).map_while(|number| RemedyType::try_from(number).ok()) {
            words(Vocabulary::Remedy, &remedy(kind));
        }
        for kind in (1..).map_while(|number| LiableParty::try_from(number).ok()) {
            words(
                Vocabulary::Party,
                &party(Some(&PartyRef { party: kind.into(), reference: String::new() })),
            );
        }
        for kind in (1..).map_while(|number| EvidenceType::try_from(number).ok()) {
            words(Vocabulary::Evidence, &super::super::contents::code(kind.as_str_name(), "EVIDENCE_TYPE_"));
        }
        for kind in (1..).map_while(|number| LapseConsequence::try_from(number).ok()) {
            words(
                Vocabulary::Consequence,
                &super::super::contents::code(kind.as_str_name(), "LAPSE_CONSEQUENCE_"),
            );
        }
        for kind in (1..).map_while(|number| AppealOutcome::try_from(number).ok()) {
            let code = super::super::contents::code(kind.as_str_name(), "APPEAL_OUTCOME_");
            assert!(Vocabulary::AppealOutcome.has(&code), "{code}");
        }
        words(Vocabulary::Party, "not_determined");
        words(Vocabulary::Remedy, "none");
        for code in [
            "no_money",
            "as_ordered",
            "why_facts",
            "test_ordered",
            "test_next",
            "copy_shown",
            "copy_shown_next",
            "appeal_filed",
            "appeal_filed_next",
            "no_grounds",
            "negotiation_opened",
            "negotiation_next",
        ] {
            words(Vocabulary::Sentence, code);
        }
    }

    #[test]
    fn what_is_ordered_is_told_with_its_sums_and_its_payers() {
        let money = |minor| Some(Money { currency: "CNY".into(), amount_minor: minor });
        let payer = |party: LiableParty| Some(PartyRef { party: party.into(), reference: String::new() });
        let terms = [
            RemedyTerms {
                r#type: RemedyType::ReturnAndRefund.into(),
                amount: money(29_900),
                payer: payer(LiableParty::Merchant),
                ..Default::default()
            },
            RemedyTerms {
                r#type: RemedyType::Freight.into(),
                amount: money(1_200),
                payer: payer(LiableParty::OtherUser),
                ..Default::default()
            },
            RemedyTerms {
                r#type: RemedyType::Points.into(),
                units: 200,
                payer: payer(LiableParty::Merchant),
                ..Default::default()
            },
        ];
        assert_eq!(option(&terms), "return_and_refund|CNY 299.00 + freight|CNY 12.00 + points|200");
        assert_eq!(sums(&terms), "CNY 311.00");
        assert_eq!(payers(terms.iter()), "merchant\nuser");
        assert_eq!((sums(&[]), orders(&[])), ("no_money".to_owned(), "none".to_owned()));
    }
}
