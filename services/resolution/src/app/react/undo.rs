//! A fact of ours could not be taken: its side is undone or closed, and shows why (domain.md §8).

use jiff::Timestamp;

use super::end_proposals;
use crate::app::out::Out;
use crate::domain::appeal::AppealState;
use crate::domain::case::Case;
use crate::domain::offer::OfferAction;
use crate::domain::proposal::{Proposal, ProposalKind, ProposalState};
use crate::domain::settlement::DecisionState;
use crate::domain::state::State;

/// Undoes what the refused fact had done here. Facts of others are theirs to undo.
pub(super) fn undo(case: &mut Case, fact: &str, reason: &str, at: Timestamp, out: &mut Out) {
    match fact {
        "SettlementReached" => settlement(case, reason, at, out),
        "RulingIssued" => ruling(case, reason),
        "PlanApproved" => plan(case, ProposalState::Approved),
        "PlanReturned" => plan(case, ProposalState::Returned),
        "NegotiationOpened" => {
            let revoked = (ProposalState::Revoked, OfferAction::Revoked);
            end_proposals(case, out, at, revoked, |p| p.kind == ProposalKind::Negotiation);
        }
        "ProposalRevised" if case.state != State::Mediating && case.state != State::PlanReview => {
            let revoked = (ProposalState::Revoked, OfferAction::Revoked);
            end_proposals(case, out, at, revoked, |_| true);
        }
        "ResultAccepted" => case.course.result_answered = false,
        "ResultRejected" => {
            case.course.result_answered = false;
            appeal_filed(case, reason);
        }
        // It was read as a conclusion and will be read again: without this the counts would never meet again.
        "InvestigationConcluded" => case.course.conclusions_taken += 1,
        "AppealFiled" => appeal_filed(case, reason),
        "AppealDecided" => appeal_decided(case),
        _ => {}
    }
}

/// The settlement is void. The offer goes on if the case still mediates, and is closed if not.
fn settlement(case: &mut Case, reason: &str, at: Timestamp, out: &mut Out) {
    let Some(place) = case
        .settlements
        .iter()
        .rposition(|one| matches!(one.state, DecisionState::Pending | DecisionState::Void))
    else {
        return;
    };
    let settlement = &mut case.settlements[place];
    settlement.state = DecisionState::Void;
    reason.clone_into(&mut settlement.void_reason);
    let id = settlement.proposal;
    let goes_on = matches!(case.state, State::Mediating | State::DirectNegotiation);
    for proposal in
        case.proposals.iter_mut().filter(|one| one.id == id && one.state == ProposalState::Accepted)
    {
        proposal.state = ProposalState::Open;
        proposal.acceptances.clear();
    }
    if !goes_on {
        let revoked = (ProposalState::Revoked, OfferAction::Revoked);
        end_proposals(case, out, at, revoked, |one| one.id == id);
    }
}

fn ruling(case: &mut Case, reason: &str) {
    for ruling in case.rulings.iter_mut().filter(|one| one.state == DecisionState::Pending) {
        ruling.state = DecisionState::Void;
        reason.clone_into(&mut ruling.void_reason);
    }
}

/// A review that did not count: the plan waits for another one, or is closed with the case.
fn plan(case: &mut Case, reviewed: ProposalState) {
    let waits = matches!(case.state, State::PlanReview | State::Investigating);
    let proposals = case.proposals.iter_mut().filter(|one| one.state == reviewed);
    if let Some(proposal) = proposals.last() {
        proposal.state = if waits { ProposalState::InReview } else { ProposalState::Revoked };
        forget_reviewer(proposal);
    }
}

fn forget_reviewer(proposal: &mut Proposal) {
    if let Some(latest) = proposal.revisions.last_mut() {
        latest.reviewer.clear();
    }
}

fn appeal_filed(case: &mut Case, reason: &str) {
    for appeal in case.appeals.iter_mut().filter(|one| one.state == AppealState::Filed) {
        appeal.state = AppealState::Void;
        reason.clone_into(&mut appeal.void_reason);
    }
}

/// A decision that did not count: the appeal is under review again, where it still can be decided.
fn appeal_decided(case: &mut Case) {
    let goes_on = case.state == State::UnderAppeal;
    if let Some(appeal) = case.appeals.iter_mut().rev().find(|one| one.state == AppealState::Decided) {
        appeal.state = if goes_on { AppealState::UnderReview } else { AppealState::Void };
        appeal.forget_decision();
    }
}
