//! Steps that several tests take: a case on its way, told shortly.

use std::sync::atomic::{AtomicU32, Ordering};

use redress_domain::ComplaintId;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as investigation;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::ComplaintState as State;
use uuid::Uuid;

use crate::bench::{Bench, complainant, handler, merchant, submission, supervisor};

/// A name for a call that no other has.
pub(crate) fn call() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("call-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn party(party: wire::LiableParty, reference: &str) -> wire::PartyRef {
    wire::PartyRef { party: party.into(), reference: reference.into() }
}

/// Part of the price back, from the merchant.
pub(crate) fn refund(amount_minor: i64) -> wire::RemedyTerms {
    wire::RemedyTerms {
        r#type: wire::RemedyType::PartialRefund.into(),
        amount: Some(types::Money { currency: "CNY".into(), amount_minor }),
        payer: Some(party(wire::LiableParty::Merchant, "m-1")),
        payee: Some(party(wire::LiableParty::Consumer, "")),
        ..Default::default()
    }
}

pub(crate) fn option(remedies: Vec<wire::RemedyTerms>) -> wire::ProposalOption {
    wire::ProposalOption {
        remedies,
        plain_basis: "商品与描述不符,商家应退还部分货款。".into(),
        ..Default::default()
    }
}

pub(crate) fn draft(id: ComplaintId, options: Vec<wire::ProposalOption>) -> wire::DraftProposalRequest {
    wire::DraftProposalRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        options,
        full_basis: "依据消费者权益保护法第二十四条。".into(),
        ..Default::default()
    }
}

pub(crate) fn liability(id: ComplaintId) -> wire::DetermineLiabilityRequest {
    let share = |who: wire::PartyRef, basis_points| wire::LiabilityShare { party: Some(who), basis_points };
    wire::DetermineLiabilityRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        shares: vec![
            share(party(wire::LiableParty::Merchant, "m-1"), 7_000),
            share(party(wire::LiableParty::Anchor, "a-1"), 3_000),
        ],
        cause: "live_wording".into(),
        rules: vec!["refund.quality@1".into()],
        basis: "主播称真皮,实为人造革。".into(),
        ..Default::default()
    }
}

pub(crate) fn review(id: ComplaintId, proposal: &str, revision: u32) -> wire::ReviewPlanRequest {
    wire::ReviewPlanRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        proposal_id: proposal.into(),
        revision,
        approve: true,
        ..Default::default()
    }
}

pub(crate) fn accept(
    id: ComplaintId,
    proposal: &str,
    revision: u32,
    option: u32,
) -> wire::RespondToOfferRequest {
    wire::RespondToOfferRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        proposal_id: proposal.into(),
        revision,
        option,
        action: wire::OfferAction::Accepted.into(),
        ..Default::default()
    }
}

pub(crate) fn ruling(id: ComplaintId, terms: Vec<wire::RemedyTerms>) -> wire::IssueRulingRequest {
    wire::IssueRulingRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        terms,
        outcome: "upheld".into(),
        text: "裁决:商家退还部分货款。".into(),
        ..Default::default()
    }
}

pub(crate) fn report(id: ComplaintId) -> wire::IssueHandlingReportRequest {
    wire::IssueHandlingReportRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        parts: Some(wire::HandlingReportParts {
            overview: "投诉概述".into(),
            process: "处理过程,参与部门:客服、质检".into(),
            result: "处理结果:商家承担七成责任".into(),
            improvement: "改进措施".into(),
            survey: "满意度调查".into(),
            contact: "联系方式".into(),
            apology_and_thanks: "致歉与感谢".into(),
        }),
        language: "zh-Hans".into(),
        ..Default::default()
    }
}

impl Bench {
    /// Registered, accepted, investigated by i-1, and waiting for a plan.
    pub(crate) async fn to_plan_review(&self, n: u128, severity: types::Severity) -> ComplaintId {
        let id = self.register(n, submission()).await;
        self.plan_review(id, severity).await;
        id
    }

    /// The same for a complaint that was registered.
    pub(crate) async fn plan_review(&self, id: ComplaintId, severity: types::Severity) {
        self.accepted(id, severity).await;
        self.advance(id, State::Accepted, State::Investigating, "InvestigationOpened").await;
        self.conclude(id).await;
    }

    pub(crate) async fn accepted(&self, id: ComplaintId, severity: types::Severity) {
        let reviewed = intake::AdmissibilityReviewStarted {
            category: types::Category::Cq07.into(),
            severity: severity.into(),
            ..Default::default()
        };
        self.lifecycle(id, &reviewed).await;
        self.lifecycle(id, &intake::ComplaintAccepted { handler: "h-1".into() }).await;
    }

    /// The facts are found, by i-1.
    pub(crate) async fn conclude(&self, id: ComplaintId) {
        let concluded = investigation::InvestigationConcluded {
            investigation_id: Uuid::from_u128(5).to_string(),
            round: 1,
            investigators: vec!["i-1".into(), "i-2".into()],
            ..Default::default()
        };
        self.investigation(id, "i-1", &concluded).await;
        self.advance(id, State::Investigating, State::PlanReview, "InvestigationConcluded").await;
    }

    /// A proposal of h-1 with two options, approved by s-1 and sent; gives its id.
    pub(crate) async fn to_mediating(&self, n: u128) -> (ComplaintId, String) {
        let id = self.to_plan_review(n, types::Severity::General).await;
        let proposal = self.approved(id).await;
        self.advance(id, State::PlanReview, State::Mediating, "PlanApproved").await;
        self.send(id, &proposal).await;
        (id, proposal)
    }

    /// Liability and plan by h-1, approved by s-1.
    pub(crate) async fn approved(&self, id: ComplaintId) -> String {
        self.act(&handler("h-1"), liability(id)).await.unwrap();
        let options = vec![option(vec![refund(5_000)]), option(vec![refund(8_000)])];
        let drafted = self.act(&handler("h-1"), draft(id, options)).await.unwrap();
        let proposal = drafted.proposals[0].proposal_id.clone();
        self.act(&supervisor("s-1"), review(id, &proposal, 1)).await.unwrap();
        proposal
    }

    /// What a party agrees to that accepts an option of the latest revision.
    pub(crate) async fn option_sha256(&self, id: ComplaintId, option: u32) -> String {
        let seen = self.get(&handler("h-1"), id).await;
        let revision = seen.proposals[0].revisions.last().unwrap();
        revision.options.iter().find(|one| one.option == option).unwrap().sha256.clone()
    }

    /// A mandate for an option of the latest revision, which lies in the evidence of the case.
    pub(crate) async fn consent(&self, id: ComplaintId, option: u32) -> wire::ConsentProof {
        let piece = investigation::EvidenceSubmitted {
            evidence_id: Uuid::from_u128(7).to_string(),
            sha256: "cd".repeat(32),
            party: types::AwaitedParty::Complainant.into(),
            r#type: investigation::EvidenceType::Mandate.into(),
            ..Default::default()
        };
        self.investigation(id, "person-1", &piece).await;
        wire::ConsentProof {
            kind: wire::ConsentKind::Mandate.into(),
            reference: piece.evidence_id,
            sha256: piece.sha256,
            option_sha256: self.option_sha256(id, option).await,
        }
    }

    pub(crate) async fn send(&self, id: ComplaintId, proposal: &str) {
        let send = wire::SendProposalRequest {
            request_id: call(),
            complaint_id: id.to_string(),
            proposal_id: proposal.into(),
            ..Default::default()
        };
        self.act(&handler("h-1"), send).await.unwrap();
    }

    /// Both have accepted option 2, and the lifecycle has moved.
    pub(crate) async fn to_executing(&self, n: u128) -> ComplaintId {
        let (id, proposal) = self.to_mediating(n).await;
        self.act(&complainant(), accept(id, &proposal, 1, 2)).await.unwrap();
        self.act(&merchant(), accept(id, &proposal, 1, 2)).await.unwrap();
        self.advance(id, State::Mediating, State::Executing, "SettlementReached").await;
        id
    }

    /// Everything was carried out, and the complainant is asked.
    pub(crate) async fn to_result(&self, n: u128) -> ComplaintId {
        let id = self.to_executing(n).await;
        self.advance(id, State::Executing, State::ResultNotified, "RemedyExecuted").await;
        id
    }

    /// Mediation was refused, so a person decides.
    pub(crate) async fn to_ruling(&self, n: u128, severity: types::Severity) -> ComplaintId {
        let id = self.to_plan_review(n, severity).await;
        self.act(&handler("h-1"), liability(id)).await.unwrap();
        let drafted = self.act(&handler("h-1"), draft(id, vec![option(vec![refund(5_000)])])).await.unwrap();
        let proposal = drafted.proposals[0].proposal_id.clone();
        let review = wire::ReviewPlanRequest { mediation_refused: true, ..review(id, &proposal, 1) };
        self.act(&supervisor("s-1"), review).await.unwrap();
        self.advance(id, State::PlanReview, State::Ruling, "PlanApproved").await;
        id
    }
}
