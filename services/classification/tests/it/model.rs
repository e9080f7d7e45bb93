use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost::Message as _;
use redress_classification::app::preview::preview;
use redress_classification::app::provider::Provider;
use redress_domain::Violations;
use redress_proto::classification::v1 as wire;
use redress_proto::classification::v1::classifier_provider_service_server::{
    ClassifierProviderService, ClassifierProviderServiceServer,
};
use redress_proto::types::v1::{
    Admissibility, Attachment, Category, ContactPoint, DecidedBy, Demand, PartyKind, Respondent, Submission,
    UrgentReason,
};
use redress_runtime::grpc::ClientTls;
use redress_testkit::{Canary, HeardCalls, make_traces};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::bench::{Bench, Told, from_room, submission, supervisor, told};

/// A text that the rules know nothing of.
const UNKNOWN: &str = "上周那件事情到现在也没有人给我一个说法,我觉得很不舒服。";
/// A text that they know well.
const KNOWN: &str = "下单十天了一直没发货,催了客服三次都没有用,订单还是待发货。";

/// What the outside model does when it is asked.
#[derive(Clone)]
enum Behaviour {
    Answers(Box<wire::Assessment>),
    Hangs,
    Fails,
}

/// An outside party: a model that behaves as it is told, and remembers what it was asked.
#[derive(Clone)]
struct Model {
    behaviour: Behaviour,
    asked: Arc<Mutex<Vec<wire::ClassifyRequest>>>,
}

#[tonic::async_trait]
impl ClassifierProviderService for Model {
    async fn classify(
        &self,
        request: Request<wire::ClassifyRequest>,
    ) -> Result<Response<wire::ClassifyResponse>, Status> {
        self.asked.lock().unwrap().push(request.into_inner());
        match &self.behaviour {
            Behaviour::Answers(assessment) => Ok(Response::new(wire::ClassifyResponse {
                assessment: Some((**assessment).clone()),
                model: "model@3".into(),
            })),
            Behaviour::Hangs => std::future::pending().await,
            Behaviour::Fails => Err(Status::internal("out of order")),
        }
    }
}

async fn model(behaviour: Behaviour) -> (Bench, Model) {
    let (url, model) = listening(behaviour).await;
    (Bench::with_provider(Some(&url)).await, model)
}

/// A model and where it listens.
async fn listening(behaviour: Behaviour) -> (String, Model) {
    let model = Model { behaviour, asked: Arc::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tonic::transport::Server::builder()
        .add_service(ClassifierProviderServiceServer::new(model.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(server);
    (url, model)
}

async fn said(bench: &Bench, text: &str) -> wire::Assessment {
    preview(&bench.assessor, &supervisor(), submission(text), Violations::default()).await.unwrap()
}

fn answer() -> wire::Assessment {
    wire::Assessment {
        category: Category::Cq05.into(),
        confidence: 0.93,
        urgent: true,
        urgent_reason: Some(UrgentReason::Minor.into()),
        ..wire::Assessment::default()
    }
}

#[tokio::test]
async fn a_confident_model_decides_where_the_rules_are_unsure_and_says_so() {
    let (bench, model) = model(Behaviour::Answers(Box::new(answer()))).await;
    let assessment = said(&bench, UNKNOWN).await;
    assert_eq!((assessment.category(), assessment.decided_by()), (Category::Cq05, DecidedBy::Model));
    assert!(assessment.urgent && !assessment.needs_human);
    assert_eq!(assessment.reasons.last().unwrap().rule_id, "model:model@3");
    assert_eq!(model.asked.lock().unwrap()[0].submission.as_ref().unwrap().text, UNKNOWN);

    let id = bench.assessed(told(1, UNKNOWN)).await;
    assert_eq!(bench.explained(id).await[0].assessment, Some(assessment));
}

#[tokio::test]
async fn what_depends_on_the_category_follows_the_model_and_nothing_gets_less_urgent() {
    let by_model =
        wire::Assessment { category: Category::Cq02.into(), confidence: 0.95, ..Default::default() };
    let by_model = wire::Assessment { sub_category: "dispatch_delay".into(), ..by_model };
    let (bench, _) = model(Behaviour::Answers(Box::new(by_model))).await;
    let by_rules = said(&Bench::new().await, UNKNOWN).await;
    assert!(!by_rules.missing.contains(&"order_no".to_owned()), "{by_rules:?}");
    let assessment = said(&bench, UNKNOWN).await;
    assert_eq!((assessment.category(), assessment.decided_by()), (Category::Cq02, DecidedBy::Model));
    // Nobody looks for a parcel without an order.
    assert_eq!(assessment.admissibility(), Admissibility::NeedsCompletion);
    assert!(assessment.missing.contains(&"order_no".to_owned()), "{assessment:?}");
    assert_eq!(assessment.respondent(), PartyKind::Merchant);
}

/// A submission whose words repeat everything personal that came beside them.
fn telling_all(canary: &Canary) -> Submission {
    let text = format!(
        "{UNKNOWN}我叫{}，电话{}，邮箱{}，微信{}，身份证{}。找过{}。",
        canary.name, canary.phone, canary.email, canary.wechat, canary.identity_number, RESPONDENT
    );
    let mut whole = from_room(&text, "room-7", "TEST-0001");
    whole.live.as_mut().unwrap().quoted_wording = Some(format!("加我{}", canary.wechat));
    whole.demand =
        Some(Demand { text: Some(format!("让{}打{}", canary.name, canary.phone)), ..Demand::default() });
    whole.respondents[0].name = Some(RESPONDENT.into());
    let complainant = whole.complainant.as_mut().unwrap();
    complainant.name = Some(canary.name.clone());
    complainant.external_ref = Some(canary.wechat.clone());
    let contact = ContactPoint { value: canary.email.clone(), ..ContactPoint::default() };
    complainant.contacts = vec![contact];
    // What came with a file stays here too.
    whole.attachments = vec![Attachment { name: Some(canary.name.clone()), ..Attachment::default() }];
    whole
}

/// A respondent's name, invented.
const RESPONDENT: &str = "虚构某商行";

fn tells_the_matter_and_nobody(canary: &Canary, asked: &wire::ClassifyRequest) {
    let question = asked.submission.as_ref().unwrap();
    assert!(question.text.starts_with(UNKNOWN), "the matter is told: {}", question.text);
    assert_eq!(canary.found_in(&asked.encode_to_vec()), [] as [&str; 0], "{question:?}");
    assert!(!question.text.contains(RESPONDENT), "{question:?}");
    assert!(question.order.as_ref().unwrap().order_no.is_empty());
}

#[tokio::test]
async fn nothing_that_names_a_person_leaves_for_the_model_in_a_preview() {
    let (bench, model) = model(Behaviour::Answers(Box::new(answer()))).await;
    let canary = Canary::new();
    preview(&bench.assessor, &supervisor(), telling_all(&canary), Violations::default()).await.unwrap();
    tells_the_matter_and_nobody(&canary, &model.asked.lock().unwrap()[0]);
}

#[tokio::test]
async fn nothing_that_names_a_person_leaves_for_the_model_when_a_complaint_is_registered() {
    let (bench, model) = model(Behaviour::Answers(Box::new(answer()))).await;
    let canary = Canary::new();
    // As intake publishes it: names and contacts are sealed, and the public half has none of them.
    bench.assessed(Told { submission: telling_all(&canary), ..told(1, "") }).await;
    let asked = model.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    tells_the_matter_and_nobody(&canary, &asked[0]);
}

#[tokio::test]
async fn a_preview_takes_no_more_parties_than_a_complaint_may_have() {
    let (bench, model) = model(Behaviour::Answers(Box::new(answer()))).await;
    let crowd = vec![Respondent { external_ref: "ab".into(), ..Respondent::default() }; 11];
    let whole = Submission { respondents: crowd, ..submission(UNKNOWN) };
    preview(&bench.assessor, &supervisor(), whole, Violations::default()).await.unwrap_err();
    assert!(model.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn where_the_rules_are_sure_no_model_is_asked() {
    let (bench, model) = model(Behaviour::Answers(Box::new(answer()))).await;
    assert_eq!(said(&bench, KNOWN).await.decided_by(), DecidedBy::Rule);
    assert!(model.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nonsense_and_doubt_leave_it_to_the_rules() {
    let by_rules = said(&Bench::new().await, UNKNOWN).await;
    assert!(by_rules.needs_human);
    for nonsense in [
        wire::Assessment { confidence: 0.79, ..answer() },
        wire::Assessment { confidence: f64::NAN, ..answer() },
        wire::Assessment { category: 4_711, ..answer() },
        wire::Assessment { sub_category: "'; DROP TABLE".into(), ..answer() },
        wire::Assessment { sub_category: "dispatch_delay".into(), ..answer() },
        wire::Assessment::default(),
    ] {
        let (bench, _) = model(Behaviour::Answers(Box::new(nonsense))).await;
        assert_eq!(said(&bench, UNKNOWN).await, by_rules);
    }
}

#[tokio::test]
async fn a_model_that_hangs_fails_or_is_not_there_leaves_it_to_the_rules() {
    let by_rules = said(&Bench::new().await, UNKNOWN).await;
    let (hanging, _) = model(Behaviour::Hangs).await;
    let (failing, _) = model(Behaviour::Fails).await;
    let absent = Bench::with_provider(Some("http://127.0.0.1:9")).await;
    for bench in [hanging, failing, absent] {
        let mut batch = Vec::new();
        for n in 1..=100 {
            batch.push(bench.registered(told(n, UNKNOWN)).await);
        }
        // A question without a limit would never come back.
        assert_eq!(said(&bench, UNKNOWN).await, by_rules);
        bench.apply(&batch).await.unwrap();
        assert_eq!(bench.count("SELECT count(*) FROM assessment WHERE decided_by = 'rule'").await, 100);
    }
}

#[tokio::test]
async fn a_hundred_questions_to_a_model_that_hangs_wait_for_one_limit_and_not_for_one_each() {
    let (url, model) = listening(Behaviour::Hangs).await;
    let limit = Duration::from_secs(2);
    let provider = Provider::new(ClientTls::default().endpoint(&url).unwrap(), limit, 0.8);
    let asked = provider.opinions(vec![submission(UNKNOWN); 100]);
    let opinions = tokio::time::timeout(3 * limit, asked).await.expect("the limit is one of all together");
    assert_eq!(opinions.len(), 100);
    assert!(opinions.iter().all(Option::is_none), "nobody answered");
    assert!(!model.asked.lock().unwrap().is_empty(), "it was asked");
}

#[tokio::test]
async fn a_model_that_does_not_answer_is_soon_not_asked_any_more() {
    let (bench, model) = model(Behaviour::Fails).await;
    let mut batch = Vec::new();
    for n in 1..=200 {
        batch.push(bench.registered(told(n, UNKNOWN)).await);
    }
    bench.apply(&batch).await.unwrap();
    let asked = model.asked.lock().unwrap().len();
    assert!(asked < 100, "{asked} of 200");
}

#[tokio::test]
async fn the_model_is_asked_within_a_trace() {
    make_traces();
    let model = HeardCalls::start().await.unwrap();
    said(&Bench::with_provider(Some(&model.url)).await, UNKNOWN).await;
    let headers = model.headers_of("/Classify", std::time::Duration::from_secs(20)).await;
    assert!(headers.contains_key("traceparent"), "{headers:?}");
}
