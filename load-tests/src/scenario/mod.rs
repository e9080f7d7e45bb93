//! What is run: one file per subcommand.

pub(crate) mod accept;
pub(crate) mod baseline;
pub(crate) mod cases;
mod company;
pub(crate) mod deadlines;
pub(crate) mod evidence;
pub(crate) mod faults;
pub(crate) mod incident;
pub(crate) mod p1;
mod raw_insert;
pub(crate) mod register;
pub(crate) mod spike;
mod spread;
pub(crate) mod start;
mod steady;
pub(crate) mod timers;
pub(crate) mod understand;

use std::time::Duration;

use crate::report::Report;

/// How long a backlog may take to drain before the run counts as failed.
const DRAIN_LIMIT: Duration = Duration::from_mins(5);

/// Figures, and whether they count.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) report: Report,
    /// Nothing was lost, doubled or invented, and every request was sent.
    pub(crate) sound: bool,
}
