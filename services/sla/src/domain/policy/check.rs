//! From a policy as it is written to one that is valid: everything that is wrong, each with its field.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redress_domain::{Violation, Violations};

use super::draft::{ClockDraft, PatternDraft, PauseDraft, PolicyDraft};
use super::patterns::{self, Part};
use super::terms::{Known, fill, terms};
use super::{Definition, Ending, PauseRule, Policy, Reopening, Role, Scope, Start, variants};
use crate::domain::document;
use crate::domain::vocabulary::ValueKind;

pub(super) const EXPECTED: &str = "a value is missing";

pub(super) fn parse(text: &str) -> Result<Policy, Violations> {
    let mut found = Violations::default();
    let Some(draft) = document::read::<PolicyDraft>(text, &mut found) else { return Err(found) };
    let policy = policy(&draft, &mut found);
    if found.is_empty() { Ok(policy) } else { Err(found) }
}

fn policy(draft: &PolicyDraft, found: &mut Violations) -> Policy {
    let version = version(draft.version, "version", found);
    let calendars = calendars(&draft.calendars, found);
    let pauses: Vec<PauseRule> = draft
        .pause
        .iter()
        .enumerate()
        .map(|(at, draft)| pause(draft, &format!("pause[{at}]"), found))
        .collect();
    once(pauses.iter().map(|pause| pause.reason.as_str()), |at| format!("pause[{at}].reason"), found);
    let terminal = endings(&draft.terminal, "terminal", found);
    let reasons: BTreeSet<&str> = terminal.iter().map(|ending| ending.reason.as_str()).collect();
    let reopening = draft.reopening.iter().enumerate();
    let reopening = reopening
        .map(|(at, draft)| self::reopening(draft, &format!("reopening[{at}]"), &reasons, found))
        .collect();
    let known = Known { pauses: pauses.iter().map(|pause| pause.reason.as_str()).collect() };
    let clocks = draft.clock.iter().enumerate();
    let clocks: Vec<Arc<Definition>> =
        clocks.map(|(at, draft)| Arc::new(clock(draft, &format!("clock[{at}]"), &known, found))).collect();
    once(clocks.iter().map(|clock| clock.id.as_str()), |at| format!("clock[{at}].id"), found);
    Policy { version, profile: draft.profile.clone(), calendars, pauses, terminal, reopening, clocks }
}

fn version(version: i64, field: &str, found: &mut Violations) -> u32 {
    u32::try_from(version).ok().filter(|version| *version > 0).unwrap_or_else(|| {
        found.add(field, "OUT_OF_RANGE", "a version of at least 1 is expected");
        0
    })
}

fn calendars(draft: &BTreeMap<String, String>, found: &mut Violations) -> BTreeMap<Role, String> {
    let mut calendars = BTreeMap::new();
    for (role, id) in draft {
        match role.parse::<Role>() {
            Ok(role) => _ = calendars.insert(role, id.clone()),
            Err(_) => found.add(
                format!("calendars.{}", Violation::shown_name(role)),
                "UNKNOWN_FIELD",
                "the roles are office, service and always",
            ),
        }
    }
    for role in Role::ALL {
        if calendars.get(role).is_none_or(String::is_empty) {
            found.add(format!("calendars.{role}"), "REQUIRED", EXPECTED);
        }
    }
    calendars
}

fn pause(draft: &PauseDraft, at: &str, found: &mut Violations) -> PauseRule {
    required(&draft.reason, &format!("{at}.reason"), found);
    PauseRule {
        reason: draft.reason.clone(),
        from: patterns::several(&draft.from, &format!("{at}.from"), Part::Plain, found),
        to: patterns::several(&draft.to, &format!("{at}.to"), Part::Plain, found),
    }
}

fn endings(drafts: &[PatternDraft], at: &str, found: &mut Violations) -> Vec<Ending> {
    let one = |(index, draft): (usize, &PatternDraft)| {
        let at = format!("{at}[{index}]");
        let reason = draft.reason.clone().unwrap_or_default();
        required(&reason, &format!("{at}.reason"), found);
        Ending { on: patterns::one(draft, &at, Part::Ending, found), reason }
    };
    drafts.iter().enumerate().map(one).collect()
}

fn reopening(draft: &PatternDraft, at: &str, reasons: &BTreeSet<&str>, found: &mut Violations) -> Reopening {
    let of = draft.of.clone().unwrap_or_default();
    if of.is_empty() {
        found.add(format!("{at}.of"), "REQUIRED", "the reasons of the endings that it undoes are missing");
    }
    for (index, _) in of.iter().enumerate().filter(|(_, reason)| !reasons.contains(reason.as_str())) {
        found.add(format!("{at}.of[{index}]"), "UNKNOWN_REASON", "no terminal event has this reason");
    }
    Reopening { on: patterns::one(draft, at, Part::Reopening, found), of }
}

fn starts(drafts: &[PatternDraft], at: &str, part: Part, found: &mut Violations) -> Vec<Start> {
    let one = |(index, draft): (usize, &PatternDraft)| {
        let at = format!("{at}[{index}]");
        for (name, path) in [("announced", &draft.announced), ("counts_from", &draft.counts_from)] {
            let kind = path.as_deref().map(|path| patterns::kind(&draft.event, path));
            if kind.is_some_and(|kind| kind != Some(&ValueKind::Time)) {
                found.add(format!("{at}.{name}"), "UNKNOWN_FIELD", "the event has no instant of that name");
            }
        }
        if part == Part::Move && draft.announced.is_none() {
            found.add(
                format!("{at}.announced"),
                "REQUIRED",
                "which field announces the new instant is missing",
            );
        }
        Start {
            on: patterns::one(draft, &at, part, found),
            announced: draft.announced.clone(),
            counts_from: draft.counts_from.clone(),
        }
    };
    drafts.iter().enumerate().map(one).collect()
}

fn clock(draft: &ClockDraft, at: &str, known: &Known<'_>, found: &mut Violations) -> Definition {
    for (name, text) in [("id", &draft.id), ("zh", &draft.zh), ("en", &draft.en)] {
        required(text, &format!("{at}.{name}"), found);
    }
    let version = version(draft.version, &format!("{at}.version"), found);
    let scope = draft.scope.parse().unwrap_or_else(|_| {
        found.add(format!("{at}.scope"), "UNKNOWN_ENUM_VALUE", "case or right is expected");
        Scope::Case
    });
    if draft.dormant.is_none() {
        if draft.start.is_empty() {
            found.add(
                format!("{at}.start"),
                "REQUIRED",
                "a clock that is not dormant needs an event that starts it",
            );
        }
        if draft.stop.is_empty() && scope == Scope::Case {
            found.add(format!("{at}.stop"), "REQUIRED", "a clock of the case needs an event that meets it");
        }
    } else if draft.dormant.as_deref() == Some("") {
        found.add(format!("{at}.dormant"), "REQUIRED", "a dormant clock says why it never runs");
    }
    let start = starts(&draft.start, &format!("{at}.start"), Part::Start, found);
    let moved_by = starts(&draft.moved_by, &format!("{at}.moved_by"), Part::Move, found);
    if draft.extendable && start.iter().chain(&moved_by).any(|start| start.announced.is_some()) {
        found.add(
            format!("{at}.extendable"),
            "CONFLICT",
            "an announced instant is extended by who announced it",
        );
    }
    let terms_draft = draft.terms();
    let terms = terms(&fill(&terms_draft, None, at, found), at, known, found);
    Definition {
        id: draft.id.clone(),
        version,
        name_zh: draft.zh.clone(),
        name_en: draft.en.clone(),
        source: draft.source.clone(),
        scope,
        dormant: draft.dormant.clone(),
        stop: patterns::several_or_none(&draft.stop, &format!("{at}.stop"), Part::Stop, found),
        cancel: endings(&draft.cancel, &format!("{at}.cancel"), found),
        window: draft.window,
        delay_notice: starts(&draft.delay_notice, &format!("{at}.delay_notice"), Part::Delay, found),
        restarts: draft.restarts,
        extendable: draft.extendable,
        variants: variants::variants(draft, &start, at, known, found),
        start,
        moved_by,
        terms,
    }
}

pub(super) fn required(text: &str, field: &str, found: &mut Violations) {
    if text.is_empty() {
        found.add(field, "REQUIRED", EXPECTED);
    }
}

/// Tells each name that was there before.
pub(super) fn once<'a>(
    names: impl Iterator<Item = &'a str>,
    field: impl Fn(usize) -> String,
    found: &mut Violations,
) {
    let mut seen = BTreeSet::new();
    for (at, name) in names.enumerate() {
        if !name.is_empty() && !seen.insert(name) {
            found.add(field(at), "DUPLICATE", "the name stands there twice");
        }
    }
}
