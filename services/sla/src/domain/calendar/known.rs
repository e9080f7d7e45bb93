//! The calendars that are compiled in: what an installation knows before an administrator publishes anything.
//!
//! Hours stand in `data/calendars`, one file each in the shape of the contract; the yearly plans of the State Council in
//! `data/plans`, one file per notice, because one plan serves every calendar that follows it.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Calendar, Draft, ExceptionDraft, ExceptionKind};

/// The plans of China, without a gap. A new year is a new line here and a new file.
const CHINA: [&str; 3] = [
    include_str!("../../../data/plans/cn-2024.json"),
    include_str!("../../../data/plans/cn-2025.json"),
    include_str!("../../../data/plans/cn-2026.json"),
];

/// Calendars that follow the plans of China.
const WITH_PLAN: [&str; 1] = [include_str!("../../../data/calendars/cn-office.json")];

/// Calendars that need no plan: every day is alike.
const WITHOUT_PLAN: [&str; 4] = [
    include_str!("../../../data/calendars/cn-7x12.json"),
    include_str!("../../../data/calendars/cn-24x7.json"),
    include_str!("../../../data/calendars/cn-live.json"),
    include_str!("../../../data/calendars/de-24x7.json"),
];

/// The yearly plan of an authority, as published.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    year: i16,
    #[serde(rename = "zone")]
    _zone: String,
    #[serde(rename = "notice")]
    _notice: String,
    #[serde(rename = "notice_date")]
    _notice_date: String,
    days: Vec<PlannedDay>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedDay {
    date: String,
    name: String,
    kind: PlannedKind,
    statutory: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PlannedKind {
    Off,
    Work,
}

/// The names of the compiled-in calendars.
pub const KNOWN: [&str; 5] = ["cn-office", "cn-7x12", "cn-24x7", "cn-live", "de-24x7"];

/// The compiled-in calendar of that name.
pub fn known(id: &str) -> Option<&'static Calendar> {
    #[expect(clippy::expect_used, reason = "the files are compiled in; a test reads each of them")]
    static ALL: LazyLock<Vec<Calendar>> = LazyLock::new(|| read().expect("compiled-in calendars are valid"));
    ALL.iter().find(|calendar| calendar.id() == id)
}

fn read() -> Result<Vec<Calendar>, String> {
    let plans = CHINA.iter().map(|text| serde_json::from_str(text).map_err(|error| error.to_string()));
    let plans: Vec<Plan> = plans.collect::<Result<_, _>>()?;
    let with = WITH_PLAN.iter().map(|text| (text, plans.as_slice()));
    let without = WITHOUT_PLAN.iter().map(|text| (text, &[] as &[Plan]));
    with.chain(without).map(|(text, plans)| calendar(text, plans)).collect()
}

fn calendar(text: &str, plans: &[Plan]) -> Result<Calendar, String> {
    let mut draft: Draft = serde_json::from_str(text).map_err(|error| error.to_string())?;
    draft.exceptions = plans.iter().flat_map(|plan| &plan.days).map(exception).collect();
    draft.covers_from = plans.first().map(|plan| format!("{}-01-01", plan.year));
    draft.covers_to = plans.last().map(|plan| format!("{}-12-31", plan.year));
    Calendar::try_from(&draft).map_err(|found| format!("{}: {found:?}", draft.id))
}

fn exception(day: &PlannedDay) -> ExceptionDraft {
    let kind = match (day.kind, day.statutory) {
        (PlannedKind::Work, _) => ExceptionKind::Work,
        (PlannedKind::Off, true) => ExceptionKind::Statutory,
        (PlannedKind::Off, false) => ExceptionKind::Off,
    };
    ExceptionDraft {
        date: day.date.clone(),
        kind: kind.code().to_owned(),
        intervals: vec![],
        name: day.name.clone(),
    }
}
