//! From the findings to an agreement: liability, a plan that somebody else reviews, the answers of the parties.

use anyhow::Context as _;
use redress_proto::resolution::v1 as res;
use redress_proto::types::v1 as types;

use super::Person;
use super::patience::insist;
use super::steps::{Answers, Case};

/// What follows from a decision: the party that answers, and what it owes.
#[derive(Clone)]
pub(super) struct Owed {
    pub(super) payer: res::PartyRef,
    pub(super) terms: res::RemedyTerms,
}

impl Case<'_> {
    /// Up to the proposal that lies with the parties.
    pub(super) async fn propose(&self, answers: Answers) -> anyhow::Result<(Owed, String)> {
        self.take_up().await?;
        self.contain().await?;
        let evidence = self.gather(answers).await?;
        self.find_out(&evidence).await?;
        let owed = self.refund();
        self.determine(&owed).await?;
        let proposal = self.draft(&owed).await?;
        self.review_and_send(&proposal).await?;
        Ok((owed, proposal))
    }

    /// Half the price, by the respondent.
    pub(super) fn refund(&self) -> Owed {
        let payer = res::PartyRef {
            party: match self.parties.respondent_kind {
                types::PartyKind::Anchor => res::LiableParty::Anchor,
                _ => res::LiableParty::Merchant,
            }
            .into(),
            reference: self.parties.respondent.clone(),
        };
        let payee = res::PartyRef { party: res::LiableParty::Consumer.into(), ..Default::default() };
        self.owed(res::RemedyType::PartialRefund, payer, payee)
    }

    pub(super) fn owed(&self, kind: res::RemedyType, payer: res::PartyRef, payee: res::PartyRef) -> Owed {
        let amount = types::Money { currency: "CNY".into(), amount_minor: self.parties.paid_minor / 2 };
        let terms = res::RemedyTerms {
            r#type: kind.into(),
            amount: Some(amount),
            payer: Some(payer.clone()),
            payee: Some(payee),
            ..Default::default()
        };
        Owed { payer, terms }
    }

    pub(super) async fn determine(&self, owed: &Owed) -> anyhow::Result<()> {
        let cause = match self.parties.respondent_kind {
            types::PartyKind::Anchor => "live_wording",
            types::PartyKind::Platform => "platform_rule",
            _ => "description",
        };
        let liability = res::DetermineLiabilityRequest {
            request_id: format!("liability-{}", self.id),
            complaint_id: self.id.clone(),
            shares: vec![res::LiabilityShare { party: Some(owed.payer.clone()), basis_points: 10_000 }],
            cause: cause.into(),
            rules: vec!["cn.price-reduction@1".into()],
            basis: "所述与实际不符，由责任方承担。".into(),
            ..Default::default()
        };
        let mediator = &self.staff.mediator;
        insist!(
            self.stage,
            "determine liability",
            mediator.resolution().determine_liability(liability.clone())
        );
        Ok(())
    }

    pub(super) async fn draft(&self, owed: &Owed) -> anyhow::Result<String> {
        let draft = res::DraftProposalRequest {
            request_id: format!("draft-{}", self.id),
            complaint_id: self.id.clone(),
            options: vec![option(owed)],
            full_basis: "民法典第五百八十二条。".into(),
            ..Default::default()
        };
        let mediator = &self.staff.mediator;
        let drafted =
            insist!(self.stage, "draft a proposal", mediator.resolution().draft_proposal(draft.clone()));
        let proposals = drafted.resolution.context("an answer without a resolution")?.proposals;
        Ok(proposals.first().context("no proposal")?.proposal_id.clone())
    }

    pub(super) async fn review_and_send(&self, proposal: &str) -> anyhow::Result<()> {
        let review = res::ReviewPlanRequest {
            request_id: format!("review-{}", self.id),
            complaint_id: self.id.clone(),
            proposal_id: proposal.into(),
            revision: 1,
            approve: true,
            ..Default::default()
        };
        let reviewer = &self.staff.reviewer;
        insist!(self.stage, "review the plan", reviewer.resolution().review_plan(review.clone()));
        let send = res::SendProposalRequest {
            request_id: format!("send-{}", self.id),
            complaint_id: self.id.clone(),
            proposal_id: proposal.into(),
            ..Default::default()
        };
        let mediator = &self.staff.mediator;
        insist!(self.stage, "send the proposal", mediator.resolution().send_proposal(send.clone()));
        Ok(())
    }

    /// The complainant accepts, and the respondent too if it has to.
    pub(super) async fn accept(&self, owed: &Owed, proposal: &str, both: bool) -> anyhow::Result<()> {
        self.respond(&self.complainant, "accept", proposal, res::OfferAction::Accepted).await?;
        if both {
            self.respond(&self.respondent, "accept-too", proposal, res::OfferAction::Accepted).await?;
        }
        self.keeps("C18");
        self.note(|course| course.owed_minor = amount(owed));
        Ok(())
    }

    pub(super) async fn respond(
        &self,
        who: &Person,
        name: &str,
        proposal: &str,
        action: res::OfferAction,
    ) -> anyhow::Result<()> {
        let answer = res::RespondToOfferRequest {
            request_id: format!("{name}-{}", self.id),
            complaint_id: self.id.clone(),
            proposal_id: proposal.into(),
            revision: 1,
            option: 1,
            action: action.into(),
            ..Default::default()
        };
        insist!(self.stage, "answer the offer", who.resolution().respond_to_offer(answer.clone()));
        Ok(())
    }
}

pub(super) fn option(owed: &Owed) -> res::ProposalOption {
    res::ProposalOption {
        remedies: vec![owed.terms.clone()],
        plain_basis: "商品与所述不符，退还一半货款，商品由您留下。".into(),
        ..Default::default()
    }
}

pub(super) fn amount(owed: &Owed) -> i64 {
    owed.terms.amount.as_ref().map_or(0, |amount| amount.amount_minor)
}
