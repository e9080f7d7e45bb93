//! Codes and enumerations of the contract in the lifecycle's own words.

use redress_outbox::DecodeError;
use redress_proto::types::v1::AwaitedParty;

use super::Told;
use crate::domain::lifecycle::{Awaited, Closing};

/// A field that does not say what the contract promises.
pub(super) fn unfit(field: &'static str) -> DecodeError {
    DecodeError::new(format!("{field} does not fit"))
}

/// Whom the case waits for, or waited.
pub(super) fn awaited(party: AwaitedParty) -> Result<Awaited, DecodeError> {
    match party {
        AwaitedParty::Unspecified => Err(unfit("party")),
        AwaitedParty::Complainant => Ok(Awaited::Complainant),
        AwaitedParty::Respondent => Ok(Awaited::Respondent),
        AwaitedParty::Carrier => Ok(Awaited::Carrier),
        AwaitedParty::Lab => Ok(Awaited::Lab),
        AwaitedParty::Internal => Ok(Awaited::Internal),
        AwaitedParty::Authority => Ok(Awaited::Authority),
    }
}

/// What the case came to; none where neither is told. The lifecycle refuses to close without.
pub(super) fn closing(outcome: &str, cause: &str) -> Result<Option<Closing>, DecodeError> {
    if outcome.is_empty() && cause.is_empty() {
        return Ok(None);
    }
    Ok(Some(Closing {
        outcome: outcome.parse().map_err(|_| unfit("outcome"))?,
        cause: cause.parse().map_err(|_| unfit("cause"))?,
    }))
}

/// People who take no part any more; nothing where nobody is told.
pub(super) fn recused(mut subjects: Vec<String>) -> Option<Told> {
    subjects.retain(|subject| !subject.is_empty());
    (!subjects.is_empty()).then_some(Told::Recused(subjects))
}
