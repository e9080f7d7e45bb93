//! What resolution tells of a case that was settled, from who answers to the handling report.

use prost::Message as _;
use redress_domain::ComplaintId;
use redress_notification::app::hear::Fact;
use redress_notification::topics::RESOLUTION;
use redress_outbox::Delivery;
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::{AwaitedParty, Sealed};

use crate::bench::Bench;
use crate::hearing::{in_hours, merchant, refund};

/// The facts in their order, each with the name that the lifecycle answers it under, if it does.
pub(crate) async fn facts(bench: &Bench, id: ComplaintId) -> Vec<(Delivery<Fact>, Option<&'static str>)> {
    let (basis, report) = (basis(bench, id).await, report(bench, id).await);
    let report = resolution::HandlingReportIssued {
        report_id: "r-1".into(),
        sealed: report,
        appeal_until: Some(in_hours(bench, 732)),
        ..Default::default()
    };
    vec![
        (bench.fact(RESOLUTION, id, 1, &liability()), None),
        (bench.fact(RESOLUTION, id, 2, &proposal(bench, basis)), None),
        (bench.fact(RESOLUTION, id, 3, &accepted(AwaitedParty::Complainant, "aaaa1111")), None),
        (bench.fact(RESOLUTION, id, 4, &accepted(AwaitedParty::Respondent, "bbbb2222")), None),
        (bench.fact(RESOLUTION, id, 5, &settlement()), Some("SettlementReached")),
        (bench.fact(RESOLUTION, id, 6, &ordered()), None),
        (bench.fact(RESOLUTION, id, 7, &executed(bench)), Some("RemedyExecuted")),
        (bench.fact(RESOLUTION, id, 8, &report), None),
    ]
}

fn liability() -> resolution::LiabilityDetermined {
    resolution::LiabilityDetermined {
        shares: vec![resolution::LiabilityShare { party: Some(merchant()), basis_points: 10_000 }],
        rules: vec!["live-wording@3".into()],
        ..Default::default()
    }
}

async fn basis(bench: &Bench, id: ComplaintId) -> Option<Sealed> {
    let option = resolution::ProposalOption {
        plain_basis: "标签与直播所说不符".into(),
        ..Default::default()
    };
    let reasons = resolution::ProposalRevision { options: vec![option], ..Default::default() };
    bench.sealed(id, "proposal.p-1.1", &reasons.encode_to_vec()).await
}

fn proposal(bench: &Bench, sealed: Option<Sealed>) -> resolution::ProposalSent {
    let option = resolution::ProposalOption { option: 1, remedies: vec![refund()], ..Default::default() };
    resolution::ProposalSent {
        proposal_id: "p-1".into(),
        revision: 1,
        due_at: Some(in_hours(bench, 48)),
        options: vec![option],
        sealed,
        ..Default::default()
    }
}

fn accepted(role: AwaitedParty, hash: &str) -> resolution::OfferAccepted {
    resolution::OfferAccepted {
        proposal_id: "p-1".into(),
        revision: 1,
        option: 1,
        party: Some(resolution::CaseParty { role: role.into(), respondent_ref: String::new() }),
        link_hash: hash.into(),
    }
}

fn settlement() -> resolution::SettlementReached {
    resolution::SettlementReached {
        settlement_id: "s-1".into(),
        proposal_id: "p-1".into(),
        revision: 1,
        option: 1,
        terms: vec![refund()],
    }
}

fn ordered() -> resolution::RemedyOrdered {
    resolution::RemedyOrdered {
        remedy_id: "m-1".into(),
        r#type: resolution::RemedyType::ReturnAndRefund.into(),
        amount: refund().amount,
        ..Default::default()
    }
}

fn executed(bench: &Bench) -> resolution::RemedyExecuted {
    let proof = resolution::RemedyProof {
        reference: "PAY-0001".into(),
        executed_at: Some(in_hours(bench, 0)),
        ..Default::default()
    };
    resolution::RemedyExecuted { remedy_id: "m-1".into(), all: true, proof: Some(proof) }
}

async fn report(bench: &Bench, id: ComplaintId) -> Option<Sealed> {
    let parts = resolution::HandlingReportParts {
        overview: "围巾与宣传不符".into(),
        process: "客服部与质量部核对了回放".into(),
        result: "退货退款".into(),
        improvement: "下架整改".into(),
        survey: "请告诉我们您的意见".into(),
        contact: "投诉专员 0042".into(),
        apology_and_thanks: "抱歉并感谢\u{202e}".into(),
    };
    let parts = Some(resolution::case_report::Parts::Handling(parts));
    let report = resolution::CaseReport { parts, ..Default::default() };
    bench.sealed(id, "report.r-1", &report.encode_to_vec()).await
}
