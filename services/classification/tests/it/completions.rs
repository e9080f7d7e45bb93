//! What the words that a complainant supplies later change.

use redress_classification::app::assess::Happened;
use redress_domain::ComplaintId;
use redress_outbox::Delivery;
use redress_proto::classification::v1::Assessment;
use redress_proto::intake::v1::CompletionSupplied;
use redress_proto::types::v1::{Admissibility, Sealed, SealedField, Severity, UrgentReason};
use uuid::Uuid;

use crate::bench::{Bench, told};

const ORDER: &str = "订单号 202603150000123";

/// A complaint that lacks its order, as it was assessed.
async fn lacking(bench: &Bench, n: u128, text: &str) -> Assessment {
    let id = bench.assessed(told(n, text)).await;
    let first = bench.explained(id).await.remove(0).assessment.unwrap();
    assert_eq!(first.admissibility(), Admissibility::NeedsCompletion, "{first:?}");
    assert!(first.missing.iter().any(|detail| detail == "order_no"), "{first:?}");
    first
}

/// What its complainant wrote then, sealed as intake seals it.
async fn supplied(bench: &Bench, n: u128, text: &str) -> Delivery<Happened> {
    let complaint = ComplaintId::from_uuid(Uuid::from_u128(n));
    let sealer = bench.vault.sealer(&"tenant-a".parse().unwrap(), complaint).await.unwrap();
    let name = "note.completion.3".to_owned();
    let value = sealer.seal(&name, text.as_bytes()).unwrap();
    let sealed =
        Sealed { wrapped_key: sealer.wrapped_key().to_bytes(), fields: vec![SealedField { name, value }] };
    bench.happened(n, 2, &CompletionSupplied { supplied: vec!["order_no".into()], sealed: Some(sealed) })
}

async fn latest(bench: &Bench, n: u128) -> Assessment {
    let explained = bench.explained(Uuid::from_u128(n)).await;
    assert_eq!(explained.len(), 2);
    explained[0].assessment.clone().unwrap()
}

#[tokio::test]
async fn what_was_supplied_is_seen_and_a_person_looks_only_for_what_is_not() {
    let bench = Bench::new().await;
    let before = lacking(&bench, 1, "下单十天了一直没发货,催了客服三次都没有用,要求退款。").await;
    lacking(&bench, 2, "下单十天了一直没发货,催了客服三次都没有用,要求退款。").await;
    let batch = [supplied(&bench, 1, ORDER).await, supplied(&bench, 2, "我也不知道该说什么了").await];
    for _ in 0..2 {
        bench.apply(&batch).await.unwrap();
    }
    let seen = latest(&bench, 1).await;
    assert_eq!((seen.category, seen.sub_category.clone()), (before.category, before.sub_category.clone()));
    assert_eq!((seen.admissibility(), seen.needs_human), (Admissibility::Yes, before.needs_human));
    assert_eq!(seen.reasons[0].explanation, "the complainant supplied what was missing");
    let unseen = latest(&bench, 2).await;
    assert!(unseen.missing.is_empty() && unseen.needs_human, "{unseen:?}");
    assert!(unseen.reasons[0].explanation.ends_with("is not seen: order_no"), "{unseen:?}");
    let opened = "SELECT count(*) FROM access_record WHERE purpose = 'classification'";
    assert!(bench.count(opened).await >= 4, "two complaints and two completions");
}

#[tokio::test]
async fn a_completion_that_tells_of_danger_goes_before_all_others() {
    let bench = Bench::new().await;
    let before = lacking(&bench, 1, "买的充电宝用不了,充不进电,质量太差,我要退货退款。").await;
    assert!(!before.urgent && before.severity() == Severity::General, "{before:?}");
    let words = format!("{ORDER},今天充电的时候突然冒烟起火,把桌子烧了,家住老王测试路");
    bench.apply(&[supplied(&bench, 1, &words).await]).await.unwrap();
    let after = latest(&bench, 1).await;
    assert_eq!((after.severity(), after.urgent_reason()), (Severity::Major, UrgentReason::ProductSafety));
    assert!(after.reasons.iter().any(|reason| reason.label.starts_with("urgent/")), "{after:?}");
    let queued = "SELECT count(*) FROM assignment JOIN complaint USING (tenant, complaint_id)
                  WHERE assignment.urgent AND complaint.urgent AND assignment.severity = 'major'
                        AND complaint.severity = 'major' AND complaint.assessments = 2";
    assert_eq!(bench.count(queued).await, 1);
    let kept = format!("{:?}", bench.tables().await);
    let events: Vec<String> = sqlx::query_scalar("SELECT encode(payload, 'escape') FROM outbox")
        .fetch_all(bench.db.pool())
        .await
        .unwrap();
    assert!(!kept.contains("测试路") && !events.concat().contains("202603150000123"));
}

#[tokio::test]
async fn a_completion_that_does_not_open_is_set_aside() {
    let (bench, other) = (Bench::new().await, Bench::new().await);
    lacking(&bench, 1, "下单十天了一直没发货,催了客服三次都没有用,要求退款。").await;
    let strange = supplied(&other, 1, ORDER).await;
    let refused = bench.apply(&[strange]).await.unwrap_err();
    assert!(matches!(refused, redress_outbox::HandlerError::Poison(_)), "{refused:?}");
    assert_eq!(bench.explained(Uuid::from_u128(1)).await.len(), 1);
}
