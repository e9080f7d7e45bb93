//! A merchant disputes what the platform decided: other people handle it than those who decided (F140, F141).

use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1 as types;

use crate::bench::{Bench, handler, reason, submission, supervisor};
use crate::steps::{call, draft, liability, option, party, refund, review};

fn dispute() -> types::Submission {
    types::Submission {
        complainant: Some(types::Complainant {
            kind: types::PartyKind::Merchant.into(),
            external_ref: Some("m-1".into()),
            ..Default::default()
        }),
        respondents: vec![types::Respondent {
            kind: types::PartyKind::Platform.into(),
            external_ref: "platform".into(),
            name: None,
        }],
        ..submission()
    }
}

#[tokio::test]
async fn who_made_the_disputed_decision_takes_no_part_and_must_be_known() {
    let bench = Bench::new().await;
    let id = bench.register(1, dispute()).await;
    bench.plan_review(id, types::Severity::General).await;
    assert_eq!(reason(bench.act(&handler("h-1"), liability(id)).await), "CONTESTED_DECIDERS_NOT_NAMED");
    let name = wire::NameContestedDecidersRequest {
        request_id: call(),
        complaint_id: id.to_string(),
        subjects: vec!["h-7".into(), "s-7".into()],
        ..Default::default()
    };
    bench.act(&supervisor("s-1"), name.clone()).await.unwrap();
    let told: wire::ContestedDecidersNamed = bench.last(id).await;
    assert_eq!(told.subjects, ["h-7", "s-7"], "intake and investigation keep them out too");
    let more = wire::NameContestedDecidersRequest {
        request_id: call(),
        subjects: vec!["h-8".into(), "h-7".into()],
        ..name
    };
    bench.act(&supervisor("s-1"), more).await.unwrap();
    let told: wire::ContestedDecidersNamed = bench.last(id).await;
    assert_eq!(told.subjects, ["h-7", "s-7", "h-8"], "whoever was named before stays named");
    assert_eq!(reason(bench.act(&handler("h-7"), liability(id)).await), "CONTESTED_DECIDER");
    bench.act(&handler("h-1"), liability(id)).await.unwrap();
    let fee = wire::RemedyTerms {
        r#type: wire::RemedyType::FeeReturn.into(),
        payer: Some(party(wire::LiableParty::Platform, "")),
        payee: Some(party(wire::LiableParty::Merchant, "m-1")),
        ..refund(2_000)
    };
    let drafted = bench.act(&handler("h-1"), draft(id, vec![option(vec![fee])])).await.unwrap();
    let proposal = &drafted.proposals[0].proposal_id;
    assert_eq!(drafted.proposals[0].required.len(), 1, "the platform is bound by its own review");
    assert_eq!(reason(bench.act(&supervisor("s-7"), review(id, proposal, 1)).await), "CONTESTED_DECIDER");
    bench.act(&supervisor("s-1"), review(id, proposal, 1)).await.unwrap();
}
