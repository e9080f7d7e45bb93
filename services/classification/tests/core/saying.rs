use std::path::Path;

use redress_classification::domain::language::Language;
use redress_classification::domain::measure::{self, Measurement};
use redress_classification::domain::rules::examples::Example;
use redress_domain::{Category, PartyKind, Severity, UrgentReason};

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
fn the_examples_and_the_texts_that_were_learned_from_keep_their_labels() {
    let read = |folder| measure::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let texts: Vec<Example> = ["data/examples", "data/labelled"].into_iter().flat_map(read).collect();
    let measured = Measurement::on(&RULES, &texts);
    assert!(measured.macro_f1() >= 0.9, "{measured}");
    assert!(measured.urgent.recall() >= 0.9, "{measured}");
}

#[test]
fn where_no_rule_knows_the_wording_words_decide_and_are_named() {
    let text = "鞋头走了三天就张嘴喝水";
    let assessment = assess(text);
    assert_eq!(assessment.category, Category::Cq01);
    let spoken = assessment.reasons.iter().find(|reason| reason.rule_id == "words").unwrap();
    assert!(spoken.label.starts_with("CQ01/") && !spoken.evidence.is_empty(), "{spoken:?}");
}

#[test]
fn whom_a_live_room_complaint_is_directed_at_is_told_with_its_words() {
    let words = assess("直播间屏幕右边一直挂着贴片写买二送一,主播没提过,是后台场控挂的,不认");
    assert_eq!(words.live_attribution, Some(PartyKind::LiveRoomOperator), "{words:?}");
    assert_eq!(words.respondent, words.live_attribution);
    let spoken = words.reasons.iter().find(|reason| reason.label == "respondent/live_room_operator").unwrap();
    assert!(!spoken.evidence.is_empty(), "{spoken:?}");
    let said = assess("主播对着镜头喊纯羊绒,一根化纤她赔十倍,送检出来全是腈纶");
    assert_eq!(said.live_attribution, Some(PartyKind::Anchor), "{said:?}");
}

#[test]
fn who_is_outside_live_commerce_caused_nothing_in_it() {
    let lost = assess("直播间买的,店家当天就发了,快递承认把件弄丢了,要快递公司赔");
    assert_eq!((lost.respondent, lost.live_attribution), (Some(PartyKind::Carrier), None), "{lost:?}");
    let shop = assess("这家店的衣服穿一次就起球");
    assert_eq!((shop.respondent, shop.live_attribution), (Some(PartyKind::Merchant), None), "{shop:?}");
}

#[test]
fn a_rule_that_is_sure_is_not_outvoted_by_words() {
    let assessment = assess("同一张订单扣了两次款");
    assert!(assessment.reasons.iter().any(|reason| reason.rule_id == "p-double"));
    assert_eq!(assessment.category, Category::Cq04);
}

#[test]
fn who_tells_nothing_in_particular_gets_a_person() {
    assert!(assess("上周那件事情到现在也没有人给我一个说法,我觉得很不舒服。").needs_human);
    assert!(!assess("下单十天了一直没发货,催了客服三次都没有用,订单还是待发货。").needs_human);
}

#[test]
fn cantonese_denials_are_denials() {
    assert_eq!(assess("落咗單三個禮拜,到而家都未發貨,佢哋都唔覆我").category, Category::Cq02);
}

#[test]
fn an_accident_with_a_person_is_urgent_in_unusual_words_too() {
    let assessment = assess("锅盖自己蹦起来,一锅汤浇在我肚子上,到现在还包着纱布");
    assert_eq!(assessment.urgent, Some(UrgentReason::ProductSafety));
}
