//! A case as a message, as far as its reader may see it. What a reader may not see is absent, not blanked.
//!
//! Parties see what was sent to them, what was decided, and their own acts in full; the other party's words, the file's
//! reasons and the names of staff stay inside.

use redress_proto::resolution::v1 as wire;
use uuid::Uuid;

use super::standing::Standing;
use super::words::Reader;
use crate::domain::case::Case;
use crate::domain::offer::Link;
use crate::domain::party::{Side, SideRole};
use crate::domain::proposal::Proposal;
use crate::domain::window::Window;

mod decided;
mod offered;
mod printed;

/// What is shown, to whom.
pub struct Seen<'a> {
    /// The case.
    pub case: &'a Case,
    /// What the reader is to it.
    pub standing: &'a Standing,
    /// The chain of offers.
    pub links: &'a [Link],
    /// The words that the reader may open.
    pub words: Reader<'a>,
    /// The remedies.
    pub remedies: Vec<wire::Remedy>,
    /// The money, for staff.
    pub money: Vec<wire::MoneyLine>,
    /// How long can be appealed.
    pub window: Window,
}

impl Seen<'_> {
    /// Whether the reader works on the case.
    fn inside(&self) -> bool {
        matches!(self.standing, Standing::Staff | Standing::Auditor)
    }

    /// As which party the reader reads.
    fn side(&self) -> Option<Side> {
        match self.standing {
            Standing::Party(side) => Some(side.clone()),
            Standing::Representative => Some(Side::complainant()),
            Standing::Staff | Standing::Auditor | Standing::Stranger => None,
        }
    }

    /// Whether a proposal was made to the reader: a respondent whom it does not ask for anything reads nothing of it.
    fn concerned(&self, proposal: &Proposal) -> bool {
        let asked = |side: &Side| side.role == SideRole::Complainant || proposal.required.contains(side);
        self.inside() || proposal.revisions.is_empty() || self.side().as_ref().is_some_and(asked)
    }

    /// The same for the proposal of that id.
    fn concerned_by(&self, id: Uuid) -> bool {
        self.case.proposals.iter().any(|proposal| proposal.id == id && self.concerned(proposal))
    }

    /// Whether a remedy is the reader's to know: a respondent reads what it pays or is paid.
    fn shares(&self, remedy: &wire::Remedy) -> bool {
        let Some(Side { role: SideRole::Respondent, respondent_ref }) = self.side() else { return true };
        let terms = remedy.terms.clone().unwrap_or_default();
        let is_own = |party: wire::PartyRef| party.reference.is_empty() || party.reference == respondent_ref;
        terms.payer.is_some_and(is_own) || terms.payee.is_some_and(|p| p.reference == respondent_ref)
    }

    /// A name of staff, where the reader may know it.
    fn staff(&self, name: &str) -> String {
        if self.inside() { name.to_owned() } else { String::new() }
    }
}

/// The message.
pub fn show(seen: &Seen<'_>) -> Result<wire::Resolution, crate::error::Error> {
    let case = seen.case;
    Ok(wire::Resolution {
        complaint_id: case.id.to_string(),
        version: u32::try_from(case.version).unwrap_or(u32::MAX),
        state: super::wire::state(case.state).into(),
        liability: decided::liability(seen)?,
        proposals: offered::proposals(seen)?,
        offers: offered::links(seen)?,
        settlements: decided::settlements(seen),
        rulings: decided::rulings(seen)?,
        remedies: seen.remedies.iter().filter(|remedy| seen.shares(remedy)).cloned().collect(),
        appeals: decided::appeals(seen)?,
        reports: decided::reports(seen)?,
        sanctions: decided::sanctions(seen)?,
        contested_deciders: if seen.inside() { case.course.contested_deciders.clone() } else { Vec::new() },
        negotiation_due_at: case.course.negotiation_due.and_then(super::wire::time),
        money: seen.money.clone(),
        appeal_until: seen.window.until(case, seen.side().as_ref()).and_then(super::wire::time),
    })
}
