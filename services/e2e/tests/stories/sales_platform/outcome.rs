//! The second half: from the plan to the archive.

use redress_proto::notification::v1::NoticeKind;
use redress_proto::resolution::v1 as res;
use redress_proto::sla::v1::ClockState;
use redress_proto::types::v1::ComplaintState as State;

use super::{FREIGHT, PAID, People, seller};
use crate::case::{Case, letter};
use crate::people::reason;
use crate::steps::{consumer, pays, seven_parts};

impl People {
    /// §四.1: an executable plan with its basis, reviewed by somebody else, made to both parties (F033–F035).
    pub(super) async fn proposes(&self, case: &Case) -> res::Proposal {
        let plain = "电饭煲有质量问题，商家退还货款并承担运费。";
        let proposal = self.mediator.drafts(case, "", vec![(refund_and_freight(), plain)]).await;
        let author = self.mediator.resolution().review_plan(self.mediator.review(case, &proposal)).await;
        assert_eq!(reason(author), "REVIEWER_IS_AUTHOR");
        self.supervisor.approves(case, &proposal).await;
        let finder = self.handler.resolution().review_plan(self.handler.review(case, &proposal)).await;
        assert!(finder.is_err(), "who found the facts reviews no plan");
        case.stands(State::Mediating).await;
        self.mediator.sends(case, &proposal).await;
        for (side, reader) in [("complainant", &self.buyer), ("respondent", &self.shop)] {
            let offered = letter(reader, &case.told(NoticeKind::N10Proposal, side).await).await;
            assert!(offered.contains("399.00"), "{offered}");
        }
        case.clock("C12", ClockState::Running).await;
        case.clock("C18", ClockState::Running).await;
        proposal
    }

    /// §四.2: both are heard; their opinions lead to a numbered revision, within the bounds that were reviewed (F037–F039).
    pub(super) async fn is_adjusted_and_agreed(&self, case: &Case, proposal: &res::Proposal) {
        let wish = with_coupon();
        self.buyer.answers(case, proposal, (1, 1), res::OfferAction::Countered, wish.clone()).await;
        case.clock("C18", ClockState::Met).await;
        let plain = "退还货款，并以优惠券代替运费。";
        let revised = self.mediator.drafts(case, &proposal.proposal_id, vec![(wish, plain)]).await;
        assert_eq!((revised.revisions.len(), revised.state()), (2, res::ProposalState::Open));
        assert!(revised.revisions[1].within_bounds);
        self.buyer.answers(case, proposal, (2, 1), res::OfferAction::Accepted, Vec::new()).await;
        assert_eq!(Self::paid(case), [] as [i64; 0], "one yes is no agreement");
        self.shop.answers(case, proposal, (2, 1), res::OfferAction::Accepted, Vec::new()).await;
        for side in ["complainant", "respondent"] {
            case.told(NoticeKind::N11Settlement, side).await;
        }
        case.clock("C21", ClockState::Met).await;
    }

    /// What was moved for the case, in fen.
    fn paid(case: &Case) -> Vec<i64> {
        let made = case.platform.connectors.payments.made();
        made.iter()
            .filter(|payment| payment.complaint == case.id)
            .map(|payment| payment.amount_minor)
            .collect()
    }

    /// §四.3, §五: what was agreed is carried out in its time and proved; the result is told in seven parts (F040, F042).
    pub(super) async fn is_carried_out_and_told(&self, case: &Case) {
        case.stands(State::ResultNotified).await;
        let mut paid = Self::paid(case);
        paid.sort_unstable();
        assert_eq!(paid, [FREIGHT, PAID], "paid once");
        let done = case.resolved(State::ResultNotified).await;
        for remedy in &done.remedies {
            assert_eq!(remedy.state(), res::RemedyState::Confirmed);
            assert!(!remedy.proof.as_ref().unwrap().reference.is_empty());
        }
        case.clock("C19", ClockState::Met).await;
        case.told(NoticeKind::N17Execution, "complainant").await;
        let incomplete = res::IssueHandlingReportRequest {
            request_id: "incomplete".into(),
            complaint_id: case.id.clone(),
            parts: Some(res::HandlingReportParts { contact: String::new(), ..seven_parts() }),
            language: "zh-Hans".into(),
            ..Default::default()
        };
        let incomplete = self.handler.resolution().issue_handling_report(incomplete).await;
        assert_eq!(reason(incomplete), "REPORT_PART_MISSING");
        self.handler.reports(case).await;
        let result = letter(&self.buyer, &case.told(NoticeKind::N12Result, "complainant").await).await;
        let parts = seven_parts();
        for part in
            [&parts.overview, &parts.process, &parts.result, &parts.improvement, &parts.apology_and_thanks]
        {
            assert!(result.contains(part.trim_end_matches('。')), "{part} in {result}");
        }
        case.clock("C12", ClockState::Met).await;
        case.clock("C13", ClockState::Met).await;
    }

    /// §五, §六: nobody objects within the window, so the case closes with its outcome (F005), is asked about, filed and
    /// counted (F042, F043).
    pub(super) async fn closes_on_silence_and_is_archived(&self, case: &Case) {
        case.platform.until(case.due("C26").await).await;
        let closed = case.stands(State::Closed).await;
        assert_eq!(closed.history.last().unwrap().event, "ComplaintClosed");
        // The window lapsed, and is needless with what followed from that.
        let window = case.clock("C26", ClockState::Cancelled).await;
        assert_eq!((window.reason.as_str(), window.breached_at), ("silence", window.due_at));
        for side in ["complainant", "respondent"] {
            case.told(NoticeKind::N18Survey, side).await;
        }
        let report = self.handler.files(case, "同批次电饭煲加严出厂检验。").await;
        assert!(!report.filing_no.is_empty());
        let Some(res::case_report::Parts::Closing(closing)) = report.parts else { panic!("{report:?}") };
        assert!(closing.clocks.iter().any(|clock| clock.definition == "C13" && clock.state == "met"));
        assert!(closing.evidence.len() >= 6, "each piece with its hash: {:?}", closing.evidence);
        assert!(case.evidence_is_whole().await >= 6);
        let actions: Vec<String> = case.audited().await.into_iter().map(|entry| entry.action).collect();
        assert!(actions.len() >= case.history().await.len(), "{actions:?}");
        let facts = case.counted("the case is counted", |facts| facts.state() == State::Closed).await;
        assert!(!facts.outcome.is_empty());
        assert_eq!((facts.evidence_lapsed, facts.remedies_executed), (1, 2));
        assert_eq!(facts.amount_executed_minor, PAID + FREIGHT);
    }
}

fn refund_and_freight() -> Vec<res::RemedyTerms> {
    vec![
        pays(res::RemedyType::ReturnAndRefund, PAID, seller(), consumer()),
        pays(res::RemedyType::Freight, FREIGHT, seller(), consumer()),
    ]
}

fn with_coupon() -> Vec<res::RemedyTerms> {
    vec![
        pays(res::RemedyType::ReturnAndRefund, PAID, seller(), consumer()),
        pays(res::RemedyType::Coupon, FREIGHT, seller(), consumer()),
    ]
}
