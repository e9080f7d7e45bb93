use std::sync::{Arc, Mutex};
use std::time::Duration;

use redress_classification::app::preview::preview;
use redress_domain::Violations;
use redress_proto::classification::v1 as wire;
use redress_proto::classification::v1::classifier_provider_service_server::{
    ClassifierProviderService, ClassifierProviderServiceServer,
};
use redress_proto::types::v1::{Category, DecidedBy, UrgentReason};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::bench::{Bench, submission, supervisor, told};

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
    let model = Model { behaviour, asked: Arc::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tonic::transport::Server::builder()
        .add_service(ClassifierProviderServiceServer::new(model.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(server);
    (Bench::with_provider(Some(&url)).await, model)
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
async fn a_model_that_hangs_fails_or_is_not_there_costs_no_more_than_the_limit() {
    let by_rules = said(&Bench::new().await, UNKNOWN).await;
    let (hanging, _) = model(Behaviour::Hangs).await;
    let (failing, _) = model(Behaviour::Fails).await;
    let absent = Bench::with_provider(Some("http://127.0.0.1:9")).await;
    for bench in [hanging, failing, absent] {
        let mut batch = Vec::new();
        for n in 1..=100 {
            batch.push(bench.registered(told(n, UNKNOWN)).await);
        }
        let began = tokio::time::Instant::now();
        assert_eq!(said(&bench, UNKNOWN).await, by_rules);
        bench.apply(&batch).await.unwrap();
        // Two questions with 300 ms each; the rest is this machine's own work.
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(bench.count("SELECT count(*) FROM assessment WHERE decided_by = 'rule'").await, 100);
    }
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
