use redress_classification::domain::language::Language;
use redress_classification::domain::measure::Measurement;
use redress_classification::domain::rules::examples::{Example, Labels};
use redress_classification::domain::rules::problem::SourceFile;
use redress_domain::{Category, Severity, UrgentReason};

use crate::{RULES, assess};

#[test]
fn what_is_denied_is_no_fact() {
    assert_eq!(assess("没说漏电,只是发货太慢,等了十天还没发货").category, Category::Cq02);
    assert_ne!(assess("I did not say it was fake. The zip broke.").category, Category::Cq07);
}

#[test]
fn a_feared_danger_is_none_yet() {
    assert_eq!(assess("如果充电时爆炸了怎么办,会不会冒烟").urgent, None);
}

#[test]
fn a_threat_to_post_is_no_spread() {
    let assessment = assess("再不退款我就发到网上曝光你们");
    assert_eq!(assessment.urgent, None);
    assert_eq!(assessment.severity, Severity::General);
}

#[test]
fn safety_comes_before_every_other_urgency() {
    let assessment = assess("充电宝冒烟把手烫伤了,视频已经有50万播放,上了热搜");
    assert_eq!(assessment.urgent, Some(UrgentReason::ProductSafety));
}

#[test]
fn evidence_points_at_the_words_that_were_written() {
    let text = "包裹裡的花瓶碎\u{200B}了,箱子也壓壞";
    let assessment = assess(text);
    assert_eq!((assessment.language, assessment.category), (Language::ZhHant, Category::Cq02));
    let words: Vec<&str> =
        assessment.reasons.iter().flat_map(|r| &r.evidence).map(|span| &text[span.start..span.end]).collect();
    assert!(words.contains(&"碎\u{200B}了") || words.contains(&"壓壞"), "{words:?}");
}

#[test]
fn the_same_text_is_assessed_the_same() {
    let text = "主播说是真皮,收到是人造革,请退一赔三";
    assert_eq!(assess(text), assess(text));
}

#[test]
fn the_examples_keep_their_categories() {
    for (name, content) in [
        ("ordinary", include_str!("../../data/examples/ordinary.yaml")),
        ("paraphrases", include_str!("../../data/examples/paraphrases.yaml")),
    ] {
        let file = SourceFile { path: name.to_owned(), content: content.to_owned() };
        let examples = Example::read(&file).unwrap();
        let pairs = examples.iter().map(|e| (e.is.clone(), Labels::of(&RULES.assess(&e.case()))));
        let measured = Measurement::of(pairs);
        assert!(measured.macro_f1() >= 0.9, "{name}\n{measured}");
    }
}
