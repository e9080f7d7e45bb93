//! What is refused: questions that do not fit, and events that cannot be counted.

use redress_analytics::app::lifecycle::CountLifecycle;
use redress_analytics::app::notices::CountNotices;
use redress_analytics::domain::selection::Dimension;
use redress_analytics::topics::NOTICES;
use redress_domain::Problem;
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1 as notification;
use redress_testkit::EventStream;

use crate::bench::{Bench, delivery, supervisor};
use crate::history::begin;
use crate::order::{span, wire_dimension};
use crate::single::{TENANT, complaint, registration};

#[tokio::test]
async fn everything_that_does_not_fit_in_a_question_is_told_at_once() {
    let bench = Bench::new().await;
    let bad = wire::QueryMetricsRequest {
        metric: "happiness".into(),
        from: None,
        until: Some(pbjson_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        window_seconds: 59,
        dimension: 99,
        value: "x".into(),
        limit: -1,
    };
    let refused = bench.questions.query(&supervisor(TENANT), bad).await.unwrap_err().into_problem();
    let told = |refused: Problem| {
        let violations = refused.violations.into_iter();
        violations.map(|violation| (violation.field, violation.reason)).collect::<Vec<_>>()
    };
    let pair = |field: &str, reason| (field.to_owned(), reason);
    assert_eq!(
        told(refused),
        [
            pair("metric", "UNKNOWN_METRIC"),
            pair("from", "REQUIRED"),
            pair("until", "MALFORMED_TIME"),
            pair("dimension", "UNKNOWN_ENUM_VALUE"),
            pair("value", "DIMENSION_REQUIRED"),
            pair("windowSeconds", "OUT_OF_RANGE"),
            pair("limit", "OUT_OF_RANGE"),
        ]
    );
    let (from, until) = span();
    let drill = wire::DrillDownRequest {
        metric: "complaints".into(),
        from: Some(to_wire_time(until)),
        until: Some(to_wire_time(from)),
        dimension: wire_dimension(Dimension::Channel),
        value: "pigeon".into(),
        ..Default::default()
    };
    let refused = bench.questions.drill_down(&supervisor(TENANT), drill).await.unwrap_err().into_problem();
    assert_eq!(told(refused), [pair("until", "OUT_OF_RANGE"), pair("value", "UNKNOWN_VALUE")]);
}

#[test]
fn an_event_that_cannot_be_counted_is_refused_and_never_guessed() {
    let case = complaint(1, begin());
    let mut unknown_state = registration(&case);
    unknown_state.tell(begin(), &intake::ComplaintAdvanced { to: 99, ..Default::default() });
    assert!(delivery(&CountLifecycle, &unknown_state.events[0]).unwrap().is_some());
    let refused = delivery(&CountLifecycle, &unknown_state.events[1]).unwrap_err();
    assert_eq!(refused.to_string(), "the state is none that this version knows");

    let mut torn = registration(&case).events.remove(0);
    torn.payload.truncate(7);
    assert!(delivery(&CountLifecycle, &torn).is_err());

    let mut notices = EventStream::new(NOTICES, TENANT, case.id);
    let addressee = Some(notification::Addressee { role: "complainant".into(), ..Default::default() });
    notices.tell(begin(), &notification::SurveyAnswered { satisfaction: 6, addressee, ..Default::default() });
    notices.tell(begin(), &notification::NoticeDelivered::default());
    assert!(delivery(&CountNotices, &notices.events[0]).is_err());
    assert!(delivery(&CountNotices, &notices.events[1]).unwrap().is_none());
}
