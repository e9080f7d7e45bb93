//! Document 001: the plan for customers' complaints, by a major case: hotline, task group, departments, escalation, more
//! time on approval, a formal report in seven parts.

use jiff::{SignedDuration, Timestamp};
use redress_domain::Role;
use redress_proto::analytics::v1::{Dimension, QueryMetricsRequest};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as inv;
use redress_proto::investigation::v1::EvidenceType as Kind;
use redress_proto::notification::v1::{Addressee, NoticeKind, SendNoticeRequest};
use redress_proto::resolution::v1 as res;
use redress_proto::sla::v1 as sla;
use redress_proto::sla::v1::ClockState;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::{AwaitedParty, ComplaintState as State};
use redress_testkit::wait_until;

use crate::case::{Case, SOON, at, letter};
use crate::people::{Cast, Person, reason};
use crate::platform::{Platform, on_the_platform};
use crate::steps::{complainant, consumer, does, mark, money, party, pays, respondent};

const CARRIER: &str = "carrier-001";
/// What the parcel was worth, and what is paid for the delay, in fen.
const PAID: i64 = 880_000;
const COUPON: i64 = 5_000;

#[test]
fn handling_plan() {
    on_the_platform(story);
}

struct People {
    customer: Person,
    carrier: Person,
    hotline: Person,
    specialist: Person,
    lead: Person,
    technician: Person,
    counsel: Person,
    mediator: Person,
    head: Person,
}

async fn story(platform: &'static Platform) {
    let cast = Cast::of(platform, "handling-plan");
    let people = People {
        customer: cast.person("customer-001", Role::Complainant),
        carrier: cast.person(CARRIER, Role::Respondent),
        hotline: cast.person("hotline-1", Role::IntakeOfficer),
        specialist: cast.person("handler-1", Role::Handler),
        lead: cast.person("lead-1", Role::Handler),
        technician: cast.person("technician-1", Role::Handler),
        counsel: cast.person("counsel-1", Role::Handler),
        mediator: cast.person("mediator-1", Role::Handler),
        head: cast.person("head-1", Role::Supervisor),
    };
    let case = people.is_registered_at_once(&cast).await;
    people.is_major_and_needs_its_group(&case).await;
    people.is_investigated_across_departments(&case).await;
    people.is_escalated_and_gets_more_time(&case).await;
    people.is_found_out(&case).await;
    people.is_compensated(&case).await;
    people.is_reported_in_seven_parts(&case).await;
    people.is_measured(&case).await;
}

impl People {
    /// 2.1, 2.2, 4.1.1: the hotline registers a complaint at once under a code, and confirms within an hour.
    async fn is_registered_at_once(&self, cast: &Cast) -> Case {
        let submission = types::Submission {
            channel: types::Channel::Phone.into(),
            text: "貴重包裹物流延誤了十天，快遞一直停在轉運中心不動，客服也查不到位置，要求賠償。".into(),
            language: "zh-Hant".into(),
            complainant: Some(complainant("customer-001")),
            respondents: vec![respondent(types::PartyKind::Carrier, CARRIER)],
            order: Some(types::OrderRef {
                order_no: "ORDER-001".into(),
                product_name: "單反相機".into(),
                paid: Some(money(PAID)),
                logistics_status: "in_transit".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = self.hotline.submits(submission).await;
        let promised = at(answer.acknowledge_by.as_ref()).duration_since(at(answer.received_at.as_ref()));
        assert_eq!(promised, SignedDuration::from_hours(1));
        let case = Case::of(cast, &answer.complaint_id);
        case.stands(State::AdmissibilityReview).await;
        let receipt = letter(&self.customer, &case.told(NoticeKind::N01Receipt, "complainant").await).await;
        assert!(receipt.contains(&answer.complaint_no), "{receipt}");
        case.clock("C05", ClockState::Met).await;
        case
    }

    /// 3.1.2, 3.1.3: it is major, so nobody investigates before a special group with a head of department and a written
    /// plan is there (F057).
    async fn is_major_and_needs_its_group(&self, case: &Case) {
        self.hotline.takes_up(case, types::Category::Cq02, types::Severity::Major).await;
        let accepted = case.stands(State::Accepted).await;
        assert_eq!(
            (accepted.category(), accepted.severity()),
            (types::Category::Cq02, types::Severity::Major)
        );
        case.investigated("the investigation knows of it", |found| !found.handler.is_empty()).await;
        let plan = inv::OpenInvestigationRequest {
            request_id: "planned".into(),
            complaint_id: case.id.clone(),
            plan: "核查轉運記錄，調取系統日誌，評估賠付，七日內形成結論。".into(),
            tasks: vec![inv::Task {
                kind: "trace_parcel".into(),
                assignee: "technician-1".into(),
                due_at: Some(to_wire_time(case.platform.time.now() + SignedDuration::from_hours(48))),
                ..Default::default()
            }],
            ..Default::default()
        };
        let alone = self.specialist.investigation().open_investigation(plan.clone()).await;
        assert_eq!(reason(alone), "TASK_GROUP_MISSING");
        let group = inv::FormTaskGroupRequest {
            request_id: "group".into(),
            complaint_id: case.id.clone(),
            task_group: Some(inv::TaskGroup {
                lead: "lead-1".into(),
                department: "logistics".into(),
                members: vec!["handler-1".into(), "technician-1".into()],
            }),
            ..Default::default()
        };
        let by_specialist = self.specialist.investigation().form_task_group(group.clone()).await;
        assert_eq!(by_specialist.unwrap_err().code(), tonic::Code::PermissionDenied);
        self.head.investigation().form_task_group(group).await.unwrap();
        case.stands(State::Investigating).await;
        let planned = inv::OpenInvestigationRequest { request_id: "planned-by-group".into(), ..plan };
        let planned = self.lead.investigation().open_investigation(planned).await.unwrap().into_inner();
        let planned = planned.investigation.unwrap();
        assert_eq!((planned.task_group.unwrap().lead.as_str(), planned.tasks.len()), ("lead-1", 1));
        // 4.1.2: within two working days.
        case.clock("C07", ClockState::Met).await;
    }

    /// 4.2: technology helps, legal advises in confidence, the customer is kept in touch (F058, F071, F072).
    async fn is_investigated_across_departments(&self, case: &Case) {
        let task =
            case.investigated("the task is given", |found| !found.tasks.is_empty()).await.tasks.remove(0);
        let done = inv::CompleteTaskRequest {
            request_id: "traced".into(),
            complaint_id: case.id.clone(),
            task_id: task.task_id,
            ..Default::default()
        };
        let done = self.technician.investigation().complete_task(done).await.unwrap().into_inner();
        assert!(done.investigation.unwrap().tasks[0].done_at.is_some());
        let ask = inv::RequestConsultationRequest {
            request_id: "legal".into(),
            complaint_id: case.id.clone(),
            department: "legal".into(),
            consulted: "counsel-1".into(),
            question: "延誤賠付的法律依據與上限？".into(),
            due_at: Some(to_wire_time(case.platform.time.now() + SignedDuration::from_hours(24))),
            ..Default::default()
        };
        let asked = self.specialist.investigation().request_consultation(ask).await.unwrap().into_inner();
        let answer = inv::AnswerConsultationRequest {
            request_id: "advice".into(),
            complaint_id: case.id.clone(),
            consultation_id: asked.consultation.unwrap().consultation_id,
            answer: "按合同與電子商務法由承運方承擔。".into(),
        };
        self.counsel.investigation().answer_consultation(answer).await.unwrap();
        let own = self.consultations(&self.specialist, case).await;
        assert_eq!(own[0].state(), inv::ConsultationState::Answered);
        assert!(!own[0].answer.is_empty());
        assert!(self.consultations(&self.mediator, case).await.is_empty(), "legal advice is privileged");

        let progress = [
            ("done", "已聯絡轉運中心"),
            ("next_step", "核查包裹位置"),
            ("expected_at", &(case.platform.time.now() + SignedDuration::from_hours(48)).to_string()),
        ];
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let progress = SendNoticeRequest {
            request_id: "progress".into(),
            complaint_id: case.id.clone(),
            kind: NoticeKind::N08Progress.into(),
            addressee: Some(Addressee { role: "complainant".into(), ..Default::default() }),
            fields: progress.iter().map(field).collect(),
            ..Default::default()
        };
        self.specialist.notification().send_notice(progress).await.unwrap();
        let told = letter(&self.customer, &case.told(NoticeKind::N08Progress, "complainant").await).await;
        assert!(told.contains("已聯絡轉運中心"), "{told}");
        case.clock("C15", ClockState::Running).await;
    }

    async fn consultations(&self, who: &Person, case: &Case) -> Vec<inv::Consultation> {
        let look = inv::GetInvestigationRequest { complaint_id: case.id.clone() };
        let seen = who.investigation().get_investigation(look).await.unwrap().into_inner();
        seen.investigation.unwrap().consultations
    }

    /// 3.2.2, 4.1.4: what the ordinary flow does not solve in time is escalated; more time is granted by somebody else than
    /// who asks, never past thirty working days, and the customer is told before (F061, F066, F068).
    async fn is_escalated_and_gets_more_time(&self, case: &Case) {
        let clock = case.clock("C13", ClockState::Running).await;
        let before = at(clock.due_at.as_ref());
        case.platform.until(self.threshold(&clock.clock_id, 60).await).await;
        let called = self.called(case, 2).await;
        assert_eq!(called.target_role, "supervisor");
        case.platform.until(at(called.not_before.as_ref())).await;
        let raised = async || {
            let all = case.escalations().await;
            all.into_iter()
                .find(|one| one.ticket_id == called.ticket_id && one.state() == sla::EscalationState::Raised)
        };
        let raised = wait_until("the supervisor is called", SOON, raised).await;
        case.alerted("role:supervisor").await;
        let take = sla::AcknowledgeEscalationRequest {
            request_id: "i-look".into(),
            ticket_id: raised.ticket_id.clone(),
        };
        let taken =
            self.head.sla().acknowledge_escalation(take).await.unwrap().into_inner().escalation.unwrap();
        assert_eq!(taken.acknowledged_by, "head-1");

        let ask = |amount: i64| sla::RequestExtensionRequest {
            request_id: format!("more-time-{amount}"),
            clock_id: clock.clock_id.clone(),
            amount,
            reason: "needs_longer".into(),
        };
        let too_much = self.specialist.sla().request_extension(ask(16)).await;
        assert_eq!(reason(too_much), "EXTENSION_PAST_CAP");
        let asked =
            self.specialist.sla().request_extension(ask(10)).await.unwrap().into_inner().extension.unwrap();
        let decide = sla::DecideExtensionRequest {
            request_id: "granted".into(),
            extension_id: asked.extension_id,
            approve: true,
            ..Default::default()
        };
        let by_specialist = self.specialist.sla().decide_extension(decide.clone()).await;
        assert_eq!(by_specialist.unwrap_err().code(), tonic::Code::PermissionDenied);
        let granted = self.head.sla().decide_extension(decide).await.unwrap().into_inner();
        let later = at(granted.clock.unwrap().due_at.as_ref());
        assert!(later > before, "{later} after {before}");
        assert!(later <= case.due("C14").await, "never beyond thirty working days");
        let delay = case.told(NoticeKind::N09Delay, "complainant").await;
        assert!(at(delay.queued_at.as_ref()) < before, "the customer is told in advance");
    }

    /// When so many percent of a clock are over.
    async fn threshold(&self, clock: &str, percent: i32) -> Timestamp {
        let explain = sla::ExplainDeadlineRequest { clock_id: clock.into() };
        let explained = self.head.sla().explain_deadline(explain).await.unwrap().into_inner();
        assert!(!explained.explanation_zh.is_empty(), "every deadline can be explained");
        let thresholds = explained.deadline.unwrap().thresholds;
        thresholds[&percent].parse().unwrap()
    }

    /// Who is called at `level` because of C13.
    async fn called(&self, case: &Case, level: u32) -> sla::Escalation {
        let clock = case.clocks("C13").await.pop().unwrap().clock_id;
        let look = async || {
            case.escalations().await.into_iter().find(|one| one.clock_id == clock && one.level == level)
        };
        wait_until(&format!("level {level} is called"), SOON, look).await
    }

    /// 4.2.2: cause and facts, by members of the group alone.
    async fn is_found_out(&self, case: &Case) {
        let side = (AwaitedParty::Respondent, CARRIER);
        let consequence = inv::LapseConsequence::OtherSideBelieved;
        let asked = self.specialist.asks_for(case, side, Kind::LogisticsTrace, consequence).await;
        let trace = ("application/json", br#"{"hub":"held for ten days"}"#.as_slice());
        let trace = self.carrier.brings(case, Kind::LogisticsTrace, trace, &asked.evidence_request_id).await;
        let issues = case.investigated("it is open", |found| !found.issues.is_empty()).await.issues;
        for issue in issues {
            let marks = vec![mark(&trace, inv::Bearing::Supports)];
            self.specialist.finds(case, &issue, inv::FindingResult::Established, marks).await;
        }
        let conclude = inv::ConcludeInvestigationRequest {
            request_id: "by-a-stranger".into(),
            complaint_id: case.id.clone(),
            conclusion: "延誤屬實。".into(),
            ..Default::default()
        };
        let stranger = self.counsel.investigation().conclude_investigation(conclude).await;
        assert_eq!(reason(stranger), "NOT_OF_TASK_GROUP");
        self.lead.concludes(case).await;
        case.resolved(State::PlanReview).await;
    }

    /// 7.1.2: for a delay an apology and a coupon; a major plan is approved by those above (F074, F086).
    async fn is_compensated(&self, case: &Case) {
        let carrier = party(res::LiableParty::Carrier, CARRIER);
        let shares = vec![(carrier.clone(), 10_000)];
        self.mediator.holds_liable(case, shares, ("logistics", "cn.price-reduction@1")).await;
        let remedies = vec![
            pays(res::RemedyType::Coupon, COUPON, carrier.clone(), consumer()),
            does(res::RemedyType::ApologyWritten, carrier, consumer()),
        ];
        let plain = "包裹延誤由承運方負責，補償優惠券並書面致歉。";
        let proposal = self.mediator.drafts(case, "", vec![(remedies, plain)]).await;
        let below = self.counsel.resolution().review_plan(self.counsel.review(case, &proposal)).await;
        assert!(below.is_err(), "no specialist approves a plan of a major case");
        self.head.approves(case, &proposal).await;
        self.mediator.sends(case, &proposal).await;
        self.customer.answers(case, &proposal, (1, 1), res::OfferAction::Accepted, Vec::new()).await;
        self.carrier.answers(case, &proposal, (1, 1), res::OfferAction::Accepted, Vec::new()).await;
        let executing = case.resolved(State::Executing).await;
        let apology =
            executing.remedies.iter().find(|remedy| remedy.terms.as_ref().unwrap().amount.is_none());
        let proof = res::ConfirmRemedyRequest {
            request_id: "apologised".into(),
            complaint_id: case.id.clone(),
            remedy_id: apology.unwrap().remedy_id.clone(),
            proof: Some(res::RemedyProof {
                reference: "LETTER-001".into(),
                executed_at: Some(to_wire_time(case.platform.time.now() - SignedDuration::from_secs(1))),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.head.resolution().confirm_remedy(proof).await.unwrap();
        let done = case.resolved(State::ResultNotified).await;
        assert!(done.remedies.iter().all(|remedy| remedy.state() == res::RemedyState::Confirmed));
    }

    /// 6.2: the report has seven parts, in writing; the customer is content, and is asked (F081, F084).
    async fn is_reported_in_seven_parts(&self, case: &Case) {
        self.specialist.reports(case).await;
        let result = case.told(NoticeKind::N12Result, "complainant").await;
        assert!(letter(&self.customer, &result).await.contains("handler-1"), "the person in charge is named");
        for met in ["C12", "C13", "C14"] {
            case.clock(met, ClockState::Met).await;
        }
        let content = res::RespondToResultRequest {
            request_id: "content".into(),
            complaint_id: case.id.clone(),
            accept: true,
            ..Default::default()
        };
        self.customer.resolution().respond_to_result(content).await.unwrap();
        case.stands(State::Closed).await;
        case.told(NoticeKind::N18Survey, "complainant").await;
        let filed = self.specialist.files(case, "與承運方約定轉運時限並按月核查。").await;
        assert!(!filed.filing_no.is_empty());
    }

    /// 3.2.3, 8.2.3: what is frequent and how timely it was is known by code (F062, F091).
    async fn is_measured(&self, case: &Case) {
        let facts = case.counted("the case is counted", |facts| facts.state() == State::Closed).await;
        assert_eq!((facts.category(), facts.severity()), (types::Category::Cq02, types::Severity::Major));
        assert!(facts.clocks_met > 0 && facts.clocks_judged >= facts.clocks_met);
        let question = QueryMetricsRequest {
            metric: "complaints".into(),
            from: Some(to_wire_time(Timestamp::UNIX_EPOCH)),
            until: Some(to_wire_time(case.platform.time.now() + SignedDuration::from_hours(1))),
            dimension: Dimension::Category.into(),
            ..Default::default()
        };
        let rows = self.head.analytics().query_metrics(question).await.unwrap().into_inner().rows;
        let of_code = rows.iter().filter(|row| row.key == "CQ02").map(|row| row.population);
        assert_eq!(of_code.sum::<i64>(), 1, "{rows:?}");
    }
}
