//! Messages ⇄ domain. Members of enumerations carry the same names on both sides: `REMEDY_TYPE_REFUND_ONLY` is
//! `refund_only`. What does not fit is noted with its field.

use std::str::FromStr;

use redress_domain::{Money, Violations};
use redress_proto::convert::to_wire_time;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1 as types;

use crate::domain::liability::Share;
use crate::domain::offer::{Consent, ConsentKind};
use crate::domain::party::{LiableParty, PartyRef, Side, SideRole};
use crate::domain::terms::{ChargeBasis, RemedyTerms, RemedyType};
use crate::domain::text::is_reference;

/// The most options of a revision.
const MOST_OPTIONS: usize = 6;

/// The member of the domain's enumeration whose name on the wire is `name`; `prefix` with its underscore.
pub fn member<T: FromStr>(name: &str, prefix: &str) -> Option<T> {
    name.strip_prefix(prefix)?.to_lowercase().parse().ok()
}

/// The name on the wire of the member with that code.
pub fn name(prefix: &str, code: &str) -> String {
    format!("{prefix}{}", code.to_uppercase())
}

macro_rules! to_wire {
    ($($function:ident: $domain:ty => $wire:ident, $prefix:literal;)+) => {$(
        /// The member on the wire.
        pub fn $function(value: $domain) -> wire::$wire {
            wire::$wire::from_str_name(&name($prefix, value.code())).unwrap_or_default()
        }
    )+};
}

to_wire! {
    liable_party: LiableParty => LiableParty, "LIABLE_PARTY_";
    remedy_type: RemedyType => RemedyType, "REMEDY_TYPE_";
    charge_basis: ChargeBasis => ChargeBasis, "CHARGE_BASIS_";
    funding_source: crate::domain::remedy::FundingSource => FundingSource, "FUNDING_SOURCE_";
    proposal_state: crate::domain::proposal::ProposalState => ProposalState, "PROPOSAL_STATE_";
    proposal_kind: crate::domain::proposal::ProposalKind => ProposalKind, "PROPOSAL_KIND_";
    offer_action: crate::domain::offer::OfferAction => OfferAction, "OFFER_ACTION_";
    consent_kind: ConsentKind => ConsentKind, "CONSENT_KIND_";
    decision_state: crate::domain::settlement::DecisionState => DecisionState, "DECISION_STATE_";
    appeal_state: crate::domain::appeal::AppealState => AppealState, "APPEAL_STATE_";
    appeal_outcome: crate::domain::appeal::AppealOutcome => AppealOutcome, "APPEAL_OUTCOME_";
    appeal_next: crate::domain::appeal::AppealNext => AppealNext, "APPEAL_NEXT_";
    sanction_measure: crate::domain::sanction::SanctionMeasure => SanctionMeasure, "SANCTION_MEASURE_";
}

/// Where the lifecycle stands.
pub fn state(state: crate::domain::state::State) -> types::ComplaintState {
    types::ComplaintState::from_str_name(&name("COMPLAINT_STATE_", state.code())).unwrap_or_default()
}

/// An amount.
pub fn money(amount: Money) -> types::Money {
    types::Money { currency: amount.currency.to_string(), amount_minor: amount.amount_minor }
}

/// Somebody who pays, is paid or answers.
pub fn party_ref(party: &PartyRef) -> wire::PartyRef {
    wire::PartyRef { party: liable_party(party.party).into(), reference: party.reference.clone() }
}

/// The terms of a remedy.
pub fn terms(terms: &RemedyTerms) -> wire::RemedyTerms {
    wire::RemedyTerms {
        r#type: remedy_type(terms.kind).into(),
        amount: terms.amount.map(money),
        units: terms.units,
        payer: Some(party_ref(&terms.payer)),
        payee: Some(party_ref(&terms.payee)),
        due_days: terms.due_days,
        charge_basis: terms.charge_basis.map(charge_basis).unwrap_or_default().into(),
        charge_rule: terms.charge_rule.clone(),
    }
}

/// The terms of several.
pub fn all_terms(all: &[RemedyTerms]) -> Vec<wire::RemedyTerms> {
    all.iter().map(terms).collect()
}

/// Options without words.
pub fn options(options: &[Vec<RemedyTerms>]) -> Vec<wire::ProposalOption> {
    let option = |(number, option): (u32, &Vec<RemedyTerms>)| wire::ProposalOption {
        option: number,
        remedies: all_terms(option),
        ..Default::default()
    };
    (1..).zip(options).map(option).collect()
}

/// A side of the case.
pub fn side(side: &Side) -> wire::CaseParty {
    let role = match side.role {
        SideRole::Complainant => types::AwaitedParty::Complainant,
        SideRole::Respondent => types::AwaitedParty::Respondent,
    };
    wire::CaseParty { role: role.into(), respondent_ref: side.respondent_ref.clone() }
}

/// Sides of the case.
pub fn sides(all: &[Side]) -> Vec<wire::CaseParty> {
    all.iter().map(side).collect()
}

/// An instant.
pub fn time(at: jiff::Timestamp) -> Option<pbjson_types::Timestamp> {
    Some(to_wire_time(at))
}

/// Reads somebody who pays, is paid or answers.
pub fn read_party(found: &mut Violations, field: &str, party: Option<&wire::PartyRef>) -> Option<PartyRef> {
    let told = party.cloned().unwrap_or_default();
    let Some(party) = member(told.party().as_str_name(), "LIABLE_PARTY_") else {
        found.add(format!("{field}.party"), "REQUIRED", "a party is expected");
        return None;
    };
    if !is_reference(&told.reference) {
        found.add(format!("{field}.reference"), "MALFORMED", "up to 128 visible ASCII characters");
    }
    Some(PartyRef { party, reference: told.reference })
}

/// Reads an amount; a currency in another form and an amount below 0 are told.
pub fn read_money(found: &mut Violations, field: &str, amount: Option<&types::Money>) -> Option<Money> {
    let amount = amount?;
    match Money::new(&amount.currency, amount.amount_minor) {
        Ok(money) => Some(money),
        Err(redress_domain::MoneyError::Negative) => {
            found.add(format!("{field}.amountMinor"), "NEGATIVE", "an amount is not negative");
            None
        }
        Err(redress_domain::MoneyError::Currency) => {
            found.add(format!("{field}.currency"), "MALFORMED", "three capital letters of ISO 4217");
            None
        }
    }
}

/// Reads the terms of a remedy.
pub fn read_terms(found: &mut Violations, field: &str, told: &wire::RemedyTerms) -> Option<RemedyTerms> {
    let kind: Option<RemedyType> = member(told.r#type().as_str_name(), "REMEDY_TYPE_");
    if kind.is_none() {
        found.add(format!("{field}.type"), "REQUIRED", "a type of remedy is expected");
    }
    let before = found.iter().count();
    let amount = read_money(found, &format!("{field}.amount"), told.amount.as_ref());
    let payer = read_party(found, &format!("{field}.payer"), told.payer.as_ref());
    let payee = read_party(found, &format!("{field}.payee"), told.payee.as_ref());
    let terms = RemedyTerms {
        kind: kind?,
        amount,
        units: told.units,
        payer: payer?,
        payee: payee?,
        due_days: told.due_days,
        charge_basis: member(told.charge_basis().as_str_name(), "CHARGE_BASIS_"),
        charge_rule: told.charge_rule.clone(),
    };
    if found.iter().count() == before {
        terms.check(field, found);
    }
    Some(terms)
}

/// Reads the terms of several, `least` to `most`.
pub fn read_all_terms(
    found: &mut Violations,
    field: &str,
    told: &[wire::RemedyTerms],
    (least, most): (usize, usize),
) -> Vec<RemedyTerms> {
    if !(least..=most).contains(&told.len()) {
        found.add(field, "OUT_OF_RANGE", format!("{least} to {most} remedies are expected"));
    }
    let one = |(index, told)| read_terms(found, &format!("{field}[{index}]"), told);
    told.iter().take(most).enumerate().filter_map(one).collect()
}

/// Reads options with their words.
pub fn read_options(
    found: &mut Violations,
    field: &str,
    told: &[wire::ProposalOption],
) -> (Vec<Vec<RemedyTerms>>, Vec<String>) {
    if told.is_empty() || told.len() > MOST_OPTIONS {
        found.add(field, "OUT_OF_RANGE", "1 to 6 options are expected");
    }
    let mut options = Vec::new();
    let mut words = Vec::new();
    for (index, option) in told.iter().take(MOST_OPTIONS).enumerate() {
        let at = format!("{field}[{index}]");
        let terms = read_all_terms(found, &format!("{at}.remedies"), &option.remedies, (1, 10));
        if crate::domain::terms::is_mixed(&terms) {
            found.add(format!("{at}.remedies"), "MIXED_CURRENCIES", "an option is paid in one currency");
        }
        crate::domain::text::words(found, &format!("{at}.plainBasis"), &option.plain_basis, 4_000);
        options.push(terms);
        words.push(option.plain_basis.clone());
    }
    (options, words)
}

/// Reads shares of liability.
pub fn read_shares(found: &mut Violations, told: &[wire::LiabilityShare]) -> Vec<Share> {
    let one = |(index, told): (usize, &wire::LiabilityShare)| {
        let party = read_party(found, &format!("shares[{index}].party"), told.party.as_ref())?;
        Some(Share { party, basis_points: told.basis_points })
    };
    let shares: Vec<_> = told.iter().take(21).enumerate().filter_map(one).collect();
    if shares.len() == told.len() || told.len() > 20 {
        crate::domain::liability::check_shares(&shares, found);
    }
    shares
}

/// Reads for whom a caller acts; none where nobody is named.
pub fn read_side(found: &mut Violations, told: Option<&wire::CaseParty>) -> Option<Side> {
    let told = told?;
    match told.role() {
        types::AwaitedParty::Complainant => Some(Side::complainant()),
        types::AwaitedParty::Respondent => Some(Side::respondent(&told.respondent_ref)),
        _ => {
            found.add("party.role", "NOT_ALLOWED", "complainant or respondent is expected");
            None
        }
    }
}

/// Reads a proof of consent; what proves nothing is refused later, as a guard.
pub fn read_consent(told: Option<&wire::ConsentProof>) -> Option<Consent> {
    let told = told?;
    Some(Consent {
        kind: member(told.kind().as_str_name(), "CONSENT_KIND_")?,
        reference: told.reference.clone(),
        sha256: told.sha256.clone(),
        option_sha256: told.option_sha256.clone(),
    })
}

#[cfg(test)]
mod tests;
