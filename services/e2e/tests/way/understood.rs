use std::collections::BTreeSet;

use redress_domain::Role;
use redress_e2e::load::Sent;
use redress_proto::analytics::v1::QueryMetricsRequest;
use redress_proto::analytics::v1::analytics_service_client::AnalyticsServiceClient;
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use redress_proto::classification::v1::{ExplainAssessmentRequest, ListIncidentsRequest};
use redress_proto::convert::to_wire_time;
use redress_proto::types::v1::Category;
use redress_testkit::{bearing, wait_until};
use tonic::Request;

use crate::installation::{SOON, Way};

/// More than make an incident.
const UPROAR: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn an_uproar_in_a_live_room_is_accepted_understood_told_and_counted_as_one_incident() {
    let way = Way::prepare().await;
    let _processes = way.serve_all().await;
    let sent = way.load(100).burst(UPROAR).await.unwrap();
    way.settles(&sent).await;
    way.each_is_there_once(&sent).await;
    every_complainant_has_a_letter(&way, &sent);
    reasons_can_be_read(&way, &sent).await;
    it_is_one_incident(&way).await;
    the_numbers_equal_the_ledger(&way).await;
}

fn every_complainant_has_a_letter(way: &Way, sent: &[Sent]) {
    let mails = way.outside.mail.mails();
    let written: BTreeSet<String> = mails.iter().map(|mail| mail.to.clone()).collect();
    let owed: BTreeSet<String> = sent.iter().map(|sent| format!("{}@load.invalid", sent.key)).collect();
    assert_eq!(written, owed);
    let names: BTreeSet<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(names.len(), mails.len(), "each letter arrives once");
}

async fn reasons_can_be_read(way: &Way, sent: &[Sent]) {
    let mut client =
        ClassificationServiceClient::connect(format!("http://{}", way.grpc("classification"))).await.unwrap();
    let question = ExplainAssessmentRequest { complaint_id: sent[0].complaint.to_string() };
    let answer = client.explain_assessment(asked(way, Role::Handler, question)).await.unwrap().into_inner();
    let [stored] = <[_; 1]>::try_from(answer.assessments).unwrap();
    let assessment = stored.assessment.unwrap();
    assert_ne!(assessment.category(), Category::Unspecified);
    assert!(!assessment.rule_set.is_empty());
    assert!(
        assessment.reasons.iter().all(|reason| !reason.rule_id.is_empty() && !reason.explanation.is_empty())
    );
    assert!(!assessment.reasons.is_empty());
}

async fn it_is_one_incident(way: &Way) {
    let mut client =
        ClassificationServiceClient::connect(format!("http://{}", way.grpc("classification"))).await.unwrap();
    let question = ListIncidentsRequest { page_size: 10, ..ListIncidentsRequest::default() };
    let incidents =
        client.list_incidents(asked(way, Role::Handler, question)).await.unwrap().into_inner().incidents;
    let rooms: Vec<_> = incidents.iter().filter(|incident| incident.subject == "room-load").collect();
    let [incident] = rooms[..] else { panic!("one incident of the room: {incidents:#?}") };
    let evidence = incident.evidence.as_ref().unwrap();
    assert!(incident.members > 20 && evidence.window_count >= 20, "{incident:#?}");
    // Analytics hears of it, and of its members.
    let counted = async || (way.count("analytics", "SELECT count(*) FROM incident").await == 1).then_some(());
    wait_until("the incident is counted", SOON, counted).await;
}

async fn the_numbers_equal_the_ledger(way: &Way) {
    let mut client =
        AnalyticsServiceClient::connect(format!("http://{}", way.grpc("analytics"))).await.unwrap();
    let question = QueryMetricsRequest {
        metric: "complaints".to_owned(),
        from: Some(to_wire_time(jiff::Timestamp::UNIX_EPOCH)),
        // 2100-01-01T00:00:00Z
        until: Some(to_wire_time(jiff::Timestamp::constant(4_102_444_800, 0))),
        ..QueryMetricsRequest::default()
    };
    let rows = client.query_metrics(asked(way, Role::Supervisor, question)).await.unwrap().into_inner().rows;
    let total: i64 = rows.iter().map(|row| row.population).sum();
    assert_eq!(total, i64::try_from(UPROAR).unwrap(), "{rows:#?}");
}

fn asked<T>(way: &Way, role: Role, message: T) -> Request<T> {
    bearing(&way.token(role), message)
}
