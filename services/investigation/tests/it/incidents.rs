//! One investigation for an incident; each member concludes itself.

use prost::{Message, Name};
use redress_investigation::app::{findings, incident_findings};
use redress_proto::classification::v1 as classification;
use redress_proto::investigation::v1 as wire;
use redress_proto::types::v1 as types;

use crate::bench::{Bench, Happening, NOON, id, meta, reason, staff};
use crate::calls::found;

const INCIDENT: u128 = 500;

fn of_incident<M: Message + Name>(version: i64, message: &M) -> Happening {
    let meta = meta::<M>("redress.classification.incidents.v1", INCIDENT, version, NOON.parse().unwrap());
    Happening { meta, payload: message.encode_to_vec() }
}

fn confirmed(version: i64) -> Happening {
    let incident = classification::Incident {
        incident_id: id(INCIDENT),
        dimension: classification::IncidentDimension::LiveRoom.into(),
        category: types::Category::Cq07.into(),
        ..classification::Incident::default()
    };
    of_incident(version, &classification::IncidentConfirmed { incident: Some(incident) })
}

fn member(version: i64, n: u128) -> Happening {
    of_incident(version, &classification::IncidentMemberAdded { complaint_id: id(n) })
}

fn shared(issue: &str, evidence: &str) -> wire::RecordFindingRequest {
    wire::RecordFindingRequest {
        complaint_id: String::new(),
        incident_id: id(INCIDENT),
        ..found(1, issue, evidence)
    }
}

#[tokio::test]
async fn a_finding_of_an_incident_counts_for_each_member_unless_it_has_one_of_its_own() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    // Membership may be told before the complaint is.
    bench.follow_incidents(&[member(1, 1), confirmed(2), member(3, 2)]).await;
    for n in [1, 2, 3] {
        bench.reviewed(n, types::Category::Cq07, types::Severity::General).await;
        bench.accept(n).await;
    }
    let opened: wire::InvestigationOpened = bench.last(1).await;
    assert_eq!(opened.incident_id, id(INCIDENT));
    let piece = bench.evidence(1, "live_replay_segment").await;
    for issue in ["statement_made", "statement_misleading"] {
        let recorded = findings::record(&bench.desk, &handler, shared(issue, &piece)).await.unwrap();
        let finding = recorded.finding.unwrap();
        assert!(finding.of_incident);
        assert_eq!(finding.fact, "包的缝线开了三厘米");
    }
    let stranger = bench.evidence(3, "live_replay_segment").await;
    let refused = findings::record(&bench.desk, &handler, shared("statement_made", &stranger)).await;
    assert_eq!(reason(refused), "EVIDENCE_UNKNOWN");

    let view = bench.view(2).await;
    assert_eq!(view.findings.len(), 2);
    assert!(view.findings.iter().all(|finding| finding.of_incident && !finding.fact.is_empty()));
    // It differs on one point.
    let own = bench.evidence(2, "screenshot").await;
    findings::record(&bench.desk, &handler, found(2, "statement_made", &own)).await.unwrap();
    crate::evidence_of::show(&bench, 2, &own).await;
    // What lies with another member was shown to the respondent there, or it does not count here.
    let hidden = bench.conclude(&handler, 2).await.unwrap_err().into_problem();
    assert_eq!(hidden.reason, "EVIDENCE_NOT_SHOWN");
    assert!(hidden.metadata.contains(&("evidence", format!("{piece}:respondent"))), "{:?}", hidden.metadata);
    crate::evidence_of::show(&bench, 1, &piece).await;
    bench.conclude(&handler, 2).await.unwrap();
    let concluded: wire::InvestigationConcluded = bench.last(2).await;
    let counted: Vec<_> = concluded.findings.iter().map(|f| (f.issue.as_str(), f.of_incident)).collect();
    assert_eq!(counted, [("statement_made", false), ("statement_misleading", true)]);
    // Who is no member has nothing of it.
    assert_eq!(reason(bench.conclude(&handler, 3).await), "FINDING_MISSING");
    let shown = incident_findings::get(&bench.desk, &handler, &id(INCIDENT)).await.unwrap();
    assert_eq!((shown.members, shown.findings.len(), shown.open), (2, 2, true));
    assert_eq!(bench.told(INCIDENT).await.iter().map(|(version, _)| *version).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn an_incident_that_is_suspected_or_over_takes_no_findings_and_a_repetition_opens_it_once() {
    let (bench, handler) = (Bench::new().await, staff("handler-1"));
    bench.opened(1).await;
    let piece = bench.evidence(1, "live_replay_segment").await;
    assert_eq!(
        reason(findings::record(&bench.desk, &handler, shared("statement_made", &piece)).await),
        "NOT_FOUND"
    );
    bench.follow_incidents(&[member(1, 1), confirmed(2), confirmed(3)]).await;
    assert_eq!(bench.told(INCIDENT).await.len(), 1);
    findings::record(&bench.desk, &handler, shared("statement_made", &piece)).await.unwrap();
    let same = findings::record(&bench.desk, &handler, shared("statement_made", &piece)).await.unwrap();
    assert_eq!(same.version, 2, "the same call again");
    // Nobody has joined for a day: the facts may still have to be found.
    let handled = of_incident(4, &classification::IncidentHandled { reason: "quiet".into() });
    bench.follow_incidents(&[handled]).await;
    let more =
        wire::RecordFindingRequest { request_id: "more".into(), ..shared("statement_misleading", &piece) };
    findings::record(&bench.desk, &handler, more).await.unwrap();
    let over = of_incident(5, &classification::IncidentDissolved { reason: "over".into() });
    bench.follow_incidents(&[over]).await;
    let late = wire::RecordFindingRequest { request_id: "late".into(), ..shared("statement_made", &piece) };
    assert_eq!(reason(findings::record(&bench.desk, &handler, late).await), "INCIDENT_NOT_OPEN");
    assert_eq!(bench.view(1).await.findings.len(), 2, "what was found stays");
}

#[tokio::test]
async fn who_may_not_work_on_a_member_finds_nothing_that_counts_in_it() {
    let bench = Bench::new().await;
    bench.follow_incidents(&[confirmed(1), member(2, 1), member(3, 2)]).await;
    for n in [1, 2] {
        bench.reviewed(n, types::Category::Cq07, types::Severity::General).await;
        bench.accept(n).await;
    }
    let piece = bench.evidence(1, "live_replay_segment").await;
    let declare = wire::DeclareConflictRequest {
        request_id: "conflict".into(),
        complaint_id: id(2),
        kind: wire::ConflictKind::Interest.into(),
        ..wire::DeclareConflictRequest::default()
    };
    redress_investigation::app::conflicts::declare(&bench.desk, &staff("handler-2"), declare).await.unwrap();
    let own = crate::bench::principal("tenant-a", crate::bench::WHO, &[redress_domain::Role::Handler]);
    for barred in [staff("handler-2"), own] {
        let refused = findings::record(&bench.desk, &barred, shared("statement_made", &piece)).await;
        assert_eq!(reason(refused), "RECUSED", "{barred:?}");
    }
    findings::record(&bench.desk, &staff("handler-1"), shared("statement_made", &piece)).await.unwrap();
}
