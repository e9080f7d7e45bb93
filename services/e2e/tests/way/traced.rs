//! One trace, from the call at intake's edge through the topics and services to the notice in its channel's hands.

use std::collections::BTreeMap;

use redress_domain::Role;
use redress_e2e::collector::{Collector, Place, Span};
use redress_e2e::rpc::channel;
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_proto::intake::v1::{DecideAdmissibilityRequest, GetComplaintRequest};
use redress_proto::resolution::v1 as res;
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::ComplaintState as State;
use redress_testkit::{bearing, wait_until};
use serde_json::{Value, json};
use tonic::Request;

use crate::installation::{SOON, Way, right_in_the_end};

/// The caller's trace, and its span in it.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const MAIL: &str = "traced@example.invalid";
const SHOP: &str = "shop-traced";

const SUBMISSIONS: &str = "redress.intake.submissions.v1";
const LIFECYCLE: &str = "redress.intake.lifecycle.v1";
const ASSESSMENTS: &str = "redress.classification.assessments.v1";
const INVESTIGATION: &str = "redress.investigation.cases.v1";
const RESOLUTION: &str = "redress.resolution.cases.v1";
const CLOCKS: &str = "redress.sla.clocks.v1";
const NOTICES: &str = "redress.notification.notices.v1";

/// Which service must have taken something of the trace from which topic.
const HOPS: [(&str, &str); 16] = [
    ("redress-intake", SUBMISSIONS),
    ("redress-classification", LIFECYCLE),
    ("redress-investigation", LIFECYCLE),
    ("redress-resolution", LIFECYCLE),
    ("redress-notification", LIFECYCLE),
    ("redress-sla", LIFECYCLE),
    ("redress-analytics", LIFECYCLE),
    ("redress-intake", ASSESSMENTS),
    ("redress-sla", ASSESSMENTS),
    ("redress-analytics", ASSESSMENTS),
    ("redress-intake", INVESTIGATION),
    ("redress-analytics", INVESTIGATION),
    ("redress-notification", RESOLUTION),
    ("redress-analytics", CLOCKS),
    ("redress-sla", NOTICES),
    ("redress-analytics", NOTICES),
];
/// From the notice that confirms the receipt back to the call, each by its parent.
const BACK: [&str; 4] = [
    "deliver notice",
    "process redress.intake.lifecycle.v1",
    "process redress.intake.submissions.v1",
    "POST /v1/complaints",
];

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_call_through_every_topic_and_service_to_the_notice() {
    let collector = Collector::default();
    let endpoint = collector.start().await.unwrap();
    let mut way = Way::prepare().await;
    way.set("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
    way.set("OTEL_METRICS_EXPORTER", "none");
    way.set("OTEL_LOGS_EXPORTER", "none");
    way.set("OTEL_BSP_SCHEDULE_DELAY", "100");
    let _processes = way.serve_all().await;

    let id = submit(&way).await;
    take_up(&way, &id).await;
    determine_liability(&way, &id).await;

    let spans = right_in_the_end(SOON, async || {
        let spans = collector.spans().unwrap();
        let wrong = wrong(&spans);
        (spans, wrong)
    })
    .await;
    let ours: Vec<&Span> = spans.iter().filter(|span| span.place.trace == TRACE).collect();
    assert!(ours.iter().any(|span| back_to_the_call(&ours, span) == BACK), "{ours:#?}");
    let arrived = way.outside.mail.mails().into_iter().filter(|mail| mail.to == MAIL).count();
    assert!(arrived > 0, "the notice has really been handed over");
}

/// The first call, with the caller's trace.
async fn submit(way: &Way) -> String {
    let body = json!({
        "channel": "CHANNEL_ORDER_DETAIL",
        "text": "主播在直播间说这个包是头层牛皮，我收到后发现是人造革，要求退一部分货款。",
        "language": "zh-Hans",
        "complainant": {
            "kind": "PARTY_KIND_CONSUMER",
            "externalRef": "buyer-traced",
            "contacts": [{"type": "CONTACT_TYPE_EMAIL", "value": MAIL, "consentToContact": true}],
        },
        "respondents": [{"kind": "PARTY_KIND_MERCHANT", "externalRef": SHOP}],
        "order": {"orderNo": "ORDER-TRACED", "paid": {"currency": "CNY", "amountMinor": "29900"}},
    });
    let call = reqwest::Client::new()
        .post(format!("http://{}/v1/complaints", way.http("intake")))
        .bearer_auth(way.token_of("buyer-traced", Role::Complainant))
        .header("idempotency-key", "traced-1")
        .header("traceparent", traceparent())
        .json(&body);
    let answer: Value = call.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    answer["complaintId"].as_str().unwrap().to_owned()
}

/// An officer goes on within the trace, as a platform's workflow does that called first.
async fn take_up(way: &Way, id: &str) {
    let mut intake = IntakeServiceClient::new(channel(&way.grpc("intake")).unwrap());
    stands(way, id, State::AdmissibilityReview).await;
    let decision = DecideAdmissibilityRequest {
        request_id: "taken-up".into(),
        complaint_id: id.into(),
        decision: types::Admissibility::Yes.into(),
        category: types::Category::Cq07.into(),
        handler: "handler-1".into(),
        ..Default::default()
    };
    intake.decide_admissibility(asked(way, "officer-1", Role::IntakeOfficer, decision)).await.unwrap();
    stands(way, id, State::Investigating).await;
}

async fn stands(way: &Way, id: &str, state: State) {
    let mut intake = IntakeServiceClient::new(channel(&way.grpc("intake")).unwrap());
    let seen = async || {
        let request = GetComplaintRequest { complaint_id: id.into(), ..Default::default() };
        let answer =
            intake.get_complaint(asked(way, "officer-1", Role::IntakeOfficer, request)).await.ok()?;
        (answer.into_inner().complaint?.state() == state).then_some(())
    };
    wait_until(&format!("the complaint is {state:?}"), SOON, seen).await;
}

/// Refused until resolution has heard that the case is investigated.
async fn determine_liability(way: &Way, id: &str) {
    let mut resolution = ResolutionServiceClient::new(channel(&way.grpc("resolution")).unwrap());
    let party = res::PartyRef { party: res::LiableParty::Merchant.into(), reference: SHOP.into() };
    let liability = res::DetermineLiabilityRequest {
        request_id: "liability".into(),
        complaint_id: id.into(),
        shares: vec![res::LiabilityShare { party: Some(party), basis_points: 10_000 }],
        cause: "live_wording".into(),
        rules: vec!["cn.price-reduction@1".into()],
        basis: "直播间陈述与商品不符，由商家承担。".into(),
        ..Default::default()
    };
    let determined = async || {
        let request = asked(way, "mediator-1", Role::Handler, liability.clone());
        resolution.determine_liability(request).await.ok()
    };
    wait_until("liability is determined", SOON, determined).await;
}

fn traceparent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

/// A call within the trace.
fn asked<T>(way: &Way, subject: &str, role: Role, message: T) -> Request<T> {
    let mut request = bearing(&way.token_of(subject, role), message);
    request.metadata_mut().insert("traceparent", traceparent().parse().unwrap());
    request
}

/// What is not as it should be, in words.
fn wrong(spans: &[Span]) -> Vec<String> {
    let ours: Vec<&Span> = spans.iter().filter(|span| span.place.trace == TRACE).collect();
    let by_id: BTreeMap<&str, &Span> = ours.iter().map(|span| (span.place.span.as_str(), *span)).collect();
    let mut found = Vec::new();
    for (service, topic) in HOPS {
        if !ours.iter().any(|span| span.service == service && topic_of(span) == topic) {
            found.push(format!("{service} took nothing from {topic}"));
        }
    }
    for span in &ours {
        let Some(parent) = by_id.get(span.parent.as_str()) else {
            if span.parent != CALLER {
                found.push(format!("{} of {} hangs in the air", span.name, span.service));
            }
            continue;
        };
        if !topic_of(span).is_empty() {
            found.extend(wrong_hop(spans, span, parent));
        } else if span.name == "deliver notice"
            && (parent.service != span.service || topic_of(parent).is_empty())
        {
            found.push(format!("a notice comes of {} of {}", parent.name, parent.service));
        } else if parent.service != span.service {
            found.push(format!("{} of {} comes of {}", span.name, span.service, parent.service));
        }
    }
    if !ours.iter().any(|span| span.service == "redress-notification" && span.name == "deliver notice") {
        found.push("no notice is handed to a channel".to_owned());
    }
    found
}

/// A hop comes of the service that writes its topic; its batch, which is nobody's trace, and it point to each other.
fn wrong_hop(spans: &[Span], hop: &Span, parent: &Span) -> Option<String> {
    let writer = format!("redress-{}", topic_of(hop).split('.').nth(1).unwrap());
    if parent.service != writer {
        return Some(format!("{} of {} comes of {}", hop.name, hop.service, parent.service));
    }
    let cause = Place { trace: TRACE.to_owned(), span: hop.parent.clone() };
    let is_batch = |span: &&Span| {
        span.service == hop.service
            && span.name == hop.name
            && !span.attribute("messaging.batch.message_count").is_empty()
            && span.links.contains(&cause)
            && hop.links.contains(&span.place)
    };
    let batch = spans.iter().filter(|span| span.place.trace != TRACE).find(is_batch);
    batch.is_none().then(|| format!("no batch for {} of {}", hop.name, hop.service))
}

fn topic_of(span: &Span) -> &str {
    span.attribute("messaging.destination.name")
}

/// The names from `span` up to the call.
fn back_to_the_call<'a>(ours: &[&'a Span], span: &'a Span) -> Vec<&'a str> {
    let mut names = vec![span.name.as_str()];
    let mut below = span;
    while let Some(above) = ours.iter().find(|above| above.place.span == below.parent) {
        names.push(above.name.as_str());
        below = above;
    }
    names
}
