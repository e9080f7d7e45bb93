//! Sealed fields: what deleting the keys erases, and that a value opens in its own place alone.

use prost::Message;
use redress_domain::ComplaintId;
use redress_proto::intake::v1::GetComplaintRequest;
use redress_proto::types::v1::{ComplaintState, Sealed};

use crate::bench::{Bench, ask, complainant, officer, submission, supply};

async fn sealed(bench: &Bench, disposition: &str) -> Sealed {
    let bytes: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM submission WHERE disposition = $1")
        .bind(disposition)
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    Sealed::decode(bytes.as_slice()).unwrap()
}

#[tokio::test]
async fn deleting_a_complaints_keys_erases_its_fields_and_those_of_a_conflicting_body() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let first = bench.attempt(&caller, "k1", submission("the first words")).await;
    let other = bench.attempt(&caller, "k1", submission("other words")).await;
    let id = ComplaintId::from_uuid(first.meta.subject);
    bench.apply(&[first, other]).await.unwrap();
    assert_eq!(bench.view(id).await.conflicts[0].text.as_deref(), Some("other words"));
    assert_eq!(bench.count("SELECT count(*) FROM subject_key").await, 2);

    sqlx::query("DELETE FROM subject_key WHERE tenant = 'tenant-a' AND complaint_id = $1")
        .bind(id.as_uuid())
        .execute(bench.db.pool())
        .await
        .unwrap();
    let seen = bench.view(id).await;
    assert_eq!(seen.state(), ComplaintState::Received);
    assert_eq!((seen.text, seen.conflicts[0].text.clone()), (None, None));
    for disposition in ["registered", "conflicting"] {
        let kept = sealed(&bench, disposition).await;
        assert!(!kept.fields.is_empty() && kept.wrapped_key.is_empty(), "{disposition}: no key stays beside");
    }
}

#[tokio::test]
async fn names_of_one_submission_do_not_open_as_those_of_another() {
    let bench = Bench::new().await;
    let caller = complainant("c1");
    let id = bench.registered(&caller, "k1").await;
    bench.decide(&officer(), ask(id, "ask")).await.unwrap();
    bench.supply(&caller, supply(id, "supply")).await.unwrap();
    assert_eq!(bench.view(id).await.attachments[0].name.as_deref(), Some("测试截图.png"));

    let mut registered = sealed(&bench, "registered").await;
    registered.fields.retain(|field| field.name == "names");
    assert_eq!(registered.fields.len(), 1);
    sqlx::query("UPDATE submission SET sealed = $1 WHERE disposition = 'completion'")
        .bind(registered.encode_to_vec())
        .execute(bench.db.pool())
        .await
        .unwrap();
    let request = GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
    assert!(bench.queries.get(&officer(), request).await.is_err());
}
