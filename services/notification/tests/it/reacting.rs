use jiff::SignedDuration;
use redress_domain::ComplaintId;
use redress_notification::app::react::Event;
use redress_outbox::Delivery;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1 as intake;
use redress_proto::notification::v1::{NoticeKind, NoticeState};
use redress_proto::types::v1::Category;
use redress_testkit::Canary;

use crate::bench::Bench;
use crate::people::{MAIL, by_mail};

fn review(urgent: bool) -> intake::AdmissibilityReviewStarted {
    intake::AdmissibilityReviewStarted { category: Category::Cq07.into(), urgent, ..Default::default() }
}

fn accepted() -> intake::ComplaintAccepted {
    intake::ComplaintAccepted { handler: "staff-0042".into() }
}

/// One complaint's whole way, refused after a completion and taken up after a review.
async fn course(bench: &Bench, key: &str) -> (ComplaintId, Vec<Delivery<Event>>) {
    let (id, registered) = bench.registered(key, by_mail(MAIL)).await;
    let missing = vec!["order_no".into()];
    let refused = intake::ComplaintRefused {
        reason: intake::RefusalReason::NoDispute.into(),
        rule: "l04.3@2026-04-15".into(),
        review_until: Some(to_wire_time("2026-12-25T16:00:00Z".parse().unwrap())),
    };
    let events = vec![
        registered,
        bench.event(id, 2, &intake::CompletionRequested { missing }),
        bench.event(id, 3, &review(false)),
        bench.event(id, 4, &refused),
        bench.event(id, 5, &accepted()),
    ];
    (id, events)
}

/// Every table as text, without what is sealed anew each time or drawn from a sequence.
async fn tables(bench: &Bench) -> Vec<String> {
    let mut rows = Vec::new();
    for sql in [
        "SELECT (to_jsonb(t) - 'sealed' - 'wrapped_key')::text FROM complaint t ORDER BY 1",
        "SELECT to_jsonb(t)::text FROM party t ORDER BY 1",
        "SELECT (to_jsonb(t) - 'sealed_letter')::text FROM notice t ORDER BY 1",
        "SELECT to_jsonb(t)::text FROM delivery t ORDER BY 1",
        "SELECT (to_jsonb(t) - 'id' - 'created_at')::text FROM outbox t ORDER BY 1",
    ] {
        rows.extend(sqlx::query_scalar::<_, String>(sql).fetch_all(bench.db.pool()).await.unwrap());
    }
    rows
}

#[tokio::test]
async fn each_event_of_the_table_queues_its_notices_and_no_other_does() {
    let bench = Bench::new().await;
    let (id, events) = course(&bench, "k1").await;
    bench.apply(&events).await.unwrap();
    let mut queued: Vec<_> = bench
        .notices(id)
        .await
        .into_iter()
        .map(|notice| (notice.kind(), notice.addressee.unwrap().external_ref))
        .collect();
    queued.sort_by_key(|(kind, _)| i32::from(*kind));
    let complainant = String::new();
    assert_eq!(
        queued,
        [
            (NoticeKind::N01Receipt, complainant.clone()),
            (NoticeKind::N02Acceptance, complainant.clone()),
            (NoticeKind::N03Refusal, complainant.clone()),
            (NoticeKind::N04Completion, complainant),
            (NoticeKind::N05Respondent, "shop-1".into()),
        ]
    );
    let events: Vec<String> = (1..=5).map(|version| format!("{version} NoticeQueued")).collect();
    assert_eq!(bench.published().await, events);
}

#[tokio::test]
async fn all_events_read_again_or_by_another_database_lead_to_the_same_tables() {
    let (one, two) = (Bench::new().await, Bench::new().await);
    let (_, first) = course(&one, "k1").await;
    let (_, second) = course(&one, "k2").await;
    one.apply(&first).await.unwrap();
    one.apply(&second).await.unwrap();
    let once = tables(&one).await;
    one.apply(&first).await.unwrap();
    one.apply(&[second.clone(), first.clone()].concat()).await.unwrap();
    assert_eq!(tables(&one).await, once, "a repetition changes nothing");

    // One at a time, in another order of complaints.
    for event in second.into_iter().chain(first) {
        two.apply(&[event]).await.unwrap();
    }
    assert_eq!(tables(&two).await, once);
}

#[tokio::test]
async fn a_letter_waits_for_the_morning_unless_it_confirms_a_receipt_or_the_case_is_urgent() {
    let bench = Bench::new().await;
    bench.clock.set("2026-11-25T15:00:00Z".parse().unwrap()); // 23:00 in Shanghai
    let calm = bench.complaint("calm", by_mail(MAIL)).await;
    let urgent = bench.complaint("urgent", by_mail(MAIL)).await;
    let events = [
        bench.event(calm, 2, &review(false)),
        bench.event(calm, 3, &accepted()),
        bench.event(urgent, 2, &review(true)),
    ];
    bench.apply(&events).await.unwrap();
    bench.apply(&[bench.event(urgent, 3, &accepted())]).await.unwrap();

    let released = async |id, kind| {
        let notice = bench.notice(id, kind).await;
        (notice.not_before.unwrap().seconds - notice.queued_at.unwrap().seconds) / 3_600
    };
    assert_eq!(released(calm, NoticeKind::N01Receipt).await, 0);
    assert_eq!(released(calm, NoticeKind::N02Acceptance).await, 9);
    assert_eq!(released(urgent, NoticeKind::N02Acceptance).await, 0);

    bench.send_all().await;
    assert_eq!(bench.notice(calm, NoticeKind::N02Acceptance).await.state(), NoticeState::Queued);
    assert_eq!(bench.notice(urgent, NoticeKind::N02Acceptance).await.state(), NoticeState::Undeliverable);
    bench.clock.advance(SignedDuration::from_hours(9));
    bench.send_all().await;
    assert_eq!(bench.notice(calm, NoticeKind::N02Acceptance).await.state(), NoticeState::Undeliverable);
}

#[tokio::test]
async fn what_was_not_supplied_is_named_when_the_complaint_is_closed_for_it() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let missing = vec!["defect_detail".into()];
    let review_until = Some(to_wire_time("2026-12-25T16:00:00Z".parse().unwrap()));
    let events = [
        bench.event(id, 2, &intake::CompletionRequested { missing }),
        bench.event(id, 3, &intake::ComplaintLapsed { review_until }),
    ];
    bench.apply(&events).await.unwrap();
    bench.send_all().await;
    let body = bench.notice(id, NoticeKind::N03Refusal).await.body.unwrap();
    assert!(body.contains("问题的具体情况"), "{body}");
}

#[tokio::test]
async fn letters_go_by_the_assessment_that_counts_when_they_are_made() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    let applied = intake::AssessmentApplied { category: Category::Cq04.into(), ..Default::default() };
    let events =
        [bench.event(id, 2, &review(false)), bench.event(id, 3, &applied), bench.event(id, 4, &accepted())];
    bench.apply(&events).await.unwrap();
    bench.send_all().await;
    let body = bench.notice(id, NoticeKind::N02Acceptance).await.body.unwrap();
    assert!(body.contains("支付与退款"), "{body}");
}

#[tokio::test]
async fn what_is_personal_stands_in_no_table_in_clear_and_in_no_letter_to_the_other_side() {
    let bench = Bench::new().await;
    let canary = Canary::new();
    let mut complainant = by_mail(&canary.email);
    complainant.name = Some(canary.name.clone());
    complainant.external_ref = Some(canary.identity_number.clone());
    let id = bench.complaint("k1", complainant).await;
    bench.apply(&[bench.event(id, 2, &review(false)), bench.event(id, 3, &accepted())]).await.unwrap();
    bench.send_all().await;

    let own = bench.notice(id, NoticeKind::N02Acceptance).await;
    assert!(own.body.unwrap().contains(&canary.name), "the letter to the complainant has the name");
    let theirs = bench.notice(id, NoticeKind::N05Respondent).await.body.unwrap();
    assert_eq!(canary.found_in(theirs.as_bytes()), [] as [&str; 0]);
    assert!(!theirs.contains("TEST-ORDER-0001"), "the order would tell who bought it");
    assert!(theirs.contains("示例围巾") && theirs.contains("退货退款"), "{theirs}");
    assert!(theirs.contains("直播用语、价格说明与实际不符"), "what is complained of: {theirs}");
    assert!(theirs.contains("投诉时间：2026年11月25日"), "{theirs}");

    for table in ["complaint", "party", "notice", "delivery", "attempt", "access_record", "outbox"] {
        let sql = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
        let text: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(bench.db.pool()).await.unwrap();
        assert_eq!(canary.found_in(text.as_bytes()), [] as [&str; 0], "{table}");
        let bytes =
            text.split("\\\\x").flat_map(|hex| hex::decode(hex.split('"').next().unwrap_or_default()));
        for bytes in bytes {
            assert_eq!(canary.found_in(&bytes), [] as [&str; 0], "{table}");
        }
    }
    assert!(bench.count("SELECT count(*) FROM access_record WHERE purpose = 'notification'").await > 0);
}

#[tokio::test]
async fn an_erased_subject_is_written_to_no_more_and_the_proof_of_earlier_letters_stays() {
    let bench = Bench::new().await;
    let id = bench.complaint("k1", by_mail(MAIL)).await;
    bench.send_all().await;
    let before = bench.notice(id, NoticeKind::N01Receipt).await;
    assert!(before.body.is_some());
    sqlx::query("DELETE FROM subject_key").execute(bench.db.pool()).await.unwrap();
    bench.apply(&[bench.event(id, 2, &review(false)), bench.event(id, 3, &accepted())]).await.unwrap();
    bench.send_all().await;
    let after = bench.notice(id, NoticeKind::N01Receipt).await;
    assert_eq!((after.body, after.content_sha256), (None, before.content_sha256));
    let unsent = bench.notice(id, NoticeKind::N02Acceptance).await;
    assert_eq!((unsent.state(), unsent.content_sha256.as_str()), (NoticeState::Undeliverable, ""));
}
