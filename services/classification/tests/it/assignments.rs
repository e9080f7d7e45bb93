use jiff::SignedDuration;
use redress_classification::app::assignments::{accept, give_back, queues, register};
use redress_classification::store::assignment::WATCHED;
use redress_domain::{ErrorKind, Principal, Role};
use redress_proto::classification::v1 as wire;
use redress_proto::intake::v1::{ComplaintAdvanced, ComplaintClosed, ComplaintReopened};
use redress_proto::types::v1::ComplaintState;
use uuid::Uuid;

use crate::bench::{Bench, OFFER, caller, supervisor, told};

const PARCEL: &str = "下单十天了一直没发货,催了客服三次都没有用,订单还是待发货。";

fn handler(name: &str) -> Principal {
    caller(name, &[Role::Handler])
}

async fn registered(bench: &Bench, name: &str, served: &[&str], capacity: i32) {
    let request = wire::RegisterHandlerRequest {
        request_id: format!("register-{name}-{capacity}"),
        handler: name.into(),
        queues: served.iter().map(|&queue| queue.to_owned()).collect(),
        capacity,
    };
    register(&bench.desk, &supervisor(), request).await.unwrap();
}

/// Complaint and handler of all that is offered or taken, as `state:handler`.
async fn held(bench: &Bench) -> Vec<(u128, String)> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT complaint_id, state || ':' || handler FROM assignment WHERE handler <> '' ORDER BY complaint_id",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    rows.into_iter().map(|(id, held)| (id.as_u128(), held)).collect()
}

fn taking(n: u128, request_id: &str) -> wire::AcceptAssignmentRequest {
    let complaint_id = Uuid::from_u128(n).to_string();
    wire::AcceptAssignmentRequest { request_id: request_id.into(), complaint_id }
}

fn returning(n: u128, request_id: &str) -> wire::ReturnAssignmentRequest {
    let complaint_id = Uuid::from_u128(n).to_string();
    wire::ReturnAssignmentRequest { request_id: request_id.into(), complaint_id, reason: "conflict".into() }
}

async fn with_cases(count: u128) -> Bench {
    let bench = Bench::new().await;
    for n in 1..=count {
        bench.assessed(told(n, PARCEL)).await;
    }
    bench
}

async fn versions(bench: &Bench, n: u128) -> Vec<(i64, String)> {
    let all = bench.published().await.into_iter().filter(|e| e.0.as_u128() == n);
    all.map(|e| (e.1, e.2.rsplit('.').next().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn an_assessed_case_waits_in_its_queue_is_offered_and_taken() {
    let bench = with_cases(1).await;
    let waiting = queues(&bench.desk, &supervisor()).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].name.as_str(), waiting[0].waiting), ("CQ02/general/zh-Hans", 1));
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, [], "nobody is known");

    registered(&bench, "h1", &["CQ02/*/zh-Hans"], 3).await;
    registered(&bench, "h2", &["CQ07/*/*"], 3).await;
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, [(1, "offered:h1".to_owned())]);
    for _ in 0..2 {
        accept(&bench.desk, &handler("h1"), taking(1, "r1")).await.unwrap();
    }
    assert_eq!(held(&bench).await, [(1, "taken:h1".to_owned())]);
    let kinds = ["AssessmentMade", "AssignmentOffered", "AssignmentAccepted"];
    let expected: Vec<(i64, String)> = (1..).zip(kinds.map(str::to_owned)).collect();
    assert_eq!(versions(&bench, 1).await, expected);
}

#[tokio::test]
async fn only_the_one_it_is_offered_to_takes_a_case_and_only_in_time() {
    let bench = with_cases(1).await;
    registered(&bench, "h1", &["*/*/*"], 3).await;
    bench.offering().round().await.unwrap();
    let stranger = accept(&bench.desk, &handler("h2"), taking(1, "r1")).await.unwrap_err().into_problem();
    assert_eq!((stranger.kind, stranger.reason), (ErrorKind::FailedPrecondition, "NOT_OFFERED"));
    bench.clock.advance(OFFER);
    let late = accept(&bench.desk, &handler("h1"), taking(1, "r2")).await.unwrap_err().into_problem();
    assert_eq!(late.reason, "NOT_OFFERED");
}

#[tokio::test]
async fn an_offer_that_nobody_takes_goes_to_somebody_else() {
    let bench = with_cases(1).await;
    registered(&bench, "h1", &["*/*/*"], 9).await;
    registered(&bench, "h2", &["*/*/*"], 1).await;
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, [(1, "offered:h1".to_owned())], "h1 has more room");
    bench.clock.advance(OFFER);
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, [(1, "offered:h2".to_owned())]);
    bench.clock.advance(OFFER);
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, [], "both have passed it just now");
    bench.clock.advance(OFFER);
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await.len(), 1, "nothing is forgotten");
}

#[tokio::test]
async fn an_offer_of_the_evening_lasts_into_the_morning() {
    let bench = with_cases(1).await;
    registered(&bench, "h1", &["*/*/*"], 9).await;
    // Service ends at nine in the evening: five of the ten minutes are left.
    bench.clock.set("2026-11-25T12:55:00Z".parse().unwrap());
    bench.offering().round().await.unwrap();
    let offered = [(1, "offered:h1".to_owned())];
    for still in ["2026-11-25T13:05:00Z", "2026-11-26T01:04:59Z"] {
        bench.clock.set(still.parse().unwrap());
        bench.offering().round().await.unwrap();
        assert_eq!(held(&bench).await, offered, "{still}");
    }
    bench.clock.set("2026-11-26T01:05:00Z".parse().unwrap());
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, []);
}

#[tokio::test]
async fn a_returned_case_waits_again_and_a_supervisor_may_return_it_for_a_handler() {
    let bench = with_cases(2).await;
    registered(&bench, "h1", &["*/*/*"], 2).await;
    bench.offering().round().await.unwrap();
    accept(&bench.desk, &handler("h1"), taking(1, "r1")).await.unwrap();
    let stranger = give_back(&bench.desk, &handler("h2"), returning(1, "r2")).await.unwrap_err();
    assert_eq!(stranger.into_problem().reason, "NOT_OFFERED");
    give_back(&bench.desk, &handler("h1"), returning(1, "r3")).await.unwrap();
    give_back(&bench.desk, &supervisor(), returning(2, "r4")).await.unwrap();
    assert_eq!(held(&bench).await, []);
    assert_eq!(versions(&bench, 1).await.last().unwrap(), &(4, "AssignmentReturned".to_owned()));
    let missing = wire::ReturnAssignmentRequest { reason: String::new(), ..returning(1, "r5") };
    let missing = give_back(&bench.desk, &handler("h1"), missing).await.unwrap_err().into_problem();
    assert_eq!(missing.violations[0].field, "reason");
}

#[tokio::test]
async fn nobody_is_over_capacity_whoever_offers_at_once() {
    let bench = with_cases(40).await;
    for (name, capacity) in [("h1", 3), ("h2", 1), ("h3", 0)] {
        registered(&bench, name, &["*/*/*"], capacity).await;
    }
    for _ in 0..3 {
        let offering = bench.offering();
        let rounds = (0..8).map(|_| offering.round());
        for outcome in futures::future::join_all(rounds).await {
            outcome.unwrap();
        }
        let held: Vec<String> = held(&bench).await.into_iter().map(|(_, held)| held).collect();
        let of = |name: &str| held.iter().filter(|held| held.ends_with(name)).count();
        assert_eq!((of(":h1"), of(":h2"), of(":h3")), (3, 1, 0));
    }
    let (first, _) = held(&bench).await.into_iter().find(|(_, held)| held == "offered:h1").unwrap();
    accept(&bench.desk, &handler("h1"), taking(first, "r1")).await.unwrap();
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await.len(), 4, "a taken case takes room as an offered one does");
}

#[tokio::test]
async fn a_closed_case_makes_room_and_a_reopened_one_waits_again() {
    let bench = with_cases(2).await;
    registered(&bench, "h1", &["*/*/*"], 1).await;
    bench.offering().round().await.unwrap();
    let (first, _) = held(&bench).await[0].clone();
    let closed = ComplaintClosed { outcome: "settled".into(), cause: "agreed".into() };
    bench.apply(&[bench.happened(first, 2, &closed)]).await.unwrap();
    bench.offering().round().await.unwrap();
    let (second, _) = held(&bench).await[0].clone();
    assert_ne!(first, second);
    let reopened = ComplaintReopened { reason: "new_fact".into() };
    bench.apply(&[bench.happened(first, 3, &reopened)]).await.unwrap();
    let waiting = queues(&bench.desk, &supervisor()).await.unwrap();
    assert_eq!(waiting[0].waiting, 1);
}

#[tokio::test]
async fn a_case_that_ends_and_comes_back_within_a_batch_is_nobodys_as_if_it_were_two() {
    let closed = ComplaintClosed { outcome: "settled".into(), cause: "agreed".into() };
    let reopened = ComplaintReopened { reason: "new_fact".into() };
    let mut tables = Vec::new();
    for at_once in [2, 1] {
        let bench = with_cases(1).await;
        registered(&bench, "h1", &["*/*/*"], 1).await;
        bench.offering().round().await.unwrap();
        accept(&bench.desk, &handler("h1"), taking(1, "r1")).await.unwrap();
        let events = [bench.happened(1, 2, &closed), bench.happened(1, 3, &reopened)];
        for batch in events.chunks(at_once) {
            bench.apply(batch).await.unwrap();
        }
        assert_eq!(held(&bench).await, []);
        let rows = bench.tables().await.into_iter().find(|(name, _)| name == "assignment").unwrap().1;
        tables.push(rows);
    }
    assert_eq!(tables[0], tables[1]);
}

#[tokio::test]
async fn a_case_that_nobody_serves_shows_after_an_hour() {
    let bench = with_cases(2).await;
    assert_eq!(bench.offering().watch().await.unwrap().cases, 0);
    bench.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(bench.offering().watch().await.unwrap().cases, 2);
    // What is offered just now is nobody's yet.
    registered(&bench, "h1", &["*/*/*"], 9).await;
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await.len(), 2);
    assert_eq!(bench.offering().watch().await.unwrap().cases, 2);
}

#[tokio::test]
async fn what_somebody_took_and_left_shows_until_it_is_returned() {
    let bench = with_cases(1).await;
    registered(&bench, "h1", &["*/*/*"], 9).await;
    bench.offering().round().await.unwrap();
    accept(&bench.desk, &handler("h1"), taking(1, "r1")).await.unwrap();
    assert_eq!(bench.offering().watch().await.unwrap().abandoned, 0);
    registered(&bench, "h1", &["*/*/*"], 0).await;
    assert_eq!(bench.offering().watch().await.unwrap().abandoned, 1);
    give_back(&bench.desk, &supervisor(), returning(1, "r2")).await.unwrap();
    assert_eq!(bench.offering().watch().await.unwrap().abandoned, 0);
}

#[tokio::test]
async fn a_crowd_of_cases_that_everybody_has_passed_hides_none_behind_it() {
    let bench = with_cases(101).await;
    registered(&bench, "h1", &["*/*/*"], 9).await;
    // Just now, and all but the last.
    bench
        .run(
            "UPDATE assignment SET passed_by = '{h1}', passed_at = '2026-11-25T04:00:00Z'
             WHERE complaint_id < '00000000-0000-0000-0000-000000000065'",
        )
        .await;
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, [(101, "offered:h1".to_owned())]);
}

#[tokio::test]
async fn what_is_wrong_with_a_handler_is_told_at_once() {
    let bench = Bench::new().await;
    let request = wire::RegisterHandlerRequest {
        request_id: "r1".into(),
        handler: String::new(),
        queues: vec!["*/*/*".into(), "CQ77/*/*".into()],
        capacity: 1_001,
    };
    let refused = register(&bench.desk, &supervisor(), request).await.unwrap_err().into_problem();
    let fields: Vec<&str> = refused.violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["handler", "capacity", "queues[1]"]);
}

fn advanced(from: ComplaintState, to: ComplaintState) -> ComplaintAdvanced {
    ComplaintAdvanced { from: from.into(), to: to.into(), fact: "Fact".into() }
}

#[tokio::test]
async fn an_appealed_closing_is_offered_again_and_a_referred_case_makes_room() {
    use ComplaintState::{Closed, Mediating, Referred, UnderAppeal};
    let bench = with_cases(1).await;
    registered(&bench, "h1", &["*/*/*"], 1).await;
    let closed = ComplaintClosed { outcome: "settled".into(), cause: "agreed".into() };
    bench.apply(&[bench.happened(1, 2, &closed)]).await.unwrap();
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, []);
    bench.apply(&[bench.happened(1, 3, &advanced(Closed, UnderAppeal))]).await.unwrap();
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, [(1, "offered:h1".to_owned())]);
    accept(&bench.desk, &handler("h1"), taking(1, "r1")).await.unwrap();
    bench.apply(&[bench.happened(1, 4, &advanced(UnderAppeal, Mediating))]).await.unwrap();
    assert_eq!(held(&bench).await, [(1, "taken:h1".to_owned())], "who has it keeps it");
    bench.apply(&[bench.happened(1, 5, &advanced(Mediating, Referred))]).await.unwrap();
    bench.assessed(told(2, PARCEL)).await;
    bench.offering().round().await.unwrap();
    assert_eq!(held(&bench).await, [(2, "offered:h1".to_owned())]);
}

#[tokio::test]
async fn a_case_that_goes_from_offer_to_offer_is_told_after_the_third_round() {
    let bench = with_cases(1).await;
    registered(&bench, "h1", &["*/*/*"], 9).await;
    registered(&bench, "h2", &["*/*/*"], 1).await;
    // Let pass, returned, and returned when it was taken already.
    bench.offering().round().await.unwrap();
    bench.clock.advance(OFFER);
    bench.offering().round().await.unwrap();
    let (_, holder) = held(&bench).await.remove(0);
    give_back(&bench.desk, &handler(holder.rsplit(':').next().unwrap()), returning(1, "r1")).await.unwrap();
    assert_eq!(bench.offering().watch().await.unwrap().stranded, 0);
    bench.clock.advance(OFFER);
    bench.offering().round().await.unwrap();
    let (_, holder) = held(&bench).await.remove(0);
    let holder = handler(holder.rsplit(':').next().unwrap());
    accept(&bench.desk, &holder, taking(1, "r2")).await.unwrap();
    give_back(&bench.desk, &holder, returning(1, "r3")).await.unwrap();
    let told = versions(&bench, 1).await;
    let (last, name) = told.last().unwrap();
    assert_eq!(
        (name.as_str(), *last),
        ("AssignmentStranded", i64::try_from(told.len()).unwrap()),
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|(_, name)| name == "AssignmentStranded").count(), 1);
    let versions: Vec<i64> = told.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=*last).collect::<Vec<_>>(), "without holes");
    assert_eq!(bench.offering().watch().await.unwrap().stranded, 1);
    assert_eq!(bench.count("SELECT rounds::bigint FROM assignment").await, 3);
}

#[tokio::test]
async fn three_expired_offers_are_told_too() {
    let bench = with_cases(1).await;
    registered(&bench, "h1", &["*/*/*"], 9).await;
    for _ in 0..3 {
        bench.offering().round().await.unwrap();
        bench.clock.advance(OFFER);
        bench.offering().round().await.unwrap();
        bench.clock.advance(OFFER);
    }
    let told = versions(&bench, 1).await;
    assert_eq!(told.iter().filter(|(_, name)| name == "AssignmentStranded").count(), 1, "{told:?}");
    let versions: Vec<i64> = told.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=i64::try_from(told.len()).unwrap()).collect::<Vec<_>>(), "without holes");
}

#[tokio::test]
async fn queues_are_counted_without_reading_what_is_over() {
    let bench = with_cases(1).await;
    sqlx::query(
        "INSERT INTO assignment (tenant, complaint_id, category, severity, language, urgent, state, waiting_since)
         SELECT 'tenant-a', gen_random_uuid(), 'CQ03', 'general', 'en', false, 'ended', now()
         FROM generate_series(1, 100)",
    )
    .execute(bench.db.pool())
    .await
    .unwrap();
    let found = queues(&bench.desk, &supervisor()).await.unwrap();
    let names: Vec<&str> = found.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["CQ02/general/zh-Hans"], "a queue in which all is over has no entry");
}

#[tokio::test]
async fn the_watch_counts_no_further_than_it_must_and_tells_the_oldest_all_the_same() {
    let bench = Bench::new().await;
    sqlx::query(
        "INSERT INTO assignment (tenant, complaint_id, category, severity, language, urgent, state, waiting_since)
         SELECT 'tenant-a', gen_random_uuid(), 'CQ03', 'general', 'en', false, 'waiting',
                '2026-01-02T00:00:00Z'::timestamptz - n * interval '1 second'
         FROM generate_series(0, $1) AS n",
    )
    .bind(WATCHED)
    .execute(bench.db.pool())
    .await
    .unwrap();
    let found = bench.offering().watch().await.unwrap();
    assert_eq!(found.cases, WATCHED, "of one more");
    let oldest: jiff::Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
    assert_eq!(found.oldest, Some(oldest - SignedDuration::from_secs(WATCHED)));
}
