//! The sentences, read as a lawyer would: two pauses and an extension, and what a reader would not expect.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use redress_sla::domain::calendar::known;
use redress_sla::domain::explain::{Announced, Background, Explanation, Grant, Language, announced};
use redress_sla::domain::pause::Pause;
use redress_sla::domain::time_limit::{Cap, TimeLimit};
use redress_sla::domain::unit::{DayClose, EventDay, Unit};
use serde_json::{Value, json};

use crate::asking::ask_in;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Two working days and one more; one pause within a day, one over the end of the next.
fn limit() -> TimeLimit {
    let pause =
        |from, to, reason: &str| Pause { from: at(from), to: Some(at(to)), reason: reason.to_owned() };
    TimeLimit {
        start: at("2026-02-12T10:00:00+08:00"),
        unit: Unit::WorkingDays { close: DayClose::BusinessEnd, event_day: EventDay::Excluded },
        amount: 2,
        extension: 1,
        cap: None,
        pauses: vec![
            pause("2026-02-13T10:00:00+08:00", "2026-02-13T11:00:00+08:00", "lab"),
            pause("2026-02-14T10:00:00+08:00", "2026-02-14T20:00:00+08:00", "suspended"),
        ],
    }
}

fn grant() -> Grant {
    Grant {
        amount: 1,
        asked_by: "handler-7".to_owned(),
        granted_by: "supervisor-2".to_owned(),
        at: at("2026-02-13T16:00:00+08:00"),
    }
}

fn said(limit: &TimeLimit, language: Language, grants: &[Grant]) -> Vec<String> {
    Explanation::new(known("cn-office").unwrap(), limit)
        .unwrap()
        .sentences(language, Background { grants, ..Background::default() })
}

fn asked(request: &Value) -> Vec<String> {
    ask_in(request, Language::English).unwrap().explanation
}

#[test]
fn two_pauses_and_an_extension_read_in_english_from_the_answer_to_its_reasons() {
    let said = said(&limit(), Language::English, &[grant()]);
    assert_eq!(
        said[..10],
        [
            "The time limit of 2 working days, extended by 1 working day to 3, expires on Wed 2026-02-25 at 18:00; one day does not count because the limit was suspended when that day ended.",
            "It runs from Thu 2026-02-12 at 10:00; the day of the event does not count (D5). All times are those of Asia/Shanghai (UTC+08:00); the calendar is cn-office, version 1.",
            "The time limit was extended by 1 working day, as handler-7 had asked and supervisor-2 granted on Fri 2026-02-13 at 16:00 (D12).",
            "With the extension of 1 working day it comes to 3 working days in all (D12).",
            "It was suspended from Fri 2026-02-13 at 10:00 to Fri 2026-02-13 at 11:00 because the goods were with a laboratory for testing; no day that would count ended meanwhile, so that none is left out (D8).",
            "It was suspended from Sat 2026-02-14 at 10:00 to Sat 2026-02-14 at 20:00 because the case was formally suspended; the one day that ended meanwhile does not count (D8).",
            "Fri 2026-02-13 is day 1: the suspension was over when the day ended at 18:00 (D6).",
            "Sat 2026-02-14 does not count: the limit was suspended when the day ended at 18:00 (D9.5).",
            "Sun 2026-02-15 does not count: it is a day off by the holiday plan (春节) (D3).",
            "Mon 2026-02-16 does not count: it is a holiday by statute (春节) (D3).",
        ]
    );
    assert_eq!(
        said[said.len() - 3..],
        [
            "Tue 2026-02-24 is day 2 (D6).",
            "Wed 2026-02-25 is day 3 (D6).",
            "It expires on Wed 2026-02-25 at 18:00; what is done at that very instant is in time (D1).",
        ]
    );
}

#[test]
fn the_chinese_explanation_says_the_same_in_the_words_of_the_law() {
    let zh = said(&limit(), Language::Chinese, &[grant()]);
    assert_eq!(zh.len(), said(&limit(), Language::English, &[grant()]).len());
    assert_eq!(
        zh[..8],
        [
            "本期限为2个工作日，经批准延长1个工作日，共计3个工作日，于2026年2月25日（星期三）18:00届满；其中1日在终了时期限处于中止状态，不计入。",
            "期限自2026年2月12日（星期四）10:00起算，起算当日不计入（规则 D5）。以上及以下时间均为 Asia/Shanghai 当地时间（UTC+08:00），适用日历 cn-office，版本 1。",
            "经 handler-7 申请、supervisor-2 于2026年2月13日（星期五）16:00批准，期限延长1个工作日（规则 D12）。",
            "期限共延长1个工作日，延长后总计3个工作日（规则 D12）。",
            "2026年2月13日（星期五）10:00至2026年2月13日（星期五）11:00，因商品送检，期限中止；其间没有应计之日终了，不影响日数（规则 D8）。",
            "2026年2月14日（星期六）10:00至2026年2月14日（星期六）20:00，因案件中止处理，期限中止；其间终了的1日不计入（规则 D8）。",
            "2026年2月13日（星期五）计为第1日：当日18:00终了时中止已结束（规则 D6）。",
            "2026年2月14日（星期六）不计入：当日18:00终了时期限处于中止状态（规则 D9.5）。",
        ]
    );
    assert_eq!(
        zh[zh.len() - 1],
        "期限于2026年2月25日（星期三）18:00届满；于该时刻完成的，视为按期（规则 D1）。"
    );
}

#[test]
fn a_clock_is_named_with_what_it_rests_on() {
    let sources = ["F067".to_owned(), "L14".to_owned()];
    let limit = limit();
    let explanation = Explanation::new(known("cn-office").unwrap(), &limit).unwrap();
    let named = |language, name| {
        let background = Background { definition: "C13", name, sources: &sources, grants: &[] };
        explanation.sentences(language, background)[1].clone()
    };
    assert_eq!(
        named(Language::English, "completion"),
        "This is the time limit C13, completion, and rests on F067, L14."
    );
    assert_eq!(named(Language::Chinese, "办结"), "本期限为 C13“办结”的期限，依据 F067、L14。");
}

#[test]
fn the_cap_that_decides_is_named_and_so_is_a_pause_that_it_ignores() {
    let cap = Some(Cap { amount: 2, pause_reasons: Some(vec!["lab".to_owned()]) });
    let said = said(&TimeLimit { cap, ..limit() }, Language::English, &[]);
    assert_eq!(
        said[0],
        "The time limit of 2 working days, extended by 1 working day to 3, expires on Sat 2026-02-14 at 18:00."
    );
    assert!(
        said[4]
            .ends_with("the case was formally suspended; the longest time allowed goes on meanwhile (D8).")
    );
    assert_eq!(said[6], "Sat 2026-02-14 is day 2: a make-up working day by the holiday plan (春节) (D6).");
    assert_eq!(
        said[said.len() - 2],
        "With the extension it would expire later, but it may not take longer than 2 working days in all, and that decides (D12)."
    );
}

#[test]
fn a_suspension_that_goes_on_leaves_the_expiry_open_and_one_from_the_expiry_on_changes_nothing() {
    let mut open = limit();
    open.pauses[1].to = None;
    let texts = said(&open, Language::English, &[]);
    assert_eq!(
        texts[0],
        "The time limit of 2 working days, extended by 1 working day to 3, has no date of expiry yet, for it is suspended."
    );
    assert!(
        texts[4].starts_with("It has been suspended since Sat 2026-02-14 at 10:00 because"),
        "{}",
        texts[4]
    );
    assert!(
        texts[4].ends_with("and still is; the one day that ended meanwhile does not count (D8)."),
        "{}",
        texts[4]
    );
    assert_eq!(texts[texts.len() - 1], "As long as it is suspended, nobody can say when it expires (D9.8).");
    let mut later = limit();
    later.pauses[1].from = at("2026-02-24T18:00:00+08:00");
    later.pauses[1].to = Some(at("2026-03-02T10:00:00+08:00"));
    assert!(
        said(&later, Language::English, &[])[4]
            .ends_with("it had expired before, so that this changes nothing (D8).")
    );
}

#[test]
fn a_day_ends_at_24_00_of_its_own_date() {
    let said = asked(&json!({
        "calendarId": "cn-office", "start": "2026-08-03T10:00:00+08:00", "amount": 60,
        "unit": "DEADLINE_UNIT_CALENDAR_DAYS", "rollForward": "ROLL_FORWARD_STATUTORY",
    }));
    assert_eq!(said[0], "The time limit of 60 calendar days expires on Sun 2026-10-04 at 24:00.");
    assert_eq!(
        said[said.len() - 4],
        "Fri 2026-10-02 cannot be the last day: it is a holiday by statute (国庆节) (D7)."
    );
    assert_eq!(said[said.len() - 2], "Sun 2026-10-04 becomes the last day (D7).");
}

#[test]
fn hours_count_at_once_and_the_offset_is_named_where_it_is_another() {
    let said = asked(&json!({
        "calendarId": "de-24x7", "start": "2026-03-28T12:00:00+01:00", "amount": 24,
        "unit": "DEADLINE_UNIT_ELAPSED_HOURS",
        "pauses": [{"from": "2026-03-28T13:00:00+01:00", "to": "2026-03-28T15:00:00+01:00"}],
    }));
    assert_eq!(
        said,
        [
            "The time limit of 24 hours expires on Sun 2026-03-29 at 15:00 (UTC+02:00); the time for which it was suspended does not count.",
            "It runs from Sat 2026-03-28 at 12:00, and counts at once (D5). All times are those of Europe/Berlin (UTC+01:00); the calendar is de-24x7, version 1.",
            "It was suspended from Sat 2026-03-28 at 13:00 to Sat 2026-03-28 at 15:00 (D8).",
            "Sat 2026-03-28 at 12:00 to Sat 2026-03-28 at 13:00 counts (D6).",
            "Sat 2026-03-28 at 13:00 to Sat 2026-03-28 at 15:00 does not count: the limit was suspended (D9.3).",
            "Sat 2026-03-28 at 15:00 to Sun 2026-03-29 at 15:00 (UTC+02:00) counts (D6).",
            "It expires on Sun 2026-03-29 at 15:00 (UTC+02:00); what is done at that very instant is in time (D1).",
        ]
    );
}

#[test]
fn a_day_whose_shift_ends_after_midnight_is_named_with_the_hour_of_the_day_after() {
    let said = asked(&json!({
        "calendarId": "cn-live", "start": "2026-03-10T12:00:00+08:00", "amount": 1,
        "unit": "DEADLINE_UNIT_WORKING_DAYS",
    }));
    assert_eq!(
        said[0],
        "The time limit of 1 working day expires on Wed 2026-03-11 at 02:00 of the day after."
    );
}

#[test]
fn an_announced_instant_is_told_in_the_reader_s_own_time_with_what_put_it_off() {
    let until = at("2026-03-12T02:00:00Z");
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let source = "redress.investigation.cases.v1";
    let said = |language, pauses: &[Pause], due| {
        announced(language, Announced { source, until, pauses, due }, &zone)
    };
    assert_eq!(
        said(Language::English, &[], Some(until)),
        [
            "By an event of redress.investigation.cases.v1 the party was told that the time ends on Thu 2026-03-12 at 10:00 (UTC+08:00); this instant holds as it was told and is not computed."
        ]
    );
    assert_eq!(
        said(Language::Chinese, &[], Some(until)),
        [
            "依据 redress.investigation.cases.v1 的事件，已告知当事人期限于2026年3月12日（星期四）10:00（UTC+08:00）届满；以所告知的时刻为准，不另行计算。"
        ]
    );
    let from = at("2026-03-11T02:00:00Z");
    let lab = |to| Pause { from, to, reason: "lab".to_owned() };
    let told = "By an event of redress.investigation.cases.v1 the party was told that the time ends on Thu 2026-03-12 at 10:00 (UTC+08:00); the time for which it is suspended does not count.";
    assert_eq!(
        said(Language::English, &[lab(Some(until))], Some(at("2026-03-13T02:00:00Z"))),
        [
            told,
            "It was suspended from Wed 2026-03-11 at 10:00 (UTC+08:00) to Thu 2026-03-12 at 10:00 (UTC+08:00) because the goods were with a laboratory for testing (D8).",
            "It expires on Fri 2026-03-13 at 10:00 (UTC+08:00); what is done at that very instant is in time (D1).",
        ]
    );
    assert_eq!(
        said(Language::English, &[lab(None)], None),
        [
            told,
            "It has been suspended since Wed 2026-03-11 at 10:00 (UTC+08:00) because the goods were with a laboratory for testing, and still is (D8).",
            "As long as it is suspended, nobody can say when it expires (D9.8).",
        ]
    );
}
