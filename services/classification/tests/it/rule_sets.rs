use std::collections::HashMap;

use redress_classification::app::engine::Engines;
use redress_classification::app::preview::preview;
use redress_classification::app::rule_sets::{list, publish, test_set};
use redress_domain::{ErrorKind, Principal, Violations};
use redress_proto::classification::v1::{
    Assessment, ListRuleSetsRequest, ListRuleSetsResponse, PublishRuleSetRequest, PublishRuleSetResponse,
    TestRuleSetRequest, TestRuleSetResponse,
};
use redress_proto::types::v1::Category;

use crate::bench::{Bench, Told, submission, supervisor, told};

const PARCEL: &str = "下单十天了一直没发货,催了客服三次都没有用,订单还是待发货。";
/// A rule that calls whatever is not sent an anomaly of the order.
const NEW_RULE: &str = "- {id: n-1, all: [ship_stuck], then: {sub: order_anomaly}, score: 50}\n";

/// A file that changes the words of a rule set and nothing of what it says.
const REMARK: (&str, &str) = ("rules/remark.yaml", "# a remark\n[]\n");

fn files(files: &[(&str, &str)]) -> HashMap<String, String> {
    files.iter().map(|&(path, content)| (path.to_owned(), content.to_owned())).collect()
}

fn publication(request_id: &str, told: &[(&str, &str)]) -> PublishRuleSetRequest {
    PublishRuleSetRequest { request_id: request_id.into(), files: files(told) }
}

async fn tested(bench: &Bench, told: &[(&str, &str)]) -> TestRuleSetResponse {
    let request = TestRuleSetRequest { files: files(told) };
    test_set(&bench.desk, &bench.assessor.engines, &supervisor(), request).await.unwrap()
}

async fn published(bench: &Bench, request: PublishRuleSetRequest) -> PublishRuleSetResponse {
    publish(&bench.desk, &bench.assessor.engines, &supervisor(), request).await.unwrap()
}

async fn said(bench: &Bench, caller: &Principal) -> Assessment {
    preview(&bench.assessor, caller, submission(PARCEL), Violations::default()).await.unwrap()
}

/// The example that the new rule is about, as it would have it.
fn example(category: &str) -> String {
    format!("- {{text: 我的东西一直没发货, given: {{order: true}}, is: {{category: {category}}}}}\n")
}

#[tokio::test]
async fn a_bad_rule_set_is_refused_with_line_and_reason_and_the_old_one_stays() {
    let bench = Bench::new().await;
    let before = said(&bench, &supervisor()).await;
    let bad = "- {id: n-1, all: [no_such_concept], then: {sub: dispatch_delay}}\n\
               - {id: n-2, all: [refund], then: {sub: dispatch_delay}, colour: red}\n";
    let cycle =
        "- {id: c-1, all: [x.a], then: {feature: x.b}}\n- {id: c-2, all: [x.b], then: {feature: x.a}}\n";
    for content in [bad, cycle] {
        let verdict = tested(&bench, &[("rules/new.yaml", content)]).await;
        assert!(!verdict.passed);
        assert!(!verdict.problems.is_empty());
        assert!(verdict.problems.iter().all(|p| p.starts_with("rules/new.yaml:")), "{:?}", verdict.problems);
        let request = publication("r1", &[("rules/new.yaml", content)]);
        let refused =
            publish(&bench.desk, &bench.assessor.engines, &supervisor(), request).await.unwrap_err();
        let refused = refused.into_problem();
        assert_eq!((refused.kind, refused.reason), (ErrorKind::InvalidArgument, "RULE_SET_REFUSED"));
        assert_eq!(refused.violations.len(), verdict.problems.len(), "all problems at once");
        assert!(refused.violations[0].description.starts_with("rules/new.yaml:"), "{refused:?}");
    }
    let problems = tested(&bench, &[("rules/new.yaml", bad)]).await.problems;
    assert!(problems.iter().any(|p| p.starts_with("rules/new.yaml:1:") && p.contains("no_such_concept")));
    assert!(problems.iter().any(|p| p.starts_with("rules/new.yaml:2:") && p.contains("colour")));
    let elsewhere = tested(&bench, &[("notes.txt", "text")]).await;
    assert!(elsewhere.problems[0].starts_with("notes.txt:0:"), "{elsewhere:?}");
    assert_eq!(said(&bench, &supervisor()).await, before);
    assert_eq!(bench.count("SELECT count(*) FROM rule_set").await, 0);
}

#[tokio::test]
async fn a_missing_language_is_refused() {
    let bench = Bench::new().await;
    let verdict = tested(&bench, &[("lexicon/zh-hant/regional.yaml", "")]).await;
    assert!(verdict.problems.iter().any(|p| p.starts_with("lexicon/zh-hant")), "{:?}", verdict.problems);
}

#[tokio::test]
async fn the_running_rule_set_itself_passes_and_changes_nothing() {
    let bench = Bench::new().await;
    let verdict = tested(&bench, &[]).await;
    assert!(verdict.passed, "{verdict:?}");
    assert_eq!(verdict.changed_examples, [] as [String; 0]);
    assert!(verdict.running.starts_with("builtin@"));
}

#[tokio::test]
async fn a_rule_set_whose_examples_fail_is_refused_and_the_difference_is_shown() {
    let bench = Bench::new().await;
    let told = [("rules/new.yaml", NEW_RULE), ("examples/new.yaml", &example("CQ02"))];
    let verdict = tested(&bench, &told).await;
    assert!(!verdict.passed && verdict.problems.is_empty());
    let failed =
        verdict.failed_examples.iter().find(|e| e.starts_with("examples/new.yaml: 我的东西")).unwrap();
    assert!(failed.contains("category CQ02 →"), "{failed}");
    assert!(verdict.changed_examples.iter().any(|e| e.contains("我的东西")), "{verdict:?}");
    let refused =
        publish(&bench.desk, &bench.assessor.engines, &supervisor(), publication("r1", &told)).await;
    assert_eq!(refused.unwrap_err().into_problem().violations[0].reason, "EXAMPLE_FAILS");
}

#[tokio::test]
async fn a_published_rule_set_takes_effect_for_its_tenant_and_pins_its_version() {
    let bench = Bench::new().await;
    let first = bench.assessed(told(1, PARCEL)).await;
    let made = published(&bench, publication("r1", &[REMARK])).await;
    assert!(made.rule_set.starts_with("published-1@"), "{}", made.rule_set);
    let again = published(&bench, publication("r1", &[REMARK])).await;
    assert_eq!(again.rule_set, made.rule_set);
    assert_eq!(bench.count("SELECT count(*) FROM rule_set").await, 1);

    let second = bench.assessed(told(2, PARCEL)).await;
    let other = bench.assessed(Told { tenant: "tenant-b", ..told(3, PARCEL) }).await;
    let pinned = |id| {
        let bench = &bench;
        async move { bench.explained(id).await[0].assessment.as_ref().unwrap().rule_set.clone() }
    };
    assert!(pinned(first).await.starts_with("builtin@"), "what was assessed before keeps its version");
    assert_eq!(pinned(second).await, made.rule_set);
    let of_b: String = sqlx::query_scalar("SELECT rule_set FROM assessment WHERE complaint_id = $1")
        .bind(other)
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert!(of_b.starts_with("builtin@"), "{of_b}");

    let replica = Engines::new().unwrap();
    replica.refresh(&bench.db).await.unwrap();
    assert_eq!(replica.current(&supervisor().tenant).name, made.rule_set);
}

#[tokio::test]
async fn a_category_keeps_examples_by_which_its_rules_are_tested() {
    let bench = Bench::new().await;
    // All of the running examples taken out at once, and a rule changed that they test.
    let emptied =
        [("examples/ordinary.yaml", ""), ("examples/paraphrases.yaml", ""), ("rules/new.yaml", NEW_RULE)];
    let verdict = tested(&bench, &emptied).await;
    assert!(!verdict.passed && verdict.problems.iter().any(|p| p.contains("CQ02 has no example any more")));
}

#[tokio::test]
async fn a_set_goes_on_from_the_one_before() {
    let bench = Bench::new().await;
    published(&bench, publication("r1", &[REMARK])).await;
    let made = published(&bench, publication("r2", &[(REMARK.0, "")])).await;
    assert!(made.rule_set.starts_with("published-2@"));
    let builtin = Bench::new().await.assessor.engines.current(&supervisor().tenant).name.clone();
    assert_eq!(made.rule_set.split('@').nth(1), builtin.split('@').nth(1), "the same words, the same hash");
    assert_eq!(said(&bench, &supervisor()).await.category(), Category::Cq02);
}

/// Publishes, past the service, a set that no release can load.
async fn of_the_future(bench: &Bench, version: i32) {
    sqlx::query(
        "INSERT INTO rule_set (tenant, version, digest, files, published_by, published_at)
         VALUES ('tenant-a', $1, 'x', '{\"rules/x.yaml\": \"- {id: of-the-future}\"}', 'x', now())",
    )
    .bind(version)
    .execute(bench.db.pool())
    .await
    .unwrap();
}

async fn listed(bench: &Bench) -> ListRuleSetsResponse {
    let request = ListRuleSetsRequest::default();
    list(&bench.desk, &bench.assessor.engines, &supervisor(), &request).await.unwrap()
}

#[tokio::test]
async fn a_published_set_that_this_version_cannot_load_leaves_the_one_before_also_after_a_restart() {
    let bench = Bench::new().await;
    let made = published(&bench, publication("r1", &[REMARK])).await;
    assert_eq!(bench.assessor.engines.behind(), 0);
    of_the_future(&bench, 2).await;
    of_the_future(&bench, 3).await;
    bench.assessor.engines.refresh(&bench.db).await.unwrap();
    let restarted = Engines::new().unwrap();
    restarted.refresh(&bench.db).await.unwrap();
    for engines in [&bench.assessor.engines, &restarted] {
        assert_eq!(engines.current(&supervisor().tenant).name, made.rule_set);
        assert_eq!(engines.behind(), 1, "it is told");
    }
    let listed = listed(&bench).await;
    assert_eq!(listed.running, made.rule_set);
    let sets: Vec<(i32, bool)> = listed.rule_sets.iter().map(|set| (set.version, set.unreadable)).collect();
    assert_eq!(sets, [(3, true), (2, true), (1, false)]);
}

#[tokio::test]
async fn a_set_that_does_not_load_does_not_keep_its_tenant_from_publishing_again() {
    let bench = Bench::new().await;
    of_the_future(&bench, 1).await;
    bench.assessor.engines.refresh(&bench.db).await.unwrap();
    assert!(listed(&bench).await.running.starts_with("builtin@"));
    let made = published(&bench, publication("r1", &[REMARK])).await;
    assert!(made.rule_set.starts_with("published-2@"), "{}", made.rule_set);
    assert_eq!(bench.assessor.engines.current(&supervisor().tenant).name, made.rule_set);
    assert_eq!(bench.assessor.engines.behind(), 0);
}
