//! From a ladder as it is written to one that is valid: everything that is wrong, each with its field.

use std::collections::BTreeMap;

use redress_domain::{Violation, Violations};

use super::draft::{AcknowledgeDraft, LadderDraft, RuleDraft};
use super::{Grade, HIGHEST, Ladder, Level, Rule, Trigger};
use crate::domain::document;
use crate::domain::policy::Role;
use crate::domain::time_limit::largest_amount;
use crate::domain::unit::{DayClose, EventDay, RollForward, Unit, UnitCode};

pub(super) fn parse(text: &str) -> Result<Ladder, Violations> {
    let mut found = Violations::default();
    let Some(draft) = document::read::<LadderDraft>(text, &mut found) else { return Err(found) };
    let version = u32::try_from(draft.version).ok().filter(|version| *version > 0).unwrap_or_else(|| {
        found.add("version", "OUT_OF_RANGE", "a version of at least 1 is expected");
        0
    });
    let ladder = Ladder {
        version,
        levels: levels(&draft, &mut found),
        acknowledge: acknowledge(&draft.acknowledge, &mut found),
        rules: draft.rule.iter().enumerate().map(|(at, draft)| rule(at, draft, &mut found)).collect(),
    };
    hidden(&ladder.rules, &mut found);
    if found.is_empty() { Ok(ladder) } else { Err(found) }
}

/// The levels 1 to 4, each once.
fn levels(draft: &LadderDraft, found: &mut Violations) -> [Level; HIGHEST as usize] {
    let mut levels: [Level; HIGHEST as usize] = Default::default();
    for (at, entry) in draft.level.iter().enumerate() {
        let place = usize::try_from(entry.level - 1).ok().and_then(|place| levels.get_mut(place));
        match place {
            None => found.add(format!("level[{at}].level"), "OUT_OF_RANGE", "1 to 4 is expected"),
            Some(level) if !level.role.is_empty() => {
                found.add(format!("level[{at}].level"), "DUPLICATE", "the level stands there twice");
            }
            Some(_) if entry.role.is_empty() => {
                found.add(format!("level[{at}].role"), "REQUIRED", "a value is missing");
            }
            Some(level) => {
                level.role.clone_from(&entry.role);
                level.calendar = entry.calendar.as_deref().and_then(|calendar| calendar.parse().ok());
            }
        }
        if entry.calendar.as_deref().is_some_and(|calendar| calendar.parse::<Role>().is_err()) {
            let why = "office, service or always is expected";
            found.add(format!("level[{at}].calendar"), "UNKNOWN_ENUM_VALUE", why);
        }
    }
    if levels.iter().any(|level| level.role.is_empty()) {
        found.add_unless_known("level", "REQUIRED", "four levels are expected, each with its role");
    }
    levels
}

fn acknowledge(
    drafts: &BTreeMap<String, AcknowledgeDraft>,
    found: &mut Violations,
) -> BTreeMap<Grade, (Unit, [i64; HIGHEST as usize])> {
    let mut all = BTreeMap::new();
    for (name, draft) in drafts {
        let at = format!("acknowledge.{}", Violation::shown_name(name));
        let Ok(grade) = name.parse::<Grade>() else {
            found.add(at, "UNKNOWN_FIELD", "general, major and urgent are expected");
            continue;
        };
        let unit = draft.unit.parse::<UnitCode>().ok();
        let unit = unit
            .map(|code| Unit::of(code, DayClose::BusinessEnd, EventDay::Excluded, RollForward::Off))
            .filter(|unit| !unit.counts_days());
        if unit.is_none() {
            found.add(format!("{at}.unit"), "UNKNOWN_ENUM_VALUE", "seconds, minutes or hours are expected");
        }
        let amounts = <[i64; HIGHEST as usize]>::try_from(draft.amounts.as_slice()).unwrap_or_else(|_| {
            found.add(
                format!("{at}.amounts"),
                "OUT_OF_RANGE",
                "one amount for each of the four levels is expected",
            );
            [1; HIGHEST as usize]
        });
        let unit = unit.unwrap_or(Unit::Elapsed(crate::domain::unit::Scale::Hours));
        let fits = |amount: &i64| (1..=largest_amount(unit)).contains(amount);
        for (level, _) in amounts.iter().enumerate().filter(|(_, amount)| !fits(amount)) {
            found.add(format!("{at}.amounts[{level}]"), "OUT_OF_RANGE", "at least 1 is expected");
        }
        all.insert(grade, (unit, amounts));
    }
    for grade in Grade::ALL.iter().filter(|grade| !drafts.contains_key(grade.code())) {
        found.add(format!("acknowledge.{grade}"), "REQUIRED", "a value is missing");
    }
    all
}

fn rule(at: usize, draft: &RuleDraft, found: &mut Violations) -> Rule {
    let at = format!("rule[{at}]");
    let on = draft.on.parse().unwrap_or_else(|_| {
        found.add(format!("{at}.on"), "UNKNOWN_ENUM_VALUE", "there is no such trigger");
        Trigger::Breach
    });
    let of_clock = matches!(on, Trigger::Percent | Trigger::Breach);
    if !of_clock && !draft.clocks.is_empty() {
        found.add(format!("{at}.clocks"), "CONFLICT", "only clocks that warn or are breached are named");
    }
    let percent =
        draft.percent.and_then(|percent| u8::try_from(percent).ok()).filter(|p| (1..=99).contains(p));
    match (on, draft.percent) {
        (Trigger::Percent, _) if percent.is_none() => {
            found.add(format!("{at}.percent"), "OUT_OF_RANGE", "1 to 99 percent are expected");
        }
        (Trigger::Percent, _) | (_, None) => {}
        _ => found.add(format!("{at}.percent"), "CONFLICT", "only a warning has a share"),
    }
    let level = u8::try_from(draft.level).ok().filter(|level| (1..=HIGHEST).contains(level));
    if level.is_none() {
        found.add(format!("{at}.level"), "OUT_OF_RANGE", "1 to 4 is expected");
    }
    if draft.keeps_role && draft.role.is_none() {
        found.add(format!("{at}.keeps_role"), "CONFLICT", "only a role of the rule's own can be kept");
    }
    Rule {
        on,
        clocks: draft.clocks.clone(),
        percent,
        level: level.unwrap_or(1),
        role: draft.role.clone(),
        keeps_role: draft.keeps_role,
    }
}

/// A rule that an earlier one always hides would be a wish that nobody hears.
fn hidden(rules: &[Rule], found: &mut Violations) {
    for (at, rule) in rules.iter().enumerate() {
        let hides = |earlier: &Rule| {
            let all_named = rule.clocks.iter().all(|clock| earlier.clocks.contains(clock));
            earlier.on == rule.on
                && earlier.percent.is_none_or(|percent| rule.percent == Some(percent))
                && (earlier.clocks.is_empty() || (!rule.clocks.is_empty() && all_named))
        };
        if rules[..at].iter().any(hides) {
            found.add(format!("rule[{at}]"), "TIE", "an earlier rule decides all that this one speaks of");
        }
    }
}
