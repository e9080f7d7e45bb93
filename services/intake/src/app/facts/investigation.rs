//! What investigation tells, as far as the lifecycle is concerned (T12–T16).

use prost::{Message, Name};
use redress_outbox::DecodeError;
use redress_proto::investigation::v1 as wire;

use super::Told;
use super::words::{awaited, recused};
use crate::domain::lifecycle::Fact;

/// Reads a message by its name; none for what moves nothing.
pub(super) fn read(event_type: &str, payload: &[u8]) -> Result<Option<Told>, DecodeError> {
    let is = |name: String| event_type == name;
    let fact = if is(wire::InvestigationOpened::full_name()) {
        wire::InvestigationOpened::decode(payload)?;
        Fact::InvestigationOpened
    } else if is(wire::EvidenceRequested::full_name()) {
        Fact::EvidenceRequested { party: awaited(wire::EvidenceRequested::decode(payload)?.party())? }
    } else if is(wire::EvidenceSubmitted::full_name()) {
        let submitted = wire::EvidenceSubmitted::decode(payload)?;
        // A piece that leaves its request open, or answers none, changes nothing of what is waited for.
        if !submitted.request_settled {
            return Ok(None);
        }
        Fact::EvidenceSubmitted { party: awaited(submitted.party())? }
    } else if is(wire::EvidenceRequestLapsed::full_name()) {
        Fact::EvidenceRequestLapsed { party: awaited(wire::EvidenceRequestLapsed::decode(payload)?.party())? }
    } else if is(wire::TestOrdered::full_name()) {
        wire::TestOrdered::decode(payload)?;
        Fact::TestOrdered
    } else if is(wire::TestReported::full_name()) {
        wire::TestReported::decode(payload)?;
        Fact::TestReported
    } else if is(wire::ConsultationRequested::full_name()) {
        wire::ConsultationRequested::decode(payload)?;
        Fact::ConsultationRequested
    } else if is(wire::ConsultationAnswered::full_name()) {
        wire::ConsultationAnswered::decode(payload)?;
        Fact::ConsultationAnswered
    } else if is(wire::ConflictDeclared::full_name()) {
        let declared = wire::ConflictDeclared::decode(payload)?;
        return Ok(recused(if declared.recused { vec![declared.subject] } else { Vec::new() }));
    } else if is(wire::InvestigationConcluded::full_name()) {
        wire::InvestigationConcluded::decode(payload)?;
        Fact::InvestigationConcluded
    } else {
        return Ok(None);
    };
    Ok(Some(Told::Happened(fact)))
}
