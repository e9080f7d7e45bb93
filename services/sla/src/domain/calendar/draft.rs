//! A calendar as it is written down: the shape of the contract, nothing checked yet.

use redress_domain::{UnknownCode, coded_enum};
use serde::{Deserialize, Serialize};

use super::Calendar;
use crate::domain::interval::WorkingInterval;
use crate::domain::preview::decode;

/// A calendar as the contract carries it. [`Calendar::try_from`] says whether it holds together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Draft {
    /// Name, at most 64 characters; may be empty where a calendar comes with a request.
    #[serde(deserialize_with = "decode::nullable")]
    pub id: String,
    /// Version, at most 64 characters; a number is read as its digits.
    #[serde(deserialize_with = "decode::version")]
    pub version: String,
    /// IANA name of the zone.
    #[serde(deserialize_with = "decode::nullable")]
    pub zone: String,
    /// Hours by weekday; a weekday that is missing is free.
    #[serde(deserialize_with = "decode::nullable")]
    pub weekly: Vec<WeekdayDraft>,
    /// Hours of exceptions of kind work that name none.
    #[serde(
        alias = "makeup_intervals",
        deserialize_with = "decode::nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub makeup_intervals: Vec<IntervalDraft>,
    /// Days that are not as their weekday.
    #[serde(deserialize_with = "decode::nullable", skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionDraft>,
    /// First date of the known yearly plan; with `covers_to` or neither.
    #[serde(alias = "covers_from", skip_serializing_if = "Option::is_none")]
    pub covers_from: Option<String>,
    /// Last date of the known yearly plan.
    #[serde(alias = "covers_to", skip_serializing_if = "Option::is_none")]
    pub covers_to: Option<String>,
}

/// The hours of one weekday.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WeekdayDraft {
    /// `DAY_OF_WEEK_MONDAY` … `DAY_OF_WEEK_SUNDAY`.
    #[serde(deserialize_with = "decode::nullable")]
    pub day: String,
    /// In order, apart from each other.
    #[serde(deserialize_with = "decode::nullable")]
    pub intervals: Vec<IntervalDraft>,
}

/// A working interval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IntervalDraft {
    /// "HH:MM".
    #[serde(deserialize_with = "decode::nullable")]
    pub from: String,
    /// "HH:MM" or "24:00"; not after `from` means on the next day.
    #[serde(deserialize_with = "decode::nullable")]
    pub to: String,
}

/// A day that is not as its weekday.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExceptionDraft {
    /// "YYYY-MM-DD".
    #[serde(deserialize_with = "decode::nullable")]
    pub date: String,
    /// The code of an `ExceptionKind`.
    #[serde(deserialize_with = "decode::nullable")]
    pub kind: String,
    /// The day's own hours; they win with any kind.
    #[serde(deserialize_with = "decode::nullable", skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<IntervalDraft>,
    /// What people call it, at most 64 characters.
    #[serde(deserialize_with = "decode::nullable", skip_serializing_if = "String::is_empty")]
    pub name: String,
}

coded_enum! {
    /// The weekdays by the names of the contract, from Monday.
    DayOfWeek {
        /// Monday.
        Monday = "DAY_OF_WEEK_MONDAY",
        /// Tuesday.
        Tuesday = "DAY_OF_WEEK_TUESDAY",
        /// Wednesday.
        Wednesday = "DAY_OF_WEEK_WEDNESDAY",
        /// Thursday.
        Thursday = "DAY_OF_WEEK_THURSDAY",
        /// Friday.
        Friday = "DAY_OF_WEEK_FRIDAY",
        /// Saturday.
        Saturday = "DAY_OF_WEEK_SATURDAY",
        /// Sunday.
        Sunday = "DAY_OF_WEEK_SUNDAY",
    }
}

/// The place of a weekday's code in a week that begins on Monday.
pub(super) fn weekday_place(code: &str) -> Result<usize, UnknownCode> {
    let day: DayOfWeek = code.parse()?;
    Ok(day as usize)
}

impl From<&Calendar> for Draft {
    fn from(calendar: &Calendar) -> Self {
        let weekly = DayOfWeek::ALL.iter().zip(&calendar.weekly);
        Self {
            id: calendar.id.clone(),
            version: calendar.version.clone(),
            zone: calendar.zone.iana_name().unwrap_or_default().to_owned(),
            weekly: weekly
                .filter(|(_, intervals)| !intervals.is_empty())
                .map(|(day, intervals)| WeekdayDraft {
                    day: day.code().to_owned(),
                    intervals: written(intervals),
                })
                .collect(),
            makeup_intervals: written(&calendar.makeup),
            exceptions: calendar
                .exceptions
                .iter()
                .map(|exception| ExceptionDraft {
                    date: exception.date.to_string(),
                    kind: exception.kind.code().to_owned(),
                    intervals: written(&exception.intervals),
                    name: exception.name.clone(),
                })
                .collect(),
            covers_from: calendar.covers.map(|covers| covers.from.to_string()),
            covers_to: calendar.covers.map(|covers| covers.to.to_string()),
        }
    }
}

fn written(intervals: &[WorkingInterval]) -> Vec<IntervalDraft> {
    let draft = |(from, to)| IntervalDraft { from, to };
    intervals.iter().map(|interval| draft(interval.as_written())).collect()
}
