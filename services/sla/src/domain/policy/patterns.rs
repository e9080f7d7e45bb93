//! Events and conditions as they are written, held against the vocabulary.

use redress_domain::{Violation, Violations};

use super::draft::{Conditions, PatternDraft};
use super::select::ATTRIBUTES;
use super::{Condition, Pattern};
use crate::domain::fact::Value;
use crate::domain::vocabulary::{self, ValueKind};

/// Where a pattern stands, which decides what may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Plain,
    Stop,
    Start,
    Move,
    Delay,
    Ending,
    Reopening,
}

/// At least one.
pub(super) fn several(drafts: &[PatternDraft], at: &str, part: Part, found: &mut Violations) -> Vec<Pattern> {
    if drafts.is_empty() {
        found.add(at, "REQUIRED", "at least one event is expected");
    }
    several_or_none(drafts, at, part, found)
}

pub(super) fn several_or_none(
    drafts: &[PatternDraft],
    at: &str,
    part: Part,
    found: &mut Violations,
) -> Vec<Pattern> {
    drafts
        .iter()
        .enumerate()
        .map(|(index, draft)| one(draft, &format!("{at}[{index}]"), part, found))
        .collect()
}

pub(super) fn one(draft: &PatternDraft, at: &str, part: Part, found: &mut Violations) -> Pattern {
    out_of_place(draft, at, part, found);
    if draft.event.is_empty() {
        found.add(format!("{at}.event"), "REQUIRED", "an event is missing");
    } else if vocabulary::event(&draft.event).is_none() {
        found.add(format!("{at}.event"), "UNKNOWN_EVENT", "no event of that name is heard");
    }
    if let Some(subject) = &draft.subject
        && vocabulary::event(&draft.event).is_some()
        && kind(&draft.event, subject) != Some(&ValueKind::Text)
    {
        found.add(format!("{at}.subject"), "UNKNOWN_FIELD", "the event has no id of that name");
    }
    if let Some(instant) = &draft.at
        && vocabulary::event(&draft.event).is_some()
        && kind(&draft.event, instant) != Some(&ValueKind::Time)
    {
        found.add(format!("{at}.at"), "UNKNOWN_FIELD", "the event has no instant of that name");
    }
    let events = [draft.event.as_str()];
    let mut when = conditions(&draft.when, false, &format!("{at}.when"), &events, found);
    when.extend(conditions(&draft.unless, true, &format!("{at}.unless"), &events, found));
    Pattern { event: draft.event.clone(), subject: draft.subject.clone(), at: draft.at.clone(), when }
}

fn out_of_place(draft: &PatternDraft, at: &str, part: Part, found: &mut Violations) {
    let stands = [
        ("at", draft.at.is_some(), part == Part::Stop),
        ("announced", draft.announced.is_some(), matches!(part, Part::Start | Part::Move | Part::Delay)),
        ("counts_from", draft.counts_from.is_some(), part == Part::Start),
        ("reason", draft.reason.is_some(), part == Part::Ending),
        ("of", draft.of.is_some(), part == Part::Reopening),
    ];
    for (name, _, _) in stands.into_iter().filter(|(_, stands, may)| *stands && !may) {
        found.add(format!("{at}.{name}"), "UNKNOWN_FIELD", "has no meaning here");
    }
}

/// What the field `path` of an event holds; none if the event or the field is unknown.
pub(super) fn kind(event: &str, path: &str) -> Option<&'static ValueKind> {
    vocabulary::event(event)?.fields().get(path)
}

/// Conditions on fields of any of `events`, and on attributes of the case.
pub(super) fn conditions(
    drafts: &Conditions,
    none: bool,
    at: &str,
    events: &[&str],
    found: &mut Violations,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (field, written) in drafts {
        let shown: Vec<&str> = field.split('.').map(Violation::shown_name).collect();
        let at = format!("{at}.{}", shown.join("."));
        let Some(kind) = kind_of(field, events) else {
            // Of an unknown event no field can be known; the event is told.
            if events.iter().any(|event| vocabulary::event(event).is_some()) || field.starts_with("case.") {
                found.add(at, "UNKNOWN_FIELD", "the event and the case have nothing of that name");
            }
            continue;
        };
        let written = match written {
            toml::Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        if written.is_empty() {
            found.add(at, "REQUIRED", "at least one value is expected");
            continue;
        }
        let values = written.iter().filter_map(|value| self::value(value, &kind, &at, found)).collect();
        conditions.push(Condition { field: field.clone(), values, none });
    }
    conditions
}

fn kind_of(field: &str, events: &[&str]) -> Option<ValueKind> {
    match field.strip_prefix("case.") {
        Some(name) => attribute(name),
        None => events.iter().find_map(|event| kind(event, field)).cloned(),
    }
}

/// What an attribute holds: the same as the field that it is heard from.
fn attribute(name: &str) -> Option<ValueKind> {
    if !ATTRIBUTES.contains(&name) {
        return None;
    }
    match name {
        "origin" => kind("ComplaintRegistered", "submission.origin"),
        "channel" => kind("ComplaintRegistered", "submission.channel"),
        "profile" => Some(&ValueKind::Text),
        "urgent_changed" | "category_changed" => Some(&ValueKind::Bool),
        assessed => kind("AssessmentApplied", assessed),
    }
    .cloned()
}

fn value(written: &toml::Value, kind: &ValueKind, at: &str, found: &mut Violations) -> Option<Value> {
    match (written, kind) {
        (toml::Value::String(text), ValueKind::Text) => Some(Value::Text(text.clone())),
        (toml::Value::String(text), ValueKind::Name(names)) if names.contains(text) => {
            Some(Value::Text(text.clone()))
        }
        (toml::Value::String(_), ValueKind::Name(_)) => {
            found.add(at, "UNKNOWN_ENUM_VALUE", "the enumeration has no such value");
            None
        }
        (toml::Value::Integer(number), ValueKind::Int) => Some(Value::Int(*number)),
        (toml::Value::Boolean(value), ValueKind::Bool) => Some(Value::Bool(*value)),
        _ => {
            found.add(at, "WRONG_TYPE", "the field holds values of another kind");
            None
        }
    }
}
