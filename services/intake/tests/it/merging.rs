//! Merging complaints, undoing it, and taking a matter out of one.

use jiff::SignedDuration;
use redress_domain::{ComplaintId, ErrorKind, Principal};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{ComplaintState, Matter};

use crate::bench::{Bench, accept, complainant, officer, problem, supervisor, withdraw};
use crate::case_commands::{events, lead, on};

fn merge(id: ComplaintId, into: ComplaintId, complainants_consented: bool) -> wire::MergeComplaintsRequest {
    let request = wire::MergeComplaintsRequest {
        into_complaint_id: into.to_string(),
        complainants_consented,
        ..Default::default()
    };
    on(request, id, &format!("merge-{id}-{into}-{complainants_consented}"))
}

fn unmerge(id: ComplaintId) -> wire::UnmergeComplaintRequest {
    on(
        wire::UnmergeComplaintRequest { reason: "different_cause".into(), ..Default::default() },
        id,
        &format!("unmerge-{id}"),
    )
}

fn split(id: ComplaintId, child: &str) -> wire::SplitMatterRequest {
    let request = wire::SplitMatterRequest {
        new_complaint_id: child.into(),
        matter: Matter::Report.into(),
        label: "reporter_only".into(),
        ..Default::default()
    };
    on(request, id, &format!("split-{child}"))
}

#[tokio::test]
async fn two_complaints_of_one_person_are_handled_as_one_and_stand_alone_again_within_the_window() {
    let bench = Bench::new().await;
    let owner = complainant("c1");
    let (id, into) = (bench.registered(&owner, "k1").await, bench.registered(&owner, "k2").await);
    bench.decide(&officer(), accept(id, "r1")).await.unwrap();
    let seen = bench.run(&lead(), merge(id, into, false)).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Merged);
    let detail = serde_json::to_value(seen.history.last().unwrap().detail.clone().unwrap()).unwrap();
    assert_eq!(detail["into"], into.to_string());
    assert_eq!(bench.view(into).await.state_version, 1, "the other one has not moved");

    let told = problem(bench.run(&lead(), unmerge(id)).await);
    assert_eq!(told.reason, "ACTOR_NOT_ENTITLED");
    let seen = bench.run(&supervisor(), unmerge(id)).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Accepted, "it goes on where it stood");

    let late = bench.registered(&owner, "k3").await;
    bench.run(&lead(), merge(late, into, false)).await.unwrap();
    bench.clock.advance(SignedDuration::from_hours(24 * 32));
    let told = problem(bench.run(&supervisor(), unmerge(late)).await);
    assert_eq!(told.reason, "UNMERGE_WINDOW_OVER");
}

#[tokio::test]
async fn complaints_of_two_people_need_the_consent_of_both() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let into = bench.registered(&complainant("c2"), "k1").await;
    let told = problem(bench.run(&lead(), merge(id, into, false)).await);
    assert_eq!(told.reason, "MERGE_CONSENT_MISSING");
    let seen = bench.run(&lead(), merge(id, into, true)).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Merged);
}

#[tokio::test]
async fn a_complaint_ends_in_no_complaint_that_has_ended_is_itself_or_is_unknown() {
    let bench = Bench::new().await;
    let owner = complainant("c1");
    let (id, ended) = (bench.registered(&owner, "k1").await, bench.registered(&owner, "k2").await);
    bench.withdraw(&owner, withdraw(ended, "w1")).await.unwrap();
    let told = problem(bench.run(&lead(), merge(id, ended, false)).await);
    assert_eq!(told.reason, "MERGE_TARGET_NOT_OPEN");
    let told = problem(bench.run(&lead(), merge(id, id, false)).await);
    assert_eq!(told.reason, "MERGE_INTO_ITSELF");

    let nobody = ComplaintId::from_uuid(uuid::Uuid::from_u128(404));
    let unknown = problem(bench.run(&lead(), merge(id, nobody, true)).await);
    assert_eq!((unknown.kind, unknown.reason), (ErrorKind::FailedPrecondition, "OTHER_COMPLAINT_UNKNOWN"));
    let stranger = Principal { tenant: "tenant-b".parse().unwrap(), ..complainant("c1") };
    let theirs = bench.registered(&stranger, "k1").await;
    let elsewhere = problem(bench.run(&lead(), merge(id, theirs, true)).await);
    assert_eq!((elsewhere.reason, elsewhere.message), (unknown.reason, unknown.message));
    assert_eq!(bench.view(id).await.state_version, 1);
}

#[tokio::test]
async fn two_complaints_that_are_merged_into_each_other_at_the_same_instant_end_in_one() {
    let bench = Bench::new().await;
    let owner = complainant("c1");
    let (one, other) = (bench.registered(&owner, "k1").await, bench.registered(&owner, "k2").await);
    let lead = lead();
    let (there, back) =
        tokio::join!(bench.run(&lead, merge(one, other, false)), bench.run(&lead, merge(other, one, false)));
    assert!(there.is_ok() != back.is_ok(), "{there:?} {back:?}");
    let lost = there.err().or(back.err()).unwrap().into_problem();
    assert_eq!(lost.reason, "MERGE_TARGET_NOT_OPEN");
}

#[tokio::test]
async fn a_matter_goes_on_as_a_complaint_of_its_own_under_its_label_which_no_merge_takes_off() {
    let bench = Bench::new().await;
    let owner = complainant("c1");
    let (id, child) = (bench.registered(&owner, "k1").await, bench.registered(&owner, "k2").await);
    let told = problem(bench.run(&lead(), split(id, &child.to_string())).await);
    assert_eq!(told.reason, "ACTOR_NOT_ENTITLED");
    let told = problem(bench.run(&officer(), split(id, &id.to_string())).await);
    assert_eq!(told.reason, "SPLIT_INTO_ITSELF");
    let unknown = split(id, &uuid::Uuid::from_u128(404).to_string());
    assert_eq!(problem(bench.run(&officer(), unknown).await).reason, "OTHER_COMPLAINT_UNKNOWN");

    let seen = bench.run(&officer(), split(id, &child.to_string())).await.unwrap();
    assert_eq!((seen.state(), events(&seen).last()), (ComplaintState::Received, Some(&"MatterSplit")));
    assert_eq!(bench.view(child).await.label, "reporter_only");
    assert_eq!(bench.view(id).await.label, "");
    let told = problem(bench.run(&lead(), merge(child, id, false)).await);
    assert_eq!(told.reason, "LABELS_INCOMPATIBLE");
}
