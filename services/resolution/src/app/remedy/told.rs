//! Remedies as messages.

use redress_proto::resolution::v1 as wire;
use uuid::Uuid;

use crate::app::wire::{funding_source, money, name, party_ref, remedy_type, terms, time};
use crate::domain::remedy::execution::Told;
use crate::domain::remedy::ledger::Line;
use crate::domain::remedy::recourse::Claim;
use crate::domain::remedy::{Proof, Remedy, RemedyState};

pub(super) fn proof(proof: &Proof) -> wire::RemedyProof {
    wire::RemedyProof {
        reference: proof.reference.clone(),
        executed_at: time(proof.executed_at),
        amount: proof.amount.map(money),
        sha256: proof.sha256.clone(),
    }
}

fn state(state: RemedyState) -> wire::RemedyState {
    wire::RemedyState::from_str_name(&name("REMEDY_STATE_", state.code())).unwrap_or_default()
}

/// A remedy. Who ordered it is for staff alone.
pub(super) fn remedy(remedy: &Remedy, inside: bool) -> wire::Remedy {
    wire::Remedy {
        remedy_id: remedy.id.to_string(),
        terms: Some(terms(&remedy.terms)),
        source_id: remedy.source.to_string(),
        state: state(remedy.state).into(),
        ordered_at: time(remedy.ordered_at),
        due_at: remedy.due_at.and_then(time),
        overdue: remedy.overdue,
        attempts: remedy.attempts,
        proof: remedy.proof.as_ref().map(proof),
        reason: remedy.reason.clone(),
        funding_source: remedy.funding_source().map(funding_source).unwrap_or_default().into(),
        invoice_correction: remedy.terms.kind.profile().corrects_invoice,
        ordered_by: if inside { remedy.ordered_by.clone() } else { String::new() },
    }
}

pub(super) fn claim(claim: &Claim) -> wire::RecourseClaim {
    wire::RecourseClaim {
        recourse_id: claim.id.to_string(),
        remedy_id: claim.remedy.to_string(),
        debtor: Some(party_ref(&claim.debtor)),
        amount: Some(money(claim.amount)),
        state: claim.state.clone(),
        claimed_at: time(claim.claimed_at),
        reference: claim.reference.clone(),
        reason: claim.reason.clone(),
    }
}

pub(super) fn line(currency: String, line: Line) -> wire::MoneyLine {
    wire::MoneyLine {
        currency,
        ordered_minor: line.ordered,
        executed_minor: line.executed,
        advanced_minor: line.advanced,
        failed_minor: line.failed,
        pending_minor: line.pending,
        cancelled_minor: line.cancelled,
        reversed_minor: line.reversed,
        recourse_minor: line.recourse,
        recovered_minor: line.recovered,
        late_minor: line.late,
    }
}

pub(super) fn ordered(remedy: &Remedy) -> wire::RemedyOrdered {
    wire::RemedyOrdered {
        remedy_id: remedy.id.to_string(),
        r#type: remedy_type(remedy.terms.kind).into(),
        amount: remedy.terms.amount.map(money),
        payer: Some(party_ref(&remedy.terms.payer)),
        payee: Some(party_ref(&remedy.terms.payee)),
        due_at: remedy.due_at.and_then(time),
        source_id: remedy.source.to_string(),
    }
}

pub(super) fn executed(remedy: &Remedy, all: bool) -> wire::RemedyExecuted {
    wire::RemedyExecuted { remedy_id: remedy.id.to_string(), all, proof: remedy.proof.as_ref().map(proof) }
}

pub(super) fn advanced(remedy: &Remedy) -> wire::RemedyAdvanced {
    wire::RemedyAdvanced {
        remedy_id: remedy.id.to_string(),
        amount: remedy.terms.amount.map(money),
        proof: remedy.proof.as_ref().map(proof),
    }
}

pub(super) fn reversed(remedy: &Remedy, reference: &str) -> wire::RemedyReversed {
    wire::RemedyReversed {
        remedy_id: remedy.id.to_string(),
        amount: remedy.terms.amount.map(money),
        reference: reference.to_owned(),
    }
}

pub(super) fn cancelled(remedy: &Remedy) -> wire::RemedyCancelled {
    wire::RemedyCancelled {
        remedy_id: remedy.id.to_string(),
        amount: remedy.terms.amount.map(money),
        reason: remedy.reason.clone(),
        ..Default::default()
    }
}

pub(super) fn given_up(
    remedy: &Remedy,
    replaced_by: Option<Uuid>,
    outcome_unknown: bool,
) -> wire::RemedyCancelled {
    let replaced_by = replaced_by.map(|id| id.to_string()).unwrap_or_default();
    wire::RemedyCancelled { replaced_by, outcome_unknown, ..cancelled(remedy) }
}

pub(super) fn paid_late(remedy: &Remedy, told: &Told) -> wire::RemedyPaidLate {
    wire::RemedyPaidLate {
        remedy_id: remedy.id.to_string(),
        amount: told.amount.map(money),
        reference: told.reference.clone(),
    }
}

pub(super) fn settled(claim: &Claim) -> wire::RecourseSettled {
    wire::RecourseSettled {
        recourse_id: claim.id.to_string(),
        remedy_id: claim.remedy.to_string(),
        amount: Some(money(claim.amount)),
        paid: !claim.reference.is_empty(),
        reason: claim.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_counterpart_on_the_wire() {
        for &one in RemedyState::ALL {
            assert_ne!(state(one), wire::RemedyState::Unspecified, "{one}");
        }
    }
}
