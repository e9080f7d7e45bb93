use redress_classification::app::duplicates::{decide, find};
use redress_classification::domain::duplicate::NEAR;
use redress_classification::domain::normalize::Normalizer;
use redress_classification::domain::simhash::SimHash;
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

/// POT with words more, so that its hash differs from POT's in so many bits.
fn reworded(differing: u32) -> String {
    let normalizer = Normalizer::new().unwrap();
    let hash = |text: &str| SimHash::of(text, &normalizer).unwrap();
    let reworded = |n: usize| {
        let more: Vec<String> = (0..n % 9).map(|word| format!("{}", n * 31 + word)).collect();
        format!("{POT},{}", more.join(","))
    };
    (1..20_000).map(reworded).find(|text| hash(text).distance(hash(POT)) == differing).unwrap()
}

/// One person and one order with much that is another matter, and near texts of both before and after it.
async fn told_much(bench: &Bench) {
    bench.assessed(complaint(1, "c1", POT, "TEST-0001")).await;
    let order = |n: u128| &*format!("TEST-{n:04}").leak();
    let person = |n: u128| &*format!("c{n}").leak();
    let other_matters: Vec<Told> = (2..=40)
        .flat_map(|n| {
            let of_person = complaint(n, "c1", &format!("{PARCEL}{n}"), order(n));
            [of_person, complaint(100 + n, person(n), &format!("{PARCEL}{n}"), "TEST-0001")]
        })
        .collect();
    for told in other_matters {
        bench.assessed(told).await;
    }
    for differing in 4..=NEAR {
        let (text, n) = (reworded(differing), u128::from(differing));
        bench.assessed(complaint(200 + n, "c1", &text, order(200 + n))).await;
        bench.assessed(complaint(300 + n, person(300 + n), &text, "TEST-0001")).await;
    }
}

#[tokio::test]
async fn without_redis_near_texts_are_found_as_with_it_however_much_came_since() {
    let bench = Bench::new().await;
    let without = bench.emptied().await.without_redis();
    told_much(&without).await;
    for differing in 4..=u128::from(NEAR) {
        for (n, features) in [
            (200 + differing, ["same_complainant", "near_text"]),
            (300 + differing, ["same_order", "near_text"]),
        ] {
            let found = found(&without, n).await;
            let first = Uuid::from_u128(1).to_string();
            let link = found.iter().find(|link| link.other_complaint_id == first);
            let link = link.unwrap_or_else(|| panic!("{differing} bits: {found:?}"));
            assert_eq!(link.features, features, "{differing} bits");
        }
    }
    told_much(&bench).await;
    assert_eq!(bench.tables().await, without.tables().await, "Redis changes no answer");
}

#[tokio::test]
async fn of_whoever_wrote_more_than_is_compared_the_index_still_finds_an_older_near_text() {
    let bench = Bench::new().await;
    // Names and words that no other test uses: the index is shared.
    let who = &*unique_name("busy").leak();
    let text = format!("蓝牙耳机左边一直没有声音,充了一夜的电还是连不上手机,序列号{who}");
    bench.assessed(complaint(1, who, &text, "")).await;
    bench
        .run(
            "INSERT INTO complaint
             SELECT r.* FROM complaint c CROSS JOIN generate_series(1000, 2000) n
             CROSS JOIN LATERAL jsonb_populate_record(c, jsonb_build_object(
                 'complaint_id', lpad(n::text, 32, '0')::uuid, 'text_hash', 0,
                 'received_at', c.received_at + interval '1 second')) r",
        )
        .await;
    bench.assessed(complaint(41, who, &text, "")).await;
    let found = found(&bench, 41).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].other_complaint_id, Uuid::from_u128(1).to_string());
    assert_eq!(found[0].features, ["same_complainant", "near_text"]);
}

#[tokio::test]
async fn of_one_batch_every_near_text_is_compared_however_far_apart_they_stand() {
    let bench = Bench::new().await;
    let mut batch = vec![bench.registered(complaint(1, "c1", POT, "")).await];
    for n in 2..=30 {
        batch.push(bench.registered(complaint(n, "c1", &format!("{PARCEL}{n}"), "")).await);
    }
    batch.push(bench.registered(complaint(31, "c1", POT, "")).await);
    bench.apply(&batch).await.unwrap();
    let found = found(&bench, 31).await;
    assert_eq!(found[0].other_complaint_id, Uuid::from_u128(1).to_string());
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
