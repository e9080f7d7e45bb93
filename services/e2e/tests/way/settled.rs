//! Two people argue a case over the public interfaces alone, from the first word to the closed case, with the platform's
//! staff between them: evidence, a finding, a plan that somebody else reviews, an agreement, a payment, a report.

use futures::stream;
use redress_domain::Role;
use redress_e2e::rpc::{Bearer, channel};
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_proto::intake::v1::{
    Complaint, DecideAdmissibilityRequest, GetComplaintRequest, SubmitComplaintRequest,
};
use redress_proto::investigation::v1 as inv;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_proto::resolution::v1 as res;
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::ComplaintState as State;
use redress_testkit::wait_until;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

use crate::installation::{SOON, Way};

const SHOP: &str = "shop-77";
const CONSUMER: &str = "consumer-1";
const MAIL: &str = "consumer-1@example.invalid";
/// What the bag cost, in fen.
const PAID: i64 = 29_900;

type Authorised = InterceptedService<Channel, Bearer>;

/// Somebody with a token, and what they can call.
struct Person {
    intake: IntakeServiceClient<Authorised>,
    investigation: InvestigationServiceClient<Authorised>,
    resolution: ResolutionServiceClient<Authorised>,
}

impl Person {
    fn new(way: &Way, subject: &str, role: Role) -> Self {
        let token = way.token_of(subject, role);
        let bearer = || Bearer::new(&token).unwrap();
        let to = |service| channel(&way.grpc(service)).unwrap();
        Self {
            intake: IntakeServiceClient::with_interceptor(to("intake"), bearer()),
            investigation: InvestigationServiceClient::with_interceptor(to("investigation"), bearer()),
            resolution: ResolutionServiceClient::with_interceptor(to("resolution"), bearer()),
        }
    }

    async fn complaint(&mut self, id: &str) -> Complaint {
        let request = GetComplaintRequest { complaint_id: id.into(), ..Default::default() };
        self.intake.get_complaint(request).await.unwrap().into_inner().complaint.unwrap()
    }

    /// Waits until the complaint stands in `state`.
    async fn sees(&mut self, id: &str, state: State) {
        let mut last = State::Unspecified;
        let stands = async || {
            let request = GetComplaintRequest { complaint_id: id.into(), ..Default::default() };
            let answer = self.intake.get_complaint(request).await.ok()?.into_inner();
            last = answer.complaint?.state();
            (last == state).then_some(())
        };
        wait_until(&format!("the complaint is {state:?}"), SOON, stands).await;
    }

    /// Waits until resolution stands where intake does.
    async fn resolved(&mut self, id: &str, state: State) -> res::Resolution {
        let stands = async || {
            let request = res::GetResolutionRequest { complaint_id: id.into() };
            let resolution = self.resolution.get_resolution(request).await.ok()?.into_inner().resolution?;
            (resolution.state() == state).then_some(resolution)
        };
        wait_until(&format!("resolution sees {state:?}"), SOON, stands).await
    }

    async fn submits(&mut self) -> String {
        let submission = types::Submission {
            channel: types::Channel::OrderDetail.into(),
            text: "主播在直播间说这个包是头层牛皮,我收到后发现是人造革,吊牌也写着PU,要求退一部分货款。"
                .into(),
            language: "zh-Hans".into(),
            complainant: Some(types::Complainant {
                kind: types::PartyKind::Consumer.into(),
                external_ref: Some(CONSUMER.into()),
                contacts: vec![types::ContactPoint {
                    r#type: types::ContactType::Email.into(),
                    value: MAIL.into(),
                    consent_to_contact: true,
                }],
                ..Default::default()
            }),
            respondents: vec![types::Respondent {
                kind: types::PartyKind::Merchant.into(),
                external_ref: SHOP.into(),
                name: None,
            }],
            order: Some(types::OrderRef {
                order_no: "ORDER-000001".into(),
                paid: Some(money(PAID)),
                ..Default::default()
            }),
            ..Default::default()
        };
        let request =
            SubmitComplaintRequest { request_id: "first-word".into(), submission: Some(submission) };
        self.intake.submit_complaint(request).await.unwrap().into_inner().complaint_id
    }

    /// Brings a statement of their own.
    async fn states(&mut self, id: &str, request: &str, kind: inv::EvidenceType, text: &str) -> String {
        let header = inv::EvidenceHeader {
            request_id: format!("statement-{kind:?}"),
            complaint_id: id.into(),
            r#type: kind.into(),
            media_type: "text/plain".into(),
            evidence_request_id: request.into(),
            ..Default::default()
        };
        let part = |part| inv::SubmitEvidenceRequest { part: Some(part) };
        let parts = [
            part(inv::submit_evidence_request::Part::Header(header)),
            part(inv::submit_evidence_request::Part::Chunk(text.as_bytes().to_vec())),
        ];
        let answer = self.investigation.submit_evidence(stream::iter(parts)).await.unwrap().into_inner();
        answer.evidence.unwrap().evidence_id
    }

    async fn accepts(&mut self, id: &str, proposal: &str) {
        let answer = res::RespondToOfferRequest {
            request_id: format!("accept-{proposal}"),
            complaint_id: id.into(),
            proposal_id: proposal.into(),
            revision: 1,
            option: 1,
            action: res::OfferAction::Accepted.into(),
            ..Default::default()
        };
        self.resolution.respond_to_offer(answer).await.unwrap();
    }
}

fn money(amount_minor: i64) -> types::Money {
    types::Money { currency: "CNY".into(), amount_minor }
}

/// Amounts in minor units, one for each payment.
fn paid(way: &Way) -> Vec<i64> {
    way.connectors.payments.made().iter().map(|payment| payment.amount_minor).collect()
}

fn merchant() -> res::PartyRef {
    res::PartyRef { party: res::LiableParty::Merchant.into(), reference: SHOP.into() }
}

/// Everybody who has to do with it.
struct Cast {
    consumer: Person,
    shop: Person,
    officer: Person,
    handler: Person,
    supervisor: Person,
}

impl Cast {
    fn of(way: &Way) -> Self {
        Self {
            consumer: Person::new(way, CONSUMER, Role::Complainant),
            shop: Person::new(way, SHOP, Role::Respondent),
            officer: Person::new(way, "officer-1", Role::IntakeOfficer),
            handler: Person::new(way, "handler-1", Role::Handler),
            supervisor: Person::new(way, "supervisor-1", Role::Supervisor),
        }
    }

    async fn take_up(&mut self, id: &str) {
        self.officer.sees(id, State::AdmissibilityReview).await;
        let decision = DecideAdmissibilityRequest {
            request_id: "taken-up".into(),
            complaint_id: id.into(),
            decision: types::Admissibility::Yes.into(),
            category: types::Category::Cq07.into(),
            handler: "handler-1".into(),
            ..Default::default()
        };
        self.officer.intake.decide_admissibility(decision).await.unwrap();
        self.consumer.sees(id, State::Investigating).await;
    }

    async fn find_out(&mut self, id: &str) {
        let asked = inv::RequestEvidenceRequest {
            request_id: "ask-the-shop".into(),
            complaint_id: id.into(),
            party: types::AwaitedParty::Respondent.into(),
            respondent_ref: SHOP.into(),
            items: vec![inv::RequestedItem {
                r#type: inv::EvidenceType::MerchantStatement.into(),
                mandatory: true,
                ..Default::default()
            }],
            consequence: inv::LapseConsequence::OtherSideBelieved.into(),
            why: "所售商品的材质".into(),
            mandatory: true,
            ..Default::default()
        };
        self.handler.investigation.request_evidence(asked).await.unwrap();
        let mine = inv::ListEvidenceRequestsRequest { complaint_id: id.into(), ..Default::default() };
        let mine = self.shop.investigation.list_evidence_requests(mine).await.unwrap().into_inner();
        let asked = &mine.evidence_requests[0].evidence_request_id;
        let kind = inv::EvidenceType::MerchantStatement;
        let statement = self.shop.states(id, asked, kind, "该批次商品确为人造革,主播口误。").await;
        self.find_all(id, &statement).await;
        let concluded = inv::ConcludeInvestigationRequest {
            request_id: "concluded".into(),
            complaint_id: id.into(),
            conclusion: "商品材质与直播间所述不符".into(),
            ..Default::default()
        };
        let hidden = self.handler.investigation.conclude_investigation(concluded.clone()).await.unwrap_err();
        assert_eq!(hidden.get_details_error_info().unwrap().reason, "EVIDENCE_NOT_SHOWN");
        let copy = inv::ProduceRenditionRequest {
            request_id: "shown".into(),
            complaint_id: id.into(),
            evidence_id: statement,
            audience: inv::Audience::Complainant.into(),
            ..Default::default()
        };
        self.handler.investigation.produce_rendition(copy).await.unwrap();
        self.handler.investigation.conclude_investigation(concluded).await.unwrap();
        self.consumer.sees(id, State::PlanReview).await;
    }

    async fn find_all(&mut self, id: &str, statement: &str) {
        let request = inv::GetInvestigationRequest { complaint_id: id.into() };
        let seen = self.handler.investigation.get_investigation(request).await.unwrap().into_inner();
        for issue in seen.investigation.unwrap().issues {
            let finding = inv::RecordFindingRequest {
                request_id: format!("found-{issue}"),
                complaint_id: id.into(),
                issue,
                fact: "商品为人造革,直播间称头层牛皮".into(),
                evidence: vec![inv::EvidenceMark {
                    evidence_id: statement.into(),
                    bearing: inv::Bearing::Supports.into(),
                    ..Default::default()
                }],
                result: inv::FindingResult::Established.into(),
                standard: inv::StandardOfProof::Balance.into(),
                ..Default::default()
            };
            self.handler.investigation.record_finding(finding).await.unwrap();
        }
    }

    /// Liability and a plan by somebody else than who found the facts, reviewed by a third; gives the proposal.
    async fn plan(&mut self, way: &Way, id: &str) -> String {
        let mut mediator = Person::new(way, "mediator-1", Role::Handler);
        mediator.resolved(id, State::PlanReview).await;
        let liability = res::DetermineLiabilityRequest {
            request_id: "liability".into(),
            complaint_id: id.into(),
            shares: vec![res::LiabilityShare { party: Some(merchant()), basis_points: 10_000 }],
            cause: "live_wording".into(),
            rules: vec!["cn.price-reduction@1".into()],
            basis: "直播间陈述与商品不符,由商家承担。".into(),
            ..Default::default()
        };
        mediator.resolution.determine_liability(liability).await.unwrap();
        let refund = res::RemedyTerms {
            r#type: res::RemedyType::PartialRefund.into(),
            amount: Some(money(PAID / 2)),
            payer: Some(merchant()),
            payee: Some(res::PartyRef { party: res::LiableParty::Consumer.into(), ..Default::default() }),
            ..Default::default()
        };
        let draft = res::DraftProposalRequest {
            request_id: "draft".into(),
            complaint_id: id.into(),
            options: vec![res::ProposalOption {
                remedies: vec![refund],
                plain_basis: "包不是真皮,商家退一半货款,包您留下。".into(),
                ..Default::default()
            }],
            full_basis: "民法典第五百八十二条。".into(),
            ..Default::default()
        };
        let drafted = mediator.resolution.draft_proposal(draft).await.unwrap().into_inner();
        let proposal = drafted.resolution.unwrap().proposals[0].proposal_id.clone();
        let review = res::ReviewPlanRequest {
            request_id: "review".into(),
            complaint_id: id.into(),
            proposal_id: proposal.clone(),
            revision: 1,
            approve: true,
            ..Default::default()
        };
        let by_author = mediator.resolution.review_plan(review.clone()).await;
        assert_eq!(by_author.unwrap_err().code(), tonic::Code::FailedPrecondition);
        // Refused until resolution knows who found the facts, which another topic tells it.
        let reviewed = async || self.supervisor.resolution.review_plan(review.clone()).await.ok();
        wait_until("the plan is approved", SOON, reviewed).await;
        mediator.resolved(id, State::Mediating).await;
        let send = res::SendProposalRequest {
            request_id: "send".into(),
            complaint_id: id.into(),
            proposal_id: proposal.clone(),
            ..Default::default()
        };
        mediator.resolution.send_proposal(send).await.unwrap();
        proposal
    }

    async fn report(&mut self, id: &str) {
        self.handler.resolved(id, State::ResultNotified).await;
        let report = res::IssueHandlingReportRequest {
            request_id: "report".into(),
            complaint_id: id.into(),
            parts: Some(res::HandlingReportParts {
                overview: "您投诉所购皮包材质与直播间所述不符,要求退还部分货款。".into(),
                process: "我们向商家调取了说明,由客服部与质检部核实。".into(),
                result: "商家承担全部责任,退还一半货款149.50元。".into(),
                improvement: "商家已更正直播话术。".into(),
                survey: "请对本次处理作出评价。".into(),
                contact: "负责人员:handler-1。".into(),
                apology_and_thanks: "给您带来不便,深表歉意,感谢您的反馈。".into(),
            }),
            language: "zh-Hans".into(),
            ..Default::default()
        };
        self.handler.resolution.issue_handling_report(report).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_argued_settled_paid_reported_and_closed_over_the_public_interfaces_alone() {
    let way = Way::prepare().await;
    let _processes = way.serve_all().await;
    let mut cast = Cast::of(&way);
    let id = cast.consumer.submits().await;
    cast.take_up(&id).await;
    cast.find_out(&id).await;
    let proposal = cast.plan(&way, &id).await;
    cast.consumer.accepts(&id, &proposal).await;
    assert_eq!(paid(&way), [] as [i64; 0], "one yes is no agreement");
    cast.shop.accepts(&id, &proposal).await;
    cast.consumer.sees(&id, State::ResultNotified).await;
    assert_eq!(paid(&way), [PAID / 2], "paid once");
    cast.report(&id).await;
    let content = res::RespondToResultRequest {
        request_id: "content".into(),
        complaint_id: id.clone(),
        accept: true,
        ..Default::default()
    };
    cast.consumer.resolution.respond_to_result(content).await.unwrap();
    cast.consumer.sees(&id, State::Closed).await;

    let seen = cast.consumer.complaint(&id).await;
    let steps: Vec<&str> = seen.history.iter().map(|entry| entry.event.as_str()).collect();
    assert!(!steps.contains(&"FactRefused"), "{steps:?}");
    assert_eq!(steps.last(), Some(&"ComplaintClosed"));
    let books = res::GetMoneyLedgerRequest { complaint_id: id.clone() };
    let books = cast.handler.resolution.get_money_ledger(books).await.unwrap().into_inner();
    let line = &books.lines[0];
    assert_eq!((line.ordered_minor, line.executed_minor, line.pending_minor), (PAID / 2, PAID / 2, 0));
    let chain = inv::VerifyEvidenceChainRequest { complaint_id: id, rehash: true };
    let chain = cast.handler.investigation.verify_evidence_chain(chain).await.unwrap().into_inner();
    assert!(chain.intact, "{:?}", chain.faults);
    for service in crate::installation::SERVICES {
        assert_eq!(way.count(service, "SELECT count(*) FROM parked_event").await, 0, "{service}");
    }
}
