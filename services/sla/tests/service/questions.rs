//! What can be asked: previews, lists, explanations, and what comes near.

use futures::StreamExt as _;
use redress_proto::convert::to_wire_time;
use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;

use crate::bench::{Bench, call, caller, faults, handler, in_seconds, stranger, supervisor};
use crate::course::{Case, at};

#[tokio::test]
async fn a_preview_over_grpc_answers_from_a_stored_calendar_in_its_zone() {
    let bench = Bench::new().await;
    let asked = wire::PreviewDeadlineRequest {
        calendar_id: "cn-office".into(),
        unit: wire::DeadlineUnit::WorkingDays.into(),
        amount: 2,
        start: "2026-02-12T10:00:00+08:00".into(),
        close: wire::DayClose::BusinessEnd.into(),
        thresholds: vec![50],
        ..Default::default()
    };
    let mut request = call(caller("tenant-b", "service-1", &[redress_domain::Role::Service]), asked.clone());
    request.metadata_mut().insert("accept-language", "en-GB,en;q=0.9".parse().unwrap());
    let answer = bench.grpc.preview_deadline(request).await.unwrap().into_inner();
    assert_eq!(answer.due_at.as_deref(), Some("2026-02-14T18:00:00+08:00"));
    assert_eq!(answer.due_date.as_deref(), Some("2026-02-14"));
    assert_eq!(answer.counted_days, ["2026-02-13", "2026-02-14"]);
    assert_eq!(answer.thresholds[&50], "2026-02-13T18:00:00+08:00");
    assert!(answer.explanation[0].is_ascii(), "{:?}", answer.explanation);
    let chinese = bench.grpc.preview_deadline(handler(asked.clone())).await.unwrap().into_inner();
    assert!(!chinese.explanation[0].is_ascii());

    let bad = wire::PreviewDeadlineRequest { amount: 0, unit: 99, start: "yesterday".into(), ..asked };
    let refused = bench.grpc.preview_deadline(handler(bad)).await.unwrap_err();
    let faults = faults(&refused);
    for field in ["unit ", "start "] {
        assert!(faults.iter().any(|fault| fault.starts_with(field)), "{faults:?}");
    }
}

#[tokio::test]
async fn clocks_are_listed_page_by_page_by_due_time_and_only_to_their_tenant() {
    let bench = Bench::new().await;
    for n in 0..3 {
        Case::new(n).registered(at("2026-03-02T02:00:00Z")).heard(&bench).await;
    }
    Case::of("tenant-b", 9).registered(at("2026-03-02T02:00:00Z")).heard(&bench).await;
    let mut listed: Vec<wire::Clock> = Vec::new();
    let mut token = String::new();
    loop {
        let asked = wire::ListClocksRequest { page_size: 4, page_token: token, ..Default::default() };
        let page = bench.grpc.list_clocks(handler(asked)).await.unwrap().into_inner();
        listed.extend(page.clocks);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let own: i64 = sqlx::query_scalar("SELECT count(*) FROM clock WHERE tenant = 'tenant-a'")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert_eq!(i64::try_from(listed.len()).unwrap(), own);
    let order: Vec<_> = listed.iter().map(|c| c.due_at.as_ref().map_or(i64::MAX, |at| at.seconds)).collect();
    assert!(order.is_sorted(), "{order:?}");

    let one = wire::ListClocksRequest {
        complaint_id: Case::new(1).id.to_string(),
        state: wire::ClockState::Running.into(),
        definition: "C13".into(),
        due_from: Some(to_wire_time(at("2026-03-23T10:00:00Z"))),
        due_until: Some(to_wire_time(at("2026-03-23T10:00:01Z"))),
        ..Default::default()
    };
    let found = bench.grpc.list_clocks(handler(one.clone())).await.unwrap().into_inner().clocks;
    assert_eq!(found.len(), 1);
    let (asked, of_other) = (one.clone(), bench.grpc.list_clocks(stranger(one)).await.unwrap());
    assert_eq!(of_other.into_inner().clocks, []);
    let reversed = wire::ListClocksRequest {
        due_until: asked.due_from,
        due_from: asked.due_until,
        ..Default::default()
    };
    let refused = bench.grpc.list_clocks(handler(reversed)).await.unwrap_err();
    assert_eq!(faults(&refused), ["dueUntil REVERSED"]);
    let malformed = wire::ListClocksRequest { complaint_id: "1".into(), state: 77, ..Default::default() };
    let refused = bench.grpc.list_clocks(handler(malformed)).await.unwrap_err();
    assert_eq!(faults(&refused), ["complaintId MALFORMED", "state UNKNOWN_ENUM_VALUE"]);
}

#[tokio::test]
async fn a_deadline_is_explained_from_the_same_facts_with_pauses_and_rule() {
    let bench = Bench::new().await;
    let case = Case::new(1)
        .registered(at("2026-03-02T02:00:00Z"))
        .test_ordered(at("2026-03-10T02:00:00Z"))
        .test_reported(at("2026-03-12T02:00:00Z"));
    case.heard(&bench).await;
    let clock_id = bench.clock_of("C13").await.0.to_string();
    let asked = wire::ExplainDeadlineRequest { clock_id: clock_id.clone() };
    let told = bench.grpc.explain_deadline(handler(asked.clone())).await.unwrap().into_inner();
    let deadline = told.deadline.unwrap();
    assert_eq!(deadline.due_at.as_deref(), Some("2026-03-25T18:00:00+08:00"));
    assert_eq!(deadline.held_days, ["2026-03-10", "2026-03-11"]);
    assert_eq!(told.pauses.len(), 1);
    assert!(told.explanation_en.iter().any(|sentence| sentence.contains("lab")), "{:?}", told.explanation_en);
    assert!(told.explanation_zh.len() >= 17, "{:?}", told.explanation_zh);
    let policy = told.policy.unwrap();
    assert_eq!((policy.definition.as_str(), policy.sources.as_slice()), ("C13", &["F067".to_owned()][..]));
    assert!(policy.stopped_by.contains(&"ComplaintAdvanced".to_owned()));
    let refused = bench.grpc.explain_deadline(stranger(asked)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    let policy = wire::ExplainPolicyRequest { clock_id };
    let refused = bench.grpc.explain_policy(stranger(policy.clone())).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    assert!(bench.grpc.explain_policy(handler(policy)).await.unwrap().into_inner().policy.is_some());
}

#[tokio::test]
async fn a_clock_with_two_pauses_and_an_extension_is_explained_with_who_gave_it_in_both_languages() {
    let bench = Bench::new().await;
    let request = uuid::Uuid::from_u128(0xEE01);
    let day = 86_400;
    let case = Case::new(1)
        .registered(in_seconds(-6 * day))
        .test_ordered(in_seconds(-5 * day))
        .test_reported(in_seconds(-4 * day))
        .asked(in_seconds(-3 * day), request, in_seconds(day))
        .suspended(in_seconds(-2 * day))
        .resumed(in_seconds(-day));
    case.heard(&bench).await;
    let clock_id = bench.clock_of("C13").await.0.to_string();
    let ask = wire::RequestExtensionRequest {
        request_id: "ask-1".into(),
        clock_id: clock_id.clone(),
        amount: 5,
        reason: "complex".into(),
    };
    let asked = bench.grpc.request_extension(handler(ask)).await.unwrap().into_inner().extension.unwrap();
    let decide = wire::DecideExtensionRequest {
        request_id: "decide-1".into(),
        extension_id: asked.extension_id,
        approve: true,
        reason: String::new(),
    };
    bench.grpc.decide_extension(supervisor(decide)).await.unwrap();
    let explained = wire::ExplainDeadlineRequest { clock_id };
    let told = bench.grpc.explain_deadline(handler(explained)).await.unwrap().into_inner();
    assert_eq!((told.pauses.len(), told.extensions.len()), (2, 1));
    let en = &told.explanation_en;
    assert!(
        en[0].starts_with("The time limit of 15 working days, extended by 5 working days to 20, expires on ")
    );
    assert!(en[1].starts_with("This is the time limit C13, "), "{}", en[1]);
    assert!(en[3].contains("as handler-1 had asked and supervisor-1 granted on "), "{}", en[3]);
    assert!(en[5].contains("a laboratory for testing; "), "{}", en[5]);
    assert!(en[6].contains("formally suspended; "), "{}", en[6]);
    let zh = &told.explanation_zh;
    assert_eq!(zh.len(), en.len());
    assert!(zh[0].starts_with("本期限为15个工作日，经批准延长5个工作日，共计20个工作日，于"), "{}", zh[0]);
    assert!(zh[3].starts_with("经 handler-1 申请、supervisor-1 于"), "{}", zh[3]);
}

#[tokio::test]
async fn clocks_are_watched_as_they_come_near_each_once() {
    let bench = Bench::new().await;
    let request = |n: u128| uuid::Uuid::from_u128(0xEE00 + n);
    let case = Case::new(1).asked(in_seconds(-60), request(1), in_seconds(600));
    case.heard(&bench).await;
    let asked = wire::WatchDueSoonRequest { within_seconds: 900, definitions: vec!["C11".into()] };
    let mut near = bench.grpc.watch_due_soon(handler(asked.clone())).await.unwrap().into_inner();
    let first = near.next().await.unwrap().unwrap().clock.unwrap();
    assert_eq!(first.subject_id, request(1).to_string());
    let mut of_other = bench.grpc.watch_due_soon(stranger(asked)).await.unwrap().into_inner();
    let case = case.asked(in_seconds(-30), request(2), in_seconds(700)).asked(
        in_seconds(-20),
        request(3),
        in_seconds(86_400),
    );
    bench.hear(&case.investigation.events[1..]).await;
    let second = near.next().await.unwrap().unwrap().clock.unwrap();
    assert_eq!(second.subject_id, request(2).to_string(), "the third is far off");
    Case::of("tenant-b", 2).asked(in_seconds(-60), request(4), in_seconds(500)).heard(&bench).await;
    let own = of_other.next().await.unwrap().unwrap().clock.unwrap();
    assert_eq!(own.subject_id, request(4).to_string());
    let far = wire::WatchDueSoonRequest { within_seconds: 700_000, ..Default::default() };
    let refused = bench.grpc.watch_due_soon(handler(far)).await.err().unwrap();
    assert_eq!(faults(&refused), ["withinSeconds OUT_OF_RANGE"]);
}
