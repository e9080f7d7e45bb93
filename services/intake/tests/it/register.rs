use jiff::SignedDuration;
use prost::Message;
use redress_domain::Role;
use redress_intake::app::register::Submitted;
use redress_outbox::Delivery;
use redress_proto::convert::from_wire_time;
use redress_proto::intake::v1::{ComplaintRegistered, GetComplaintRequest};

use crate::bench::{Bench, caller, complainant, officer, submission};

fn again(delivery: &Delivery<Submitted>) -> Delivery<Submitted> {
    delivery.clone()
}

#[tokio::test]
async fn a_record_read_twice_is_one_complaint_and_no_repetition() {
    let bench = Bench::new().await;
    let attempt = bench.attempt(&complainant("c1"), "k1", submission("a")).await;
    bench.apply(&[again(&attempt), again(&attempt)]).await.unwrap();
    bench.apply(&[attempt]).await.unwrap();
    assert_eq!(bench.count("SELECT count(*) FROM complaint").await, 1);
    assert_eq!(bench.count("SELECT count(*) FROM submission").await, 1);
    assert_eq!(bench.published().await.len(), 1);
}

#[tokio::test]
async fn a_callers_repetition_is_recognised_in_the_same_batch_and_in_a_later_one() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let first = bench.attempt(&caller, "k1", submission("a")).await;
    let second = bench.attempt(&caller, "k1", submission("a")).await;
    let third = bench.attempt(&caller, "k1", submission("a")).await;
    bench.apply(&[first, second]).await.unwrap();
    bench.apply(&[third]).await.unwrap();
    assert_eq!(bench.count("SELECT count(*) FROM complaint").await, 1);
    assert_eq!(bench.count("SELECT count(*) FROM submission WHERE disposition = 'repeated'").await, 2);
    let versions: Vec<i64> = bench.published().await.into_iter().map(|(_, version)| version).collect();
    assert_eq!(versions, [1, 2, 3], "the topic's versions have no hole");
    assert_eq!(bench.count("SELECT stream_version FROM complaint").await, 3);
    assert_eq!(bench.count("SELECT state_version::bigint FROM complaint").await, 1);
}

/// What a caller did who loops on one key while Redis is away.
const TEN_THOUSAND_REPETITIONS: &str = "
    INSERT INTO submission (tenant, complaint_id, submission_id, disposition, fingerprint, received_at)
    SELECT tenant, complaint_id, gen_random_uuid(), 'repeated', fingerprint, received_at
    FROM submission, generate_series(1, 10000) WHERE disposition = 'registered'";

#[tokio::test]
async fn a_key_repeated_ten_thousand_times_costs_the_register_no_more_than_one_repeated_once() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    bench.registered(&caller, "k1").await;
    sqlx::raw_sql(TEN_THOUSAND_REPETITIONS).execute(bench.db.pool()).await.unwrap();
    sqlx::raw_sql("ANALYZE submission").execute(bench.db.pool()).await.unwrap();
    let text = "录像里说是真皮，收到的是人造革";
    let (same, other) = (submission(text), submission("other words"));
    let batch = [
        bench.attempt(&caller, "k1", same).await,
        bench.attempt(&caller, "k1", other).await,
        bench.attempt(&caller, "k2", submission(text)).await,
    ];
    let read = bench.apply_and_count_reads(&batch).await;
    assert!(read < 10, "{read} stored submissions were read for three attempts");
    assert_eq!(bench.count("SELECT count(*) FROM submission WHERE disposition = 'repeated'").await, 10_001);
    assert_eq!(bench.count("SELECT count(*) FROM submission WHERE disposition = 'conflicting'").await, 1);
    let again = bench.apply_and_count_reads(&batch).await;
    assert!(again < 10, "{again} stored submissions were read for three records read again");
    assert_eq!(bench.count("SELECT count(*) FROM submission").await, 10_004);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_kept_and_shown_to_staff_alone() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let first = bench.attempt(&caller, "k1", submission("the first words")).await;
    let other = bench.attempt(&caller, "k1", submission("other words")).await;
    let id = first.meta.subject.to_string();
    bench.apply(&[first, other]).await.unwrap();
    let request = || GetComplaintRequest { complaint_id: id.clone(), complaint_no: String::new() };

    let staff = bench.queries.get(&officer(), request()).await.unwrap();
    assert_eq!(staff.text.as_deref(), Some("the first words"));
    assert_eq!(staff.conflicts.len(), 1);
    assert_eq!(staff.conflicts[0].text.as_deref(), Some("other words"));
    let own = bench.queries.get(&caller, request()).await.unwrap();
    assert_eq!(own.text.as_deref(), Some("the first words"));
    assert!(own.conflicts.is_empty());
}

#[tokio::test]
async fn a_batch_of_two_tenants_keeps_them_apart_though_subject_and_key_are_the_same() {
    let bench = Bench::new().await;
    let (a, b) = (complainant("c1"), caller("tenant-b", "c1", &[Role::Complainant]));
    let batch =
        [bench.attempt(&a, "k1", submission("a")).await, bench.attempt(&b, "k1", submission("b")).await];
    bench.apply(&batch).await.unwrap();
    assert_eq!(bench.count("SELECT count(DISTINCT (tenant, complaint_id)) FROM complaint").await, 2);
    assert_eq!(bench.count("SELECT count(DISTINCT complaint_id) FROM complaint").await, 2);
}

#[tokio::test]
async fn what_is_stored_and_published_holds_no_personal_field_in_clear() {
    let bench = Bench::new().await;
    let attempt = bench.attempt(&complainant("c1"), "k1", submission("金丝雀CANARY-7f3a")).await;
    let record = attempt.record.payload.clone();
    bench.apply(&[attempt]).await.unwrap();
    let canaries = ["金丝雀CANARY-7f3a", "测试某甲", "测试店铺"];
    let outbox: Vec<u8> =
        sqlx::query_scalar("SELECT payload FROM outbox").fetch_one(bench.db.pool()).await.unwrap();
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT row_to_json(c)::text FROM complaint c UNION ALL SELECT row_to_json(p)::text FROM party p
         UNION ALL SELECT row_to_json(a)::text FROM audit_entry a UNION ALL SELECT row_to_json(o)::text FROM outbox o",
    )
    .fetch_all(bench.db.pool())
    .await
    .unwrap();
    let bodies: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT body || sealed FROM submission").fetch_all(bench.db.pool()).await.unwrap();
    for canary in canaries {
        let found = |bytes: &[u8]| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found(&record) && !found(&outbox), "{canary} in the log");
        assert!(!rows.iter().any(|row| row.contains(canary)), "{canary} in a row");
        assert!(!bodies.iter().any(|body| found(body)), "{canary} in a submission");
    }
}

#[tokio::test]
async fn the_promise_is_kept_as_it_was_told() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let seen = bench.view(id).await;
    let promised = seen.acknowledge_by.unwrap().seconds - seen.received_at.unwrap().seconds;
    assert_eq!(promised, 45 * 60, "as the attempt told it, whatever the register would promise");
}

#[tokio::test]
async fn what_waited_for_the_register_says_how_long() {
    let bench = Bench::new().await;
    let attempt = bench.attempt(&complainant("c1"), "k1", submission("a")).await;
    let received = attempt.event.received_at;
    bench.clock.set(received + SignedDuration::from_mins(10));
    bench.apply(&[attempt]).await.unwrap();
    let payload: Vec<u8> =
        sqlx::query_scalar("SELECT payload FROM outbox").fetch_one(bench.db.pool()).await.unwrap();
    let told = ComplaintRegistered::decode(payload.as_slice()).unwrap();
    let at = |wire: Option<_>| from_wire_time(&wire.unwrap()).unwrap();
    assert_eq!(at(told.received_at), received);
    assert_eq!(at(told.registered_at), received + SignedDuration::from_mins(10));
}
