//! The contract's messages, to and from what this service thinks in.

pub mod calendar;
pub mod clock;
pub mod deadline;

use jiff::Timestamp;
use pbjson_types::Timestamp as WireTime;
use redress_proto::convert::to_wire_time;

/// An instant as messages carry it.
#[expect(clippy::unnecessary_wraps, reason = "every field of a message is optional")]
pub(crate) fn time(at: Timestamp) -> Option<WireTime> {
    Some(to_wire_time(at))
}
