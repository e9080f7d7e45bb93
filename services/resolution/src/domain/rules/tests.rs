use proptest::prelude::*;

use super::*;

const DAY: i64 = 24 * 3_600;

fn day(n: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + n * DAY).unwrap()
}

fn draft(version: u32) -> Draft {
    Draft {
        id: "shop.refund".into(),
        version,
        title: "退款规则".into(),
        text: "质量问题,平台支持退款。".into(),
        published_at: None,
        effective_at: None,
        large_change: false,
        law: false,
    }
}

fn reason(outcome: Result<RuleVersion, Problem>) -> String {
    let problem = outcome.unwrap_err();
    match problem.violations.first() {
        Some(violation) => format!("{} {}", violation.field, violation.reason),
        None => problem.reason.to_owned(),
    }
}

#[test]
fn a_rule_holds_after_seven_days_and_a_large_change_after_fifteen() {
    let first = draft(1).follow(None, day(0)).unwrap();
    assert_eq!((first.published_at, first.effective_at), (day(0), day(7)));
    let large = Draft { large_change: true, ..draft(1) };
    assert_eq!(large.clone().follow(None, day(0)).unwrap().effective_at, day(15));
    let hasty = |draft: Draft, n| reason(Draft { effective_at: Some(day(n)), ..draft }.follow(None, day(0)));
    assert_eq!(hasty(draft(1), 6), "NOTICE_TOO_SHORT");
    assert_eq!(hasty(large, 14), "NOTICE_TOO_SHORT");
    let law = Draft { law: true, published_at: Some(day(-100)), effective_at: Some(day(-90)), ..draft(1) };
    assert_eq!(law.follow(None, day(0)).unwrap().effective_at, day(-90));
}

#[test]
fn versions_are_numbered_without_holes_and_hold_in_their_order() {
    let first = draft(1).follow(None, day(0)).unwrap();
    assert_eq!(reason(draft(2).follow(None, day(0))), "VERSION_NOT_NEXT");
    assert_eq!(reason(draft(1).follow(Some(&first), day(1))), "VERSION_NOT_NEXT");
    assert_eq!(reason(draft(3).follow(Some(&first), day(1))), "VERSION_NOT_NEXT");
    let late = Draft { effective_at: Some(day(40)), ..draft(1) }.follow(None, day(0)).unwrap();
    assert_eq!(reason(draft(2).follow(Some(&late), day(1))), "RULE_ORDER");
    let second = draft(2).follow(Some(&first), day(20)).unwrap();
    let history = [first, second];
    let version = |n| in_force(&history, day(n)).map(|rule| rule.version);
    assert_eq!([version(6), version(7), version(26), version(27)], [None, Some(1), Some(1), Some(2)]);
    assert_eq!((until(&history, 1), until(&history, 2)), (Some(day(27)), None));
}

#[test]
fn nothing_is_published_backwards() {
    let first = draft(1).follow(None, day(0)).unwrap();
    let told = |n| Draft { published_at: Some(day(n)), ..draft(2) };
    assert_eq!(reason(told(-20).follow(Some(&first), day(20))), "rule.publishedAt NOT_ALLOWED");
    assert_eq!(reason(told(21).follow(None, day(20))), "rule.publishedAt IN_FUTURE");
    // What a platform had before it came here keeps its day.
    let moved = Draft { published_at: Some(day(-300)), ..draft(1) }.follow(None, day(0)).unwrap();
    assert_eq!(moved.effective_at, day(-293));
}

#[test]
fn what_holds_without_notice_takes_two_and_a_rule_does_not_become_law() {
    assert!(!draft(1).needs_second(day(0)));
    assert!(Draft { law: true, ..draft(1) }.needs_second(day(0)));
    assert!(Draft { published_at: Some(day(-1)), ..draft(1) }.needs_second(day(0)));
    let whole = draft(1);
    for other in [
        Draft { text: "别的规则".into(), ..whole.clone() },
        Draft { title: "别的".into(), ..whole.clone() },
        Draft { published_at: Some(day(0)), ..whole.clone() },
        Draft { effective_at: Some(day(9)), ..whole.clone() },
        Draft { law: true, ..whole.clone() },
        Draft { large_change: true, ..whole.clone() },
    ] {
        assert_ne!(other.sha256(), whole.sha256(), "{other:?}");
    }
    let first = whole.follow(None, day(0)).unwrap();
    let as_law = Draft { law: true, published_at: Some(day(8)), effective_at: Some(day(9)), ..draft(2) };
    assert_eq!(reason(as_law.clone().follow(Some(&first), day(10))), "LAW_OR_RULE");
    let law = Draft { version: 1, ..as_law.clone() }.follow(None, day(10)).unwrap();
    assert_eq!(reason(draft(2).follow(Some(&law), day(20))), "LAW_OR_RULE");
    let next = Draft { effective_at: Some(day(12)), ..as_law }.follow(Some(&law), day(20)).unwrap();
    assert!(
        require_after_decisions(&next, None).is_ok() && require_after_decisions(&next, Some(day(11))).is_ok()
    );
    assert_eq!(require_after_decisions(&next, Some(day(12))).unwrap_err().reason, "RULE_BEFORE_DECISIONS");
}

#[test]
fn a_text_of_law_that_comes_with_the_service_is_nobodys_to_publish() {
    let taken = Draft { id: "cn.fraud-compensation".into(), ..draft(1) };
    assert_eq!(reason(taken.follow(None, day(0))), "rule.ruleId RESERVED");
    let unnamed = Draft { id: "Shop Refund".into(), title: " ".into(), ..draft(1) };
    let problem = unnamed.follow(None, day(0)).unwrap_err();
    let fields: Vec<_> = problem.violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["rule.ruleId", "rule.title"]);
}

#[test]
fn what_a_decision_rests_on_is_in_force_on_its_day() {
    let first = draft(1).follow(None, day(0)).unwrap();
    let second = draft(2).follow(Some(&first), day(20)).unwrap();
    let known = [first, second];
    let cited = |reference: &str, n| require_in_force(&[reference.to_owned()], &known, day(n));
    assert!(cited("shop.refund@1", 10).is_ok());
    for (reference, n) in
        [("shop.refund@1", 3), ("shop.refund@1", 30), ("shop.refund@2", 10), ("shop.gift@1", 10)]
    {
        let problem = cited(reference, n).unwrap_err();
        assert_eq!(problem.reason, "RULE_NOT_IN_FORCE", "{reference} on day {n}");
        assert!(problem.metadata.contains(&("rule", reference.to_owned())));
    }
}

#[test]
fn the_texts_that_come_along_read_and_are_numbered() {
    let all = read(include_str!("../../../data/rules/cn.toml")).unwrap();
    assert_eq!(all.as_slice(), shipped());
    for rule in &all {
        assert!(parse_rule_ref(&rule.reference()).is_some(), "{}", rule.id);
        assert!(rule.published_at <= rule.effective_at, "{}", rule.id);
        let same = all.iter().filter(|other| other.reference() == rule.reference()).count();
        let earlier = all.iter().filter(|other| other.id == rule.id && other.version < rule.version).count();
        assert_eq!((same, earlier), (1, rule.version as usize - 1), "{}", rule.reference());
    }
}

proptest! {
    #[test]
    fn a_later_publication_changes_nothing_about_an_earlier_day(
        gaps in prop::collection::vec(0_i64..40, 1..8), asked in 0_i64..200
    ) {
        let mut history: Vec<RuleVersion> = Vec::new();
        let mut now = 0;
        let mut answer = None;
        for gap in gaps {
            now += gap;
            let next = draft(u32::try_from(history.len() + 1).unwrap()).follow(history.last(), day(now));
            let Ok(next) = next else { continue };
            history.push(next);
            // From its own day on, the answer for that day stands.
            if asked <= now {
                let found = in_force(&history, day(asked)).map(|rule| rule.version);
                prop_assert!(answer.is_none_or(|earlier| earlier == found), "{:?} then {:?}", answer, found);
                answer = Some(found);
            }
        }
    }
}
