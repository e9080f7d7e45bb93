//! Who is called, when, and who is called next.

use jiff::SignedDuration;
use redress_domain::Role;
use redress_proto::classification::v1 as classification;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::resolution::v1 as resolution;
use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService as _;
use redress_sla::app::escalate::Escalation;

use redress_sla::topics::{ASSESSMENTS, RESOLUTION};
use redress_testkit::EventStream;

use crate::bench::{Bench, TENANT, call, caller, handler, in_seconds, reason, stranger, supervisor};
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
    let colleague = bench.grpc.acknowledge_escalation(handler(take("1"))).await.unwrap_err();
    assert_eq!(reason(&colleague), "ESCALATION_NEEDS_SUPERVISOR", "the lowest level is the lead's");
    let taken = bench.grpc.acknowledge_escalation(supervisor(take("1"))).await.unwrap().into_inner();
    let again = bench.grpc.acknowledge_escalation(supervisor(take("1"))).await.unwrap().into_inner();
    assert_eq!(taken, again);
    assert_eq!(taken.escalation.unwrap().acknowledged_by, "supervisor-1");
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
    let levels = async || {
        let mut called: Vec<_> = tickets(&bench, &case).await;
        called.retain(|ticket| ticket.clock_id == clock && ticket.reason == "clock_breached");
        called.sort_by_key(|ticket| ticket.level);
        called
    };
    let state = |state: wire::EscalationState| i32::from(state);
    let (passed_on, raised) = (state(wire::EscalationState::PassedOn), state(wire::EscalationState::Raised));
    // Due at 18:00 long ago, so it was to go out at 09:00 of Wednesday. It goes out only now: the time to take it up counts
    // from now, and no level is passed over.
    let called = levels().await;
    let seconds = |at: &Option<pbjson_types::Timestamp>| at.as_ref().unwrap().seconds;
    assert_eq!(called.iter().map(|t| (t.level, t.state)).collect::<Vec<_>>(), [(2, raised)]);
    assert_eq!(seconds(&called[0].not_before), at("2026-03-04T01:00:00Z").as_second());
    assert!(
        seconds(&called[0].acknowledge_by) >= (in_seconds(0) + SignedDuration::from_hours(7)).as_second()
    );
    // Nobody takes it up in that time: the next level, and then the highest, each told in turn.
    let pass = "UPDATE escalation_ticket SET acknowledge_by = now(), next_at = now()
                WHERE state = 'raised' AND acknowledge_by IS NOT NULL";
    let open = "UPDATE escalation_ticket SET not_before = now(), next_at = now() WHERE state = 'waiting'";
    for level in [3, 4] {
        sqlx::query(pass).execute(bench.db.pool()).await.unwrap();
        settle(&bench).await;
        // Whatever the hour at which this runs, the office opens.
        sqlx::query(open).execute(bench.db.pool()).await.unwrap();
        settle(&bench).await;
        let called = levels().await;
        let last = called.last().unwrap();
        assert_eq!((last.level, last.state, called.len()), (level, raised, level as usize - 1));
        assert!(called[..called.len() - 1].iter().all(|ticket| ticket.state == passed_on));
    }
    // The highest is looked at again when its clock ends.
    let case = Case::new(1).registered(at("2026-03-02T02:00:00Z")).accepted(in_seconds(-5));
    bench.hear(&case.lifecycle.events[1..]).await;
    settle(&bench).await;
    assert_eq!(levels().await.last().unwrap().state, state(wire::EscalationState::Settled));
}

#[tokio::test]
async fn a_closed_case_settles_its_calls_though_a_right_lives_on_in_it() {
    let bench = Bench::new().await;
    let mut case = Case::new(1).urgent(in_seconds(-600));
    case.heard(&bench).await;
    let ruled = resolution::RulingIssued {
        ruling_id: uuid::Uuid::from_u128(5).to_string(),
        appeal_until: Some(to_wire_time(in_seconds(86_400))),
        ..Default::default()
    };
    let mut rulings = EventStream::new(RESOLUTION, TENANT, case.id);
    rulings.tell(in_seconds(-300), &ruled);
    bench.hear(&rulings.events).await;
    settle(&bench).await;
    let states = async || tickets(&bench, &case).await.iter().map(|ticket| ticket.state).collect::<Vec<_>>();
    assert_eq!(states().await, [i32::from(wire::EscalationState::Raised)]);
    let heard = case.lifecycle.events.len();
    let closed = intake::ComplaintClosed::default();
    let mut lifecycle = case.lifecycle.clone();
    lifecycle.tell(in_seconds(-60), &closed);
    bench.hear(&lifecycle.events[heard..]).await;
    settle(&bench).await;
    assert_eq!(bench.clock_of("C27").await.1, "running");
    assert_eq!(states().await, [i32::from(wire::EscalationState::Settled)]);
    case.lifecycle = lifecycle;
}

#[tokio::test]
async fn a_higher_level_is_taken_up_by_a_supervisor_who_never_had_the_case() {
    let bench = Bench::new().await;
    // An urgent case calls level 3.
    let case = Case::new(1).urgent(in_seconds(-600));
    case.heard(&bench).await;
    let mut assigned = EventStream::new(ASSESSMENTS, TENANT, case.id);
    assigned.tell(in_seconds(-500), &classification::AssignmentAccepted { handler: "supervisor-1".into() });
    bench.hear(&assigned.events).await;
    settle(&bench).await;
    let ticket = tickets(&bench, &case).await.remove(0);
    assert_eq!(ticket.level, 3);
    let take =
        || wire::AcknowledgeEscalationRequest { request_id: "1".into(), ticket_id: ticket.ticket_id.clone() };
    let refused = bench.grpc.acknowledge_escalation(handler(take())).await.unwrap_err();
    assert_eq!(
        (refused.code(), &*reason(&refused)),
        (tonic::Code::PermissionDenied, "ESCALATION_NEEDS_SUPERVISOR")
    );
    let refused = bench.grpc.acknowledge_escalation(supervisor(take())).await.unwrap_err();
    assert_eq!(
        (refused.code(), &*reason(&refused)),
        (tonic::Code::PermissionDenied, "ESCALATION_OF_OWN_CASE")
    );
    let other = call(caller(TENANT, "supervisor-2", &[Role::Supervisor]), take());
    let taken = bench.grpc.acknowledge_escalation(other).await.unwrap().into_inner().escalation.unwrap();
    assert_eq!(taken.acknowledged_by, "supervisor-2");
}

fn lead<T>(subject: &str, message: T) -> tonic::Request<T> {
    call(caller(TENANT, subject, &[Role::Supervisor]), message)
}

#[tokio::test]
async fn a_complaint_over_the_head_is_taken_up_by_somebody_who_had_nothing_to_do_with_the_case() {
    let bench = Bench::new().await;
    // Urgent, so that a call goes out at once: of level 3; and over the head.
    let case =
        Case::new(1).registered(in_seconds(-600)).urgent(in_seconds(-500)).over_the_head(in_seconds(-400));
    case.heard(&bench).await;
    settle(&bench).await;
    let called = tickets(&bench, &case).await;
    let ticket =
        |reason: &str| called.iter().find(|ticket| ticket.reason == reason).unwrap().ticket_id.clone();
    let (urgent, over_the_head) = (ticket("urgent"), ticket("over_the_head"));
    let take = async |subject: &str, ticket: &str| {
        let asked =
            wire::AcknowledgeEscalationRequest { request_id: ticket.into(), ticket_id: ticket.into() };
        bench.grpc.acknowledge_escalation(lead(subject, asked)).await
    };
    // One granted more time, and another takes a call of the case up, of a higher level.
    let clock_id = bench.clock_of("C13").await.0.to_string();
    let reason_given = "complex".into();
    let ask =
        wire::RequestExtensionRequest { request_id: "e".into(), clock_id, amount: 1, reason: reason_given };
    let asked = bench.grpc.request_extension(handler(ask)).await.unwrap().into_inner().extension.unwrap();
    let extension_id = asked.extension_id;
    let decide = wire::DecideExtensionRequest {
        request_id: "d".into(),
        extension_id,
        approve: false,
        reason: "not_justified".into(),
    };
    bench.grpc.decide_extension(lead("granter", decide)).await.unwrap();
    assert_eq!(reason(&take("granter", &urgent).await.unwrap_err()), "ESCALATION_OF_OWN_LINE");
    take("head", &urgent).await.unwrap();
    for subject in ["granter", "head"] {
        let refused = take(subject, &over_the_head).await.unwrap_err();
        assert_eq!(reason(&refused), "ESCALATION_OF_OWN_LINE", "{subject}");
    }
    let taken = take("outside", &over_the_head).await.unwrap().into_inner().escalation.unwrap();
    assert_eq!(
        (taken.acknowledged_by.as_str(), taken.target_role.as_str()),
        ("outside", "independent_reviewer")
    );
}

#[tokio::test]
async fn an_alert_follows_the_calendar_that_the_tenants_own_policy_has_for_its_office() {
    let bench = Bench::new().await;
    let body = include_str!("../../data/policies/cn.toml").replacen("version = 1\n", "version = 2\n", 1);
    let publish = wire::PublishClockPolicyRequest {
        request_id: "p".into(),
        body: body.replacen("office = \"cn-office\"", "office = \"cn-7x12\"", 1),
        effective_at: Some(to_wire_time(in_seconds(120))),
        ..Default::default()
    };
    bench.grpc.publish_clock_policy(supervisor(publish)).await.unwrap();
    // In effect since the third of March.
    let since = "UPDATE clock_policy SET effective_at = '2026-03-03T00:00:00Z'";
    sqlx::query(since).execute(bench.db.pool()).await.unwrap();
    let bench = &Bench::beside(&bench);
    // On a Sunday night in China, before the policy and under it.
    let registered = at("2026-02-02T02:00:00Z");
    for (n, when, opens) in [
        (1, at("2026-02-28T18:00:00Z"), at("2026-03-02T01:00:00Z")),
        (2, at("2026-03-07T18:00:00Z"), at("2026-03-08T01:00:00Z")),
    ] {
        let case = Case::new(n).registered(registered).over_the_head(when);
        case.heard(bench).await;
        let called = tickets(bench, &case).await;
        let ticket = called.iter().find(|ticket| ticket.reason == "over_the_head").unwrap();
        assert_eq!(ticket.not_before.as_ref().unwrap().seconds, opens.as_second());
    }
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
