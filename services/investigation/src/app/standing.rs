//! What a caller is to a case, and what follows for what the caller may see and do.

use redress_domain::{Principal, Role};
use redress_vault::{IndexKind, Vault};

use super::Desk;
use crate::domain::case::Case;
use crate::domain::conflict::{Conflict, is_recused};
use crate::domain::request::{EvidenceRequest, Party};
use crate::error::Error;
use crate::store::case::CaseFile;

/// Who calls, with the keyed hash by which a complainant is recognised.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As the token says.
    pub principal: Principal,
    index: Vec<u8>,
}

impl Caller {
    /// Asks the key provider, so outside of transactions.
    pub async fn of(vault: &Vault, principal: &Principal) -> Result<Self, Error> {
        let index =
            vault.blind_index(&principal.tenant, IndexKind::PartyReference, &principal.subject).await?;
        Ok(Self { principal: principal.clone(), index: index.to_vec() })
    }

    /// The keyed hash itself.
    pub fn index(&self) -> &[u8] {
        &self.index
    }

    /// By what requests to the caller are found, see `evidence_request.addressees`.
    pub fn addressees(&self) -> Vec<String> {
        let principal = &self.principal;
        let mut found = Vec::new();
        if principal.has_any(&[Role::Complainant, Role::Service]) {
            found.push(format!("c:{}", hex::encode(&self.index)));
            found.push(format!("s:{}", principal.subject));
        }
        if principal.has_any(&[Role::Respondent]) {
            found.push(format!("r:{}", principal.subject));
        }
        found
    }
}

/// What a caller is to a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a right of its own")]
pub struct Standing {
    /// Works on cases.
    pub staff: bool,
    /// May decide what staff may not.
    pub supervisor: bool,
    /// Reads cases without working on them.
    pub reader: bool,
    /// It is the caller's own complaint, or the caller brought it in.
    pub complainant: bool,
    /// It is directed at the caller.
    pub respondent: bool,
}

impl Standing {
    /// What `caller` is to a case. Who is a side of it is nothing else in it, whatever their roles: nobody finds the facts
    /// of a case of their own, or reads there what the other side may not be shown.
    pub fn of(caller: &Caller, file: &CaseFile) -> Self {
        let principal = &caller.principal;
        let named = !file.complainant_index.is_empty() && file.complainant_index == caller.index;
        let brought_in = file.submitted_by == principal.subject;
        let answers = is_respondent(&principal.subject, &file.case);
        let complainant = (named || brought_in) && principal.has_any(&[Role::Complainant, Role::Service]);
        let respondent = answers && principal.has_any(&[Role::Respondent]);
        let inside = !named && !answers && !complainant;
        Self {
            staff: inside && principal.has_any(&[Role::Handler, Role::Supervisor]),
            supervisor: inside && principal.has_any(&[Role::Supervisor]),
            reader: inside && principal.has_any(&[Role::IntakeOfficer, Role::Auditor]),
            complainant,
            respondent,
        }
    }

    /// Whether the case exists for the caller.
    pub const fn sees(&self) -> bool {
        self.inside() || self.is_party()
    }

    /// Whether the caller belongs to the platform.
    pub const fn inside(&self) -> bool {
        self.staff || self.reader
    }

    /// Whether the caller is one of the two sides.
    pub const fn is_party(&self) -> bool {
        self.complainant || self.respondent
    }

    /// Whether a request is the caller's to answer.
    pub fn is_asked(&self, subject: &str, request: &EvidenceRequest) -> bool {
        match request.party {
            Party::Complainant => self.complainant,
            Party::Respondent => {
                self.respondent && (request.respondent_ref.is_empty() || request.respondent_ref == subject)
            }
            Party::Carrier | Party::Lab | Party::Internal | Party::Authority => false,
        }
    }

    /// Whether a member of staff may do nothing more here (L06).
    pub fn is_recused(&self, subject: &str, conflicts: &[Conflict]) -> bool {
        self.inside() && is_recused(conflicts, subject)
    }
}

fn is_respondent(subject: &str, case: &Case) -> bool {
    !subject.is_empty() && case.respondents.iter().any(|respondent| respondent.external_ref == subject)
}

/// Who may answer a request, as `evidence_request.addressees` names them.
pub fn addressees(file: &CaseFile, party: Party, respondent_ref: &str) -> Vec<String> {
    match party {
        Party::Complainant => {
            let index = (!file.complainant_index.is_empty())
                .then(|| format!("c:{}", hex::encode(&file.complainant_index)));
            index.into_iter().chain([format!("s:{}", file.submitted_by)]).collect()
        }
        Party::Respondent => file
            .case
            .respondents
            .iter()
            .map(|respondent| respondent.external_ref.as_str())
            .filter(|of| !of.is_empty() && (respondent_ref.is_empty() || *of == respondent_ref))
            .map(|of| format!("r:{of}"))
            .collect(),
        Party::Carrier | Party::Lab | Party::Internal | Party::Authority => Vec::new(),
    }
}

impl Desk {
    /// Who calls.
    pub async fn caller(&self, principal: &Principal) -> Result<Caller, Error> {
        Caller::of(&self.vault, principal).await
    }
}
