//! The time to appeal (C27, T28): calendar days in the tenant's zone, from when what stands reached a party.
//!
//! This is the one place that decides it. sla's clock takes the instant that our events announce (`RulingIssued`,
//! `AppealWindowMoved`) and computes none of its own.

use std::collections::BTreeMap;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use redress_domain::TenantId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::case::Case;
use super::party::Side;
use super::settlement::DecisionState;

/// So many notices are kept of a case: the latest, as only those after the latest decision count.
const MOST_NOTICES: usize = 32;

/// A notice of a decision or a result that reached a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which party.
    pub side: Side,
    /// When.
    pub at: Timestamp,
}

/// How long can be appealed, by tenant.
#[derive(Debug, Clone)]
pub struct Windows {
    days: u32,
    zone: TimeZone,
    zones: BTreeMap<TenantId, TimeZone>,
}

/// How long can be appealed in a tenant.
#[derive(Debug, Clone)]
pub struct Window {
    days: u32,
    zone: TimeZone,
}

impl Windows {
    /// `days` calendar days, in `zones` or else `zone`.
    pub const fn new(days: u32, zone: TimeZone, zones: BTreeMap<TenantId, TimeZone>) -> Self {
        Self { days, zone, zones }
    }

    /// That of `tenant`.
    pub fn of(&self, tenant: &TenantId) -> Window {
        Window { days: self.days, zone: self.zones.get(tenant).unwrap_or(&self.zone).clone() }
    }
}

impl Window {
    /// The zone of the tenant's days.
    pub fn zone(&self) -> TimeZone {
        self.zone.clone()
    }

    /// The end of the last day of a window that begins at `from`. The day of the event does not count, whatever the hour
    /// (D5), and calendar days close at 24:00 (D6).
    pub fn end(&self, from: Timestamp) -> Timestamp {
        let day = from.to_zoned(self.zone.clone()).date();
        let after = day.checked_add(Span::new().days(i64::from(self.days) + 1));
        let midnight = after.map(|day| day.to_datetime(Time::midnight()));
        let end = midnight.and_then(|at| self.zone.to_ambiguous_timestamp(at).compatible());
        end.unwrap_or(Timestamp::MAX)
    }

    /// Until when `side` can appeal in a case, or the last of all parties; none before a decision. It begins when what
    /// stands reached the party, where that is known, and else with the decision; what a ruling announced is kept.
    pub fn until(&self, case: &Case, side: Option<&Side>) -> Option<Timestamp> {
        let decided_at = case.course.decided_at?;
        let since = case.course.reached.iter().filter(|one| one.at >= decided_at);
        // The first notice to each party: another one about the same decision gives no more time.
        let mut first: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
        for one in since.filter(|one| side.is_none_or(|side| one.side == *side)) {
            let begins =
                first.entry((one.side.role.code(), one.side.respondent_ref.as_str())).or_insert(one.at);
            *begins = one.at.min(*begins);
        }
        let begins = first.into_values().max().unwrap_or(decided_at);
        let announced = effective(case).map(|place| case.rulings[place].appeal_until);
        Some(self.end(begins).max(announced.unwrap_or(Timestamp::MIN)))
    }

    /// Tells it if the time of the ruling that stands ends later than it announced: which ruling, and when.
    pub fn moved(&self, case: &mut Case) -> Option<(Uuid, Timestamp)> {
        let place = effective(case)?;
        let until = self.until(case, None)?;
        let ruling = &mut case.rulings[place];
        if until <= ruling.appeal_until {
            return None;
        }
        ruling.appeal_until = until;
        Some((ruling.id, until))
    }
}

fn effective(case: &Case) -> Option<usize> {
    case.rulings.iter().position(|ruling| ruling.state == DecisionState::Effective)
}

/// Keeps that a notice reached `side`.
pub fn keep_reached(reached: &mut Vec<Reached>, side: Side, at: Timestamp) {
    reached.push(Reached { side, at });
    let over = reached.len().saturating_sub(MOST_NOTICES);
    reached.drain(..over);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(zone: &str, days: u32, from: &str) -> String {
        let window = Window { days, zone: TimeZone::get(zone).unwrap() };
        window.end(from.parse().unwrap()).to_string()
    }

    #[test]
    fn the_last_of_so_many_calendar_days_is_whole_whatever_the_hour_of_the_event() {
        for from in ["2026-11-24T16:00:00Z", "2026-11-25T04:00:00Z", "2026-11-25T15:59:59.999999Z"] {
            assert_eq!(end("Asia/Shanghai", 30, from), "2026-12-25T16:00:00Z", "{from}");
        }
        assert_eq!(end("Asia/Shanghai", 30, "2026-11-25T16:00:00Z"), "2026-12-26T16:00:00Z");
    }

    #[test]
    fn a_day_of_another_length_is_one_day() {
        assert_eq!(end("Europe/Berlin", 1, "2026-03-28T11:00:00Z"), "2026-03-29T22:00:00Z");
        assert_eq!(end("Europe/Berlin", 1, "2026-10-24T10:00:00Z"), "2026-10-25T23:00:00Z");
    }
}
