//! Proposals: numbered revisions with options, reviewed by another person, open to the parties, accepted by all or not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use redress_domain::{coded_enum, whole_milliseconds};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::guard::Refusal;
use super::party::{LiableParty, PartyRef, Respondent, Side};
use super::terms::RemedyTerms;

coded_enum! {
    /// What kind of talk a proposal belongs to.
    ProposalKind {
        /// A plan of the platform, reviewed before it goes out.
        Mediation = "mediation",
        /// What the parties offer each other (T09–T11).
        Negotiation = "negotiation",
    }
}

coded_enum! {
    /// Where a proposal stands.
    ProposalState {
        /// Under review by another person.
        InReview = "in_review",
        /// Approved, not sent yet.
        Approved = "approved",
        /// Sent back by the reviewer.
        Returned = "returned",
        /// With the parties.
        Open = "open",
        /// All who had to have accepted the same option.
        Accepted = "accepted",
        /// The time to answer is over.
        Expired = "expired",
        /// Closed with the mediation or the case.
        Revoked = "revoked",
    }
}

/// A numbered revision. None is edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The number, from 1.
    pub number: u32,
    /// What each option orders.
    pub options: Vec<Vec<RemedyTerms>>,
    /// Who wrote it.
    pub author: String,
    /// As which party it was offered, in a negotiation.
    pub offered_by: Option<Side>,
    /// When.
    pub drafted_at: Timestamp,
    /// Whether it stays within what was approved (F039).
    pub within_bounds: bool,
    /// Who reviewed it; empty before.
    pub reviewer: String,
    /// When it was opened to the parties.
    pub sent_at: Option<Timestamp>,
    /// By when it is to be answered (C18; C10 in a negotiation).
    pub due_at: Option<Timestamp>,
}

/// A party that accepts an option of the latest revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Which party.
    pub side: Side,
    /// The revision.
    pub revision: u32,
    /// The option, from 1.
    pub option: u32,
    /// What was agreed to: [`option_sha256`]. Empty where it was given before this was kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub option_sha256: String,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its id.
    pub id: Uuid,
    /// What kind of talk it belongs to.
    pub kind: ProposalKind,
    /// Where it stands.
    pub state: ProposalState,
    /// Its revisions, by number.
    pub revisions: Vec<Revision>,
    /// Who has to accept.
    pub required: Vec<Side>,
    /// Who has accepted the latest revision.
    pub acceptances: Vec<Acceptance>,
    /// Whether a party does not want mediation (L20).
    pub mediation_refused: bool,
    /// Why it was sent back; empty otherwise.
    pub returned_reason: String,
    /// The incident whose plan it follows.
    pub incident: Option<Uuid>,
}

/// What became of an acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The same acceptance had been given.
    Again,
    /// Others have to accept too.
    Waiting,
    /// All have accepted the same option.
    Settled,
}

impl Proposal {
    /// The latest revision.
    pub fn latest(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// The number of the latest revision; 0 without one.
    pub fn number(&self) -> u32 {
        self.latest().map_or(0, |revision| revision.number)
    }

    /// Whether it still binds somebody's attention.
    pub const fn is_pending(&self) -> bool {
        matches!(self.state, ProposalState::InReview | ProposalState::Approved | ProposalState::Open)
    }

    /// Opens the latest revision to the parties until `due_at`, to the millisecond, as its clock counts (D1); earlier
    /// acceptances are void with their revision.
    pub fn open(&mut self, now: Timestamp, due_at: Timestamp) {
        self.state = ProposalState::Open;
        self.acceptances.clear();
        if let Some(revision) = self.revisions.last_mut() {
            revision.sent_at = Some(now);
            revision.due_at = Some(whole_milliseconds(due_at));
        }
    }

    /// Whether `revision` can be answered at `now`. What is done at the due instant is in time (D1).
    pub fn answerable(&self, revision: u32, now: Timestamp) -> Result<&Revision, Refusal> {
        let latest = self.latest().ok_or(Refusal::ProposalNotOpen)?;
        match self.state {
            ProposalState::Open => {}
            ProposalState::Expired => return Err(Refusal::OfferExpired),
            _ => return Err(Refusal::ProposalNotOpen),
        }
        if revision != latest.number {
            return Err(Refusal::RevisionSuperseded);
        }
        if latest.due_at.is_some_and(|due| now > due) {
            return Err(Refusal::OfferExpired);
        }
        Ok(latest)
    }

    /// `side` accepts an option of the latest revision. The first acceptance fixes the option of the revision: whoever
    /// wants another one declines or counters. `sha256` tells what it agrees to: they settle on one thing, or not at all.
    pub fn accept(&mut self, side: &Side, option: u32, sha256: &str) -> Result<Accepted, Refusal> {
        let revision = self.number();
        if let Some(own) = self.acceptances.iter().find(|given| given.side == *side) {
            return if own.option == option { Ok(Accepted::Again) } else { Err(Refusal::AlreadyAccepted) };
        }
        if self.acceptances.iter().any(|given| given.option != option) {
            return Err(Refusal::OtherOptionAccepted);
        }
        let kept = |given: &&Acceptance| !given.option_sha256.is_empty();
        if self.acceptances.iter().filter(kept).any(|given| given.option_sha256 != sha256) {
            return Err(Refusal::ConsentToOther);
        }
        let option_sha256 = sha256.to_owned();
        self.acceptances.push(Acceptance { side: side.clone(), revision, option, option_sha256 });
        let all = self.required.iter().all(|one| self.acceptances.iter().any(|given| given.side == *one));
        if !all {
            return Ok(Accepted::Waiting);
        }
        self.state = ProposalState::Accepted;
        Ok(Accepted::Settled)
    }

    /// `side` takes back what it accepted: it declines or counters.
    pub fn withdraw_acceptance(&mut self, side: &Side) {
        self.acceptances.retain(|given| given.side != *side);
    }

    /// Whether `options` charge nobody more than some option of the latest approved revision does, and nobody with a deed
    /// that none of its options asks of them (F039).
    pub fn within_bounds(&self, options: &[Vec<RemedyTerms>]) -> bool {
        let approved = self.revisions.iter().rev().find(|revision| !revision.reviewer.is_empty());
        let Some(approved) = approved else { return false };
        let mut most: BTreeMap<Charge, i64> = BTreeMap::new();
        for option in &approved.options {
            for (key, sum) in charged(option) {
                let bound = most.entry(key).or_default();
                *bound = sum.max(*bound);
            }
        }
        options
            .iter()
            .flat_map(|option| charged(option))
            .all(|(key, sum)| most.get(&key).is_some_and(|bound| sum <= *bound))
    }
}

/// What a party agrees to that accepts an option: hexadecimal SHA-256 of the proposal, the revision, the option's number
/// and all that it orders.
pub fn option_sha256(proposal: Uuid, revision: u32, option: u32, terms: &[RemedyTerms]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"redress/option/1");
    hash.update(proposal.as_bytes());
    hash.update(revision.to_be_bytes());
    hash.update(option.to_be_bytes());
    // The fields in the order of their declaration; terms always encode.
    hash.update(serde_json::to_vec(terms).unwrap_or_default());
    hex::encode(hash.finalize())
}

/// To whom something is charged, and in what: a currency, or the type of what is no money.
type Charge = (PartyRef, String);

/// What an option charges to each payer: sums of money per currency, units per type, how often a deed.
fn charged(option: &[RemedyTerms]) -> BTreeMap<Charge, i64> {
    let mut charged = BTreeMap::new();
    for terms in option {
        let (what, much) = match terms.amount {
            Some(amount) => (amount.currency.to_string(), amount.amount_minor),
            None => (terms.kind.code().to_owned(), i64::from(terms.units.max(1))),
        };
        let sum: &mut i64 = charged.entry((terms.payer.clone(), what)).or_default();
        *sum = sum.saturating_add(much);
    }
    charged
}

/// Who has to accept `options`: the complainant, and every respondent who pays or does something in one of them or is
/// named in `named`. The platform is bound by its own review.
pub fn required(options: &[Vec<RemedyTerms>], respondents: &[Respondent], named: &[String]) -> Vec<Side> {
    let pays = |respondent: &Respondent| {
        let party = LiableParty::of_kind(respondent.kind);
        party != LiableParty::Platform
            && options.iter().flatten().any(|terms| {
                terms.payer.party == party
                    && (terms.payer.reference.is_empty() || terms.payer.reference == respondent.reference)
            })
    };
    let mut sides = vec![Side::complainant()];
    for respondent in respondents {
        let side = Side::respondent(&respondent.reference);
        if (named.contains(&respondent.reference) || pays(respondent)) && !sides.contains(&side) {
            sides.push(side);
        }
    }
    sides
}

/// Whether everybody who is charged by `options` can agree to it: the platform, the complainant, a respondent.
pub fn payers_are_parties(options: &[Vec<RemedyTerms>], respondents: &[Respondent]) -> bool {
    let is_respondent = |payer: &PartyRef| {
        respondents.iter().any(|respondent| {
            LiableParty::of_kind(respondent.kind) == payer.party
                && (payer.reference.is_empty() || payer.reference == respondent.reference)
        })
    };
    let is_bound = |payer: &PartyRef| matches!(payer.party, LiableParty::Platform | LiableParty::Consumer);
    options.iter().flatten().all(|terms| is_bound(&terms.payer) || is_respondent(&terms.payer))
}

#[cfg(test)]
mod tests;
