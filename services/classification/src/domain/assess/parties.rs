//! Who caused it, and whom it is directed at.

use redress_domain::PartyKind;

use super::strongest;
use crate::domain::rules::{Cause, Fired, Outcome, Respondent, SubCategory};

/// The cause by rule, else by the table.
pub(super) fn cause(late: &[Fired<'_>], row: Option<&SubCategory>) -> Option<Cause> {
    strongest(late, |outcome| match outcome {
        Outcome::Cause(cause) => Some(*cause),
        _ => None,
    })
    .or(row.map(|row| row.cause))
}

/// The respondent by rule, else by the table. `cause` is the cause if the matter arises in live commerce.
pub(super) fn respondent(
    late: &[Fired<'_>],
    row: Option<&SubCategory>,
    cause: Option<Cause>,
) -> Option<PartyKind> {
    let respondent = strongest(late, |outcome| match outcome {
        Outcome::Respondent(respondent) => Some(*respondent),
        _ => None,
    })
    .or(row.map(|row| row.respondent))?;
    Some(match respondent {
        Respondent::Merchant => PartyKind::Merchant,
        Respondent::Anchor => PartyKind::Anchor,
        Respondent::LiveRoomOperator => PartyKind::LiveRoomOperator,
        Respondent::Mcn => PartyKind::Mcn,
        Respondent::Platform => PartyKind::Platform,
        Respondent::Carrier => PartyKind::Carrier,
        Respondent::Consumer => PartyKind::Consumer,
        Respondent::OtherUser => PartyKind::User,
        Respondent::PaymentProvider => PartyKind::PaymentProvider,
        Respondent::Supplier => PartyKind::Supplier,
        Respondent::Cause => return cause.map_or(Some(PartyKind::Merchant), party_of_cause),
        Respondent::Unknown | Respondent::None => return None,
    })
}

/// The party behind a cause.
pub(super) fn party_of_cause(cause: Cause) -> Option<PartyKind> {
    Some(match cause {
        Cause::Anchor => PartyKind::Anchor,
        Cause::LiveRoomOperator => PartyKind::LiveRoomOperator,
        Cause::Mcn => PartyKind::Mcn,
        Cause::Merchant => PartyKind::Merchant,
        Cause::Platform => PartyKind::Platform,
        Cause::Nobody => return None,
    })
}
