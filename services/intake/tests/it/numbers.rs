//! Two complaints that come to one number.

use redress_domain::{ComplaintId, ComplaintNo, ErrorKind};
use redress_proto::intake::v1 as wire;

use crate::bench::{Bench, complainant, officer, problem, submission};

fn by_number(number: &str) -> wire::GetComplaintRequest {
    wire::GetComplaintRequest { complaint_no: number.into(), ..Default::default() }
}

/// Gives a complaint the number that `other` will have.
async fn give_number_of(bench: &Bench, complaint: ComplaintId, other: ComplaintId) -> ComplaintNo {
    let day = bench.view(complaint).await.complaint_no.parse::<ComplaintNo>().unwrap().day();
    let number = ComplaintNo::new(day, &other);
    sqlx::query("UPDATE complaint SET complaint_no = $2, no_code = $3 WHERE complaint_id = $1")
        .bind(complaint.as_uuid())
        .bind(number.to_string())
        .bind(number.code())
        .execute(bench.db.pool())
        .await
        .unwrap();
    number
}

#[tokio::test]
async fn the_second_complaint_of_a_number_is_registered_under_another_and_found_by_both() {
    let bench = Bench::new().await;
    let (first, second, third) = (complainant("c1"), complainant("c2"), complainant("c3"));
    let holder = bench.registered(&first, "k1").await;
    let attempt = bench.attempt(&second, "k2", submission("第二件")).await;
    let other = bench.attempt(&third, "k3", submission("第三件")).await;
    let id = ComplaintId::from_uuid(attempt.meta.subject);
    let told = give_number_of(&bench, holder, id).await;

    // In one batch with another that has no such trouble.
    bench.apply(&[attempt, other]).await.unwrap();
    assert_eq!(bench.count("SELECT count(*) FROM complaint").await, 3);
    let view = bench.view(id).await;
    assert_ne!(view.complaint_no, told.to_string());
    assert!(view.complaint_no.parse::<ComplaintNo>().is_ok());
    assert_eq!(view.respondents.len(), 1, "it is whole");

    let seen = bench.queries.get(&second, by_number(&told.to_string())).await.unwrap();
    assert_eq!(seen.complaint_id, id.to_string(), "the number that was told leads its owner there");
    let seen = bench.queries.get(&second, by_number(&view.complaint_no)).await.unwrap();
    assert_eq!(seen.complaint_id, id.to_string());
    for owner in [&first, &officer()] {
        let seen = bench.queries.get(owner, by_number(&told.to_string())).await.unwrap();
        assert_eq!(seen.complaint_id, holder.to_string(), "the first keeps it");
    }
    let stranger = problem(bench.queries.get(&third, by_number(&told.to_string())).await);
    assert_eq!(stranger.kind, ErrorKind::NotFound);

    let published: Vec<Vec<u8>> = sqlx::query_scalar("SELECT payload FROM outbox WHERE aggregate_id = $1")
        .bind(id.as_uuid())
        .fetch_all(bench.db.pool())
        .await
        .unwrap();
    let registered: wire::ComplaintRegistered = prost::Message::decode(published[0].as_slice()).unwrap();
    assert_eq!(registered.complaint_no, view.complaint_no, "letters carry the number it is registered under");
}

#[tokio::test]
async fn a_repetition_of_a_complaint_with_another_number_changes_nothing() {
    let bench = Bench::new().await;
    let second = complainant("c2");
    let holder = bench.registered(&complainant("c1"), "k1").await;
    let attempt = bench.attempt(&second, "k2", submission("第二件")).await;
    let id = ComplaintId::from_uuid(attempt.meta.subject);
    give_number_of(&bench, holder, id).await;
    bench.apply(std::slice::from_ref(&attempt)).await.unwrap();
    let before = bench.view(id).await.complaint_no;
    bench.apply(&[attempt]).await.unwrap();
    assert_eq!(bench.view(id).await.complaint_no, before);
    assert_eq!(bench.count("SELECT count(*) FROM shared_number").await, 1);
}
