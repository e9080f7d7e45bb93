//! The sentences, read as a lawyer would: two pauses and an extension.

use redress_sla::domain::explain::Language;
use serde_json::json;

use crate::asking::ask_in;

fn sentences(language: Language) -> Vec<String> {
    let request = json!({
        "calendarId": "cn-office", "start": "2026-02-12T10:00:00+08:00", "amount": 2,
        "unit": "DEADLINE_UNIT_WORKING_DAYS", "extensions": [1],
        "pauses": [
            {"from": "2026-02-13T10:00:00+08:00", "to": "2026-02-13T11:00:00+08:00", "reason": "lab"},
            {"from": "2026-02-14T10:00:00+08:00", "to": "2026-02-14T20:00:00+08:00", "reason": "suspended"},
        ],
    });
    ask_in(&request, language).unwrap().explanation
}

#[test]
fn every_fact_and_every_day_has_its_english_sentence() {
    let said = sentences(Language::English);
    assert_eq!(
        said[..7],
        [
            "The time limit is 2 working days, counted from Thu 2026-02-12 10:00 UTC+08:00 in the zone Asia/Shanghai by the calendar cn-office, version 1; the day of the event does not count (D5).",
            "It was extended by 1 to 3 working days (D12).",
            "The clock stood still from Fri 2026-02-13 10:00 UTC+08:00 to Fri 2026-02-13 11:00 UTC+08:00: a laboratory tests the goods (D8).",
            "The clock stood still from Sat 2026-02-14 10:00 UTC+08:00 to Sat 2026-02-14 20:00 UTC+08:00: the case is suspended (D8).",
            "Fri 2026-02-13 is day 1 (D6).",
            "Sat 2026-02-14 does not count: the clock stood still when the day closed (D9.5).",
            "Sun 2026-02-15 is passed over: it is a day off by the holiday plan, 春节 (D3).",
        ]
    );
    assert_eq!(said[7], "Mon 2026-02-16 is passed over: it is a holiday by statute, 春节 (D3).");
    assert_eq!(
        said[said.len() - 3..],
        [
            "Tue 2026-02-24 is day 2 (D6).",
            "Wed 2026-02-25 is day 3 (D6).",
            "It is due at Wed 2026-02-25 18:00 UTC+08:00, the closing of Wed 2026-02-25; what is done at that instant is in time (D1).",
        ]
    );
}

#[test]
fn the_chinese_explanation_says_the_same() {
    let said = sentences(Language::Chinese);
    assert_eq!(said.len(), sentences(Language::English).len());
    assert_eq!(said[5], "2026年02月14日（星期六）不计入：当日届满时期限处于中止状态（规则 D9.5）。");
    assert_eq!(
        said[said.len() - 1],
        "期限于2026年02月25日（星期三）18:00（UTC+08:00）即2026年02月25日（星期三）终了时届满，于该时刻完成的视为按期（规则 D1）。"
    );
}
