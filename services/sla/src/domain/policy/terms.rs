//! Limits, caps, pauses and thresholds as they are written.

use std::str::FromStr;

use redress_domain::Violations;

use super::check::{EXPECTED, once};
use super::draft::{CapDraft, LimitDraft, OptInDraft, TermsDraft};
use super::{OptIn, Role, Terms};
use crate::domain::time_limit::{Cap, largest_amount};
use crate::domain::unit::{DayClose, EventDay, RollForward, Unit, UnitCode};

/// What terms may name.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) pauses: Vec<&'a str>,
}

/// What `draft` states, and `base` where it states nothing; what neither states is told as missing.
pub(super) fn fill<'a>(
    draft: &TermsDraft<'a>,
    base: Option<&TermsDraft<'a>>,
    at: &str,
    found: &mut Violations,
) -> TermsDraft<'a> {
    let Some(base) = base else {
        for (name, stands) in [("calendar", draft.calendar.is_some()), ("limit", draft.limit.is_some())] {
            if !stands {
                found.add(format!("{at}.{name}"), "REQUIRED", EXPECTED);
            }
        }
        return *draft;
    };
    TermsDraft {
        calendar: draft.calendar.or(base.calendar),
        limit: draft.limit.or(base.limit),
        cap: draft.cap.or(base.cap),
        pauses: draft.pauses.or(base.pauses),
        opt_in: draft.opt_in.or(base.opt_in),
        thresholds: draft.thresholds.or(base.thresholds),
        tightens: draft.tightens.or(base.tightens),
        stretches: draft.stretches.or(base.stretches),
    }
}

/// The terms; what a draft does not state is left out silently, [`fill`] has told it.
pub(super) fn terms(draft: &TermsDraft<'_>, at: &str, known: &Known<'_>, found: &mut Violations) -> Terms {
    let calendar = draft.calendar.map(|role| {
        role.parse().unwrap_or_else(|_| {
            found.add(
                format!("{at}.calendar"),
                "UNKNOWN_ENUM_VALUE",
                "office, service or always is expected",
            );
            Role::Always
        })
    });
    let unit = draft.limit.and_then(|limit| unit(limit, &format!("{at}.limit"), found));
    let amount = draft.limit.map_or(1, |limit| limit.amount);
    if draft.limit.is_some() {
        in_range(unit, amount, &format!("{at}.limit.amount"), found);
    }
    let cap = draft.cap.map(|cap| self::cap(cap, unit, amount, &format!("{at}.cap"), known, found));
    let pauses = draft.pauses.unwrap_or_default();
    known_reasons(pauses, &format!("{at}.pauses"), known, found);
    let opt_in = draft.opt_in.unwrap_or_default();
    let opt_in = opt_in
        .iter()
        .enumerate()
        .map(|(i, one)| opted(one, unit, &format!("{at}.opt_in[{i}]"), known, found));
    let opt_in: Vec<OptIn> = opt_in.collect();
    let reasons = pauses.iter().map(String::as_str).chain(opt_in.iter().map(|one| one.reason.as_str()));
    once(
        reasons,
        |i| match i.checked_sub(pauses.len()) {
            None => format!("{at}.pauses[{i}]"),
            Some(i) => format!("{at}.opt_in[{i}].reason"),
        },
        found,
    );
    Terms {
        calendar: calendar.unwrap_or(Role::Always),
        unit: unit.unwrap_or(Unit::Elapsed(crate::domain::unit::Scale::Seconds)),
        amount,
        cap,
        pauses: pauses.to_vec(),
        opt_in,
        thresholds: thresholds(draft.thresholds.unwrap_or_default(), &format!("{at}.thresholds"), found),
        tightens: draft.tightens.unwrap_or_default(),
        stretches: draft.stretches.unwrap_or_default(),
    }
}

fn unit(draft: &LimitDraft, at: &str, found: &mut Violations) -> Option<Unit> {
    let close = option(draft.close.as_ref(), &format!("{at}.close"), DayClose::BusinessEnd, found);
    let event_day = option(draft.event_day.as_ref(), &format!("{at}.event_day"), EventDay::Excluded, found);
    let roll = option(draft.roll_forward.as_ref(), &format!("{at}.roll_forward"), RollForward::Off, found);
    if draft.unit.is_empty() {
        found.add(format!("{at}.unit"), "REQUIRED", "an amount needs its unit");
        return None;
    }
    let Ok(code) = draft.unit.parse::<UnitCode>() else {
        found.add(format!("{at}.unit"), "UNKNOWN_ENUM_VALUE", "the enumeration has no such value");
        return None;
    };
    Some(Unit::of(code, close, event_day, roll))
}

fn option<T: FromStr>(code: Option<&String>, field: &str, default: T, found: &mut Violations) -> T {
    let Some(code) = code else { return default };
    code.parse().unwrap_or_else(|_| {
        found.add(field, "UNKNOWN_ENUM_VALUE", "the enumeration has no such value");
        default
    })
}

/// An unknown unit hides no amount that fits none.
fn in_range(unit: Option<Unit>, amount: i64, field: &str, found: &mut Violations) {
    if amount < 1 {
        found.add(field, "OUT_OF_RANGE", "at least 1 is expected");
    } else if unit.is_some_and(|unit| amount > largest_amount(unit)) {
        found.add(field, "OUT_OF_RANGE", "at most a hundred years are expected");
    }
}

fn cap(
    draft: &CapDraft,
    unit: Option<Unit>,
    amount: i64,
    at: &str,
    known: &Known<'_>,
    found: &mut Violations,
) -> Cap {
    let field = format!("{at}.amount");
    in_range(unit, draft.amount, &field, found);
    if draft.amount < amount {
        found.add_unless_known(field, "OUT_OF_RANGE", "a cap is not below the amount that it caps");
    }
    known_reasons(draft.pauses.as_deref().unwrap_or_default(), &format!("{at}.pauses"), known, found);
    Cap { amount: draft.amount, pause_reasons: draft.pauses.clone() }
}

fn known_reasons(reasons: &[String], at: &str, known: &Known<'_>, found: &mut Violations) {
    for (index, _) in
        reasons.iter().enumerate().filter(|(_, reason)| !known.pauses.contains(&reason.as_str()))
    {
        found.add(format!("{at}[{index}]"), "UNKNOWN_REASON", "no pause has this reason");
    }
}

fn opted(
    draft: &OptInDraft,
    unit: Option<Unit>,
    at: &str,
    known: &Known<'_>,
    found: &mut Violations,
) -> OptIn {
    known_reasons(std::slice::from_ref(&draft.reason), &format!("{at}.reason"), known, found);
    if unit.is_some_and(|unit| !unit.counts_days()) {
        found.add(at, "CONFLICT", "a pause that is limited in days needs a clock that counts days");
    }
    let most_days = u32::try_from(draft.most_days).ok().filter(|days| (1..=366).contains(days));
    if most_days.is_none() {
        found.add(format!("{at}.most_days"), "OUT_OF_RANGE", "1 to 366 days are expected");
    }
    OptIn { reason: draft.reason.clone(), on: draft.on, most_days: most_days.unwrap_or(1) }
}

fn thresholds(drafts: &[i64], at: &str, found: &mut Violations) -> Vec<u8> {
    let mut thresholds = Vec::new();
    for (index, percent) in drafts.iter().enumerate() {
        match u8::try_from(*percent).ok().filter(|percent| (1..=100).contains(percent)) {
            None => {
                found.add(format!("{at}[{index}]"), "OUT_OF_RANGE", "1 to 100 percent are expected");
            }
            Some(percent) if thresholds.contains(&percent) => {
                found.add(format!("{at}[{index}]"), "DUPLICATE", "the share stands there twice");
            }
            Some(percent) => thresholds.push(percent),
        }
    }
    thresholds.sort_unstable();
    thresholds
}
