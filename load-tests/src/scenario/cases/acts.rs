//! What each side and the staff of a case do, over the public interfaces alone.

use anyhow::Context as _;
use futures::stream;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as inv;
use redress_proto::resolution::v1 as res;
use redress_proto::types::v1 as types;

use super::script::{Case, amount};

/// Calls a method of a service as somebody until it is answered for good.
macro_rules! call {
    ($case:ident.$service:ident.$method:ident($who:expr, $message:expr)) => {{
        let message = $message;
        let attempt = || {
            let (mut client, request) = ($case.services.$service.clone(), $who.says(message.clone()));
            async move { client.$method(request).await }
        };
        $case.calls.make(stringify!($method), attempt).await
    }};
}

/// What the goods of every case cost, in fen.
pub(super) const PAID: i64 = 29_900;

/// What consumers say of them, in turn.
const TEXTS: [&str; 6] = [
    "主播在直播间说这个包是头层牛皮,我收到后发现是人造革,要求退一部分货款。",
    "商品页写的是纯棉,洗了一次才看到标签上聚酯纤维占七成,请让商家退还差价。",
    "收到的电饭煲和页面介绍的容量不一样,标着五升实际只有三升,希望补偿我一部分钱。",
    "客服保证是今年的新款,生产日期却是两年前的,我同意留下,但要退部分货款。",
    "说好送两个替换滤芯,箱子里一个都没有,联系了三次都没人理,请退滤芯的钱。",
    "鞋底第三天就开胶了,照片已经发给商家,他们只肯给五元优惠券,我要求合理赔付。",
];

impl Case {
    fn name(&self, step: &str) -> String {
        format!("{step}-{}", self.number)
    }

    fn complaint(&self) -> String {
        self.id.to_string()
    }

    pub(super) async fn submit(&self) -> anyhow::Result<()> {
        let request = intake::SubmitComplaintRequest {
            request_id: self.names[0].clone(),
            submission: Some(self.submission()),
        };
        let answer = call!(self.intake.submit_complaint(self.consumer, request))?;
        anyhow::ensure!(answer.complaint_id == self.complaint(), "answered with another id");
        Ok(())
    }

    fn submission(&self) -> types::Submission {
        types::Submission {
            channel: types::Channel::OrderDetail.into(),
            text: TEXTS[self.number % TEXTS.len()].to_owned(),
            language: "zh-Hans".to_owned(),
            complainant: Some(types::Complainant {
                kind: types::PartyKind::Consumer.into(),
                external_ref: Some(self.names[1].clone()),
                contacts: vec![types::ContactPoint {
                    r#type: types::ContactType::Email.into(),
                    value: format!("{}@example.invalid", self.names[1]),
                    consent_to_contact: true,
                }],
                ..types::Complainant::default()
            }),
            respondents: vec![types::Respondent {
                kind: types::PartyKind::Merchant.into(),
                external_ref: self.names[2].clone(),
                name: None,
            }],
            order: Some(types::OrderRef {
                order_no: format!("ORDER-{:010}", self.number),
                paid: Some(money(PAID)),
                ..types::OrderRef::default()
            }),
            ..types::Submission::default()
        }
    }

    pub(super) async fn take_up(&self) -> anyhow::Result<()> {
        let request = intake::DecideAdmissibilityRequest {
            request_id: self.name("taken-up"),
            complaint_id: self.complaint(),
            decision: types::Admissibility::Yes.into(),
            category: types::Category::Cq07.into(),
            handler: "handler-1".to_owned(),
            ..intake::DecideAdmissibilityRequest::default()
        };
        call!(self.intake.decide_admissibility(self.staff.officer, request)).map(|_| ())
    }

    /// The shop is asked and answers, and the consumer is shown it; every point is found; the facts are concluded.
    pub(super) async fn find_out(&self) -> anyhow::Result<()> {
        let ask = inv::RequestEvidenceRequest {
            request_id: self.name("ask"),
            complaint_id: self.complaint(),
            party: types::AwaitedParty::Respondent.into(),
            respondent_ref: self.names[2].clone(),
            items: vec![inv::RequestedItem {
                r#type: inv::EvidenceType::MerchantStatement.into(),
                mandatory: true,
                ..inv::RequestedItem::default()
            }],
            consequence: inv::LapseConsequence::OtherSideBelieved.into(),
            why: "所售商品的材质".to_owned(),
            mandatory: true,
            ..inv::RequestEvidenceRequest::default()
        };
        let asked = call!(self.investigation.request_evidence(self.staff.handler, ask))?;
        let asked = asked.evidence_request.context("evidence_request")?.evidence_request_id;
        let parts = stream::iter(self.statement(&asked));
        let statement = call!(self.investigation.submit_evidence(self.shop, parts))?;
        let statement = statement.evidence.context("evidence")?.evidence_id;
        let copy = inv::ProduceRenditionRequest {
            request_id: self.name("shown"),
            complaint_id: self.complaint(),
            evidence_id: statement.clone(),
            audience: inv::Audience::Complainant.into(),
            ..inv::ProduceRenditionRequest::default()
        };
        call!(self.investigation.produce_rendition(self.staff.handler, copy))?;
        let look = inv::GetInvestigationRequest { complaint_id: self.complaint() };
        let seen = call!(self.investigation.get_investigation(self.staff.handler, look))?;
        for issue in seen.investigation.context("investigation")?.issues {
            let finding = inv::RecordFindingRequest {
                request_id: self.name(&issue),
                complaint_id: self.complaint(),
                issue,
                fact: "商品为人造革,直播间称头层牛皮".to_owned(),
                evidence: vec![inv::EvidenceMark {
                    evidence_id: statement.clone(),
                    bearing: inv::Bearing::Supports.into(),
                    ..inv::EvidenceMark::default()
                }],
                result: inv::FindingResult::Established.into(),
                standard: inv::StandardOfProof::Balance.into(),
                ..inv::RecordFindingRequest::default()
            };
            call!(self.investigation.record_finding(self.staff.handler, finding))?;
        }
        let conclude = inv::ConcludeInvestigationRequest {
            request_id: self.name("concluded"),
            complaint_id: self.complaint(),
            conclusion: "商品材质与直播间所述不符".to_owned(),
            ..inv::ConcludeInvestigationRequest::default()
        };
        call!(self.investigation.conclude_investigation(self.staff.handler, conclude)).map(|_| ())
    }

    fn statement(&self, request: &str) -> [inv::SubmitEvidenceRequest; 2] {
        let header = inv::EvidenceHeader {
            request_id: self.name("statement"),
            complaint_id: self.complaint(),
            r#type: inv::EvidenceType::MerchantStatement.into(),
            media_type: "text/plain".to_owned(),
            evidence_request_id: request.to_owned(),
            ..inv::EvidenceHeader::default()
        };
        let words = "该批次商品确为人造革,主播口误。".as_bytes().to_vec();
        [inv::submit_evidence_request::Part::Header(header), inv::submit_evidence_request::Part::Chunk(words)]
            .map(|part| inv::SubmitEvidenceRequest { part: Some(part) })
    }

    fn merchant(&self) -> res::PartyRef {
        res::PartyRef { party: res::LiableParty::Merchant.into(), reference: self.names[2].clone() }
    }

    fn refund(&self) -> res::RemedyTerms {
        res::RemedyTerms {
            r#type: res::RemedyType::PartialRefund.into(),
            // What is withdrawn in the end was offered all the same.
            amount: Some(money(amount(self.number).max(1_000))),
            payer: Some(self.merchant()),
            payee: Some(res::PartyRef {
                party: res::LiableParty::Consumer.into(),
                ..res::PartyRef::default()
            }),
            ..res::RemedyTerms::default()
        }
    }

    /// Who answers, what is offered, and its review by another; gives the proposal.
    pub(super) async fn plan(&self, mediation_refused: bool) -> anyhow::Result<String> {
        let liability = res::DetermineLiabilityRequest {
            request_id: self.name("liability"),
            complaint_id: self.complaint(),
            shares: vec![res::LiabilityShare { party: Some(self.merchant()), basis_points: 10_000 }],
            cause: "live_wording".to_owned(),
            rules: vec!["cn.price-reduction@1".to_owned()],
            basis: "直播间陈述与商品不符,由商家承担。".to_owned(),
            ..res::DetermineLiabilityRequest::default()
        };
        call!(self.resolution.determine_liability(self.staff.mediator, liability))?;
        let draft = res::DraftProposalRequest {
            request_id: self.name("draft"),
            complaint_id: self.complaint(),
            options: vec![res::ProposalOption {
                remedies: vec![self.refund()],
                plain_basis: "包不是真皮,商家退还部分货款,包您留下。".to_owned(),
                ..res::ProposalOption::default()
            }],
            full_basis: "民法典第五百八十二条。".to_owned(),
            ..res::DraftProposalRequest::default()
        };
        let drafted = call!(self.resolution.draft_proposal(self.staff.mediator, draft))?;
        let drafted = drafted.resolution.context("resolution")?;
        let proposal = drafted.proposals.first().context("the proposal")?.proposal_id.clone();
        let review = res::ReviewPlanRequest {
            request_id: self.name("review"),
            complaint_id: self.complaint(),
            proposal_id: proposal.clone(),
            revision: 1,
            approve: true,
            mediation_refused,
            ..res::ReviewPlanRequest::default()
        };
        call!(self.resolution.review_plan(self.staff.supervisor, review))?;
        Ok(proposal)
    }

    pub(super) async fn offer(&self, proposal: &str) -> anyhow::Result<()> {
        let send = res::SendProposalRequest {
            request_id: self.name("send"),
            complaint_id: self.complaint(),
            proposal_id: proposal.to_owned(),
            ..res::SendProposalRequest::default()
        };
        call!(self.resolution.send_proposal(self.staff.mediator, send)).map(|_| ())
    }

    pub(super) async fn accept(&self, proposal: &str) -> anyhow::Result<()> {
        for (side, who) in [("consumer", &self.consumer), ("shop", &self.shop)] {
            let answer = res::RespondToOfferRequest {
                request_id: self.name(side),
                complaint_id: self.complaint(),
                proposal_id: proposal.to_owned(),
                revision: 1,
                option: 1,
                action: res::OfferAction::Accepted.into(),
                ..res::RespondToOfferRequest::default()
            };
            call!(self.resolution.respond_to_offer(who, answer))?;
        }
        Ok(())
    }

    pub(super) async fn rule(&self) -> anyhow::Result<()> {
        let ruling = res::IssueRulingRequest {
            request_id: self.name("ruling"),
            complaint_id: self.complaint(),
            terms: vec![self.refund()],
            outcome: "upheld".to_owned(),
            text: "裁决:商家退还部分货款。".to_owned(),
            ..res::IssueRulingRequest::default()
        };
        call!(self.resolution.issue_ruling(self.staff.mediator, ruling)).map(|_| ())
    }

    pub(super) async fn withdraw(&self) -> anyhow::Result<()> {
        let withdraw = intake::WithdrawComplaintRequest {
            request_id: self.name("withdraw"),
            complaint_id: self.complaint(),
            reason: "算了".to_owned(),
            ..intake::WithdrawComplaintRequest::default()
        };
        call!(self.intake.withdraw_complaint(self.consumer, withdraw)).map(|_| ())
    }

    /// The report, and the consumer's word on it.
    pub(super) async fn close(&self) -> anyhow::Result<()> {
        let report = res::IssueHandlingReportRequest {
            request_id: self.name("report"),
            complaint_id: self.complaint(),
            parts: Some(res::HandlingReportParts {
                overview: "您投诉所购皮包材质与直播间所述不符。".to_owned(),
                process: "我们向商家调取了说明,由客服部与质检部核实。".to_owned(),
                result: "商家承担全部责任,退还部分货款。".to_owned(),
                improvement: "商家已更正直播话术。".to_owned(),
                survey: "请对本次处理作出评价。".to_owned(),
                contact: "负责人员:handler-1。".to_owned(),
                apology_and_thanks: "给您带来不便,深表歉意,感谢您的反馈。".to_owned(),
            }),
            language: "zh-Hans".to_owned(),
            ..res::IssueHandlingReportRequest::default()
        };
        call!(self.resolution.issue_handling_report(self.staff.handler, report))?;
        let content = res::RespondToResultRequest {
            request_id: self.name("content"),
            complaint_id: self.complaint(),
            accept: true,
            ..res::RespondToResultRequest::default()
        };
        call!(self.resolution.respond_to_result(self.consumer, content)).map(|_| ())
    }
}

fn money(amount_minor: i64) -> types::Money {
    types::Money { currency: "CNY".to_owned(), amount_minor }
}
