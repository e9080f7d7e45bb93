//! Proposals and the chain of offers.

use prost::Message as _;
use redress_proto::resolution::v1 as wire;

use super::Seen;
use crate::app::wire as to_wire;
use crate::app::words;
use crate::domain::offer::{Consent, Link};
use crate::domain::proposal::{Proposal, Revision, option_sha256};
use crate::error::Error;

/// Latest first. Parties see what was opened to them.
pub(super) fn proposals(seen: &Seen<'_>) -> Result<Vec<wire::Proposal>, Error> {
    let concerning = seen.case.proposals.iter().rev().filter(|one| seen.concerned(one));
    let all = concerning.map(|one| proposal(seen, one));
    let shown = all.collect::<Result<Vec<_>, _>>()?;
    Ok(shown.into_iter().flatten().collect())
}

fn proposal(seen: &Seen<'_>, one: &Proposal) -> Result<Option<wire::Proposal>, Error> {
    let visible = |revision: &&Revision| seen.inside() || revision.sent_at.is_some();
    let revisions = one.revisions.iter().filter(visible).map(|revision| self::revision(seen, one, revision));
    let revisions = revisions.collect::<Result<Vec<_>, _>>()?;
    let is_empty_talk = one.revisions.is_empty();
    if revisions.is_empty() && !is_empty_talk && !seen.inside() {
        return Ok(None);
    }
    Ok(Some(wire::Proposal {
        proposal_id: one.id.to_string(),
        kind: to_wire::proposal_kind(one.kind).into(),
        state: to_wire::proposal_state(one.state).into(),
        revisions,
        required: to_wire::sides(&one.required),
        mediation_refused: one.mediation_refused,
        returned_reason: seen.staff(&one.returned_reason),
        incident_id: one.incident.map(|id| id.to_string()).filter(|_| seen.inside()).unwrap_or_default(),
    }))
}

fn revision(seen: &Seen<'_>, one: &Proposal, revision: &Revision) -> Result<wire::ProposalRevision, Error> {
    let mut options = to_wire::options(&revision.options);
    if let Some(plain) = seen.words.bytes(&words::proposal(one.id, revision.number))? {
        let told = wire::ProposalRevision::decode(plain.as_slice()).unwrap_or_default();
        for (option, told) in options.iter_mut().zip(told.options) {
            option.plain_basis = told.plain_basis;
        }
    }
    for (option, terms) in options.iter_mut().zip(&revision.options) {
        option.sha256 = option_sha256(one.id, revision.number, option.option, terms);
    }
    let full_basis =
        if seen.inside() { seen.words.text(&words::basis(one.id, revision.number))? } else { String::new() };
    Ok(wire::ProposalRevision {
        revision: revision.number,
        options,
        full_basis,
        author: seen.staff(&revision.author),
        drafted_at: to_wire::time(revision.drafted_at),
        within_bounds: revision.within_bounds,
        reviewer: seen.staff(&revision.reviewer),
        sent_at: revision.sent_at.and_then(to_wire::time),
        due_at: revision.due_at.and_then(to_wire::time),
    })
}

/// In order. What another party said and how it proved its consent stays with it.
pub(super) fn links(seen: &Seen<'_>) -> Result<Vec<wire::OfferLink>, Error> {
    let concerning = seen.links.iter().filter(|link| seen.concerned_by(link.body.proposal));
    concerning.map(|link| self::link(seen, link)).collect()
}

fn link(seen: &Seen<'_>, link: &Link) -> Result<wire::OfferLink, Error> {
    let body = &link.body;
    let own = seen.inside() || body.side == seen.side();
    let comment = if own { seen.words.text(&words::comment(body.sequence))? } else { String::new() };
    let consent = |consent: &Consent| wire::ConsentProof {
        kind: to_wire::consent_kind(consent.kind).into(),
        reference: consent.reference.clone(),
        sha256: consent.sha256.clone(),
        option_sha256: consent.option_sha256.clone(),
    };
    Ok(wire::OfferLink {
        sequence: body.sequence,
        proposal_id: body.proposal.to_string(),
        revision: body.revision,
        option: body.option,
        action: to_wire::offer_action(body.action).into(),
        party: body.side.as_ref().map(to_wire::side),
        at: to_wire::time(body.at),
        consent: body.consent.as_ref().filter(|_| own).map(consent),
        comment,
        counter_terms: to_wire::all_terms(&body.counter_terms),
        previous_hash: link.previous.clone(),
        hash: link.hash.clone(),
    })
}
