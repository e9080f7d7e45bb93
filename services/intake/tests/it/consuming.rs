//! What intake consumes, through the kit and a real broker.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prost::{Message as _, Name as _};
use redress_devstack::shared;
use redress_domain::{Clock, ComplaintId, Role};
use redress_intake::app::register::Register;
use redress_intake::topics::{ASSESSMENTS, SUBMISSIONS};
use redress_messaging::{EventMeta, KafkaConfig, Producer, TopicSpec, ensure_topics};
use redress_outbox::{Admin, ConsumerGroup, Guard, Subscription, Wake};
use redress_proto::admin::v1::admin_service_server::AdminService as _;
use redress_proto::admin::v1::{DiscardParkedRequest, ListParkedRequest};
use redress_proto::classification::v1::AssessmentMade;
use redress_proto::intake::v1::VerifyAuditChainRequest;
use redress_proto::types::v1::ComplaintState;
use redress_testkit::{outgoing, topic_prefix, wait_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::assessments::{handler, meta, plain};
use crate::bench::{Bench, caller, complainant};

/// The clock on the wall: partitions that were read to their end follow it.
struct Wall;

impl Clock for Wall {
    #[expect(clippy::disallowed_methods, reason = "the broker's clock is the wall's too")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Topics of a test's own.
async fn topics() -> KafkaConfig {
    let mut kafka = KafkaConfig::at(shared().await.kafka.as_str(), "intake");
    kafka.topic_prefix = topic_prefix();
    let spec = |name| TopicSpec { name, partitions: 1, retention: Duration::from_hours(1) };
    ensure_topics(&kafka, &[spec(SUBMISSIONS.name), spec(ASSESSMENTS)]).await.unwrap();
    kafka
}

async fn assess(producer: &Producer, id: ComplaintId) {
    let made = AssessmentMade { assessment_id: Uuid::from_u128(7).to_string(), assessment: Some(plain()) };
    let meta =
        EventMeta { event_id: Uuid::from_u128(id.as_uuid().as_u128() ^ 1), ..meta::<AssessmentMade>(id, 1) };
    assert_eq!(meta.event_type, AssessmentMade::full_name());
    producer.send(outgoing(ASSESSMENTS, &meta, made.encode_to_vec())).await.unwrap();
}

fn by_admin<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.extensions_mut().insert(Arc::new(caller("tenant-a", "admin-1", &[Role::Admin])));
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_of_an_unknown_complaint_is_set_aside_those_behind_it_are_applied_and_giving_it_up_is_on_the_trail()
 {
    let bench = Bench::new().await;
    let kafka = topics().await;
    let producer = Producer::for_requests(&kafka, Duration::from_secs(10)).unwrap();
    let known = bench.registered(&complainant("c1"), "k1").await;
    assess(&producer, ComplaintId::from_uuid(Uuid::from_u128(99))).await;
    assess(&producer, known).await;

    let clock: Arc<dyn Clock> = Arc::new(Wall);
    let subscriptions = vec![
        Subscription::new(SUBMISSIONS.name, Guard::Own, Register { clock: Arc::clone(&clock) }),
        Subscription::new(ASSESSMENTS, Guard::Version, handler(&bench, &[])),
    ];
    let group = ConsumerGroup::new(bench.db.clone(), kafka.clone(), subscriptions, Wake::default(), clock);
    let admin = Admin::new(&group, &kafka, "relay-1").unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(group.run(stop.clone()));
    wait_until("the assessment behind is applied", Duration::from_mins(1), async || {
        (bench.view(known).await.state() == ComplaintState::AdmissibilityReview).then_some(())
    })
    .await;
    let parked: Vec<(String, String)> =
        sqlx::query_as("SELECT cause, detail FROM parked_event").fetch_all(bench.db.pool()).await.unwrap();
    assert_eq!(parked, [("HANDLER_REFUSED".to_owned(), "the complaint is unknown".to_owned())]);

    let listed = admin.list_parked(by_admin(ListParkedRequest::default())).await.unwrap().into_inner();
    let positions = vec![listed.events[0].position.clone().unwrap()];
    let request = DiscardParkedRequest { positions, reason: "somebody else's record".into() };
    assert_eq!(admin.discard_parked(by_admin(request)).await.unwrap().into_inner().discarded, 1);
    let noted: (String, String) =
        sqlx::query_as("SELECT actor, detail->>'type' FROM audit_entry WHERE action = 'RecordGivenUp'")
            .fetch_one(bench.db.pool())
            .await
            .unwrap();
    assert_eq!(noted, ("admin-1".to_owned(), AssessmentMade::full_name()));
    let verdict = bench
        .audit
        .verify(&caller("tenant-a", "auditor-1", &[Role::Auditor]), VerifyAuditChainRequest::default(), None)
        .await;
    assert!(verdict.unwrap().intact);
    stop.cancel();
    running.await.unwrap().unwrap();
}
