use super::*;
use crate::domain::profile::Profiles;

fn changed(path: &str, from: &str, to: &str) -> Sources {
    let mut sources = builtin();
    let text = sources.text(path).unwrap().replace(from, to);
    assert_ne!(text, sources.text(path).unwrap(), "{path} has no {from}");
    sources.put(path.to_owned(), text);
    sources
}

fn problems(sources: &Sources) -> Vec<String> {
    Templates::read(sources).map(|_| ()).unwrap_err()
}

#[test]
fn the_built_in_templates_are_whole_in_every_language() {
    Templates::read(&builtin()).unwrap();
}

#[test]
fn a_template_that_lacks_a_mandatory_field_is_refused_with_its_name() {
    let mut sources = changed("en/n05_respondent.jinja", "{{ due }}", "soon");
    for path in ["en/n03_refusal.jinja", "zh-Hant/n14_termination.jinja"] {
        let text = sources.text(path).unwrap().replace("in routes", "in []");
        sources.put(path.to_owned(), text);
    }
    assert_eq!(
        problems(&sources),
        [
            "en/n03_refusal.jinja: the letter does not show routes",
            "en/n05_respondent.jinja: the letter does not show due",
            "zh-Hant/n14_termination.jinja: the letter does not show routes",
        ]
    );
}

#[test]
fn a_template_that_tells_a_business_the_law_of_consumers_is_refused() {
    let basis = "Article 39 of the Law on the Protection of Consumer Rights and Interests";
    assert_eq!(
        problems(&changed("en/n14_termination.jinja", "{{ routes_basis }}", basis)),
        ["anchor", "merchant", "user"]
            .map(|party| format!("en/n14_termination.jinja: a {party} is told the law of consumers"))
    );
}

#[test]
fn everything_that_is_wrong_with_a_set_is_told_at_once_with_its_line() {
    let mut sources = changed("zh-Hans/n01_receipt.jinja", "{{ channel }}", "{{ chanel }}");
    sources.put("en/n18_survey.jinja".to_owned(), "{% block".to_owned());
    sources.put("zh-Hant/lexicon.toml".to_owned(), "dates = 3".to_owned());
    let found = problems(&sources);
    assert_eq!(found.len(), 2, "what does not compile hides what would not pass: {found:?}");
    assert!(found[0].starts_with("en/n18_survey.jinja:1: syntax error"), "{found:?}");
    assert!(found[1].starts_with("zh-Hant/lexicon.toml:"), "{found:?}");

    let sources = changed("zh-Hans/n01_receipt.jinja", "{{ channel }}", "{{ chanel }}");
    let found = problems(&sources);
    assert!(
        found[0].starts_with("zh-Hans/n01_receipt.jinja:") && found[0].contains("undefined"),
        "{found:?}"
    );
}

#[test]
fn a_file_that_is_not_there_is_told() {
    assert_eq!(problems(&Sources::default()).len(), Sources::paths().count());
}

#[test]
fn a_hostile_value_stays_a_value() {
    let templates = Templates::read(&builtin()).unwrap();
    let profiles = Profiles::read(include_str!("../../../data/tenants.toml")).unwrap();
    let fields = [
        ("done", "{{ contact }} {% for x in y %}"),
        ("next_step", "a\n\nb"),
        ("expected_at", "2026-12-02T10:00:00Z"),
    ];
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let content = Content::check(NoticeKind::Progress, fields).unwrap();
    let facts = Facts {
        kind: NoticeKind::Progress,
        locale: Locale::En,
        content: &content,
        role: Role::Complainant,
        party: PartyKind::Consumer,
        name: "{{ sender }}",
        complaint_no: "20261125-TEST",
        received_at: Timestamp::UNIX_EPOCH,
        queued_at: Timestamp::UNIX_EPOCH,
        profile: profiles.of(&"acme".parse().unwrap()),
    };
    let letter = templates.write(&facts).unwrap();
    assert!(letter.body.contains("{{ contact }} {% for x in y %}") && letter.body.contains("{{ sender }}"));
    assert!(!letter.subject.contains('\n'));
}

#[test]
fn a_version_changes_with_every_file_that_shapes_the_letter() {
    let version =
        |sources: &Sources| Templates::read(sources).unwrap().version(NoticeKind::Receipt, Locale::En);
    let first = version(&builtin());
    assert!(first.starts_with("n01_receipt/en@") && first.len() == 15 + 12, "{first}");
    assert_eq!(first, version(&builtin()));
    assert_ne!(first, version(&changed("en/lexicon.toml", "Beijing time", "China time")));
    assert_ne!(first, version(&changed("en/letter.jinja", "Dear", "Good day,")));
    assert_eq!(first, version(&changed("zh-Hans/letter.jinja", "尊敬的", "您好，")));
}

/// A letter of the built-in set with nothing in it but these fields.
fn letter(kind: NoticeKind, locale: Locale, role: Role, party: PartyKind, fields: &[(&str, &str)]) -> Letter {
    let templates = Templates::read(&builtin()).unwrap();
    let profiles = Profiles::read(include_str!("../../../data/tenants.toml")).unwrap();
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let content = Content::check(kind, fields).unwrap();
    let facts = Facts {
        kind,
        locale,
        content: &content,
        role,
        party,
        name: "",
        complaint_no: "20261125-TEST",
        received_at: Timestamp::UNIX_EPOCH,
        queued_at: Timestamp::UNIX_EPOCH,
        profile: profiles.of(&"acme".parse().unwrap()),
    };
    templates.write(&facts).unwrap()
}

#[test]
fn a_respondent_who_is_to_answer_is_not_told_to_do_nothing() {
    let fields = [
        ("done", "negotiation_opened"),
        ("next_step", "negotiation_next"),
        ("expected_at", "2026-12-02T10:00:00Z"),
    ];
    for (locale, nothing) in [
        (Locale::En, "need not do anything"),
        (Locale::ZhHans, "不需要做任何事"),
        (Locale::ZhHant, "不需要做任何事"),
    ] {
        let told =
            |role, party| letter(NoticeKind::Progress, locale, role, party, &fields).body.contains(nothing);
        assert!(told(Role::Complainant, PartyKind::Consumer), "{locale}");
        assert!(!told(Role::Respondent, PartyKind::Merchant), "{locale}");
    }
}

#[test]
fn one_day_is_a_day_and_two_are_days() {
    let receipt = |days: &str| {
        let fields = [("channel", "app"), ("decision_days", days)];
        letter(NoticeKind::Receipt, Locale::En, Role::Complainant, PartyKind::Consumer, &fields).body
    };
    assert!(
        receipt("1").contains("Within 1 working day we") && receipt("2").contains("Within 2 working days we")
    );
    assert!(receipt("1").contains("at the latest 1 working day after"));
}

#[test]
fn an_alert_greets_whoever_is_on_duty_as_a_colleague() {
    let fields = [
        ("level", "2"),
        ("escalation", "clock_breached"),
        ("ticket", "T-1"),
        ("case_link", "https://console.invalid/complaints/1"),
    ];
    for (locale, greeting) in
        [(Locale::En, "Dear colleague,"), (Locale::ZhHans, "同事您好："), (Locale::ZhHant, "同事您好：")]
    {
        let alert = letter(NoticeKind::Escalation, locale, Role::Staff, PartyKind::Platform, &fields);
        assert!(alert.body.starts_with(greeting), "{}", alert.body);
    }
}

#[test]
fn the_result_apologises_and_thanks_before_it_tells_the_ways_to_object() {
    let headings = [
        ("en", ["\n6. ", "\n7. Apology and thanks", "\n8. "]),
        ("zh-Hans", ["\n六、", "\n七、致歉和感谢", "\n八、"]),
        ("zh-Hant", ["\n六、", "\n七、致歉和感謝", "\n八、"]),
    ];
    for (language, headings) in headings {
        let sources = builtin();
        let text = sources.text(&format!("{language}/n12_result.jinja")).unwrap();
        let places =
            headings.map(|heading| text.find(heading).unwrap_or_else(|| panic!("{language} {heading}")));
        let apology = text.find("{{ apology }}").unwrap();
        assert!(places.is_sorted() && places[1] < apology && apology < places[2], "{language}");
    }
}
