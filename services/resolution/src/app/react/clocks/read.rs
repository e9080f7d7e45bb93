//! sla's events as far as they matter here.

use redress_outbox::DecodeError;

use super::ClockTold;

pub(super) fn read(_event_type: &str, _payload: &[u8]) -> Result<Option<ClockTold>, DecodeError> {
    Ok(None)
}
