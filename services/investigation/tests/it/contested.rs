//! A dispute with the platform: other people find the facts than those who decided (F141).

use prost::Message as _;
use redress_investigation::app::{opening, view};
use redress_proto::intake::v1 as intake;
use redress_proto::investigation::v1 as wire;
use redress_proto::resolution::v1::ContestedDecidersNamed;
use redress_proto::types::v1 as types;

use crate::bench::{Bench, Happening, boss, id, meta, reason, staff};

fn named(n: u128, version: i64, subjects: &[&str]) -> Happening {
    let message = ContestedDecidersNamed { subjects: subjects.iter().map(|&one| one.into()).collect() };
    let at = crate::bench::NOON.parse().unwrap();
    let mut meta = meta::<ContestedDecidersNamed>("redress.resolution.cases.v1", n, version, at);
    meta.actor = Some("mediator-1".into());
    Happening { meta, payload: message.encode_to_vec() }
}

impl Bench {
    /// An open case in which the platform is the respondent.
    async fn opened_against_the_platform(&self, n: u128) {
        let mut registered = self.registered(n).await;
        let mut message = intake::ComplaintRegistered::decode(registered.payload.as_slice()).unwrap();
        message.submission.as_mut().unwrap().respondents = vec![types::Respondent {
            kind: types::PartyKind::Platform.into(),
            external_ref: "platform".into(),
            name: None,
        }];
        registered.payload = message.encode_to_vec();
        self.follow(&[registered]).await;
        self.opened(n).await;
    }
}

#[tokio::test]
async fn who_made_the_disputed_decision_is_recused_and_hands_over_what_they_had() {
    let (bench, decider) = (Bench::new().await, staff("decider-1"));
    bench.opened_against_the_platform(1).await;
    let lead = wire::OpenInvestigationRequest {
        request_id: "lead".into(),
        complaint_id: id(1),
        handler: "decider-1".into(),
        ..wire::OpenInvestigationRequest::default()
    };
    opening::open(&bench.desk, &boss(), lead).await.unwrap();
    bench.find_all(&decider, 1).await.unwrap();
    let unnamed = bench.conclude(&decider, 1).await;
    assert_eq!(reason(unnamed), "CONTESTED_DECIDERS_NOT_NAMED", "whoever decided could conclude unseen");

    bench.follow_contested(&[named(1, 2, &["decider-1"]), named(1, 3, &["decider-1", "decider-2"])]).await;
    for refused in [
        reason(bench.conclude(&decider, 1).await),
        reason(bench.ask(&staff("decider-2"), 1, "ask-1").await),
        reason(view::get(&bench.desk, &decider, &id(1)).await),
    ] {
        assert_eq!(refused, "RECUSED");
    }
    let view = view::get(&bench.desk, &boss(), &id(1)).await.unwrap();
    assert_eq!(view.handler, "", "the case is taken away");
    let conflicts: Vec<_> = view.conflicts.iter().map(|one| (one.subject.as_str(), one.kind())).collect();
    let kind = wire::ConflictKind::ContestedDecision;
    assert_eq!(conflicts, [("decider-1", kind), ("decider-2", kind)]);
    assert_eq!(view.conflicts[0].declared_by, "mediator-1");
    let inside = bench.course_of_events(&boss(), 1).await;
    let told = inside.iter().filter(|(code, _)| code == "contested_deciders_named").count();
    assert_eq!(told, 2);

    // What they found does not count: somebody else finds it again.
    let other = staff("handler-2");
    assert_eq!(reason(bench.conclude(&other, 1).await), "FINDING_MISSING");
    bench.find_all(&other, 1).await.unwrap();
    bench.conclude(&other, 1).await.unwrap();
}

#[tokio::test]
async fn a_name_that_comes_before_the_case_is_kept_and_other_events_of_resolution_mean_nothing() {
    use redress_outbox::BatchHandler as _;
    let bench = Bench::new().await;
    bench.follow_contested(&[named(1, 2, &["decider-1"])]).await;
    bench.opened_against_the_platform(1).await;
    assert_eq!(reason(bench.ask(&staff("decider-1"), 1, "ask-1").await), "RECUSED");
    bench.ask(&staff("handler-1"), 1, "ask-2").await.unwrap();
    let other = Happening { meta: named(1, 3, &[]).meta, payload: Vec::new() };
    let handler = redress_investigation::app::contested::FollowContested { desk: bench.desk.clone() };
    assert!(handler.decode(&other.meta, &other.payload).unwrap().is_none(), "nobody is named");
}
