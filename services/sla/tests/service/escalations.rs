//! Who is called, when, and who is called next.

use jiff::SignedDuration;
use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;
use redress_sla::app::escalate::Escalation;

use crate::bench::{Bench, handler, in_seconds, reason, stranger, supervisor};
use crate::course::{Case, at};

async fn tickets(bench: &Bench, case: &Case) -> Vec<wire::Escalation> {
    let asked = wire::ListEscalationsRequest { complaint_id: case.id.to_string() };
    bench.grpc.list_escalations(handler(asked)).await.unwrap().into_inner().escalations
}

/// Sends out what is to be sent out, until nothing is left.
async fn settle(bench: &Bench) {
    let escalation = Escalation::new(bench.desk.clone());
    while escalation.look().await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_breach_of_an_urgent_case_calls_at_once_and_whoever_takes_it_up_ends_it() {
    let bench = Bench::new().await;
    let due = in_seconds(-60);
    let case = Case::new(1).urgent(in_seconds(-600)).registered_until(in_seconds(-500), due);
    case.heard(&bench).await;
    bench.heard_through(in_seconds(0)).await;
    assert!(bench.firing().look().await.unwrap().breached >= 1);
    settle(&bench).await;
    let all = tickets(&bench, &case).await;
    let called = all.iter().find(|ticket| ticket.reason == "clock_breached").unwrap().clone();
    assert_eq!((called.level, called.target_role.as_str()), (1, "handler_lead"));
    assert_eq!(called.state, i32::from(wire::EscalationState::Raised));
    assert_eq!(called.not_before, called.raised_at, "an urgent case waits for no office");
    let calls = async || bench.published().await.iter().filter(|l| *l == "EscalationRaised").count();
    let before = calls().await;
    // Heard and fired again, it calls nobody again.
    case.heard(&bench).await;
    bench.firing().look().await.unwrap();
    settle(&bench).await;
    assert_eq!(calls().await, before);

    let take = |request_id: &str| wire::AcknowledgeEscalationRequest {
        request_id: request_id.into(),
        ticket_id: called.ticket_id.clone(),
    };
    let foreign = bench.grpc.acknowledge_escalation(stranger(take("1"))).await.unwrap_err();
    assert_eq!(foreign.code(), tonic::Code::NotFound);
    let taken = bench.grpc.acknowledge_escalation(handler(take("1"))).await.unwrap().into_inner();
    let again = bench.grpc.acknowledge_escalation(handler(take("1"))).await.unwrap().into_inner();
    assert_eq!(taken, again);
    assert_eq!(taken.escalation.unwrap().acknowledged_by, "handler-1");
    let late = bench.grpc.acknowledge_escalation(supervisor(take("2"))).await.unwrap_err();
    assert_eq!(reason(&late), "ESCALATION_NOT_OPEN");
    let published = bench.published().await;
    assert_eq!(published.iter().filter(|line| *line == "EscalationAcknowledged").count(), 1);
}

#[tokio::test]
async fn nobody_takes_it_up_and_each_level_is_called_in_the_hours_of_its_office() {
    let bench = Bench::new().await;
    // Monday; the decision on acceptance is due on Tuesday at the end of business.
    let case = Case::new(1).registered(at("2026-03-02T02:00:00Z"));
    case.heard(&bench).await;
    bench.heard_through(at("2026-03-03T10:00:00Z")).await;
    while bench.firing().look().await.unwrap().breached > 0 {}
    settle(&bench).await;
    let clock = bench.clock_of("C06").await.0.to_string();
    let mut called: Vec<_> = tickets(&bench, &case).await;
    called.retain(|ticket| ticket.clock_id == clock && ticket.reason == "clock_breached");
    called.sort_by_key(|ticket| ticket.level);
    let levels: Vec<_> = called.iter().map(|ticket| (ticket.level, ticket.state)).collect();
    let state = |state: wire::EscalationState| i32::from(state);
    let passed_on = state(wire::EscalationState::PassedOn);
    assert_eq!(levels, [(2, passed_on), (3, passed_on), (4, state(wire::EscalationState::Raised))]);
    // Due at 18:00, so it goes out at 09:00 of Wednesday, and eight hours of business end it.
    let seconds = |at: &Option<pbjson_types::Timestamp>| at.as_ref().unwrap().seconds;
    assert_eq!(seconds(&called[0].not_before), at("2026-03-04T01:00:00Z").as_second());
    assert_eq!(seconds(&called[0].acknowledge_by), at("2026-03-04T10:00:00Z").as_second());
}

#[tokio::test]
async fn a_clock_that_ends_before_the_call_goes_out_calls_nobody() {
    let bench = Bench::new().await;
    let case = Case::new(1).registered(at("2026-03-02T02:00:00Z"));
    case.heard(&bench).await;
    bench.heard_through(at("2026-03-03T10:00:00Z")).await;
    while bench.firing().look().await.unwrap().breached > 0 {}
    let case = case.accepted(at("2026-03-03T10:00:00Z") + SignedDuration::from_mins(5));
    bench.hear(&case.lifecycle.events[1..]).await;
    settle(&bench).await;
    let clock = bench.clock_of("C06").await.0.to_string();
    let called: Vec<_> = tickets(&bench, &case).await;
    let settled = i32::from(wire::EscalationState::Settled);
    let own: Vec<_> = called.iter().filter(|t| t.clock_id == clock).map(|t| t.state).collect();
    assert!(!own.is_empty() && own.iter().all(|state| *state == settled), "{called:?}");
}
