//! What a time limit is counted in, and the options that belong to each unit.

use redress_domain::coded_enum;

coded_enum! {
    /// The unit of an amount, by the names of the contract.
    UnitCode {
        /// Days with working intervals.
        WorkingDays = "DEADLINE_UNIT_WORKING_DAYS",
        /// All days.
        CalendarDays = "DEADLINE_UNIT_CALENDAR_DAYS",
        /// Months by the calendar (D13).
        Months = "DEADLINE_UNIT_MONTHS",
        /// Seconds inside service hours.
        BusinessSeconds = "DEADLINE_UNIT_BUSINESS_SECONDS",
        /// Minutes inside service hours.
        BusinessMinutes = "DEADLINE_UNIT_BUSINESS_MINUTES",
        /// Hours inside service hours.
        BusinessHours = "DEADLINE_UNIT_BUSINESS_HOURS",
        /// Seconds, day and night.
        ElapsedSeconds = "DEADLINE_UNIT_ELAPSED_SECONDS",
        /// Minutes, day and night.
        ElapsedMinutes = "DEADLINE_UNIT_ELAPSED_MINUTES",
        /// Hours, day and night.
        ElapsedHours = "DEADLINE_UNIT_ELAPSED_HOURS",
    }
}

coded_enum! {
    /// When a counted working day is used up (D6). Calendar days and months always close at 24:00.
    DayClose {
        /// At the end of its last working interval.
        BusinessEnd = "DAY_CLOSE_BUSINESS_END",
        /// At 24:00.
        Midnight = "DAY_CLOSE_MIDNIGHT",
    }
}

coded_enum! {
    /// Whether the day of the event may count (D5).
    EventDay {
        /// It does not.
        Excluded = "EVENT_DAY_EXCLUDED",
        /// It does if its closing lies after the start.
        Included = "EVENT_DAY_INCLUDED",
    }
}

coded_enum! {
    /// Over which days the last calendar day is moved forward (D7).
    RollForward {
        /// It stays.
        Off = "ROLL_FORWARD_OFF",
        /// Over days that the plan calls off or statutory; plain weekends stay.
        Plan = "ROLL_FORWARD_PLAN",
        /// Over statutory days only.
        Statutory = "ROLL_FORWARD_STATUTORY",
        /// Over every day without working intervals.
        Rest = "ROLL_FORWARD_REST",
    }
}

/// How many milliseconds make one of a unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// 1,000 ms.
    Seconds,
    /// 60,000 ms.
    Minutes,
    /// 3,600,000 ms.
    Hours,
}

impl Scale {
    /// Milliseconds of one.
    pub fn milliseconds(self) -> i64 {
        match self {
            Self::Seconds => 1_000,
            Self::Minutes => 60_000,
            Self::Hours => 3_600_000,
        }
    }
}

/// The unit of a time limit, with the options that have a meaning for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Days with working intervals.
    WorkingDays {
        /// When a counted day is used up.
        close: DayClose,
        /// Whether the event day may count.
        event_day: EventDay,
    },
    /// All days, each until 24:00.
    CalendarDays {
        /// Whether the event day may count.
        event_day: EventDay,
        /// Where a last day goes that is a holiday.
        roll: RollForward,
    },
    /// The same day number in a later month, else that month's last day (D13).
    Months {
        /// Where a last day goes that is a holiday.
        roll: RollForward,
    },
    /// Time inside the calendar's working intervals.
    Business(Scale),
    /// Time, day and night.
    Elapsed(Scale),
}

impl Unit {
    /// The unit of that name, with those of the options that have a meaning for it.
    pub fn of(code: UnitCode, close: DayClose, event_day: EventDay, roll: RollForward) -> Self {
        match code {
            UnitCode::WorkingDays => Self::WorkingDays { close, event_day },
            UnitCode::CalendarDays => Self::CalendarDays { event_day, roll },
            UnitCode::Months => Self::Months { roll },
            UnitCode::BusinessSeconds => Self::Business(Scale::Seconds),
            UnitCode::BusinessMinutes => Self::Business(Scale::Minutes),
            UnitCode::BusinessHours => Self::Business(Scale::Hours),
            UnitCode::ElapsedSeconds => Self::Elapsed(Scale::Seconds),
            UnitCode::ElapsedMinutes => Self::Elapsed(Scale::Minutes),
            UnitCode::ElapsedHours => Self::Elapsed(Scale::Hours),
        }
    }

    /// The name of the unit in the contract, without its options.
    pub fn code(self) -> UnitCode {
        match self {
            Self::WorkingDays { .. } => UnitCode::WorkingDays,
            Self::CalendarDays { .. } => UnitCode::CalendarDays,
            Self::Months { .. } => UnitCode::Months,
            Self::Business(Scale::Seconds) => UnitCode::BusinessSeconds,
            Self::Business(Scale::Minutes) => UnitCode::BusinessMinutes,
            Self::Business(Scale::Hours) => UnitCode::BusinessHours,
            Self::Elapsed(Scale::Seconds) => UnitCode::ElapsedSeconds,
            Self::Elapsed(Scale::Minutes) => UnitCode::ElapsedMinutes,
            Self::Elapsed(Scale::Hours) => UnitCode::ElapsedHours,
        }
    }

    /// Whether whole days are counted, so that a deadline has a date.
    pub fn counts_days(self) -> bool {
        !matches!(self, Self::Business(_) | Self::Elapsed(_))
    }

    /// Whether the answer depends on the calendar's working hours: a calendar without any cannot give one.
    pub fn needs_hours(self) -> bool {
        match self {
            Self::WorkingDays { .. } | Self::Business(_) => true,
            Self::CalendarDays { roll, .. } | Self::Months { roll } => roll == RollForward::Rest,
            Self::Elapsed(_) => false,
        }
    }
}
