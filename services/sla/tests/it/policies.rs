//! The clocks' declarations: what is compiled in, and every way in which one is refused.

use redress_sla::domain::policy::{Attributes, Policy, Scope};

use crate::story::Story;

const BUILTIN: &str = include_str!("../../data/policies/cn.toml");

/// The least that is valid.
const LEAST: &str = r#"
version = 1
[calendars]
office = "a"
service = "b"
always = "c"
[[pause]]
reason = "lab"
from = [{ event = "TestOrdered", subject = "test_id" }]
to = [{ event = "TestReported", subject = "test_id" }]
[[terminal]]
event = "ComplaintClosed"
reason = "closed"
[[reopening]]
event = "ComplaintReopened"
of = ["closed"]
[[clock]]
id = "C13"
version = 1
zh = "办结"
en = "completion"
scope = "case"
start = [{ event = "ComplaintRegistered", counts_from = "received_at" }]
stop = [{ event = "ComplaintAdvanced", when = { to = "COMPLAINT_STATE_RESULT_NOTIFIED" } }]
calendar = "office"
limit = { unit = "DEADLINE_UNIT_WORKING_DAYS", amount = 15 }
cap = { amount = 30, pauses = ["lab"] }
opt_in = [{ reason = "lab", on = true, most_days = 5 }]
thresholds = [60, 80]
[[clock.variant]]
name = "urgent"
when = { "case.urgent" = true }
thresholds = [50]
"#;

fn faults(text: &str) -> Vec<String> {
    match Policy::parse(text) {
        Ok(_) => vec![],
        Err(found) => found.iter().map(|v| format!("{} {}", v.field, v.reason)).collect(),
    }
}

/// What is wrong after each replacement in the least policy.
fn refused(rows: &[(&str, &str, &[&str])]) {
    for (replace, with, expected) in rows {
        assert!(LEAST.contains(replace), "{replace}");
        assert_eq!(faults(&LEAST.replacen(replace, with, 1)), *expected, "{replace} -> {with}");
    }
}

#[test]
fn the_builtin_policy_declares_every_clock_of_the_list() {
    let policy = Policy::builtin();
    let ids: Vec<&str> = policy.clocks().iter().map(|clock| clock.id.as_str()).collect();
    let listed: Vec<String> = (1..=35).map(|number| format!("C{number:02}")).collect();
    assert_eq!(ids, listed);
    assert!(policy.clocks().iter().all(|clock| clock.dormant.is_none()), "each is started by something");
    assert!(policy.clocks().iter().all(|clock| !clock.stop.is_empty()), "and met by something");
    assert!(policy.clocks().iter().all(|clock| !clock.source.is_empty()));
    for right in ["C26", "C27", "C28"] {
        assert_eq!(policy.clock(right).unwrap().scope, Scope::Right);
    }
    let extendable = policy.clocks().iter().filter(|clock| clock.extendable);
    assert_eq!(extendable.map(|clock| clock.id.as_str()).collect::<Vec<_>>(), ["C13", "C23"]);
}

#[test]
fn the_least_policy_is_valid() {
    assert_eq!(faults(LEAST), [""; 0]);
    assert_eq!(Policy::parse(LEAST).unwrap().version(), 1);
}

#[test]
fn what_is_missing_or_unknown_is_told_with_its_field() {
    refused(&[
        ("version = 1\n[cal", "version = 0\n[cal", &["version OUT_OF_RANGE"]),
        ("office = \"a\"\n", "", &["calendars.office REQUIRED"]),
        ("office = \"a\"\n", "office = \"a\"\nhome = \"h\"\n", &["calendars.home UNKNOWN_FIELD"]),
        ("id = \"C13\"", "id = \"\"", &["clock[0].id REQUIRED"]),
        ("id = \"C13\"\nversion = 1", "id = \"C13\"\nversion = -1", &["clock[0].version OUT_OF_RANGE"]),
        ("zh = \"办结\"\n", "", &["clock[0].zh REQUIRED"]),
        ("scope = \"case\"", "scope = \"world\"", &["clock[0].scope UNKNOWN_ENUM_VALUE"]),
        ("scope = \"case\"", "scope = \"case\"\ncolour = 1", &["clock[0].colour UNKNOWN_FIELD"]),
        ("scope = \"case\"", "scope = \"case\"\ndormant = \"\"", &["clock[0].dormant REQUIRED"]),
        ("version = 1\n[cal", "version = \"one\"\n[cal", &["version WRONG_TYPE"]),
        ("version = 1\n[cal", "version 1\n[cal", &[" MALFORMED_TOML"]),
        ("thresholds = [60, 80]", "thresholds = [60, \"x\"]", &["clock[0].thresholds[1] WRONG_TYPE"]),
    ]);
}

#[test]
fn events_and_fields_must_be_heard_and_values_must_fit() {
    let start = r#"start = [{ event = "ComplaintRegistered", counts_from = "received_at" }]"#;
    let stop = r#"when = { to = "COMPLAINT_STATE_RESULT_NOTIFIED" }"#;
    refused(&[
        (start, "start = []", &["clock[0].start REQUIRED"]),
        (start, r#"start = [{ event = "" }]"#, &["clock[0].start[0].event REQUIRED"]),
        (start, r#"start = [{ event = "OrderSigned" }]"#, &["clock[0].start[0].event UNKNOWN_EVENT"]),
        (
            start,
            r#"start = [{ event = "ComplaintRegistered", counts_from = "submission.channel" }]"#,
            &["clock[0].start[0].counts_from UNKNOWN_FIELD"],
        ),
        (
            start,
            r#"start = [{ event = "ComplaintRegistered", announced = "due_at" }]"#,
            &["clock[0].start[0].announced UNKNOWN_FIELD"],
        ),
        (
            start,
            r#"start = [{ event = "ComplaintRegistered", subject = "received_at" }]"#,
            &["clock[0].start[0].subject UNKNOWN_FIELD"],
        ),
        (
            start,
            r#"start = [{ event = "ComplaintRegistered", reason = "x" }]"#,
            &["clock[0].start[0].reason UNKNOWN_FIELD"],
        ),
        (
            start,
            r#"start = [{ event = "ComplaintRegistered", when = { "submission.text" = "x" } }]"#,
            &["clock[0].start[0].when.submission.text UNKNOWN_FIELD"],
        ),
        (stop, "at = \"to\"", &["clock[0].stop[0].at UNKNOWN_FIELD"]),
        (
            start,
            r#"start = [{ event = "ComplaintRegistered", at = "received_at" }]"#,
            &["clock[0].start[0].at UNKNOWN_FIELD"],
        ),
        (stop, "counts_from = \"received_at\"", &["clock[0].stop[0].counts_from UNKNOWN_FIELD"]),
        (stop, r#"when = { to = "COMPLAINT_STATE_DONE" }"#, &["clock[0].stop[0].when.to UNKNOWN_ENUM_VALUE"]),
        (stop, "when = { to = 12 }", &["clock[0].stop[0].when.to WRONG_TYPE"]),
        (stop, "when = { to = [] }", &["clock[0].stop[0].when.to REQUIRED"]),
        (stop, r#"unless = { "case.mood" = "bad" }"#, &["clock[0].stop[0].unless.case.mood UNKNOWN_FIELD"]),
        (r#"of = ["closed"]"#, r#"of = ["burnt"]"#, &["reopening[0].of[0] UNKNOWN_REASON"]),
        (r#"of = ["closed"]"#, "", &["reopening[0].of REQUIRED"]),
        (
            "event = \"ComplaintClosed\"\nreason = \"closed\"",
            "event = \"ComplaintClosed\"",
            &["terminal[0].reason REQUIRED", "reopening[0].of[0] UNKNOWN_REASON"],
        ),
        (r#"to = [{ event = "TestReported", subject = "test_id" }]"#, "to = []", &["pause[0].to REQUIRED"]),
    ]);
    let no_stop = LEAST.lines().filter(|line| !line.starts_with("stop")).collect::<Vec<_>>().join("\n");
    assert_eq!(faults(&no_stop), ["clock[0].stop REQUIRED"]);
    let moved = LEAST.replace(
        "calendar = \"office\"",
        "calendar = \"office\"\nmoved_by = [{ event = \"ComplaintRegistered\" }]",
    );
    assert_eq!(faults(&moved), ["clock[0].moved_by[0].announced REQUIRED"]);
}

#[test]
fn terms_must_make_sense() {
    let limit = r#"limit = { unit = "DEADLINE_UNIT_WORKING_DAYS", amount = 15 }"#;
    let cap = r#"cap = { amount = 30, pauses = ["lab"] }"#;
    let opt_in = r#"opt_in = [{ reason = "lab", on = true, most_days = 5 }]"#;
    refused(&[
        (limit, "", &["clock[0].limit REQUIRED"]),
        (limit, "limit = { amount = 15 }", &["clock[0].limit.unit REQUIRED"]),
        (
            limit,
            r#"limit = { unit = "DAYS", amount = 0 }"#,
            &["clock[0].limit.unit UNKNOWN_ENUM_VALUE", "clock[0].limit.amount OUT_OF_RANGE"],
        ),
        (
            limit,
            r#"limit = { unit = "DEADLINE_UNIT_WORKING_DAYS", amount = 0 }"#,
            &["clock[0].limit.amount OUT_OF_RANGE"],
        ),
        (
            limit,
            r#"limit = { unit = "DEADLINE_UNIT_WORKING_DAYS", amount = -1 }"#,
            &["clock[0].limit.amount OUT_OF_RANGE"],
        ),
        (
            limit,
            r#"limit = { unit = "DEADLINE_UNIT_WORKING_DAYS", amount = 15, close = "EARLY" }"#,
            &["clock[0].limit.close UNKNOWN_ENUM_VALUE"],
        ),
        (
            limit,
            r#"limit = { unit = "DEADLINE_UNIT_WORKING_DAYS", amount = 31 }"#,
            &["clock[0].cap.amount OUT_OF_RANGE"],
        ),
        (
            limit,
            r#"limit = { unit = "DEADLINE_UNIT_BUSINESS_HOURS", amount = 15 }"#,
            &["clock[0].opt_in[0] CONFLICT"],
        ),
        ("calendar = \"office\"", "calendar = \"moon\"", &["clock[0].calendar UNKNOWN_ENUM_VALUE"]),
        (cap, "cap = { amount = 14 }", &["clock[0].cap.amount OUT_OF_RANGE"]),
        (cap, "cap = { amount = 0 }", &["clock[0].cap.amount OUT_OF_RANGE"]),
        (cap, r#"cap = { amount = 30, pauses = ["rain"] }"#, &["clock[0].cap.pauses[0] UNKNOWN_REASON"]),
        (
            opt_in,
            r#"opt_in = [{ reason = "rain", most_days = 5 }]"#,
            &["clock[0].opt_in[0].reason[0] UNKNOWN_REASON"],
        ),
        (
            opt_in,
            r#"opt_in = [{ reason = "lab", most_days = 0 }]"#,
            &["clock[0].opt_in[0].most_days OUT_OF_RANGE"],
        ),
        (opt_in, &format!("{opt_in}\npauses = [\"lab\"]"), &["clock[0].opt_in[0].reason DUPLICATE"]),
        (
            "thresholds = [60, 80]",
            "thresholds = [0, 101, 60, 60]",
            &[
                "clock[0].thresholds[0] OUT_OF_RANGE",
                "clock[0].thresholds[1] OUT_OF_RANGE",
                "clock[0].thresholds[3] DUPLICATE",
            ],
        ),
    ]);
    let announced = LEAST
        .replace("counts_from = \"received_at\"", "announced = \"acknowledge_by\"")
        .replace("scope = \"case\"", "scope = \"case\"\nextendable = true");
    assert_eq!(faults(&announced), ["clock[0].extendable CONFLICT"]);
}

#[test]
fn nothing_stands_there_twice() {
    let clock = &LEAST[LEAST.find("[[clock]]").unwrap()..];
    assert_eq!(faults(&format!("{LEAST}{clock}")), ["clock[1].id DUPLICATE"]);
    let pause = &LEAST[LEAST.find("[[pause]]").unwrap()..LEAST.find("[[terminal]]").unwrap()];
    assert_eq!(faults(&format!("{LEAST}{pause}")), ["pause[1].reason DUPLICATE"]);
}

#[test]
fn two_variants_that_fit_equally_well_are_refused_and_others_are_not() {
    let with = |name: &str, when: &str| {
        format!("{LEAST}[[clock.variant]]\nname = \"{name}\"\nwhen = {{ {when} }}\n")
    };
    let tie = ["clock[0].variant[1].when TIE"];
    assert_eq!(faults(&with("app", r#""case.channel" = "CHANNEL_APP""#)), tie);
    assert_eq!(faults(&with("calm", r#""case.urgent" = [false, true]"#)), tie);
    assert_eq!(faults(&with("calm", r#""case.urgent" = false"#)), [""; 0]);
    assert_eq!(faults(&with("both", r#""case.urgent" = true, "case.channel" = "CHANNEL_APP""#)), [""; 0]);
    assert_eq!(faults(&with("urgent", r#""case.urgent" = false"#)), ["clock[0].variant[1].name DUPLICATE"]);
    assert_eq!(faults(&with("", r#""case.urgent" = false"#)), ["clock[0].variant[1].name REQUIRED"]);
    assert_eq!(faults(&with("all", "")), ["clock[0].variant[1].when REQUIRED"]);
    let longer = with("calm", r#""case.urgent" = false"#)
        + "limit = { unit = \"DEADLINE_UNIT_WORKING_DAYS\", amount = 31 }\n";
    assert_eq!(faults(&longer), ["clock[0].variant[1].cap.amount OUT_OF_RANGE"]);
    let own = with("calm", r#""case.urgent" = false"#) + "thresholds = [0]\n";
    assert_eq!(faults(&own), ["clock[0].variant[1].thresholds[0] OUT_OF_RANGE"]);
}

#[test]
fn the_most_specific_variant_holds() {
    let text = format!(
        "{LEAST}[[clock.variant]]\nname = \"both\"\nwhen = {{ \"case.urgent\" = true, \"case.channel\" = \"CHANNEL_APP\" }}\nthresholds = [10]\n"
    );
    let policy = Policy::parse(&text).unwrap();
    let clock = policy.clock("C13").unwrap();
    let start = &Story::registered("2026-03-09T10:00").facts[0];
    let known =
        |urgent, channel: &str| Attributes { urgent, channel: channel.to_owned(), ..Attributes::default() };
    let selected = |known: Attributes| {
        let selected = clock.select(start, &known);
        (selected.variant.to_owned(), selected.specificity, selected.terms.thresholds.clone())
    };
    assert_eq!(selected(known(false, "CHANNEL_APP")), (String::new(), 0, vec![60, 80]));
    assert_eq!(selected(known(true, "CHANNEL_MAIL")), ("urgent".to_owned(), 1, vec![50]));
    assert_eq!(selected(known(true, "CHANNEL_APP")), ("both".to_owned(), 2, vec![10]));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = LEAST
        .replace("amount = 15", "amount = 0")
        .replace("thresholds = [60, 80]", "thresholds = [200]")
        .replace("event = \"ComplaintClosed\"", "event = \"ComplaintBurnt\"");
    assert_eq!(
        faults(&text),
        [
            "terminal[0].event UNKNOWN_EVENT",
            "clock[0].limit.amount OUT_OF_RANGE",
            "clock[0].thresholds[0] OUT_OF_RANGE"
        ]
    );
}

#[test]
fn a_profile_of_another_law_changes_the_right_s_length() {
    let dsa = BUILTIN.replace("profile = \"cn\"", "profile = \"dsa\"");
    let mut story = Story::registered("2026-03-09T10:00").tell(
        "2026-03-10T10:00",
        "RulingIssued",
        &[("ruling_id", crate::story::name("u"))],
    );
    assert_eq!(crate::story::due(&story.clock("C27")), "2026-04-10T00:00:00");
    story.policy = std::sync::Arc::new(Policy::parse(&dsa).unwrap());
    assert_eq!(crate::story::due(&story.clock("C27")), "2026-09-11T00:00:00");
}
