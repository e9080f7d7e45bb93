use redress_outbox::DecodeError;

use super::Told;

pub(super) fn read(_event_type: &str, _payload: &[u8]) -> Result<Option<Told>, DecodeError> {
    Ok(None)
}
