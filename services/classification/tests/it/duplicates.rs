use redress_classification::app::duplicates::{decide, find};
use redress_domain::ErrorKind;
use redress_proto::classification::v1::{DecideDuplicateRequest, DuplicateLink, FindDuplicatesRequest};
use redress_testkit::unique_name;
use uuid::Uuid;

use crate::bench::{Bench, Told, from_room, supervisor, told};

const POT: &str = "主播说这款锅是三层不粘涂层,收到以后煎个鸡蛋就粘得一塌糊涂,涂层第三天就开始掉";
const PARCEL: &str = "快递显示已经签收了但是我没有收到,驿站里也找不到,请帮我查一下包裹在哪里";

fn complaint(n: u128, who: &'static str, text: &str, order: &str) -> Told {
    Told { who, submission: from_room(text, "", order), ..told(n, "") }
}

async fn found(bench: &Bench, n: u128) -> Vec<DuplicateLink> {
    let request = FindDuplicatesRequest { complaint_id: Uuid::from_u128(n).to_string() };
    find(&bench.desk, &supervisor(), &request).await.unwrap()
}

fn decision(n: u128, other: u128, decision: &str) -> DecideDuplicateRequest {
    DecideDuplicateRequest {
        request_id: "r1".into(),
        complaint_id: Uuid::from_u128(n).to_string(),
        other_complaint_id: Uuid::from_u128(other).to_string(),
        decision: decision.into(),
    }
}

#[tokio::test]
async fn the_same_person_about_the_same_order_in_nearly_the_same_words_is_suspected_and_kept() {
    let bench = Bench::new().await;
    bench.assessed(complaint(1, "c1", POT, "TEST-0001")).await;
    bench.assessed(complaint(2, "c1", &format!("{POT},请处理"), "TEST-0001")).await;
    let links = found(&bench, 2).await;
    assert_eq!(links.len(), 1);
    assert_eq!(links[0].other_complaint_id, Uuid::from_u128(1).to_string());
    assert_eq!(links[0].features, ["same_complainant", "same_order", "near_text"]);
    assert!(links[0].score > 0.8, "{}", links[0].score);
    assert_eq!(found(&bench, 1).await[0].other_complaint_id, Uuid::from_u128(2).to_string());
    assert_eq!(bench.count("SELECT count(*) FROM assessment").await, 2, "nothing is dropped");
    let told: Vec<(i64, String)> =
        bench.published().await.into_iter().filter(|e| e.0.as_u128() == 2).map(|e| (e.1, e.2)).collect();
    assert_eq!(told[1], (2, "redress.classification.v1.DuplicateSuspected".to_owned()));
}

#[tokio::test]
async fn two_of_one_batch_are_compared_too() {
    let bench = Bench::new().await;
    let batch = [
        bench.registered(complaint(1, "c1", POT, "TEST-0001")).await,
        bench.registered(complaint(2, "c1", POT, "TEST-0001")).await,
    ];
    bench.apply(&batch).await.unwrap();
    assert_eq!(found(&bench, 1).await.len(), 1);
    assert_eq!(bench.count("SELECT count(*) FROM duplicate_link").await, 1);
}

#[tokio::test]
async fn of_two_in_the_same_instant_one_sees_the_other() {
    let bench = Bench::new().await;
    for pair in 0..10_u128 {
        let one = |n: u128| complaint(2 * pair + n + 1, "c1", POT, format!("TEST-{pair:04}").leak());
        let (one, other) = (bench.registered(one(0)).await, bench.registered(one(1)).await);
        let (one, other) = (&[one], &[other]);
        let (first, second) = tokio::join!(bench.apply(one), bench.apply(other));
        first.and(second).unwrap();
    }
    let of_one_order = "SELECT count(*) FROM duplicate_link l
         JOIN complaint a ON a.complaint_id = l.complaint_id
         JOIN complaint b ON b.complaint_id = l.other_complaint_id
         WHERE a.order_no = b.order_no";
    assert_eq!(bench.count(of_one_order).await, 10);
}

#[tokio::test]
async fn a_near_text_of_long_ago_is_found_by_the_index_although_the_person_wrote_much_since() {
    let bench = Bench::new().await;
    // Names that no other test uses: the index is shared.
    let who = &*unique_name("busy").leak();
    bench.assessed(complaint(1, who, POT, "")).await;
    for n in 2..=40 {
        bench.assessed(complaint(n, who, &format!("{PARCEL}{n}"), "")).await;
    }
    bench.assessed(complaint(41, who, POT, "")).await;
    let found = found(&bench, 41).await;
    assert_eq!(found[0].other_complaint_id, Uuid::from_u128(1).to_string());
    assert_eq!(found[0].features, ["same_complainant", "near_text"]);
}

#[tokio::test]
async fn one_thing_in_common_is_not_enough() {
    let bench = Bench::new().await;
    bench.assessed(complaint(1, "c1", POT, "TEST-0001")).await;
    // The same person about another order in other words; another person's copy of the words; another tenant's twin.
    bench.assessed(complaint(2, "c1", PARCEL, "TEST-0002")).await;
    bench.assessed(complaint(3, "c3", POT, "TEST-0003")).await;
    bench.assessed(Told { tenant: "tenant-b", ..complaint(4, "c1", POT, "TEST-0001") }).await;
    assert_eq!(bench.count("SELECT count(*) FROM duplicate_link").await, 0);
}

#[tokio::test]
async fn a_person_decides_from_either_side_and_a_repetition_changes_nothing() {
    let bench = Bench::new().await;
    bench.assessed(complaint(1, "c1", POT, "TEST-0001")).await;
    bench.assessed(complaint(2, "c1", POT, "TEST-0001")).await;
    for _ in 0..2 {
        let link = decide(&bench.desk, &supervisor(), decision(1, 2, "same")).await.unwrap();
        assert_eq!((link.decision.as_str(), link.decided_by.as_str()), ("same", "supervisor-1"));
    }
    assert_eq!(found(&bench, 2).await[0].decision, "same");
    let versions: Vec<i64> =
        bench.published().await.into_iter().filter(|e| e.0.as_u128() == 2).map(|e| e.1).collect();
    assert_eq!(versions, [1, 2, 3], "without holes, once");

    let other = decide(&bench.desk, &supervisor(), decision(1, 2, "different")).await.unwrap_err();
    assert_eq!(other.into_problem().reason, "IDEMPOTENCY_KEY_REUSED");
    let unknown = decide(&bench.desk, &supervisor(), decision(1, 2, "perhaps")).await.unwrap_err();
    assert_eq!(unknown.into_problem().violations[0].field, "decision");
    let nobody = decide(&bench.desk, &supervisor(), decision(1, 9, "same")).await.unwrap_err();
    assert_eq!(nobody.into_problem().kind, ErrorKind::NotFound);
}
