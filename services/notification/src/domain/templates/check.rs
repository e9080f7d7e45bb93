//! The proof of a set of templates: every letter is written with examples, and read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use redress_domain::PartyKind;

use super::super::content::Content;
use super::super::form::Form;
use super::super::kind::{NoticeKind, Role};
use super::super::locale::Locale;
use super::super::profile::{Profile, Profiles};
use super::super::schema::Field;
use super::{Facts, Templates, Tongue, path, told};

/// Longest summary, characters: two or three sentences.
const PLAIN_MOST: usize = 400;

/// A profile whose words no template could have by itself.
const PROFILE: &str = r#"
[default]
zone = "Asia/Shanghai"
locale = "zh-Hans"
survey = "https://example.invalid/{aspect}/{number}"
case = "https://example.invalid/{number}"
[default.voice.zh-Hans]
sender = "⟨sender⟩"
contact = "⟨contact⟩"
[default.voice.zh-Hant]
sender = "⟨sender⟩"
contact = "⟨contact⟩"
[default.voice.en]
sender = "⟨sender⟩"
contact = "⟨contact⟩"
"#;

/// Everything that is wrong with a set that compiles.
pub(super) fn problems(templates: &Templates) -> Vec<String> {
    let Some(first) = templates.tongues.get(&Locale::ZhHans) else { return Vec::new() };
    let Ok(tenant) = "example".parse() else { return Vec::new() };
    let profiles = match Profiles::read(PROFILE) {
        Ok(profiles) => profiles,
        Err(problems) => return problems,
    };
    let profile = profiles.of(&tenant);
    let mut found = Vec::new();
    for (&locale, tongue) in &templates.tongues {
        found.extend(tongue.lexicon.problems(locale, &first.lexicon));
        for &kind in NoticeKind::ALL {
            let unfit = unfit_examples(kind, tongue);
            if unfit.is_empty() {
                found.extend(of_letter(templates, tongue, kind, locale, profile));
            } else {
                let told =
                    |field| format!("{locale}/examples.toml: {field} is missing or does not have its form");
                found.extend(unfit.into_iter().map(told));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn unfit_examples(kind: NoticeKind, tongue: &Tongue) -> Vec<&'static str> {
    let fits = |field: &&Field| tongue.examples.get(field.name).is_some_and(|text| field.form.fits(text));
    kind.fields().iter().filter(|field| !fits(field)).map(|field| field.name).collect()
}

/// Writes a letter to each role, with and without what is optional, and looks for what must be in it.
fn of_letter(
    templates: &Templates,
    tongue: &Tongue,
    kind: NoticeKind,
    locale: Locale,
    profile: &Profile,
) -> Vec<String> {
    let file = path(kind, locale);
    let mut found = Vec::new();
    let parties = [
        (Role::Complainant, PartyKind::Consumer),
        (Role::Complainant, PartyKind::Merchant),
        (Role::Complainant, PartyKind::User),
        (Role::Respondent, PartyKind::Merchant),
        (Role::Respondent, PartyKind::Anchor),
        (Role::Respondent, PartyKind::User),
    ];
    let staff = [(Role::Staff, PartyKind::Platform)];
    for &(role, party) in if kind.is_internal() { &staff[..] } else { &parties[..] } {
        for whole in [true, false] {
            let Ok(content) = Content::check(kind, samples(kind, tongue, whole)) else {
                found.push(format!("{file}: the examples do not make a whole notice"));
                continue;
            };
            let facts = Facts {
                kind,
                locale,
                content: &content,
                role,
                party,
                name: "",
                complaint_no: "⟨number⟩",
                received_at: instant(90),
                queued_at: instant(91),
                profile,
            };
            match templates.letter(&facts) {
                Err(error) => found.push(told(&file, &error)),
                Ok(letter) => {
                    let lacking = lacking(&facts, tongue, &letter.body);
                    found.extend(
                        lacking.into_iter().map(|name| format!("{file}: the letter does not show {name}")),
                    );
                    let consumers = tongue.lexicon.routes(PartyKind::Consumer);
                    if party != PartyKind::Consumer && letter.body.contains(&consumers.basis) {
                        found.push(format!("{file}: a {party} is told the law of consumers"));
                    }
                    if letter.subject.is_empty() {
                        found.push(format!("{file}: the subject is empty"));
                    }
                    if letter.plain.is_empty() || letter.plain.chars().count() > PLAIN_MOST {
                        found.push(format!("{file}: the plain summary has 1 to {PLAIN_MOST} characters"));
                    }
                    if !letter.body.contains(&letter.plain) {
                        found.push(format!("{file}: the letter does not show its plain summary"));
                    }
                }
            }
        }
    }
    found
}

/// The mandatory values that a reader of `body` does not meet.
fn lacking(facts: &Facts<'_>, tongue: &Tongue, body: &str) -> Vec<&'static str> {
    let shows = |texts: &[String]| texts.iter().all(|text| body.contains(text.as_str()));
    let fields = facts.kind.fields().iter().filter(|field| field.mandatory).filter(|field| {
        let value = facts.content.get(field.name).unwrap_or_default();
        !shows(field.form.present(value, &tongue.lexicon, &facts.profile.zone).texts())
    });
    let system = facts.kind.shown().filter(|name| {
        !shows(&match *name {
            "complaint_no" => vec![facts.complaint_no.to_owned()],
            "received_at" => vec![tongue.lexicon.instant(facts.received_at, &facts.profile.zone)],
            "routes" => tongue.lexicon.routes(facts.party).ways.clone(),
            name => vec![format!("⟨{name}⟩")],
        })
    });
    fields.map(|field| field.name).chain(system).collect()
}

/// The examples, with numbers and times that a letter has only if it shows just these.
fn samples(kind: NoticeKind, tongue: &Tongue, whole: bool) -> BTreeMap<String, String> {
    let wanted = kind.fields().iter().enumerate().filter(|(_, field)| whole || field.mandatory);
    wanted
        .map(|(place, field)| {
            let value = match field.form {
                Form::Number => (700 + place).to_string(),
                Form::Instant => instant(place).to_string(),
                _ => tongue.examples.get(field.name).cloned().unwrap_or_default(),
            };
            (field.name.to_owned(), value)
        })
        .collect()
}

/// An instant of its own for each place, later for a higher one.
fn instant(place: usize) -> Timestamp {
    let hours = i64::try_from(place).unwrap_or_default() * 25;
    Timestamp::from_second(1_900_000_000 + hours * 3_600).unwrap_or_default()
}
