//! Whom a request asks, and for what.

use std::collections::BTreeSet;

use redress_domain::coded_enum;
use serde::{Deserialize, Serialize};

use crate::domain::Refusal;
use crate::domain::case::Respondent;
use crate::domain::evidence::EvidenceType;

coded_enum! {
    /// Whom a case waits for.
    Party {
        /// Who complained.
        Complainant = "complainant",
        /// Whom it is directed at.
        Respondent = "respondent",
        /// Carrier, courier or warehouse.
        Carrier = "carrier",
        /// A laboratory.
        Lab = "lab",
        /// Another department.
        Internal = "internal",
        /// An authority.
        Authority = "authority",
    }
}

/// One item of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What is asked for.
    #[serde(rename = "type")]
    pub kind: EvidenceType,
    /// Whether an answer is in full only with it.
    pub mandatory: bool,
    /// Whether something of its type has come.
    pub received: bool,
}

/// Whether the case has the party that is to be asked.
///
/// # Errors
/// If it has not, or `respondent_ref` names none of its respondents.
pub fn addressee(party: Party, respondent_ref: &str, respondents: &[Respondent]) -> Result<(), Refusal> {
    let fits = match party {
        Party::Respondent if respondent_ref.is_empty() => !respondents.is_empty(),
        Party::Respondent => respondents.iter().any(|r| r.external_ref == respondent_ref),
        _ => respondent_ref.is_empty(),
    };
    if fits { Ok(()) } else { Err(Refusal::PartyNotInCase) }
}

/// Items without repetitions; one that is asked for twice is mandatory if it was once.
pub fn distinct(items: Vec<Item>) -> Vec<Item> {
    let mandatory: BTreeSet<EvidenceType> = items.iter().filter(|i| i.mandatory).map(|i| i.kind).collect();
    let mut seen = BTreeSet::new();
    items
        .into_iter()
        .filter(|item| seen.insert(item.kind))
        .map(|item| Item { mandatory: mandatory.contains(&item.kind), ..item })
        .collect()
}

#[cfg(test)]
mod tests {
    use redress_domain::PartyKind;

    use super::*;

    #[test]
    fn a_party_is_one_that_the_submission_names() {
        let shops = [Respondent { kind: PartyKind::Merchant, external_ref: "shop-1".into() }];
        assert!(addressee(Party::Respondent, "shop-1", &shops).is_ok());
        assert!(addressee(Party::Respondent, "", &shops).is_ok());
        assert_eq!(addressee(Party::Respondent, "shop-2", &shops), Err(Refusal::PartyNotInCase));
        assert_eq!(addressee(Party::Respondent, "", &[]), Err(Refusal::PartyNotInCase));
        assert_eq!(addressee(Party::Complainant, "shop-1", &shops), Err(Refusal::PartyNotInCase));
    }

    #[test]
    fn an_item_asked_for_twice_stands_once_and_is_mandatory_if_it_was_once() {
        let item = |mandatory| Item { kind: EvidenceType::Invoice, mandatory, received: false };
        assert_eq!(distinct(vec![item(false), item(true)]), [item(true)]);
    }
}
