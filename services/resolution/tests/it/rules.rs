//! The registry of rules: published ahead, numbered, never changed, pinned by what is decided.

use jiff::SignedDuration;
use redress_domain::{Problem, Role};
use redress_proto::convert::to_wire_time;
use redress_proto::resolution::v1 as wire;
use redress_proto::types::v1::Severity;
use redress_resolution::app::rules::{publish, version};

use crate::bench::{Bench, caller, handler, reason, supervisor};
use crate::steps::{call, liability};

fn draft(number: u32) -> wire::RuleVersion {
    wire::RuleVersion {
        rule_id: "shop.refund".into(),
        version: number,
        title: "平台退款规则".into(),
        text: format!("第{number}版"),
        ..Default::default()
    }
}

async fn published(
    bench: &Bench,
    request_id: &str,
    rule: wire::RuleVersion,
) -> Result<wire::RuleVersion, Problem> {
    published_by(bench, "s-1", request_id, rule).await
}

async fn published_by(
    bench: &Bench,
    who: &str,
    request_id: &str,
    rule: wire::RuleVersion,
) -> Result<wire::RuleVersion, Problem> {
    let request = wire::PublishRuleRequest { request_id: request_id.into(), rule: Some(rule) };
    let done = publish(&bench.commands.desk, &supervisor(who), request).await;
    done.map(|made| made.rule.unwrap()).map_err(redress_resolution::Error::into_problem)
}

async fn read(
    bench: &Bench,
    tenant: &str,
    number: u32,
    after_days: i64,
) -> Result<wire::GetRuleVersionResponse, Problem> {
    let at = bench.now() + SignedDuration::from_hours(24 * after_days);
    let request = wire::GetRuleVersionRequest {
        rule_id: "shop.refund".into(),
        version: number,
        at: Some(to_wire_time(at)),
    };
    let who = caller(tenant, "person-1", &[Role::Complainant]);
    let found = version(&bench.commands.desk, &who, request).await;
    found.map_err(redress_resolution::Error::into_problem)
}

#[tokio::test]
async fn a_rule_is_public_before_it_holds_and_its_history_stays_readable() {
    let bench = Bench::new().await;
    let hasty = wire::RuleVersion { effective_at: Some(to_wire_time(bench.now())), ..draft(1) };
    assert_eq!(reason(published(&bench, "r-0", hasty).await), "NOTICE_TOO_SHORT");
    assert_eq!(reason(published(&bench, "r-0", draft(2)).await), "VERSION_NOT_NEXT");
    let first = published(&bench, "r-1", draft(1)).await.unwrap();
    assert_eq!(published(&bench, "r-1", draft(1)).await.unwrap(), first, "the same call again");
    let other = wire::RuleVersion { text: "另一版".into(), ..draft(1) };
    assert_eq!(reason(published(&bench, "r-1", other).await), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(first.effective_at.unwrap().seconds - first.published_at.unwrap().seconds, 7 * 86_400);

    bench.pass(SignedDuration::from_hours(24));
    let large = wire::RuleVersion { large_change: true, ..draft(2) };
    let second = published(&bench, "r-2", large).await.unwrap();
    assert_eq!(second.effective_at.unwrap().seconds - second.published_at.unwrap().seconds, 15 * 86_400);
    assert_eq!(reason(read(&bench, "tenant-a", 0, 5).await), "NOT_FOUND", "nothing holds yet");
    let held = read(&bench, "tenant-a", 0, 6).await.unwrap();
    assert_eq!(held.rule.as_ref().unwrap().text, "第1版");
    assert_eq!(held.rule.unwrap().until, second.effective_at);
    assert_eq!(read(&bench, "tenant-a", 0, 15).await.unwrap().rule.unwrap().version, 2);
    let numbers: Vec<_> = held.history.iter().map(|one| (one.version, one.text.as_str())).collect();
    assert_eq!(numbers, [(2, ""), (1, "")]);
    assert_eq!(read(&bench, "tenant-a", 1, 300).await.unwrap().rule.unwrap().text, "第1版", "never gone");
    assert_eq!(
        reason(read(&bench, "tenant-b", 0, 15).await),
        "NOT_FOUND",
        "another tenant's rules are its own"
    );
}

#[tokio::test]
async fn of_two_who_publish_the_same_version_one_is_told() {
    let bench = Bench::new().await;
    published(&bench, "r-1", draft(1)).await.unwrap();
    bench.pass(SignedDuration::from_hours(24));
    let names: Vec<String> = (0..6).map(|n| format!("twin-{n}")).collect();
    let all = futures::future::join_all(names.iter().map(|name| published(&bench, name, draft(2)))).await;
    let (done, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    assert!(refused.into_iter().all(|one| one.unwrap_err().reason == "VERSION_NOT_NEXT"));
}

#[tokio::test]
async fn a_decision_rests_on_rules_that_are_in_force_on_its_day() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    published(&bench, "r-1", draft(1)).await.unwrap();
    let resting = |rule: &str| wire::DetermineLiabilityRequest { rules: vec![rule.into()], ..liability(id) };
    let act = async |rule| bench.act(&handler("h-1"), resting(rule)).await;
    assert_eq!(reason(act("shop.refund@1").await), "RULE_NOT_IN_FORCE", "published, and not in force yet");
    assert_eq!(reason(act("shop.unknown@1").await), "RULE_NOT_IN_FORCE");
    bench.pass(SignedDuration::from_hours(24 * 7));
    act("shop.refund@1").await.unwrap();
    act("cn.fraud-compensation@1").await.unwrap();
    published(&bench, &call(), draft(2)).await.unwrap();
    bench.pass(SignedDuration::from_hours(24 * 7));
    assert_eq!(
        reason(act("shop.refund@1").await),
        "RULE_NOT_IN_FORCE",
        "a later version has taken its place"
    );
}

/// A text of law that holds since so many days.
fn law(bench: &Bench, number: u32, days: i64) -> wire::RuleVersion {
    let since = to_wire_time(bench.now() - SignedDuration::from_hours(24 * days));
    wire::RuleVersion {
        law: true,
        published_at: Some(since),
        effective_at: Some(since),
        rule_id: "law.sample".into(),
        ..draft(number)
    }
}

#[tokio::test]
async fn what_holds_without_notice_is_published_by_two_people_in_the_same_words() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    let moved = wire::RuleVersion {
        published_at: Some(to_wire_time(bench.now() - SignedDuration::from_hours(24 * 30))),
        ..draft(1)
    };
    for rule in [law(&bench, 1, 30), moved] {
        let cited = vec![format!("{}@1", rule.rule_id)];
        let resting = || wire::DetermineLiabilityRequest { rules: cited.clone(), ..liability(id) };
        let told = published_by(&bench, "s-1", &call(), rule.clone()).await.unwrap();
        assert!(told.awaiting_second);
        assert!(published_by(&bench, "s-1", &call(), rule.clone()).await.unwrap().awaiting_second);
        let refused = bench.act(&handler("h-1"), resting()).await;
        assert_eq!(reason(refused), "RULE_NOT_IN_FORCE", "one alone publishes nothing");
        let other = wire::RuleVersion { text: "改动".into(), ..rule.clone() };
        assert!(published_by(&bench, "s-2", &call(), other).await.unwrap().awaiting_second, "other words");
        let told = published_by(&bench, "s-3", &call(), rule.clone()).await.unwrap();
        assert!(told.awaiting_second, "what takes the place of a proposal is a proposal");
        let told = published_by(&bench, "s-2", &call(), rule.clone()).await.unwrap();
        assert!(!told.awaiting_second);
        bench.act(&handler("h-1"), resting()).await.unwrap();
    }
    let two = "SELECT count(*) FROM rule_version WHERE published_by = 's-3' AND seconded_by = 's-2'";
    assert_eq!(bench.count(two).await, 2);
    assert_eq!(bench.count("SELECT count(*) FROM rule_awaiting").await, 0);
}

#[tokio::test]
async fn a_version_does_not_come_to_hold_before_decisions_that_rest_on_the_one_before() {
    let bench = Bench::new().await;
    let id = bench.to_plan_review(1, Severity::General).await;
    for who in ["s-1", "s-2"] {
        published_by(&bench, who, &call(), law(&bench, 1, 90)).await.unwrap();
    }
    bench
        .act(
            &handler("h-1"),
            wire::DetermineLiabilityRequest { rules: vec!["law.sample@1".into()], ..liability(id) },
        )
        .await
        .unwrap();
    bench.pass(SignedDuration::from_hours(24 * 10));
    let late = published_by(&bench, "s-1", &call(), law(&bench, 2, 11)).await;
    assert_eq!(reason(late), "RULE_BEFORE_DECISIONS");
    for who in ["s-1", "s-2"] {
        published_by(&bench, who, &call(), law(&bench, 2, 9)).await.unwrap();
    }
    let rule = wire::RuleVersion { law: false, published_at: None, effective_at: None, ..law(&bench, 3, 0) };
    assert_eq!(reason(published_by(&bench, "s-1", &call(), rule).await), "LAW_OR_RULE");
}
