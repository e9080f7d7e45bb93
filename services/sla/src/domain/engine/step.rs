//! What a walk sees on its way to a deadline, and who listens.

use jiff::civil::Date;

use crate::domain::interval::Span;

/// One counted or skipped stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A day that counted.
    Counted {
        /// The day.
        day: Date,
        /// Which of the amount it is, from 1.
        number: i64,
    },
    /// A day that would have counted but closed while the clock was paused.
    Held {
        /// The day.
        day: Date,
    },
    /// A day without working intervals, where those matter.
    Idle {
        /// The day.
        day: Date,
    },
    /// The event day, which may count, closed before the start.
    Closed {
        /// The day.
        day: Date,
    },
    /// A holiday over which the last day was moved.
    Passed {
        /// The day.
        day: Date,
    },
    /// The day on which the last day came to lie after it was moved.
    Landed {
        /// The day.
        day: Date,
    },
    /// Time that counted.
    Ran(Span),
    /// Time that would have counted but for a pause.
    Stood(Span),
    /// Time outside the working intervals.
    Outside(Span),
}

impl Step {
    /// The rule that decided it, as the design names it.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Counted { .. } | Self::Ran(_) => "D6",
            Self::Held { .. } => "D9.5",
            Self::Idle { .. } => "D3",
            Self::Closed { .. } => "D5",
            Self::Passed { .. } | Self::Landed { .. } => "D7",
            Self::Stood(_) => "D9.3",
            Self::Outside(_) => "D2",
        }
    }
}

/// Listens to a walk.
pub trait Trace {
    /// The walk has seen `step`; steps come in the order of time.
    fn saw(&mut self, step: Step);
}

/// Nobody listens.
impl Trace for () {
    fn saw(&mut self, _: Step) {}
}

/// All steps; stretches of time of one kind that touch are one.
impl Trace for Vec<Step> {
    fn saw(&mut self, step: Step) {
        match (self.last_mut(), step) {
            (Some(Step::Ran(before)), Step::Ran(span))
            | (Some(Step::Stood(before)), Step::Stood(span))
            | (Some(Step::Outside(before)), Step::Outside(span))
                if before.to == span.from =>
            {
                before.to = span.to;
            }
            _ => self.push(step),
        }
    }
}
