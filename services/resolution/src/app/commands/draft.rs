//! `DraftProposal`: a new proposal for review, or a further revision of one (T19).

use async_trait::async_trait;
use jiff::SignedDuration;
use prost::Message as _;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Act, Scene, id, offer};
use crate::app::wire::{options, read_options, sides, time};
use crate::app::{rules, words};
use crate::domain::guard::{Refusal, require};
use crate::domain::offer::OfferAction;
use crate::domain::proposal::{self, Proposal, ProposalKind, ProposalState, Revision};
use crate::domain::ruling::check_offered;
use crate::domain::state::State;
use crate::domain::terms::RemedyTerms;
use crate::domain::text;
use crate::error::Error;

#[async_trait]
impl Act for wire::DraftProposalRequest {
    fn check(&self, found: &mut Violations) {
        read_options(found, "options", &self.options);
        text::words(found, "fullBasis", &self.full_basis, 20_000);
        if self.required_respondents.len() > 10 {
            found.add("requiredRespondents", "TOO_MANY", "at most 10");
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, conn: &mut PgConnection) -> Result<(), Error> {
        scene.require_staff()?;
        let (options, _) = read_options(&mut Violations::default(), "options", &self.options);
        scene.require_currency(options.iter().map(Vec::as_slice))?;
        check_offered(&options)?;
        scene.case.require_parties(&options.concat(), false)?;
        rules::require_charges(conn, &scene.case.tenant, &options.concat(), scene.now).await?;
        let respondents = &scene.case.facts.respondents;
        require(proposal::payers_are_parties(&options, respondents), Refusal::PayerNotAParty)?;
        let unknown = |reference: &String| !respondents.iter().any(|r| r.reference == *reference);
        if self.required_respondents.iter().any(unknown) {
            let mut found = Violations::default();
            found.add("requiredRespondents", "UNKNOWN", "no respondent of the case has that reference");
            return Err(Problem::invalid(found).into());
        }
        if self.proposal_id.is_empty() {
            new(scene, self, options)
        } else {
            revise(scene, self, id(&self.proposal_id)?, options)
        }
    }
}

/// A first revision, which waits for its review.
fn new(
    scene: &mut Scene<'_>,
    told: &wire::DraftProposalRequest,
    options: Vec<Vec<RemedyTerms>>,
) -> Result<(), Error> {
    scene.case.require_state(&[State::Investigating, State::PlanReview])?;
    require(!scene.case.proposals.iter().any(Proposal::is_pending), Refusal::ProposalPending)?;
    let id = scene.next_id("proposal", scene.case.proposals.len());
    let required = proposal::required(&options, &scene.case.facts.respondents, &told.required_respondents);
    scene.case.proposals.push(Proposal {
        id,
        kind: ProposalKind::Mediation,
        state: ProposalState::InReview,
        revisions: vec![revision(scene, 1, options, true)],
        required,
        acceptances: Vec::new(),
        mediation_refused: false,
        returned_reason: String::new(),
        incident: None,
    });
    keep_words(scene, told, id, 1)?;
    drafted(scene, id)
}

/// A further revision: after a return it is reviewed again; while the proposal lies with the parties it is open at once
/// if it stays within what was approved, and reviewed again if not.
fn revise(
    scene: &mut Scene<'_>,
    told: &wire::DraftProposalRequest,
    id: Uuid,
    options: Vec<Vec<RemedyTerms>>,
) -> Result<(), Error> {
    let state = scene.case.state;
    let respondents = scene.case.facts.respondents.clone();
    let proposal = scene.case.proposal_mut(id)?;
    require(proposal.kind == ProposalKind::Mediation, Refusal::ProposalNotOpen)?;
    let number = proposal.number() + 1;
    let lies_with_parties = state == State::Mediating
        && matches!(proposal.state, ProposalState::Open | ProposalState::Expired | ProposalState::Approved);
    let was_returned = matches!(state, State::Investigating | State::PlanReview)
        && matches!(proposal.state, ProposalState::Returned | ProposalState::InReview);
    if !lies_with_parties && !was_returned {
        return Err(Refusal::wrong_state(state, &[State::Mediating, State::PlanReview]).into());
    }
    let within = lies_with_parties && proposal.within_bounds(&options);
    let was_open = proposal.state == ProposalState::Open;
    let earlier = proposal.number();
    proposal.required = proposal::required(&options, &respondents, &told.required_respondents);
    let next = revision(scene, number, options, within || was_returned);
    let proposal = scene.case.proposal_mut(id)?;
    proposal.revisions.push(next);
    proposal.acceptances.clear();
    if !within {
        proposal.state = ProposalState::InReview;
    }
    let sealed = keep_words(scene, told, id, number)?;
    if was_open {
        offer::link(scene, id, earlier, OfferAction::Superseded);
    }
    if was_returned {
        return drafted(scene, id);
    }
    let due_at =
        within.then(|| scene.now + SignedDuration::from_hours(scene.desk.settings.answer_hours.into()));
    if let Some(due_at) = due_at {
        let now = scene.now;
        let proposal = scene.case.proposal_mut(id)?;
        // The bounds were reviewed, and they hold: the review goes on to count for what stays within them.
        let reviewer = proposal
            .revisions
            .iter()
            .rev()
            .find_map(|r| (!r.reviewer.is_empty()).then(|| r.reviewer.clone()));
        if let (Some(latest), Some(reviewer)) = (proposal.revisions.last_mut(), reviewer) {
            latest.reviewer = reviewer;
        }
        proposal.open(now, due_at);
        offer::link(scene, id, number, OfferAction::Proposed);
    }
    let proposal = scene.case.proposal_mut(id)?;
    let event = wire::ProposalRevised {
        proposal_id: id.to_string(),
        revision: number,
        within_bounds: within,
        due_at: due_at.and_then(time),
        options: proposal.latest().map(|r| self::options(&r.options)).unwrap_or_default(),
        required: sides(&proposal.required),
        sealed: within.then_some(sealed),
    };
    scene.out.push(&event);
    Ok(())
}

fn revision(scene: &Scene<'_>, number: u32, options: Vec<Vec<RemedyTerms>>, within_bounds: bool) -> Revision {
    Revision {
        number,
        options,
        author: scene.caller.subject.clone(),
        offered_by: None,
        drafted_at: scene.now,
        within_bounds,
        reviewer: String::new(),
        sent_at: None,
        due_at: None,
    }
}

/// The options' words apart from the file's: parties read the former alone.
fn keep_words(
    scene: &mut Scene<'_>,
    told: &wire::DraftProposalRequest,
    id: Uuid,
    number: u32,
) -> Result<redress_proto::types::v1::Sealed, Error> {
    let option = |option: &wire::ProposalOption| wire::ProposalOption {
        plain_basis: option.plain_basis.clone(),
        ..Default::default()
    };
    let plain =
        wire::ProposalRevision { options: told.options.iter().map(option).collect(), ..Default::default() };
    scene.keep(words::basis(id, number), told.full_basis.as_bytes())?;
    scene.keep(words::proposal(id, number), &plain.encode_to_vec())
}

fn drafted(scene: &mut Scene<'_>, id: Uuid) -> Result<(), Error> {
    let proposal = scene.case.proposal_mut(id)?;
    proposal.state = ProposalState::InReview;
    let event = wire::ProposalDrafted {
        proposal_id: id.to_string(),
        revision: proposal.number(),
        options: proposal.latest().map(|revision| options(&revision.options)).unwrap_or_default(),
        required: sides(&proposal.required),
        incident_id: proposal.incident.map(|incident| incident.to_string()).unwrap_or_default(),
    };
    scene.out.push(&event);
    Ok(())
}
