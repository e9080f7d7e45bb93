//! What a command is given.

use std::time::Duration;

use jiff::tz::TimeZone;
use redress_runtime::SystemClock;

use crate::output::Format;
use crate::settings::Settings;

/// Who asks, how, and how the answer is shown.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) format: Format,
    /// In which times are shown.
    pub(crate) zone: TimeZone,
    pub(crate) clock: SystemClock,
    /// What one call may take.
    pub(crate) timeout: Duration,
}
