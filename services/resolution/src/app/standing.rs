//! What a caller is to a case, and for whom they may act (L02).

use redress_domain::{Principal, Problem, Role};
use redress_vault::{IndexKind, Purpose, Vault};

use crate::domain::case::Case;
use crate::domain::guard::{Refusal, require};
use crate::domain::offer::Consent;
use crate::domain::party::{Side, SideRole};
use crate::error::Error;

/// What a caller is to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Staff who may act on it.
    Staff,
    /// Reads the record, without words.
    Auditor,
    /// A party itself.
    Party(Side),
    /// Brought the complaint in for somebody else: an adapter, or a person in whose name it is not. Reads what the
    /// complainant reads, and acts only with proof that the complainant agrees.
    Representative,
    /// Nobody: for the caller the case does not exist.
    Stranger,
}

/// The keyed hash of the caller's subject, by which the complainant is recognised.
pub async fn index_of(vault: &Vault, caller: &Principal) -> Result<Vec<u8>, Error> {
    Ok(vault.blind_index(&caller.tenant, IndexKind::PartyReference, &caller.subject).await?.to_vec())
}

impl Standing {
    /// What `caller` is to `case`; `index` is the keyed hash of the subject. Parties come first: also who has a role
    /// among staff is only a party in a case of their own.
    pub fn of(caller: &Principal, index: &[u8], case: &Case) -> Self {
        let named = !case.complainant_index.is_empty() && case.complainant_index == index;
        let brought_in = case.facts.submitted_by == caller.subject;
        let reference = case.facts.respondents.iter().find(|r| r.reference == caller.subject);
        if caller.has_any(&[Role::Complainant]) && (named || brought_in) {
            // A complaint that names nobody is its submitter's own; one that names another is brought in for them.
            let own = named || case.complainant_index.is_empty();
            return if own { Self::Party(Side::complainant()) } else { Self::Representative };
        }
        if let (true, Some(respondent)) = (caller.has_any(&[Role::Respondent]), reference) {
            return Self::Party(Side::respondent(&respondent.reference));
        }
        // Whoever it is about is nothing else in it, also under a token that names no party.
        let about_them = named || reference.is_some();
        if !about_them && caller.has_any(&[Role::IntakeOfficer, Role::Handler, Role::Supervisor]) {
            return Self::Staff;
        }
        if !about_them && caller.has_any(&[Role::Auditor]) {
            return Self::Auditor;
        }
        if caller.has_any(&[Role::Service]) && (brought_in || named) {
            return Self::Representative;
        }
        Self::Stranger
    }

    /// For what the caller opens words; none where they may not.
    pub const fn purpose(&self) -> Option<Purpose> {
        match self {
            Self::Staff => Some(Purpose::CaseHandling),
            Self::Party(_) | Self::Representative => Some(Purpose::OwnData),
            Self::Auditor | Self::Stranger => None,
        }
    }

    /// As which party the caller acts. A party acts for itself; whoever acts for one names it and says what proves that it
    /// agrees. Whether that is so is looked up: [`Scene::acting`](super::commands::Scene::acting).
    pub fn acting(
        &self,
        case: &Case,
        named: Option<Side>,
        consent: Option<Consent>,
    ) -> Result<(Side, Consent), Problem> {
        match self {
            Self::Party(own) => {
                let other = named.as_ref().is_some_and(|named| {
                    named.role != own.role || named.respondent_ref != own.respondent_ref
                });
                if other { Err(Problem::permission_denied()) } else { Ok((own.clone(), Consent::own())) }
            }
            Self::Representative => {
                let side = named.unwrap_or_else(Side::complainant);
                // Who brought a complaint in stands on the complainant's side.
                if side.role != SideRole::Complainant {
                    return Err(Problem::permission_denied());
                }
                Ok((side, proven(consent)?))
            }
            Self::Staff => {
                let side = named.ok_or_else(|| Refusal::NoMandate.problem())?;
                let is_party = side.role == SideRole::Complainant
                    || case.facts.respondents.iter().any(|r| r.reference == side.respondent_ref);
                if !is_party {
                    return Err(Problem::not_found());
                }
                Ok((side, proven(consent)?))
            }
            Self::Auditor | Self::Stranger => Err(Problem::permission_denied()),
        }
    }
}

fn proven(consent: Option<Consent>) -> Result<Consent, Problem> {
    let consent = consent.ok_or_else(|| Refusal::NoMandate.problem())?;
    require(consent.proves_for_another(), Refusal::NoMandate)?;
    Ok(consent)
}
