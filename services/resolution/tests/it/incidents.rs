//! One plan for all members of an incident, each free to differ (L34).

use redress_proto::classification::v1 as classification;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::Severity;
use uuid::Uuid;

use crate::bench::{Bench, handler, reason, submission, supervisor};
use crate::steps::{call, liability, option, refund, review};

#[tokio::test]
async fn a_plan_gives_every_waiting_member_a_proposal_of_its_own() {
    let bench = Bench::new().await;
    let incident = Uuid::from_u128(77);
    let mut members = Vec::new();
    for n in 1..=3 {
        members.push(bench.to_plan_review(n, Severity::General).await);
    }
    let waiting = bench.register(4, submission()).await;
    members.push(waiting);
    bench.incident(incident, &classification::IncidentSuspected::default()).await;
    for id in &members {
        let added = classification::IncidentMemberAdded { complaint_id: id.to_string() };
        bench.incident(incident, &added).await;
    }
    let plan = wire::PlanForIncidentRequest {
        request_id: "plan-1".into(),
        incident_id: incident.to_string(),
        options: vec![option(vec![refund(5_000)])],
        full_basis: "直播间虚假宣传,统一方案。".into(),
        members: vec![
            wire::MemberPlan {
                complaint_id: members[1].to_string(),
                options: vec![option(vec![refund(7_000)])],
            },
            wire::MemberPlan { complaint_id: members[2].to_string(), options: vec![] },
        ],
    };
    let desk = &bench.commands.desk;
    let make = |plan: wire::PlanForIncidentRequest| async {
        let planned = redress_resolution::app::incident_plan::plan(desk, &handler("h-1"), plan).await;
        planned.map_err(redress_resolution::Error::into_problem)
    };
    assert_eq!(reason(make(plan.clone()).await), "INCIDENT_NOT_CONFIRMED");
    bench.incident(incident, &classification::IncidentConfirmed::default()).await;
    let planned = make(plan.clone()).await.unwrap();
    assert_eq!(planned.planned.len(), 2);
    let passed: Vec<_> = planned.passed_over.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(passed.len(), 2);
    assert!(passed.contains(&"LEFT_OUT") && passed.contains(&"WRONG_STATE"));
    assert_eq!(make(plan.clone()).await.unwrap().planned, planned.planned, "a repetition changes nothing");
    let seen = bench.get(&handler("h-1"), members[1]).await;
    assert_eq!(seen.proposals[0].revisions[0].options[0].remedies, [refund(7_000)]);
    assert_eq!(seen.proposals[0].incident_id, incident.to_string());
    let later = make(wire::PlanForIncidentRequest { request_id: call(), ..plan }).await.unwrap();
    assert!(later.planned.is_empty(), "nobody is planned for twice");

    bench.act(&handler("h-1"), liability(members[0])).await.unwrap();
    let seen = bench.get(&handler("h-1"), members[0]).await;
    let proposal = &seen.proposals[0].proposal_id;
    assert_eq!(
        reason(bench.act(&handler("h-1"), review(members[0], proposal, 1)).await),
        "REVIEWER_IS_AUTHOR"
    );
    bench.act(&supervisor("s-1"), review(members[0], proposal, 1)).await.unwrap();
}
