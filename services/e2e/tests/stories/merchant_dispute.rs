//! Document 003: how disputes of merchants are settled: the platform itself answers, other people handle it than those who
//! decided, a plan is reviewed inside before it is told, execution is watched, the case is filed and both sides are asked.

use jiff::SignedDuration;
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

use crate::case::{Case, SOON, at, letter};
use crate::people::{Cast, Person, reason};
use crate::platform::{Platform, on_the_platform};
use crate::steps::{complainant, does, mark, party, pays, respondent};

const SHOP: &str = "shop-003";
const FINE: i64 = 50_000;

#[test]
fn merchant_dispute() {
    on_the_platform(story);
}

struct People {
    merchant: Person,
    platform: Person,
    officer: Person,
    handler: Person,
    rule_officer: Person,
    mediator: Person,
    supervisor: Person,
}

async fn story(platform: &'static Platform) {
    let cast = Cast::of(platform, "merchant-dispute");
    let people = People {
        merchant: cast.person(SHOP, Role::Complainant),
        platform: cast.person("platform", Role::Respondent),
        officer: cast.person("officer-1", Role::IntakeOfficer),
        handler: cast.person("handler-1", Role::Handler),
        rule_officer: cast.person("rule-officer-1", Role::Supervisor),
        mediator: cast.person("mediator-1", Role::Handler),
        supervisor: cast.person("supervisor-1", Role::Supervisor),
    };
    let case = people.is_registered_with_evidence(&cast).await;
    people.is_reviewed_within_a_day_and_transferred(&case).await;
    people.is_gathered_from_both_sides(&case).await;
    let proposal = people.is_planned_and_reviewed_inside_first(&case).await;
    people.is_agreed_and_watched_until_done(&case, &proposal).await;
    people.is_closed_filed_and_asked_about(&case).await;
}

impl People {
    /// 三.1: the merchant registers a dispute about a rule of the platform (F140, F141, F143).
    async fn is_registered_with_evidence(&self, cast: &Cast) -> Case {
        let submission = types::Submission {
            channel: types::Channel::Form.into(),
            origin: types::Origin::Merchant.into(),
            text: "平台以虚假发货为由对本店处以五百元罚款，处罚单号PEN-003，但物流记录显示按时发货，要求撤销处罚并退还罚款。"
                .into(),
            language: "zh-Hans".into(),
            complainant: Some(types::Complainant { kind: PartyKind::Merchant.into(), ..complainant(SHOP) }),
            respondents: vec![respondent(PartyKind::Platform, "platform")],
            demand: Some(types::Demand { text: Some("撤销处罚，退还罚款。".into()), ..Default::default() }),
            ..Default::default()
        };
        let answer = self.merchant.submits(submission).await;
        let case = Case::of(cast, &answer.complaint_id);
        let seen = case.stands(State::AdmissibilityReview).await;
        assert_eq!(seen.origin(), types::Origin::Merchant);
        case.told(NoticeKind::N01Receipt, "complainant").await;
        case
    }

    /// 三.2: within 24 hours the kind is confirmed; what is complex goes to a specialist (F144, F145).
    async fn is_reviewed_within_a_day_and_transferred(&self, case: &Case) {
        let review = case.clock("C08", ClockState::Running).await;
        let limit = at(review.due_at.as_ref()).duration_since(at(review.started_at.as_ref()));
        assert_eq!(limit, SignedDuration::from_hours(24));
        self.officer.takes_up(case, types::Category::Cq09, types::Severity::General).await;
        case.clock("C08", ClockState::Met).await;
        case.stands(State::Investigating).await;
        let acceptance = case.told(NoticeKind::N02Acceptance, "complainant").await;
        assert!(
            letter(&self.merchant, &acceptance).await.contains("handler-1"),
            "a responsible person (F142)"
        );
    }

    /// 三.3: both sides bring what they have, and both see how the case goes (F146, F147).
    async fn is_gathered_from_both_sides(&self, case: &Case) {
        let records = ("text/plain", "物流轨迹与发货单，均在48小时内。".as_bytes());
        let own = self.merchant.brings(case, Kind::LogisticsTrace, records, "").await;
        let side = (AwaitedParty::Respondent, "platform");
        let consequence = inv::LapseConsequence::OtherSideBelieved;
        let asked = self.handler.asks_for(case, side, Kind::RuleVersion, consequence).await;
        case.told(NoticeKind::N06Evidence, "respondent").await;
        let rule = ("text/plain", "虚假发货认定规则：48小时内无揽收记录。".as_bytes());
        let rule = self.platform.brings(case, Kind::RuleVersion, rule, &asked.evidence_request_id).await;
        case.clock("C11", ClockState::Met).await;
        for side in [&self.merchant, &self.platform] {
            let look = inv::GetTimelineRequest { complaint_id: case.id.clone(), ..Default::default() };
            let seen = side.investigation().get_timeline(look).await.unwrap().into_inner().entries;
            assert!(seen.iter().any(|entry| entry.code == "evidence_submitted"), "{seen:?}");
            assert!(seen.iter().all(|entry| entry.code != "finding_recorded"), "inner work is not shown");
        }
        let issues = case.investigated("it is open", |found| !found.issues.is_empty()).await.issues;
        for issue in issues {
            let marks = vec![mark(&own, inv::Bearing::Supports), mark(&rule, inv::Bearing::Contradicts)];
            self.handler.finds(case, &issue, inv::FindingResult::Established, marks).await;
        }
        self.knows_who_decided(case).await;
        self.handler.concludes(case).await;
        case.resolved(State::PlanReview).await;
    }

    /// 三.2: who imposed the fine finds no facts and decides nothing in the dispute about it (F141).
    async fn knows_who_decided(&self, case: &Case) {
        let conclude = inv::ConcludeInvestigationRequest {
            request_id: "too-early".into(),
            complaint_id: case.id.clone(),
            ..Default::default()
        };
        let unnamed = self.handler.investigation().conclude_investigation(conclude).await;
        assert_eq!(reason(unnamed), "CONTESTED_DECIDERS_NOT_NAMED");
        let name = res::NameContestedDecidersRequest {
            request_id: "deciders".into(),
            complaint_id: case.id.clone(),
            subjects: vec!["rule-officer-1".into()],
            ..Default::default()
        };
        self.mediator.resolution().name_contested_deciders(name).await.unwrap();
        case.investigated("it is known who decided", |found| !found.conflicts.is_empty()).await;
        let look = inv::GetInvestigationRequest { complaint_id: case.id.clone() };
        assert_eq!(reason(self.rule_officer.investigation().get_investigation(look).await), "RECUSED");
    }

    /// 三.4: the plan weighs both interests, is written by nobody who imposed the fine, and goes out after its review
    /// alone (F148, F149).
    async fn is_planned_and_reviewed_inside_first(&self, case: &Case) -> res::Proposal {
        let liability = res::DetermineLiabilityRequest {
            request_id: "own-matter".into(),
            complaint_id: case.id.clone(),
            shares: vec![res::LiabilityShare { party: Some(platform()), basis_points: 10_000 }],
            cause: "platform_rule".into(),
            rules: vec!["cn.burden-of-proof@1".into()],
            basis: "处罚依据不足。".into(),
            ..Default::default()
        };
        let own_matter = self.rule_officer.resolution().determine_liability(liability).await;
        assert_eq!(reason(own_matter), "CONTESTED_DECIDER");
        let rule = ("platform_rule", "cn.burden-of-proof@1");
        self.mediator.holds_liable(case, vec![(platform(), 10_000)], rule).await;
        let remedies = vec![
            pays(res::RemedyType::FeeReturn, FINE, platform(), merchant()),
            does(res::RemedyType::RevokeSanction, platform(), merchant()),
        ];
        let proposal = self.mediator.drafts(case, "", vec![(remedies, "撤销处罚，退还罚款。")]).await;
        assert!(case.notices(NoticeKind::N10Proposal).await.is_empty(), "nothing goes out unreviewed");
        let send = res::SendProposalRequest {
            request_id: "unreviewed".into(),
            complaint_id: case.id.clone(),
            proposal_id: proposal.proposal_id.clone(),
            ..Default::default()
        };
        assert!(self.mediator.resolution().send_proposal(send).await.is_err());
        let contested =
            self.rule_officer.resolution().review_plan(self.rule_officer.review(case, &proposal)).await;
        assert_eq!(reason(contested), "CONTESTED_DECIDER");
        self.supervisor.approves(case, &proposal).await;
        self.mediator.sends(case, &proposal).await;
        let offered = case.told(NoticeKind::N10Proposal, "complainant").await;
        assert!(letter(&self.merchant, &offered).await.contains("500.00"));
        proposal
    }

    /// 三.5: what was agreed is watched until it is done; what is late is seen, and put right (F150).
    async fn is_agreed_and_watched_until_done(&self, case: &Case, proposal: &res::Proposal) {
        self.merchant.answers(case, proposal, (1, 1), res::OfferAction::Accepted, Vec::new()).await;
        let executing = case.resolved(State::Executing).await;
        let deed = executing.remedies.iter().find(|remedy| remedy.terms.as_ref().unwrap().amount.is_none());
        let deed = deed.unwrap().clone();
        assert_eq!(deed.due_at, None, "nothing was agreed about when: the clock of its kind runs");
        let look =
            async || case.clocks("C19").await.into_iter().find(|clock| clock.subject_id == deed.remedy_id);
        let clock = wait_until("the deed's clock runs", SOON, look).await;
        case.platform.until(at(clock.due_at.as_ref())).await;
        let is_overdue = |found: &res::Resolution| {
            found.remedies.iter().any(|remedy| remedy.remedy_id == deed.remedy_id && remedy.overdue)
        };
        case.resolution("the deed is overdue", is_overdue).await;
        let confirm = res::ConfirmRemedyRequest {
            request_id: "revoked".into(),
            complaint_id: case.id.clone(),
            remedy_id: deed.remedy_id.clone(),
            proof: Some(res::RemedyProof {
                reference: "PEN-003-REVOKED".into(),
                executed_at: Some(to_wire_time(case.platform.time.now() - SignedDuration::from_secs(1))),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.supervisor.resolution().confirm_remedy(confirm).await.unwrap();
        let done = case.resolved(State::ResultNotified).await;
        assert_eq!(done.money[0].executed_minor, FINE);
        case.told(NoticeKind::N17Execution, "complainant").await;
    }

    /// 三.6, 四: a closing report that is filed, surveys to both sides, and what is frequent is counted (F151–F153).
    async fn is_closed_filed_and_asked_about(&self, case: &Case) {
        self.handler.reports(case).await;
        let content = res::RespondToResultRequest {
            request_id: "content".into(),
            complaint_id: case.id.clone(),
            accept: true,
            ..Default::default()
        };
        self.merchant.resolution().respond_to_result(content).await.unwrap();
        case.stands(State::Closed).await;
        let report = self.handler.files(case, "处罚前核对物流揽收记录。").await;
        assert!(!report.filing_no.is_empty() && report.sha256.len() == 64);
        let Some(res::case_report::Parts::Closing(closing)) = report.parts else { panic!("{report:?}") };
        assert!(closing.clocks.iter().any(|clock| clock.definition == "C19" && clock.state != "met"));
        for side in ["complainant", "respondent"] {
            case.told(NoticeKind::N18Survey, side).await;
        }
        let facts = case.counted("the case is counted", |facts| facts.state() == State::Closed).await;
        assert_eq!((facts.category(), facts.cause.as_str()), (types::Category::Cq09, "platform_rule"));
        assert_eq!((facts.remedies_ordered, facts.remedies_executed), (2, 2));
    }
}

fn platform() -> res::PartyRef {
    party(res::LiableParty::Platform, "")
}

fn merchant() -> res::PartyRef {
    party(res::LiableParty::Merchant, SHOP)
}
