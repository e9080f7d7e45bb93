use std::collections::BTreeSet;

use super::*;
use crate::domain::report::LANGUAGES;

fn head(language: &str) -> Head<'_> {
    Head {
        language,
        zone: TimeZone::fixed(jiff::tz::offset(8)),
        complaint_no: "20261125-7K3M9Q2T4V-5",
        filing_no: "20261125-7K3M9Q2T4V-5-C1",
        issued_at: "2026-12-10T02:30:00Z".parse().unwrap(),
    }
}

fn case() -> Closing<'static> {
    let at = |text: &str| text.parse().unwrap();
    Closing {
        summary: "双方达成和解，商家退还部分货款。",
        lessons: "直播用语须事先审核。",
        course: vec![
            (at("2026-11-25T04:00:00Z"), "ComplaintRegistered"),
            (at("2026-11-25T05:10:00Z"), "ComplaintAccepted"),
            (at("2026-11-27T08:00:00Z"), "ComplaintAdvanced"),
            (at("2026-11-27T08:00:00Z"), "SettlementReached"),
        ],
        clocks: vec![
            ClockLine { definition: "C13", state: "met", due_at: Some(at("2026-12-16T16:00:00Z")) },
            ClockLine { definition: "C15", state: "met_late", due_at: Some(at("2026-11-30T04:00:00Z")) },
            ClockLine { definition: "C26", state: "lapsed", due_at: None },
        ],
        evidence: vec![PieceLine { id: "e-1", sha256: "ab12", party: "complainant" }],
    }
}

#[test]
fn a_closing_report_reads_in_chinese() {
    let expected = "结案报告

投诉编号：20261125-7K3M9Q2T4V-5
备案号：20261125-7K3M9Q2T4V-5-C1
出具时间：2026年12月10日 10:30

一、案件摘要
双方达成和解，商家退还部分货款。

二、处理经过
2026年11月25日 12:00  投诉登记
2026年11月25日 13:10  决定受理
2026年11月27日 16:00  双方达成一致

三、时限履行情况
共 3 项，其中按时 1 项，超过期限 1 项。
办结并提交报告：按时完成（期限 2026年12月16日 24:00）
进度告知：超过期限后完成（期限 2026年11月30日 12:00）
对结果的异议期：期满未行使

四、证据清单
共 1 件。哈希值为原件的 SHA-256，可与证据包逐件核对。
1. 投诉方提供，编号 e-1
   SHA-256：ab12

五、经验和改进
直播用语须事先审核。
";
    assert_eq!(closing(&head("zh-Hans"), &case()), expected);
}

#[test]
fn a_closing_report_reads_in_english() {
    let report = Closing { summary: "The parties settled.", lessons: "Check what is said live.", ..case() };
    let expected = "Closing report

Complaint number: 20261125-7K3M9Q2T4V-5
Filing number: 20261125-7K3M9Q2T4V-5-C1
Issued: 10 December 2026, 10:30

1. Summary
The parties settled.

2. Course of events
25 November 2026, 12:00  Complaint registered
25 November 2026, 13:10  Accepted
27 November 2026, 16:00  Settlement reached

3. Time limits
3 in all: 1 kept, 1 missed.
Completion, with a report: kept (due 16 December 2026, 24:00)
Telling the progress: missed, done later (due 30 November 2026, 12:00)
Time to object to the result: passed without being used

4. Evidence
1 in all. Each hash is the SHA-256 of the original; the evidence pack can be checked against it piece by piece.
1. Brought by the complainant, id e-1
   SHA-256: ab12

5. What was learned
Check what is said live.
";
    assert_eq!(closing(&head("en"), &report), expected);
}

#[test]
fn a_handling_report_has_its_seven_parts_under_their_headings_in_order() {
    let parts = ["A", "B", "C", "D", "E", "F", "G"];
    for (language, first, last) in [
        ("zh-Hans", "\n一、投诉概况和诉求\nA\n", "\n七、致歉和感谢\nG\n"),
        ("zh-Hant", "\n一、投訴概況和訴求\nA\n", "\n七、致歉和感謝\nG\n"),
        ("en", "\n1. Your complaint and what you asked for\nA\n", "\n7. Apology and thanks\nG\n"),
    ] {
        let text = handling(&head(language), parts);
        assert!(text.contains(first) && text.ends_with(last), "{text}");
        let places: Vec<_> = parts.iter().map(|part| text.find(&format!("\n{part}\n")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
    }
}

#[test]
fn a_case_without_clocks_and_evidence_says_so() {
    let text = closing(&head("en"), &Closing { summary: "s", lessons: "l", ..Closing::default() });
    assert_eq!(text.matches("\nNone\n").count(), 3, "{text}");
}

/// Names of the messages that stand in a file of events.
fn events(proto: &str) -> Vec<&str> {
    proto.lines().filter_map(|line| line.strip_prefix("message ")?.strip_suffix(" {")).collect()
}

#[test]
fn every_event_clock_state_and_party_has_words_in_every_language() {
    let told = [
        include_str!("../../../../../proto/redress/intake/v1/events.proto"),
        include_str!("../../../../../proto/redress/resolution/v1/events.proto"),
        include_str!("../../../../../proto/redress/resolution/v1/remedy_events.proto"),
    ];
    let told: BTreeSet<&str> = told.into_iter().flat_map(events).collect();
    assert!(told.len() > 40);
    let of = |words: &Words| {
        [&words.events, &words.clocks, &words.states, &words.parties]
            .map(|table| table.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(WORDS.len(), LANGUAGES.len());
    for language in LANGUAGES {
        let words = &WORDS[language];
        for event in &told {
            assert!(words.events.contains_key(*event), "{event} in {language}");
        }
        for state in ["running", "met", "met_late", "breached", "cancelled", "used", "lapsed"] {
            assert!(words.states.contains_key(state), "{state} in {language}");
        }
        assert_eq!(words.clocks.len(), 35, "{language}");
        assert_eq!(of(words), of(&WORDS["zh-Hans"]), "{language} has the same words as the others");
    }
}
