//! One file per noun of the command line.

pub(crate) mod audit;
pub(crate) mod calendar;
pub(crate) mod clocks;
pub(crate) mod complaint;
pub(crate) mod config;
mod file;
pub(crate) mod parked;
pub(crate) mod rules;

use redress_domain::Clock as _;
use uuid::{NoContext, Uuid};

use crate::context::Context;
use crate::output;

/// A name for an act of this moment that nobody else makes. Told before the call: whoever breaks it off can repeat it.
fn fresh_id(context: &Context) -> String {
    let now = context.clock.now();
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    let id = format!("ctl-{}", Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)));
    output::tell(format_args!("request id {id}"));
    id
}
