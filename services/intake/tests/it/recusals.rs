//! Who may not be impartial decides nothing here either: as declared in the investigation (L06), or named to resolution as
//! one who made the decision that is disputed (F141).

use redress_domain::{ErrorKind, Role};
use redress_proto::intake::v1 as wire;
use redress_proto::investigation::v1::ConflictDeclared;
use redress_proto::resolution::v1::ContestedDecidersNamed;
use redress_proto::types::v1::ComplaintState;

use crate::bench::{Bench, accept, caller, complainant, officer, problem, withdraw};
use crate::facts::{tell, word};

fn named(subjects: &[&str]) -> ContestedDecidersNamed {
    ContestedDecidersNamed { subjects: subjects.iter().map(|&one| one.into()).collect() }
}

#[tokio::test]
async fn who_made_the_disputed_decision_does_not_decide_whether_the_dispute_is_taken_up() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let other = bench.registered(&complainant("c1"), "k2").await;
    for _ in 0..2 {
        let seen = tell(&bench, word(id, "mediator-1", &named(&["officer-1", "officer-9"]))).await;
        assert_eq!(seen.state_version, 1, "it moves nothing");
    }
    let refused = problem(bench.decide(&officer(), accept(id, "r1")).await);
    assert_eq!((refused.kind, refused.reason), (ErrorKind::PermissionDenied, "RECUSED"));
    assert_eq!(bench.view(id).await.state(), ComplaintState::Received, "nothing was half done");
    assert_eq!(bench.count("SELECT count(*) FROM call_receipt").await, 0);
    // Another complaint is another matter, and another person decides on this one.
    bench.decide(&officer(), accept(other, "r1")).await.unwrap();
    let another = caller("tenant-a", "officer-2", &[Role::IntakeOfficer]);
    bench.decide(&another, accept(id, "r1")).await.unwrap();
    let further = wire::TransferComplaintRequest {
        request_id: "t".into(),
        complaint_id: id.to_string(),
        unit: "quality".into(),
        ..Default::default()
    };
    assert_eq!(problem(bench.run(&officer(), further).await).reason, "RECUSED", "nor anything later");
}

#[tokio::test]
async fn who_is_recused_in_the_investigation_decides_nothing_here_and_stays_a_party_of_their_own_matter() {
    let bench = Bench::new().await;
    let own = caller("tenant-a", "officer-1", &[Role::IntakeOfficer, Role::Complainant]);
    let id = bench.registered(&own, "k1").await;
    let declared = |subject: &str, recused| ConflictDeclared {
        subject: subject.into(),
        recused,
        ..ConflictDeclared::default()
    };
    tell(&bench, word(id, "boss-1", &declared("officer-1", true))).await;
    tell(&bench, word(id, "boss-1", &declared("officer-3", true))).await;
    let declared_only = word(id, "boss-1", &declared("officer-2", false));
    assert!(!declared_only.is_read(&bench), "what recuses nobody bars nobody");
    let barred = caller("tenant-a", "officer-3", &[Role::IntakeOfficer]);
    assert_eq!(problem(bench.decide(&barred, accept(id, "r1")).await).reason, "RECUSED");
    let free = caller("tenant-a", "officer-2", &[Role::IntakeOfficer]);
    bench.decide(&free, accept(id, "r1")).await.unwrap();
    let seen = bench.run(&own, withdraw(id, "w")).await.unwrap();
    assert_eq!(seen.state(), ComplaintState::Withdrawn);
}
