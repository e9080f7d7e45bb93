//! What resolution tells, as far as the lifecycle is concerned (T09–T11, T17–T29).

use prost::{Message, Name};
use redress_outbox::DecodeError;
use redress_proto::resolution::v1 as wire;

use super::Told;
use super::words::{closing, recused, unfit};
use crate::domain::lifecycle::{AfterAppeal, Fact, TerminationReason};

/// Reads a message by its name; none for what moves nothing.
pub(super) fn read(event_type: &str, payload: &[u8]) -> Result<Option<Told>, DecodeError> {
    let is = |name: String| event_type == name;
    let fact = if is(wire::NegotiationOpened::full_name()) {
        wire::NegotiationOpened::decode(payload)?;
        Fact::NegotiationOpened
    } else if is(wire::PlatformInterventionRequested::full_name()) {
        wire::PlatformInterventionRequested::decode(payload)?;
        Fact::PlatformInterventionRequested
    } else if is(wire::PlanApproved::full_name()) {
        let approved = wire::PlanApproved::decode(payload)?;
        Fact::PlanApproved { mediation_refused: approved.mediation_refused }
    } else if is(wire::PlanReturned::full_name()) {
        wire::PlanReturned::decode(payload)?;
        Fact::PlanReturned
    } else if is(wire::ProposalRevised::full_name()) {
        Fact::ProposalRevised { within_bounds: wire::ProposalRevised::decode(payload)?.within_bounds }
    } else if is(wire::SettlementReached::full_name()) {
        wire::SettlementReached::decode(payload)?;
        Fact::SettlementReached
    } else if is(wire::MediationTerminated::full_name()) {
        terminated(&wire::MediationTerminated::decode(payload)?)?
    } else if is(wire::ContestedDecidersNamed::full_name()) {
        return Ok(recused(wire::ContestedDecidersNamed::decode(payload)?.subjects));
    } else {
        match decided(event_type, payload)? {
            Some(fact) => fact,
            None => return Ok(None),
        }
    };
    Ok(Some(Told::Happened(fact)))
}

/// From the ruling on.
fn decided(event_type: &str, payload: &[u8]) -> Result<Option<Fact>, DecodeError> {
    let is = |name: String| event_type == name;
    let fact = if is(wire::RulingIssued::full_name()) {
        Fact::RulingIssued { remedy_ordered: wire::RulingIssued::decode(payload)?.remedy_ordered }
    } else if is(wire::RemedyExecuted::full_name()) {
        Fact::RemedyExecuted { all: wire::RemedyExecuted::decode(payload)?.all }
    } else if is(wire::RemedyFailed::full_name()) {
        Fact::RemedyFailed { advance_payment: wire::RemedyFailed::decode(payload)?.advance_payment }
    } else if is(wire::ResultAccepted::full_name()) {
        let accepted = wire::ResultAccepted::decode(payload)?;
        Fact::ResultAccepted { closing: closing(&accepted.outcome, &accepted.cause)? }
    } else if is(wire::ResultRejected::full_name()) {
        Fact::ResultRejected { appeal: wire::ResultRejected::decode(payload)?.appeal }
    } else if is(wire::ObjectionWindowEnded::full_name()) {
        let ended = wire::ObjectionWindowEnded::decode(payload)?;
        Fact::ObjectionWindowEnded {
            notice_delivered: ended.notice_delivered,
            report_issued: ended.report_issued,
            closing: closing(&ended.outcome, &ended.cause)?,
        }
    } else if is(wire::AppealFiled::full_name()) {
        wire::AppealFiled::decode(payload)?;
        Fact::AppealFiled
    } else if is(wire::AppealDecided::full_name()) {
        Fact::AppealDecided(after_appeal(&wire::AppealDecided::decode(payload)?)?)
    } else {
        return Ok(None);
    };
    Ok(Some(fact))
}

fn terminated(told: &wire::MediationTerminated) -> Result<Fact, DecodeError> {
    use TerminationReason as Reason;
    use wire::TerminationReason as Told;
    let reason = match told.reason() {
        Told::Unspecified => return Err(unfit("reason")),
        Told::WithdrawnOrSettled => Reason::WithdrawnOrSettled,
        Told::PartyAbsent => Reason::PartyAbsent,
        Told::NoAgreement => Reason::NoAgreement,
        Told::NoTestAgreement => Reason::NoTestAgreement,
        Told::SixtyDays => Reason::SixtyDays,
        Told::RefusalGroundFound => Reason::RefusalGroundFound,
        Told::PartyCeased => Reason::PartyCeased,
        Told::Other => Reason::Other,
    };
    let body = (!told.referred_to.is_empty()).then(|| told.referred_to.parse());
    Ok(Fact::MediationTerminated { reason, referred_to: body.transpose().map_err(|_| unfit("referred_to"))? })
}

fn after_appeal(decided: &wire::AppealDecided) -> Result<AfterAppeal, DecodeError> {
    match decided.next() {
        wire::AppealNext::Unspecified => Err(unfit("next")),
        wire::AppealNext::Execute => Ok(AfterAppeal::Execute),
        wire::AppealNext::Investigate => Ok(AfterAppeal::Investigate),
        wire::AppealNext::Close => {
            Ok(AfterAppeal::Close { closing: closing(&decided.outcome, &decided.cause)? })
        }
    }
}
