//! The platform's own systems: asked at once, again while they are away, and never believed blindly.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use redress_investigation::app::evidence::{Files, verify};
use redress_investigation::app::records::{Asking, Pace, Platform, Window};
use redress_investigation::app::timeline;
use redress_investigation::domain::opening::When;
use redress_investigation::objects::EvidenceConfig;
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::platform_data_provider_service_server as server;
use redress_testkit::{HeardCalls, make_traces, wait_until};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::bench::{Bench, NOON, id, shop, staff};
use crate::world::PATIENCE;

/// How a platform of the test answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Holds nothing of the order, and nothing else either.
    Empty,
    /// Says that it is away.
    Away,
    /// Never answers.
    Silent,
    /// Answers something that cannot be.
    Nonsense,
    /// Does not answer such questions.
    Refusing,
}

/// A platform of the test, on a port of its own.
#[derive(Clone)]
pub(crate) struct TestPlatform {
    mood: Arc<Mutex<Mood>>,
    pub(crate) asked: Arc<AtomicU32>,
    pub(crate) url: String,
}

impl TestPlatform {
    pub(crate) async fn start(mood: Mood) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let platform = Self { mood: Arc::new(Mutex::new(mood)), asked: Arc::default(), url };
        let service = server::PlatformDataProviderServiceServer::new(platform.clone());
        tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(listener)),
        );
        platform
    }

    pub(crate) fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    async fn answer(&self, kinds: &[wire::EvidenceType]) -> Result<Vec<wire::PlatformRecord>, Status> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => Ok(kinds.iter().map(|kind| record(*kind)).collect()),
            Mood::Empty => Err(Status::not_found("no such order")),
            Mood::Away => Err(Status::unavailable("away")),
            Mood::Silent => std::future::pending().await,
            Mood::Nonsense => {
                Ok(vec![wire::PlatformRecord { source_system: "张三".into(), ..record(kinds[0]) }])
            }
            Mood::Refusing => Err(Status::unimplemented("not here")),
        }
    }
}

fn record(kind: wire::EvidenceType) -> wire::PlatformRecord {
    wire::PlatformRecord {
        r#type: kind.into(),
        source_system: "oms".into(),
        obtained_at: Some(to_wire_time(NOON.parse().unwrap())),
        media_type: "application/json".into(),
        content: "{\"收件人\":\"CANARY\"}".into(),
        media: None,
        events: vec![wire::PlatformEvent {
            at: Some(to_wire_time("2026-11-21T04:00:00Z".parse().unwrap())),
            code: "parcel_signed".into(),
        }],
    }
}

macro_rules! answers {
    ($($method:ident: $request:ident -> $response:ident [$($kind:ident),+];)+) => {
        #[tonic::async_trait]
        impl server::PlatformDataProviderService for TestPlatform {
            $(async fn $method(
                &self,
                _: Request<wire::$request>,
            ) -> Result<Response<wire::$response>, Status> {
                let records = self.answer(&[$(wire::EvidenceType::$kind),+]).await?;
                Ok(Response::new(wire::$response { records }))
            })+
        }
    };
}

answers! {
    get_order: GetOrderRequest -> GetOrderResponse
        [OrderRecord, ProductPageSnapshot, ServicePromise, ReturnRecord, AfterSalesRecord];
    get_live_segment: GetLiveSegmentRequest -> GetLiveSegmentResponse
        [LiveAccount, LiveReplaySegment, LiveWordingTranscript, LiveInteraction];
    get_chat_log: GetChatLogRequest -> GetChatLogResponse [ChatLog];
    get_payment: GetPaymentRequest -> GetPaymentResponse [PaymentRecord];
    get_logistics: GetLogisticsRequest -> GetLogisticsResponse [LogisticsTrace];
}

/// Asks in the background until it is dropped.
struct Running {
    stop: CancellationToken,
    folder: tempfile::TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn asking(bench: &Bench, url: &str, attempts: u32) -> Running {
    let window = Window { before: SignedDuration::from_secs(600), after: SignedDuration::from_secs(300) };
    let platform = Platform::new(url.parse().unwrap(), Duration::from_millis(200), window);
    let pace = Pace { at_once: 4, attempts, max_delay: Duration::from_millis(100) };
    let (stop, folder) = (CancellationToken::new(), tempfile::tempdir().unwrap());
    let files = Files::open(bench.desk.clone(), &EvidenceConfig::in_folder(folder.path())).unwrap();
    tokio::spawn(Asking::new(files, platform, pace).run(stop.clone()));
    Running { stop, folder }
}

async fn settled(bench: &Bench, questions: i64) {
    wait_until("every question is settled", PATIENCE, async || {
        let sql = "SELECT count(*) FROM platform_question WHERE state <> 'waiting'";
        (bench.count(sql).await == questions).then_some(())
    })
    .await;
}

fn states(view: &wire::Investigation) -> Vec<wire::PlatformRecordState> {
    let records = view.platform_records.as_ref().unwrap();
    let mut states: Vec<_> = records.records.iter().map(wire::PlatformRecordStatus::state).collect();
    states.dedup();
    states
}

#[tokio::test]
async fn what_the_platform_holds_becomes_evidence_with_source_and_time_before_anybody_reads_the_complaint() {
    let bench = Bench::with(When::ByHand, true).await;
    let platform = TestPlatform::start(Mood::Well).await;
    let running = asking(&bench, &platform.url, 3);
    bench.follow(&[bench.registered(1).await]).await;
    settled(&bench, 5).await;
    let view = bench.view(1).await;
    let records = view.platform_records.clone().unwrap();
    assert!(records.complete && records.records.len() == 12);
    assert_eq!(records.records[0].source_system, "oms");
    let captured: wire::PlatformRecordsCaptured = bench.last(1).await;
    assert_eq!(captured.records.len(), 12);
    assert_eq!(bench.told(1).await.len(), 13, "complete, so nothing else is told");
    let sql = "SELECT count(*) FROM evidence WHERE provider = 'platform' AND source_system = 'oms'";
    assert_eq!(bench.count(sql).await, 12);
    let config = EvidenceConfig::in_folder(running.folder.path());
    let files = Files::open(bench.desk.clone(), &config).unwrap();
    let request = wire::VerifyEvidenceChainRequest { complaint_id: id(1), rehash: true };
    let verified = verify(&files, &staff("handler-1"), &request).await.unwrap();
    assert!(verified.intact && verified.links >= 12, "{verified:?}");
    let told: wire::EvidenceSubmitted = bench.last(1).await;
    assert_eq!((told.provider(), told.request_settled), (wire::EvidenceProvider::Platform, false));

    // The same parcel event from several systems, and the course of events for a party.
    let request = wire::GetTimelineRequest { complaint_id: id(1), ..Default::default() };
    let entries = timeline::get(&bench.desk, &shop(), &request).await.unwrap().entries;
    let of_logistics = entries.iter().filter(|entry| entry.source == "logistics").count();
    assert_eq!((of_logistics, entries[0].code.as_str()), (1, "parcel_signed"));
}

#[tokio::test]
async fn a_platform_that_is_away_slow_or_talks_nonsense_is_asked_again_until_it_answers() {
    for mood in [Mood::Away, Mood::Silent, Mood::Nonsense] {
        let bench = Bench::with(When::ByHand, true).await;
        let platform = TestPlatform::start(mood).await;
        let _running = asking(&bench, &platform.url, 1_000);
        bench.follow(&[bench.registered(1).await]).await;
        let asked = Arc::clone(&platform.asked);
        wait_until(&format!("it is asked again while {mood:?}"), PATIENCE, async || {
            (asked.load(Ordering::SeqCst) > 10).then_some(())
        })
        .await;
        assert_eq!(states(&bench.view(1).await), [wire::PlatformRecordState::Pending], "{mood:?}");
        assert!(bench.told(1).await.is_empty());
        platform.becomes(Mood::Well);
        settled(&bench, 5).await;
        assert_eq!(states(&bench.view(1).await), [wire::PlatformRecordState::Held], "{mood:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_told_as_a_gap() {
    for (mood, state) in [
        (Mood::Away, wire::PlatformRecordState::Failed),
        (Mood::Refusing, wire::PlatformRecordState::Failed),
        (Mood::Empty, wire::PlatformRecordState::Absent),
    ] {
        let bench = Bench::with(When::ByHand, true).await;
        let platform = TestPlatform::start(mood).await;
        let _running = asking(&bench, &platform.url, 2);
        bench.follow(&[bench.registered(1).await]).await;
        settled(&bench, 5).await;
        let view = bench.view(1).await;
        assert_eq!(states(&view), [state], "{mood:?}");
        assert!(!view.platform_records.unwrap().complete);
        let told: Vec<String> = bench.told(1).await.into_iter().map(|(_, name)| name).collect();
        assert_eq!(told, ["PlatformRecordsCaptured", "PlatformRecordsIncomplete"]);
        let missing: wire::PlatformRecordsIncomplete = bench.last(1).await;
        assert_eq!(missing.missing.len(), 12);
    }
}

#[tokio::test]
async fn two_processes_keep_each_record_once() {
    let bench = Bench::with(When::ByHand, true).await;
    let platform = TestPlatform::start(Mood::Well).await;
    let _one = asking(&bench, &platform.url, 3);
    let _other = asking(&bench, &platform.url, 3);
    for n in 1..=10 {
        bench.follow(&[bench.registered(n).await]).await;
    }
    settled(&bench, 50).await;
    assert_eq!(bench.count("SELECT count(*) FROM platform_record").await, 120);
    for n in 1..=10 {
        let told: Vec<String> = bench.told(n).await.into_iter().map(|(_, name)| name).collect();
        assert_eq!(told.iter().filter(|name| *name == "EvidenceSubmitted").count(), 12);
        assert_eq!(told.iter().filter(|name| *name == "PlatformRecordsCaptured").count(), 1);
    }
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_asked_and_nothing_waits() {
    let bench = Bench::with(When::ByHand, false).await;
    bench.follow(&[bench.registered(1).await]).await;
    assert_eq!(bench.count("SELECT count(*) FROM platform_question").await, 0);
    assert!(bench.view(1).await.platform_records.unwrap().records.is_empty());
}

#[tokio::test]
async fn the_platform_is_asked_within_a_trace() {
    make_traces();
    let platform = HeardCalls::start().await.unwrap();
    let bench = Bench::with(When::ByHand, true).await;
    let _running = asking(&bench, &platform.url, 1);
    bench.follow(&[bench.registered(1).await]).await;
    let headers = platform.headers_of("/GetOrder", PATIENCE).await;
    assert!(headers.contains_key("traceparent"), "{headers:?}");
}
