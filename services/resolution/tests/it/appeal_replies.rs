//! The other side is heard on an appeal: it has its time to reply, and nothing counts against it that it was not shown.

use jiff::SignedDuration;
use redress_domain::{ComplaintId, Principal, Problem};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as investigation;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1 as types;
use redress_proto::types::v1::{AwaitedParty, ComplaintState as State};

use crate::appeals::{appeal, decide, heard, reply, under_appeal};
use crate::bench::{Bench, anchor, complainant, merchant, reason, submission, supervisor};
use crate::steps::call;

const TERM: SignedDuration = SignedDuration::from_hours(48);

fn upheld(id: ComplaintId, appeal_id: &str) -> wire::DecideAppealRequest {
    decide(id, appeal_id, wire::AppealOutcome::Uphold, 1)
}

/// What a refusal tells beside its reason.
fn told_with<'a>(problem: &'a Problem, key: &str) -> &'a str {
    problem.metadata.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value.as_str())
}

#[tokio::test]
async fn an_appeal_waits_for_every_other_party_and_says_for_whom_and_until_when() {
    let bench = Bench::new().await;
    let (id, appeal_id) = under_appeal(&bench, 1, &["责任认定有误"]).await;
    let told: wire::AppealFiled = bench.last(id).await;
    let until = bench.now() + TERM;
    assert_eq!(told.reply_until, Some(to_wire_time(until)));

    let early = bench.act(&supervisor("s-9"), upheld(id, &appeal_id)).await.unwrap_err();
    assert_eq!(early.reason, "APPEAL_REPLY_AWAITED");
    assert_eq!(told_with(&early, "parties"), "complainant,respondent:a-1");
    assert_eq!(told_with(&early, "until"), until.to_string());
    bench.act(&complainant(), reply(id, &appeal_id, "照片可见破损。")).await.unwrap();
    let early = bench.act(&supervisor("s-9"), upheld(id, &appeal_id)).await;
    assert_eq!(reason(early), "APPEAL_REPLY_AWAITED", "the anchor may still speak");
    bench.act(&anchor(), reply(id, &appeal_id, "")).await.unwrap();
    bench.act(&supervisor("s-9"), upheld(id, &appeal_id)).await.unwrap();
    assert_eq!(reason(bench.act(&complainant(), reply(id, &appeal_id, "")).await), "APPEAL_NOT_UNDER_REVIEW");
}

#[tokio::test]
async fn the_reviewer_reads_a_reply_whole_and_the_appellant_without_what_identifies_somebody() {
    let bench = Bench::new().await;
    let (id, appeal_id) = under_appeal(&bench, 1, &["责任认定有误"]).await;
    let words = "照片可见破损,请打13800138000";
    let sent =
        wire::ReplyToAppealRequest { evidence_ids: vec!["e-1".into()], ..reply(id, &appeal_id, words) };
    let once = bench.act(&complainant(), sent.clone()).await.unwrap();
    assert_eq!(bench.act(&complainant(), sent).await.unwrap(), once, "a repetition changes nothing");
    let event: wire::AppealReplied = bench.last(id).await;
    assert_eq!((event.appeal_id.as_str(), event.nothing_to_add), (appeal_id.as_str(), false));
    assert_eq!(event.party.unwrap().role(), AwaitedParty::Complainant);
    assert_eq!(event.sealed.unwrap().fields[0].name, format!("appeal_reply.{appeal_id}.1"));
    assert_eq!(bench.published(id).await.iter().filter(|name| *name == "AppealReplied").count(), 1);
    let plain = "SELECT count(*) FROM sealed_text WHERE encode(value, 'escape') LIKE '%13800138000%'";
    assert_eq!(bench.count(plain).await, 0);

    let read = async |who| bench.get(&who, id).await.appeals.remove(0).replies.remove(0);
    for whole in [supervisor("s-9"), complainant()] {
        let seen = read(whole).await;
        assert_eq!((seen.text.as_str(), seen.evidence_ids), (words, vec!["e-1".to_owned()]));
    }
    for other in [merchant(), anchor()] {
        let seen = read(other).await;
        assert!(seen.text.starts_with("照片可见破损") && !seen.text.contains("138"), "{}", seen.text);
        assert!(seen.evidence_ids.is_empty());
    }
}

#[tokio::test]
async fn a_party_replies_once_and_in_time_and_nobody_else_does() {
    let bench = Bench::new().await;
    let (id, appeal_id) = under_appeal(&bench, 1, &["责任认定有误"]).await;
    let attempt =
        async |who: Principal, message: wire::ReplyToAppealRequest| reason(bench.act(&who, message).await);
    assert_eq!(attempt(merchant(), reply(id, &appeal_id, "x")).await, "NO_REPLY_ASKED", "its own appeal");
    assert_eq!(
        attempt(supervisor("s-9"), reply(id, &appeal_id, "x")).await,
        "REPRESENTATIVE_WITHOUT_MANDATE"
    );
    let of_another = wire::ReplyToAppealRequest {
        party: Some(wire::CaseParty { role: AwaitedParty::Respondent.into(), respondent_ref: "a-1".into() }),
        ..reply(id, &appeal_id, "x")
    };
    assert_eq!(attempt(complainant(), of_another).await, "PERMISSION_DENIED");
    let both = wire::ReplyToAppealRequest { nothing_to_add: true, ..reply(id, &appeal_id, "x") };
    assert_eq!(attempt(complainant(), both).await, "CONTRADICTION");
    let neither = wire::ReplyToAppealRequest { nothing_to_add: false, ..reply(id, &appeal_id, "") };
    assert_eq!(attempt(complainant(), neither).await, "REQUIRED");
    let stale = wire::ReplyToAppealRequest { expected_version: 1, ..reply(id, &appeal_id, "x") };
    assert_eq!(attempt(complainant(), stale).await, "VERSION_MISMATCH");
    assert_eq!(attempt(complainant(), reply(id, &call(), "x")).await, "NOT_FOUND");

    bench.pass(TERM);
    bench.act(&complainant(), reply(id, &appeal_id, "x")).await.unwrap();
    assert_eq!(attempt(complainant(), reply(id, &appeal_id, "y")).await, "APPEAL_REPLIED");
    let awaited = bench.act(&supervisor("s-9"), upheld(id, &appeal_id)).await;
    assert_eq!(reason(awaited), "APPEAL_REPLY_AWAITED", "at the due instant a reply is in time (D1)");
    bench.pass(SignedDuration::from_micros(1));
    assert_eq!(attempt(anchor(), reply(id, &appeal_id, "x")).await, "APPEAL_REPLY_OVER");
    bench.act(&supervisor("s-9"), upheld(id, &appeal_id)).await.unwrap();
}

#[tokio::test]
async fn against_the_platform_alone_there_is_nobody_to_hear() {
    let bench = Bench::new().await;
    let mut against_platform = submission();
    against_platform.respondents = vec![types::Respondent {
        kind: types::PartyKind::Platform.into(),
        external_ref: "platform".into(),
        name: None,
    }];
    let id = bench.register(1, against_platform).await;
    bench.accepted(id, types::Severity::General).await;
    bench.advance(id, State::Executing, State::ResultNotified, "RemedyExecuted").await;
    let seen = bench.act(&complainant(), appeal(id, &["处罚过重"])).await.unwrap();
    assert_eq!(seen.appeals[0].reply_until, None);
    let told: wire::AppealFiled = bench.last(id).await;
    assert_eq!(told.reply_until, None);
    let asked = bench.act(&complainant(), reply(id, &seen.appeals[0].appeal_id, "x")).await;
    assert_eq!(reason(asked), "NO_REPLY_ASKED");
}

impl Bench {
    async fn brought(&self, id: ComplaintId, evidence: &str, provider: investigation::EvidenceProvider) {
        let piece = investigation::EvidenceSubmitted {
            evidence_id: evidence.into(),
            sha256: "ab".repeat(32),
            provider: provider.into(),
            ..Default::default()
        };
        self.investigation(id, "somebody", &piece).await;
    }

    /// A copy; withheld without a hash.
    async fn copied(&self, id: ComplaintId, evidence: &str, audience: investigation::Audience, sha256: &str) {
        let copy = investigation::RenditionProduced {
            rendition_id: call(),
            evidence_id: evidence.into(),
            audience: audience.into(),
            sha256: sha256.into(),
            ..Default::default()
        };
        self.investigation(id, "i-1", &copy).await;
    }
}

#[tokio::test]
async fn an_appeal_is_decided_on_no_evidence_that_a_side_was_not_shown() {
    use investigation::{Audience, EvidenceProvider};
    let bench = Bench::new().await;
    let id = bench.to_result(1).await;
    let mut filed = appeal(id, &["检测报告"]);
    filed.grounds[0].evidence_ids = vec!["report".into(), "no-such-piece".into()];
    let appeal_id = bench.act(&complainant(), filed).await.unwrap().appeals[0].appeal_id.clone();
    bench.advance(id, State::ResultNotified, State::UnderAppeal, "AppealFiled").await;
    bench.brought(id, "report", EvidenceProvider::Complainant).await;
    bench.brought(id, "stock", EvidenceProvider::Respondent).await;
    let answered = wire::ReplyToAppealRequest {
        evidence_ids: vec!["stock".into()],
        ..reply(id, &appeal_id, "出库完好。")
    };
    bench.act(&merchant(), answered).await.unwrap();
    heard(&bench, id, &appeal_id, &[anchor()]).await;

    let missing = async || {
        let refused = bench.act(&supervisor("s-9"), upheld(id, &appeal_id)).await.unwrap_err();
        assert_eq!(refused.reason, "EVIDENCE_NOT_SHOWN");
        told_with(&refused, "evidence").to_owned()
    };
    let shown = "cd".repeat(32);
    assert_eq!(missing().await, "report:respondent,stock:complainant,stock:respondent");
    bench.copied(id, "stock", Audience::Complainant, &shown).await;
    bench.copied(id, "stock", Audience::Respondent, &shown).await;
    bench.copied(id, "report", Audience::Respondent, "").await;
    bench.copied(id, "report", Audience::Expert, &shown).await;
    assert_eq!(
        missing().await,
        "report:respondent",
        "what is withheld shows nothing, and an expert is no side"
    );
    bench.copied(id, "report", Audience::Respondent, &shown).await;
    bench.act(&supervisor("s-9"), upheld(id, &appeal_id)).await.unwrap();
}
