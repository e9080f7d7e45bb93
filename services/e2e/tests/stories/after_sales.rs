//! Document 004: the rules for claims after the sale: the claim is verified, its cause is located, several solutions are
//! offered, the one that is chosen is carried out in time, and who disagrees is heard by somebody else.

use redress_domain::Role;
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as inv;
use redress_proto::investigation::v1::EvidenceType as Kind;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::resolution::v1 as res;
use redress_proto::sla::v1::ClockState;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::{AwaitedParty, ComplaintState as State, PartyKind};
use redress_testkit::wait_until;

use crate::case::{Case, SOON, letter};
use crate::people::{Cast, Person, reason};
use crate::platform::{Platform, on_the_platform};
use crate::steps::{PAPER, complainant, consumer, does, mark, money, party, pays, respondent};

const SHOP: &str = "shop-004";
const PAID: i64 = 19_900;

#[test]
fn after_sales() {
    on_the_platform(story);
}

struct People {
    buyer: Person,
    shop: Person,
    service: Person,
    specialist: Person,
    mediator: Person,
    supervisor: Person,
    outside: Person,
}

async fn story(platform: &'static Platform) {
    let cast = Cast::of(platform, "after-sales");
    let people = People {
        buyer: cast.person("buyer-004", Role::Complainant),
        shop: cast.person(SHOP, Role::Respondent),
        service: cast.person("service-1", Role::IntakeOfficer),
        specialist: cast.person("handler-1", Role::Handler),
        mediator: cast.person("mediator-1", Role::Handler),
        supervisor: cast.person("supervisor-1", Role::Supervisor),
        outside: cast.person("reviewer-1", Role::Supervisor),
    };
    let case = people.is_recorded_and_answered(&cast).await;
    people.is_verified_and_its_cause_located(&case).await;
    let proposal = people.is_offered_several_solutions(&case).await;
    people.is_chosen_and_carried_out(&case, &proposal).await;
    people.is_appealed_and_heard_by_others(&case).await;
    people.is_traceable_to_the_end(&case).await;
}

impl People {
    /// 三(一): order, product, problem, contact and demand are recorded; nobody feels ignored (F171–F173).
    async fn is_recorded_and_answered(&self, cast: &Cast) -> Case {
        let submission = types::Submission {
            channel: types::Channel::App.into(),
            text: "收到的保温杯杯盖裂了，申请换货被店家以已签收为由拒绝，客服两天没有回复，要求换货。".into(),
            language: "zh-Hans".into(),
            complainant: Some(complainant("buyer-004")),
            respondents: vec![respondent(PartyKind::Merchant, SHOP)],
            order: Some(types::OrderRef {
                order_no: "ORDER-004".into(),
                product_name: "保温杯".into(),
                paid: Some(money(PAID)),
                ..Default::default()
            }),
            demand: Some(types::Demand { remedies: vec!["exchange".into()], ..Default::default() }),
            ..Default::default()
        };
        let answer = self.buyer.submits(submission).await;
        let case = Case::of(cast, &answer.complaint_id);
        case.stands(State::AdmissibilityReview).await;
        let receipt = letter(&self.buyer, &case.told(NoticeKind::N01Receipt, "complainant").await).await;
        assert!(receipt.contains(&answer.complaint_no), "{receipt}");
        case.clock("C05", ClockState::Met).await;
        self.service.takes_up(&case, types::Category::Cq03, types::Severity::General).await;
        case.stands(State::Investigating).await;
        case.told(NoticeKind::N02Acceptance, "complainant").await;
        case
    }

    /// 三(二): the order is verified; photos, warehouse and quality records tell where it went wrong: product, packaging,
    /// logistics or use (F174–F176).
    async fn is_verified_and_its_cause_located(&self, case: &Case) {
        let order = case.platform_records(&[Kind::OrderRecord]).await.remove(0);
        assert!(!order.sha256.is_empty());
        let side = (AwaitedParty::Respondent, SHOP);
        let consequence = inv::LapseConsequence::OtherSideBelieved;
        let mut inner = Vec::new();
        for kind in [Kind::OutboundRecord, Kind::QcReport] {
            let asked = self.specialist.asks_for(case, side, kind, consequence).await;
            inner.push(self.shop.brings(case, kind, PAPER, &asked.evidence_request_id).await);
        }
        let photo = ("text/plain", "开箱时杯盖已裂，外箱无缓冲。".as_bytes());
        let told = self.buyer.brings(case, Kind::Other, photo, "").await;
        let issues = case.investigated("it is open", |found| !found.issues.is_empty()).await.issues;
        for issue in issues {
            let marks = vec![
                mark(&told, inv::Bearing::Supports),
                mark(&inner[0], inv::Bearing::Supports),
                mark(&inner[1], inv::Bearing::Unverified),
            ];
            self.specialist.finds(case, &issue, inv::FindingResult::Established, marks).await;
        }
        self.specialist.concludes(case).await;
        case.resolved(State::PlanReview).await;
        let shares = vec![(shop(), 10_000)];
        let held = self.mediator.holds_liable(case, shares, ("packaging", "cn.quality-return@1")).await;
        assert_eq!(held.cause, "packaging");
    }

    /// 三(三): several solutions, each explained in plain language; the consumer chooses (F178, F179).
    async fn is_offered_several_solutions(&self, case: &Case) -> res::Proposal {
        let refund = vec![pays(res::RemedyType::ReturnAndRefund, PAID, shop(), consumer())];
        let exchange = vec![does(res::RemedyType::Exchange, shop(), consumer())];
        let keep = vec![pays(res::RemedyType::PartialRefund, PAID / 4, shop(), consumer())];
        let options = vec![
            (refund, "退货，全额退款。"),
            (exchange, "换一只新的，运费由商家承担。"),
            (keep, "杯子您留下，退四分之一货款。"),
        ];
        let proposal = self.mediator.drafts(case, "", options).await;
        self.supervisor.approves(case, &proposal).await;
        self.mediator.sends(case, &proposal).await;
        let offered = letter(&self.buyer, &case.told(NoticeKind::N10Proposal, "complainant").await).await;
        assert!(offered.contains("199.00") && offered.contains("49.75"), "{offered}");
        proposal
    }

    /// 三(三), 三(四): both agree on the same solution, and it is carried out within its time and proved (F180, F181).
    async fn is_chosen_and_carried_out(&self, case: &Case, proposal: &res::Proposal) {
        self.buyer.answers(case, proposal, (1, 2), res::OfferAction::Accepted, Vec::new()).await;
        let other = res::RespondToOfferRequest {
            request_id: "another-one".into(),
            complaint_id: case.id.clone(),
            proposal_id: proposal.proposal_id.clone(),
            revision: 1,
            option: 3,
            action: res::OfferAction::Accepted.into(),
            ..Default::default()
        };
        let other = self.shop.resolution().respond_to_offer(other).await;
        assert_eq!(reason(other), "OTHER_OPTION_ACCEPTED");
        self.shop.answers(case, proposal, (1, 2), res::OfferAction::Accepted, Vec::new()).await;
        let executing = case.resolved(State::Executing).await;
        assert_eq!(executing.settlements[0].option, 2);
        let agreement = letter(&self.buyer, &case.told(NoticeKind::N11Settlement, "complainant").await).await;
        assert!(
            agreement.contains(&executing.settlements[0].settlement_id),
            "an agreement that can be quoted"
        );
        case.clock("C19", ClockState::Running).await;
        let sent = res::ConfirmRemedyRequest {
            request_id: "exchanged".into(),
            complaint_id: case.id.clone(),
            remedy_id: executing.remedies[0].remedy_id.clone(),
            proof: Some(res::RemedyProof {
                reference: "PARCEL-004".into(),
                executed_at: Some(to_wire_time(case.platform.time.now())),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.specialist.resolution().confirm_remedy(sent).await.unwrap();
        case.clock("C19", ClockState::Met).await;
        case.resolved(State::ResultNotified).await;
        self.specialist.reports(case).await;
        case.told(NoticeKind::N12Result, "complainant").await;
    }

    /// 一(三), 二(二)4: who is not content goes over the heads of those who decided, and gets an answer to each ground
    /// (F162, F169).
    async fn is_appealed_and_heard_by_others(&self, case: &Case) {
        let appeal = res::FileAppealRequest {
            request_id: "appeal".into(),
            complaint_id: case.id.clone(),
            grounds: vec![res::AppealGround {
                code: "quality".into(),
                text: "换来的杯子颜色不对。".into(),
                ..Default::default()
            }],
            human_required: true,
            ..Default::default()
        };
        self.buyer.resolution().file_appeal(appeal).await.unwrap();
        case.stands(State::UnderAppeal).await;
        case.clock("C28", ClockState::Running).await;
        case.clock("C26", ClockState::Met).await;
        let filed = case.resolved(State::UnderAppeal).await.appeals.remove(0);
        let decide = res::DecideAppealRequest {
            request_id: "decided".into(),
            complaint_id: case.id.clone(),
            appeal_id: filed.appeal_id,
            outcome: res::AppealOutcome::Uphold.into(),
            answers: vec![res::AppealGround {
                ground: 1,
                answer: "颜色与订单一致，维持原处理结果。".into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let in_line = self.supervisor.resolution().decide_appeal(decide.clone()).await;
        assert_eq!(reason(in_line), "REVIEWER_IN_LINE");
        let unheard = self.outside.resolution().decide_appeal(decide.clone()).await;
        assert_eq!(reason(unheard), "APPEAL_REPLY_AWAITED");
        self.shop_is_told_and_replies(case, &decide.appeal_id).await;
        let silent = res::DecideAppealRequest { answers: Vec::new(), ..decide.clone() };
        assert_eq!(reason(self.outside.resolution().decide_appeal(silent).await), "GROUND_UNANSWERED");
        self.outside.resolution().decide_appeal(decide).await.unwrap();
        case.stands(State::Closed).await;
        case.clock("C28", ClockState::Met).await;
        let answer = letter(&self.buyer, &case.told(NoticeKind::N15Appeal, "complainant").await).await;
        assert!(answer.contains("颜色与订单一致"), "each ground is answered: {answer}");
    }

    /// What one side says against a decision the other reads, and has its time to answer (F003, F025).
    async fn shop_is_told_and_replies(&self, case: &Case, appeal_id: &str) {
        wait_until("the appeal is announced to the shop", SOON, async || {
            let told = letter(&self.shop, &case.told(NoticeKind::N08Progress, "respondent").await).await;
            told.contains("换来的杯子颜色不对").then_some(())
        })
        .await;
        let reply = res::ReplyToAppealRequest {
            request_id: "replied".into(),
            complaint_id: case.id.clone(),
            appeal_id: appeal_id.to_owned(),
            text: "按订单颜色补发，发货照片已存档。".into(),
            ..Default::default()
        };
        self.shop.resolution().reply_to_appeal(reply).await.unwrap();
        let look = res::GetResolutionRequest { complaint_id: case.id.clone() };
        let seen = self.outside.resolution().get_resolution(look).await.unwrap().into_inner();
        let seen = seen.resolution.unwrap().appeals.remove(0);
        assert_eq!(seen.replies[0].text, "按订单颜色补发，发货照片已存档。", "the reviewer reads it");
    }

    /// 一(五): every step, its basis and its reasons can be traced, by the consumer too (F164).
    async fn is_traceable_to_the_end(&self, case: &Case) {
        let history = case.history().await;
        for step in ["ComplaintRegistered", "ComplaintAccepted", "ComplaintAdvanced"] {
            assert!(history.contains(&step.to_owned()), "{step} in {history:?}");
        }
        assert!(!history.contains(&"FactRefused".to_owned()), "{history:?}");
        let look = inv::GetTimelineRequest { complaint_id: case.id.clone(), ..Default::default() };
        let seen = self.buyer.investigation().get_timeline(look).await.unwrap().into_inner().entries;
        assert!(seen.iter().any(|entry| entry.code == "evidence_requested"), "{seen:?}");
        let actions = case.audited().await;
        assert!(actions.iter().all(|entry| !entry.actor.is_empty()), "{actions:?}");
        assert!(case.evidence_is_whole().await >= 3);
        let facts = case.counted("the case is counted", |facts| facts.state() == State::Closed).await;
        assert_eq!((facts.appeals, facts.cause.as_str()), (1, "packaging"));
    }
}

fn shop() -> res::PartyRef {
    party(res::LiableParty::Merchant, SHOP)
}
