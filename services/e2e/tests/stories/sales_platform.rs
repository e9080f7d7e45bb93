//! Document 000: how a sales platform handles complaints, from the form to the archive.

mod outcome;

use jiff::{SignedDuration, Timestamp};
use redress_domain::Role;
use redress_proto::classification::v1::ExplainAssessmentRequest;
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as inv;
use redress_proto::investigation::v1::EvidenceType as Kind;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::resolution::v1 as res;
use redress_proto::sla::v1::ClockState;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::{AwaitedParty, ComplaintState as State};

use crate::case::{Case, at, letter};
use crate::people::{Cast, Person, reason};
use crate::platform::{Platform, on_the_platform};
use crate::steps::{PAPER, PHOTO, complainant, mark, money, party, respondent};

const SHOP: &str = "shop-000";
/// What the cooker cost, in fen.
const PAID: i64 = 39_900;
const FREIGHT: i64 = 1_500;

#[test]
fn sales_platform() {
    on_the_platform(story);
}

struct People {
    buyer: Person,
    shop: Person,
    officer: Person,
    handler: Person,
    mediator: Person,
    supervisor: Person,
}

async fn story(platform: &'static Platform) {
    let cast = Cast::of(platform, "sales-platform");
    let people = People {
        buyer: cast.person("buyer-000", Role::Complainant),
        shop: cast.person(SHOP, Role::Respondent),
        officer: cast.person("officer-1", Role::IntakeOfficer),
        handler: cast.person("handler-1", Role::Handler),
        mediator: cast.person("mediator-1", Role::Handler),
        supervisor: cast.person("supervisor-1", Role::Supervisor),
    };
    another_is_courteously_refused(&cast, &people).await;
    let case = people.is_received(&cast).await;
    people.is_taken_up(&case).await;
    people.asks_both_sides_and_the_platform(&case).await;
    let report = people.has_the_goods_tested(&case).await;
    people.finds_the_facts(&case, &report).await;
    let proposal = people.proposes(&case).await;
    people.is_adjusted_and_agreed(&case, &proposal).await;
    people.is_carried_out_and_told(&case).await;
    people.closes_on_silence_and_is_archived(&case).await;
}

fn submission(buyer: &str, channel: types::Channel, text: &str) -> types::Submission {
    types::Submission {
        channel: channel.into(),
        text: text.into(),
        language: "zh-Hans".into(),
        complainant: Some(complainant(buyer)),
        respondents: vec![respondent(types::PartyKind::Merchant, SHOP)],
        order: Some(types::OrderRef {
            order_no: format!("ORDER-{buyer}"),
            product_name: "电饭煲".into(),
            paid: Some(money(PAID)),
            ..Default::default()
        }),
        demand: Some(types::Demand {
            remedies: vec!["return_and_refund".into()],
            amount: Some(money(PAID)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// §二.3: what is plainly no matter of the platform's is refused, with courtesy and reasons (F020, F021). A member of
/// staff has entered it for somebody on the telephone: the record is the same (F010, F017).
async fn another_is_courteously_refused(cast: &Cast, people: &People) {
    let caller = submission("caller-000", types::Channel::Phone, "想问一下这款电饭煲什么时候有优惠活动？");
    let answer = people.officer.submits(caller).await;
    let case = Case::of(cast, &answer.complaint_id);
    let seen = case.stands(State::AdmissibilityReview).await;
    assert_eq!((seen.complaint_no, seen.channel), (answer.complaint_no, types::Channel::Phone.into()));

    let refuse = intake::DecideAdmissibilityRequest {
        request_id: "refused".into(),
        complaint_id: case.id.clone(),
        decision: types::Admissibility::No.into(),
        category: types::Category::Cq09.into(),
        facts: "来电咨询促销时间，没有争议。".into(),
        rule: "platform.complaints@1".into(),
        ..Default::default()
    };
    let without_reason = people.officer.intake().decide_admissibility(refuse.clone()).await;
    assert_eq!(without_reason.unwrap_err().code(), tonic::Code::InvalidArgument, "a reason is mandatory");
    let reason = intake::RefusalReason::NoDispute.into();
    let refuse = intake::DecideAdmissibilityRequest { refusal_reason: reason, ..refuse };
    people.officer.intake().decide_admissibility(refuse).await.unwrap();
    let refused = case.stands(State::NotAccepted).await;
    let last = refused.history.last().unwrap();
    assert_eq!((last.event.as_str(), last.decided_by()), ("ComplaintRefused", types::DecidedBy::Human));

    let notice = case.told(NoticeKind::N03Refusal, "complainant").await;
    let officer = &people.officer;
    assert!(letter(officer, &notice).await.contains("12315"), "other routes are named");
    case.clock("C06", ClockState::Met).await;
    case.clock("C13", ClockState::Cancelled).await;
}

impl People {
    /// §二.1, §二.2: the form is a complaint with a number at once; it is classified; receipt is confirmed.
    async fn is_received(&self, cast: &Cast) -> Case {
        let text = "买的电饭煲用到第三天就不通电了，换了插座也没有反应，客服一直不处理，要求退货退款。";
        let answer = self.buyer.submits(submission("buyer-000", types::Channel::Form, text)).await;
        assert!(!answer.complaint_no.is_empty() && !answer.duplicate);
        let again = self.buyer.submits(submission("buyer-000", types::Channel::Form, text)).await;
        assert_eq!(
            again.complaint_no, answer.complaint_no,
            "a number is unique, and a repetition gets the same"
        );

        let case = Case::of(cast, &answer.complaint_id);
        let seen = case.stands(State::AdmissibilityReview).await;
        // F014: the standard record.
        assert_eq!(seen.channel(), types::Channel::Form);
        assert_eq!(seen.respondents[0].external_ref, SHOP);
        assert_eq!(seen.order.as_ref().unwrap().order_no, "ORDER-buyer-000");
        assert_eq!(seen.demand.as_ref().unwrap().remedies, ["return_and_refund"]);
        assert!(at(seen.registered_at.as_ref()) >= at(seen.received_at.as_ref()));
        let by_number =
            intake::GetComplaintRequest { complaint_no: answer.complaint_no.clone(), ..Default::default() };
        let own = self.buyer.intake().get_complaint(by_number).await.unwrap().into_inner().complaint.unwrap();
        assert_eq!(own.text.as_deref(), Some(text), "the statement is kept whole");
        // F018, F019: classified with reasons, by a machine, which decides nothing.
        let explain = ExplainAssessmentRequest { complaint_id: case.id.clone() };
        let found = self.officer.classification().explain_assessment(explain).await.unwrap().into_inner();
        let assessment = found.assessments[0].assessment.as_ref().unwrap();
        assert_ne!(assessment.category(), types::Category::Unspecified);
        assert!(!assessment.reasons.is_empty());
        // F001: the first answer, in time.
        let receipt = case.told(NoticeKind::N01Receipt, "complainant").await;
        assert!(letter(&self.buyer, &receipt).await.contains(&answer.complaint_no));
        let acknowledged = case.clock("C05", ClockState::Met).await;
        let limit = at(acknowledged.due_at.as_ref()).duration_since(at(seen.received_at.as_ref()));
        assert_eq!(limit, SignedDuration::from_hours(1));
        case
    }

    /// §二.3: the notice of acceptance names the member of staff and the limit, and gives thanks (F022); the respondent
    /// reads what is complained of, and nothing of who complains (F025).
    async fn is_taken_up(&self, case: &Case) {
        self.officer.takes_up(case, types::Category::Cq01, types::Severity::General).await;
        let seen = case.stands(State::Investigating).await;
        assert_eq!((seen.category(), seen.severity()), (types::Category::Cq01, types::Severity::General));
        let acceptance = case.told(NoticeKind::N02Acceptance, "complainant").await;
        let acceptance = letter(&self.buyer, &acceptance).await;
        assert!(acceptance.contains("handler-1") && acceptance.contains("15"), "{acceptance}");
        for met in ["C06", "C07"] {
            case.clock(met, ClockState::Met).await;
        }
        case.clock("C13", ClockState::Running).await;
        let summons = case.told(NoticeKind::N05Respondent, "respondent").await;
        let summons = letter(&self.shop, &summons).await;
        for private in ["测试甲", "buyer-000", "客服一直不处理"] {
            assert!(!summons.contains(private), "{private} in {summons}");
        }
    }

    /// §三.1: evidence from the complainant by a checklist, from the respondent within a limit, from the platform's systems.
    async fn asks_both_sides_and_the_platform(&self, case: &Case) {
        // F027, F002: the platform's own records, each with its system and hash.
        let kinds = [Kind::OrderRecord, Kind::PaymentRecord, Kind::ChatLog, Kind::LogisticsTrace];
        for record in case.platform_records(&kinds).await {
            assert!(!record.source_system.is_empty() && !record.sha256.is_empty(), "{record:?}");
        }
        // F024: guided.
        let asked = inv::GetChecklistRequest { complaint_id: case.id.clone(), ..Default::default() };
        let list =
            self.buyer.investigation().get_checklist(asked).await.unwrap().into_inner().checklist.unwrap();
        let photo = |line: &inv::ChecklistLine| line.r#type() == Kind::ComplainantPhoto && line.mandatory;
        assert!(list.lines.iter().any(photo));
        let side = (AwaitedParty::Complainant, "");
        let consequence = inv::LapseConsequence::PointNotShown;
        let asked = self.handler.asks_for(case, side, Kind::ComplainantPhoto, consequence).await;
        case.told(NoticeKind::N06Evidence, "complainant").await;
        self.buyer.brings(case, Kind::ComplainantPhoto, PHOTO, &asked.evidence_request_id).await;
        case.clock("C11", ClockState::Met).await;
        // F026: a limit that runs, and what follows from silence is announced.
        let side = (AwaitedParty::Respondent, SHOP);
        let consequence = inv::LapseConsequence::OtherSideBelieved;
        let asked = self.handler.asks_for(case, side, Kind::QcReport, consequence).await;
        let summons = case.told(NoticeKind::N06Evidence, "respondent").await;
        let told = asked.consequence_text.iter().find(|text| text.language == "zh-Hans").unwrap();
        let told = told.text.trim_end_matches('。');
        assert!(letter(&self.shop, &summons).await.contains(told), "{told}");
        assert_eq!(reason(self.conclude(case).await), "MANDATORY_REQUEST_OPEN");
        case.platform.until(case.due("C11").await).await;
        let lapsed = |found: &inv::Investigation| {
            let mut requests = found.evidence_requests.iter();
            let request = requests.find(|one| one.evidence_request_id == asked.evidence_request_id);
            request.is_some_and(|one| one.state() == inv::EvidenceRequestState::Lapsed)
        };
        case.investigated("the request has lapsed", lapsed).await;
        let lapses = self.timeline(case).await;
        let lapses = lapses.iter().filter(|entry| entry.code == "evidence_request_lapsed");
        assert_eq!(lapses.count(), 1, "it lapses once");
    }

    async fn conclude(
        &self,
        case: &Case,
    ) -> Result<tonic::Response<inv::ConcludeInvestigationResponse>, tonic::Status> {
        let conclude = inv::ConcludeInvestigationRequest {
            request_id: "too-early".into(),
            complaint_id: case.id.clone(),
            conclusion: "事实已查清。".into(),
            ..Default::default()
        };
        self.handler.investigation().conclude_investigation(conclude).await
    }

    async fn timeline(&self, case: &Case) -> Vec<inv::TimelineEntry> {
        let asked = inv::GetTimelineRequest { complaint_id: case.id.clone(), ..Default::default() };
        self.handler.investigation().get_timeline(asked).await.unwrap().into_inner().entries
    }

    /// §三.1: quality is disputed, so a laboratory tests; who bears the fee is agreed before (F028). Its time does not count.
    async fn has_the_goods_tested(&self, case: &Case) -> String {
        let agree = inv::AgreeTestRequest {
            request_id: "test-agreed".into(),
            complaint_id: case.id.clone(),
            lab: "lab-1".into(),
            subject: "power_supply".into(),
            fee: Some(money(20_000)),
            fee_bearer: inv::FeeBearer::LosingSide.into(),
            ..Default::default()
        };
        let unproved = self.handler.investigation().agree_test(agree.clone()).await;
        assert_eq!(reason(unproved), "FEE_AGREEMENT_MISSING");
        let consent = ("text/plain", "同意送检，费用由责任方承担。".as_bytes());
        let consent = self.buyer.brings(case, Kind::Other, consent, "").await;
        let agree = inv::AgreeTestRequest { agreement_evidence_ids: vec![consent], ..agree };
        let test = self.handler.investigation().agree_test(agree).await.unwrap().into_inner().test.unwrap();
        let order = inv::OrderTestRequest {
            request_id: "test-ordered".into(),
            complaint_id: case.id.clone(),
            test_id: test.test_id.clone(),
            ..Default::default()
        };
        self.handler.investigation().order_test(order).await.unwrap();
        case.clock("C13", ClockState::Paused).await;
        for side in ["complainant", "respondent"] {
            case.told(NoticeKind::N08Progress, side).await;
        }
        let sample = inv::RecordSampleRequest {
            request_id: "test-sampled".into(),
            complaint_id: case.id.clone(),
            test_id: test.test_id.clone(),
            holder: "lab-1".into(),
            seal_no: "SEAL-000".into(),
            at_lab: true,
            ..Default::default()
        };
        self.handler.investigation().record_sample(sample).await.unwrap();
        assert_eq!(reason(self.conclude(case).await), "TEST_RUNNING");
        let lab = inv::EvidenceProvider::ThirdParty;
        let report = self.handler.brings_for(case, lab, Kind::ThirdPartyTestReport, PAPER, "").await;
        let reported = inv::RecordTestReportRequest {
            request_id: "test-reported".into(),
            complaint_id: case.id.clone(),
            test_id: test.test_id,
            report_evidence_id: report.clone(),
            ..Default::default()
        };
        let test = self.handler.investigation().record_test_report(reported).await.unwrap().into_inner().test;
        let test = test.unwrap();
        assert_eq!((test.state(), test.custody.len()), (inv::TestState::Reported, 1));
        case.clock("C13", ClockState::Running).await;
        report
    }

    /// §三.2: facts against evidence, the whole course of events, who answers by which rule.
    async fn finds_the_facts(&self, case: &Case, report: &str) {
        let held = inv::ListEvidenceRequest { complaint_id: case.id.clone() };
        let held = self.handler.investigation().list_evidence(held).await.unwrap().into_inner().evidence;
        let of = |kind| held.iter().find(|piece| piece.r#type() == kind).unwrap().evidence_id.clone();
        let (photo, chat) = (of(Kind::ComplainantPhoto), of(Kind::ChatLog));
        let established = inv::FindingResult::Established;
        let marks = vec![mark(report, inv::Bearing::Supports), mark(&photo, inv::Bearing::Unverified)];
        let found = self.handler.finds(case, "defect", established, marks).await;
        assert!(!found.burden_rule.is_empty(), "it is said who had to show it, and by which rule");
        assert_eq!(reason(self.conclude(case).await), "FINDING_MISSING");
        // F029: what is put aside keeps its reason.
        let marks = vec![mark(report, inv::Bearing::Supports), mark(&chat, inv::Bearing::Discarded)];
        self.handler.finds(case, "defect_cause", established, marks).await;
        self.handler.concludes(case).await;
        case.stands(State::PlanReview).await;
        // F030: one course of events out of all sources, oldest first.
        let timeline = self.timeline(case).await;
        for event in [
            "complaint_registered",
            "evidence_submitted",
            "test_ordered",
            "finding_recorded",
            "investigation_concluded",
        ] {
            assert!(timeline.iter().any(|entry| entry.code == event), "{event}");
        }
        assert!(
            timeline.iter().any(|entry| entry.code == "order_paid"),
            "the platform's events stand in it too"
        );
        let times: Vec<Timestamp> = timeline.iter().map(|entry| at(entry.at.as_ref())).collect();
        assert!(times.is_sorted());
        // F031: preliminary liability cites the version of its rule.
        case.resolved(State::PlanReview).await;
        let seller = vec![(seller(), 10_000)];
        let held = self.mediator.holds_liable(case, seller, ("product", "cn.quality-return@1")).await;
        assert_eq!(held.rules, ["cn.quality-return@1"]);
        assert_eq!(
            (held.decided_by_subject.as_str(), held.decided_by()),
            ("mediator-1", types::DecidedBy::Human)
        );
    }
}

fn seller() -> res::PartyRef {
    party(res::LiableParty::Merchant, SHOP)
}
