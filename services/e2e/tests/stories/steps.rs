//! What people do in more than one story, each act as its own call.

use futures::stream;
use redress_proto::intake::v1::{
    DecideAdmissibilityRequest, SubmitComplaintRequest, SubmitComplaintResponse,
};
use redress_proto::investigation::v1 as inv;
use redress_proto::resolution::v1 as res;
use redress_proto::types::v1 as types;
use redress_testkit::wait_until;
use tonic_types::StatusExt as _;

use crate::case::{Case, SOON};
use crate::people::Person;

/// Fen.
pub(crate) fn money(amount_minor: i64) -> types::Money {
    types::Money { currency: "CNY".into(), amount_minor }
}

/// A party as remedies name it.
pub(crate) fn party(party: res::LiableParty, reference: &str) -> res::PartyRef {
    res::PartyRef { party: party.into(), reference: reference.into() }
}

/// Who complained, as remedies name them.
pub(crate) fn consumer() -> res::PartyRef {
    party(res::LiableParty::Consumer, "")
}

/// A consumer with a mail address, who agreed to be written to.
pub(crate) fn complainant(reference: &str) -> types::Complainant {
    types::Complainant {
        kind: types::PartyKind::Consumer.into(),
        external_ref: Some(reference.into()),
        name: Some("测试甲".into()),
        contacts: vec![types::ContactPoint {
            r#type: types::ContactType::Email.into(),
            value: format!("{reference}@example.invalid"),
            consent_to_contact: true,
        }],
    }
}

/// Somebody who is complained of.
pub(crate) fn respondent(kind: types::PartyKind, reference: &str) -> types::Respondent {
    types::Respondent { kind: kind.into(), external_ref: reference.into(), name: None }
}

/// A remedy of money.
pub(crate) fn pays(
    kind: res::RemedyType,
    amount_minor: i64,
    payer: res::PartyRef,
    payee: res::PartyRef,
) -> res::RemedyTerms {
    res::RemedyTerms {
        r#type: kind.into(),
        amount: Some(money(amount_minor)),
        payer: Some(payer),
        payee: Some(payee),
        ..Default::default()
    }
}

/// A remedy that is done or not.
pub(crate) fn does(kind: res::RemedyType, payer: res::PartyRef, payee: res::PartyRef) -> res::RemedyTerms {
    res::RemedyTerms { r#type: kind.into(), payer: Some(payer), payee: Some(payee), ..Default::default() }
}

impl Person {
    /// Hands a complaint in.
    pub(crate) async fn submits(&self, submission: types::Submission) -> SubmitComplaintResponse {
        let request = SubmitComplaintRequest {
            request_id: format!("submitted-by-{}", self.subject),
            submission: Some(submission),
        };
        self.intake().submit_complaint(request).await.unwrap().into_inner()
    }

    /// Takes a complaint up, and names the member of staff who handles it.
    pub(crate) async fn takes_up(&self, case: &Case, category: types::Category, severity: types::Severity) {
        let decision = DecideAdmissibilityRequest {
            request_id: format!("taken-up-{}", case.id),
            complaint_id: case.id.clone(),
            decision: types::Admissibility::Yes.into(),
            category: category.into(),
            severity: severity.into(),
            handler: "handler-1".into(),
            ..Default::default()
        };
        self.intake().decide_admissibility(decision).await.unwrap();
    }

    /// Asks a side for a piece of evidence that must come; the consequence of silence is announced.
    pub(crate) async fn asks_for(
        &self,
        case: &Case,
        (of, reference): (types::AwaitedParty, &str),
        kind: inv::EvidenceType,
        consequence: inv::LapseConsequence,
    ) -> inv::EvidenceRequest {
        let request = inv::RequestEvidenceRequest {
            request_id: format!("ask-{kind:?}-{}", case.id),
            complaint_id: case.id.clone(),
            party: of.into(),
            respondent_ref: reference.into(),
            items: vec![inv::RequestedItem { r#type: kind.into(), mandatory: true, ..Default::default() }],
            consequence: consequence.into(),
            why: "用于查明事实".into(),
            mandatory: true,
            ..Default::default()
        };
        let answer = self.investigation().request_evidence(request).await.unwrap().into_inner();
        answer.evidence_request.unwrap()
    }

    /// Brings a piece of evidence in; `answers` names the request that it answers, if any.
    pub(crate) async fn brings(
        &self,
        case: &Case,
        kind: inv::EvidenceType,
        (media_type, content): (&str, &[u8]),
        answers: &str,
    ) -> String {
        self.brings_for(case, inv::EvidenceProvider::Unspecified, kind, (media_type, content), answers).await
    }

    /// The same, of what another has provided.
    pub(crate) async fn brings_for(
        &self,
        case: &Case,
        provider: inv::EvidenceProvider,
        kind: inv::EvidenceType,
        (media_type, content): (&str, &[u8]),
        answers: &str,
    ) -> String {
        let header = inv::EvidenceHeader {
            request_id: format!("evidence-{kind:?}-{}", case.id),
            complaint_id: case.id.clone(),
            r#type: kind.into(),
            media_type: media_type.into(),
            evidence_request_id: answers.into(),
            provider: provider.into(),
            ..Default::default()
        };
        let part = |part| inv::SubmitEvidenceRequest { part: Some(part) };
        let parts = [
            part(inv::submit_evidence_request::Part::Header(header)),
            part(inv::submit_evidence_request::Part::Chunk(content.to_vec())),
        ];
        let answer = self.investigation().submit_evidence(stream::iter(parts)).await.unwrap().into_inner();
        answer.evidence.unwrap().evidence_id
    }

    /// Finds a fact on a point, with what each piece of evidence says of it.
    pub(crate) async fn finds(
        &self,
        case: &Case,
        issue: &str,
        result: inv::FindingResult,
        evidence: Vec<inv::EvidenceMark>,
    ) -> inv::Finding {
        let finding = inv::RecordFindingRequest {
            request_id: format!("found-{issue}-{}", case.id),
            complaint_id: case.id.clone(),
            issue: issue.into(),
            fact: "经核对双方材料与平台记录查明。".into(),
            evidence,
            result: result.into(),
            standard: inv::StandardOfProof::Balance.into(),
            ..Default::default()
        };
        self.investigation().record_finding(finding).await.unwrap().into_inner().finding.unwrap()
    }

    /// Ends the finding of facts, after each side was shown what counts for or against it.
    pub(crate) async fn concludes(&self, case: &Case) {
        let concluded = inv::ConcludeInvestigationRequest {
            request_id: format!("concluded-{}", case.id),
            complaint_id: case.id.clone(),
            conclusion: "事实已查清。".into(),
            ..Default::default()
        };
        if let Err(refusal) = self.investigation().conclude_investigation(concluded.clone()).await {
            let told = refusal.get_details_error_info().unwrap();
            assert_eq!(told.reason, "EVIDENCE_NOT_SHOWN", "{refusal:?}");
            for lacking in told.metadata["evidence"].split(',') {
                let (evidence, side) = lacking.split_once(':').unwrap();
                self.shows(case, evidence, side).await;
            }
            self.investigation().conclude_investigation(concluded).await.unwrap();
        }
    }

    /// Shows a side a copy of a piece that it did not bring; one that was prepared by hand where no machine can make one.
    async fn shows(&self, case: &Case, evidence: &str, side: &str) {
        let audience =
            if side == "complainant" { inv::Audience::Complainant } else { inv::Audience::Respondent };
        let copy = inv::ProduceRenditionRequest {
            request_id: format!("shown-{evidence}-{side}"),
            complaint_id: case.id.clone(),
            evidence_id: evidence.into(),
            audience: audience.into(),
            ..Default::default()
        };
        let made = self.investigation().produce_rendition(copy.clone()).await.unwrap().into_inner();
        if made.rendition.unwrap().withheld_reason.is_empty() {
            return;
        }
        let extract = ("text/plain", "人工脱敏摘录：仅保留与争议有关的内容。".as_bytes());
        let by_hand = inv::ProduceRenditionRequest {
            request_id: format!("prepared-{evidence}-{side}"),
            prepared_evidence_id: self.brings(case, inv::EvidenceType::Other, extract, "").await,
            ..copy
        };
        let made = self.investigation().produce_rendition(by_hand).await.unwrap().into_inner();
        assert_eq!(made.rendition.unwrap().treatment, "prepared");
    }

    /// Determines who answers, with the rule that says so.
    pub(crate) async fn holds_liable(
        &self,
        case: &Case,
        shares: Vec<(res::PartyRef, u32)>,
        (cause, rule): (&str, &str),
    ) -> res::Liability {
        let share = |(party, basis_points)| res::LiabilityShare { party: Some(party), basis_points };
        let liability = res::DetermineLiabilityRequest {
            request_id: format!("liability-{}", case.id),
            complaint_id: case.id.clone(),
            shares: shares.into_iter().map(share).collect(),
            cause: cause.into(),
            rules: vec![rule.into()],
            basis: "依据平台规则与相关法律作出。".into(),
            ..Default::default()
        };
        let answer = self.resolution().determine_liability(liability).await.unwrap().into_inner();
        answer.resolution.unwrap().liability.pop().unwrap()
    }

    /// Drafts a proposal of these options, each with its words in plain language; with a proposal's id its next revision.
    pub(crate) async fn drafts(
        &self,
        case: &Case,
        proposal: &str,
        options: Vec<(Vec<res::RemedyTerms>, &str)>,
    ) -> res::Proposal {
        let option = |(remedies, plain): (Vec<res::RemedyTerms>, &str)| res::ProposalOption {
            remedies,
            plain_basis: plain.into(),
            ..Default::default()
        };
        let draft = res::DraftProposalRequest {
            request_id: format!("draft-{proposal}-{}", case.id),
            complaint_id: case.id.clone(),
            proposal_id: proposal.into(),
            options: options.into_iter().map(option).collect(),
            full_basis: "依据查明的事实、平台规则与相关法律拟定。".into(),
            ..Default::default()
        };
        let answer = self.resolution().draft_proposal(draft).await.unwrap().into_inner();
        answer.resolution.unwrap().proposals.pop().unwrap()
    }

    /// What a reviewer of the proposal calls.
    pub(crate) fn review(&self, case: &Case, proposal: &res::Proposal) -> res::ReviewPlanRequest {
        res::ReviewPlanRequest {
            request_id: format!("review-{}-{}", self.subject, proposal.revisions.len()),
            complaint_id: case.id.clone(),
            proposal_id: proposal.proposal_id.clone(),
            revision: proposal.revisions.last().unwrap().revision,
            approve: true,
            ..Default::default()
        }
    }

    /// Approves a plan that others wrote; who found the facts is told by another topic, which is waited for.
    pub(crate) async fn approves(&self, case: &Case, proposal: &res::Proposal) {
        let review = self.review(case, proposal);
        let approved = async || self.resolution().review_plan(review.clone()).await.ok();
        wait_until("the plan is approved", SOON, approved).await;
    }

    /// Sends a proposal to the parties, once the lifecycle has moved.
    pub(crate) async fn sends(&self, case: &Case, proposal: &res::Proposal) {
        case.resolved(types::ComplaintState::Mediating).await;
        let send = res::SendProposalRequest {
            request_id: format!("send-{}", proposal.proposal_id),
            complaint_id: case.id.clone(),
            proposal_id: proposal.proposal_id.clone(),
            ..Default::default()
        };
        self.resolution().send_proposal(send).await.unwrap();
    }

    /// Answers an offer, as `action` says, to `option` of `revision`.
    pub(crate) async fn answers(
        &self,
        case: &Case,
        proposal: &res::Proposal,
        (revision, option): (u32, u32),
        action: res::OfferAction,
        counter_terms: Vec<res::RemedyTerms>,
    ) {
        let comment = match action {
            res::OfferAction::Accepted => "",
            _ => "我认为应当再多承担一些。",
        };
        let answer = res::RespondToOfferRequest {
            request_id: format!("{action:?}-{revision}-{}", self.subject),
            complaint_id: case.id.clone(),
            proposal_id: proposal.proposal_id.clone(),
            revision,
            option,
            action: action.into(),
            comment: comment.into(),
            counter_terms,
            ..Default::default()
        };
        self.resolution().respond_to_offer(answer).await.unwrap();
    }

    /// Issues the report with its seven parts.
    pub(crate) async fn reports(&self, case: &Case) {
        case.resolved(types::ComplaintState::ResultNotified).await;
        let report = res::IssueHandlingReportRequest {
            request_id: format!("report-{}", case.id),
            complaint_id: case.id.clone(),
            parts: Some(seven_parts()),
            language: "zh-Hans".into(),
            ..Default::default()
        };
        self.resolution().issue_handling_report(report).await.unwrap();
    }

    /// Files the closing report.
    pub(crate) async fn files(&self, case: &Case, lessons: &str) -> res::CaseReport {
        case.resolved(types::ComplaintState::Closed).await;
        let closing = res::FileClosingReportRequest {
            request_id: format!("closing-{}", case.id),
            complaint_id: case.id.clone(),
            summary: "投诉已处理完毕。".into(),
            lessons: lessons.into(),
            language: "zh-Hans".into(),
            ..Default::default()
        };
        let answer = self.resolution().file_closing_report(closing).await.unwrap().into_inner();
        let is_closing =
            |report: &res::CaseReport| matches!(report.parts, Some(res::case_report::Parts::Closing(_)));
        answer.resolution.unwrap().reports.into_iter().find(is_closing).unwrap()
    }
}

/// What a piece of evidence says.
pub(crate) fn mark(evidence: &str, bearing: inv::Bearing) -> inv::EvidenceMark {
    let reason = if bearing == inv::Bearing::Discarded { "not_authentic" } else { "" };
    inv::EvidenceMark { evidence_id: evidence.into(), bearing: bearing.into(), reason: reason.into() }
}

/// The seven parts of a result (F084).
pub(crate) fn seven_parts() -> res::HandlingReportParts {
    res::HandlingReportParts {
        overview: "您的投诉内容与诉求已完整记录。".into(),
        process: "客服部受理，调查部核实，质检部参与分析。".into(),
        result: "责任已认定，处理方案已执行。".into(),
        improvement: "已要求责任方整改，防止再次发生。".into(),
        survey: "请对本次处理作出评价。".into(),
        contact: "负责人员：handler-1。".into(),
        apology_and_thanks: "给您带来不便，深表歉意，感谢您的反馈。".into(),
    }
}

/// A photo as far as it matters here, and a paper.
pub(crate) const PHOTO: (&str, &[u8]) = ("image/png", &PNG);
pub(crate) const PAPER: (&str, &[u8]) = ("application/pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n");

/// The smallest picture: one pixel.
const PNG: [u8; 67] = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00,
    0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x00, 0x01, 0x00, 0x00, 0x05, 0x00, 0x01,
    0x0d, 0x0a, 0x2d, 0xb4, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
