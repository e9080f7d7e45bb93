//! `CalculateEntitlement`: what the law gives, with every step. Nothing is kept or ordered.

use redress_domain::{Principal, Problem, Violations};
use redress_proto::convert::from_wire_time;
use redress_proto::resolution::v1 as wire;

use super::Desk;
use super::wire::{member, money, name, read_money, time};
use crate::domain::entitlement::{
    Entitlement, EntitlementKind, Facts, GoodsClass, Shipped, Step, calculate as worked_out,
};
use crate::error::Error;

/// Calculates for whoever asks: the facts are the caller's own, and no case is touched.
pub fn calculate(
    desk: &Desk,
    _caller: &Principal,
    message: wire::CalculateEntitlementRequest,
) -> Result<wire::CalculateEntitlementResponse, Error> {
    let mut found = Violations::default();
    let kind: Option<EntitlementKind> = member(message.kind().as_str_name(), "ENTITLEMENT_KIND_");
    if kind.is_none() {
        found.add("kind", "REQUIRED", "a kind of entitlement is expected");
    }
    let facts = facts(&mut found, &message.facts.unwrap_or_default());
    let at = moment(&mut found, "at", message.at.as_ref()).unwrap_or_else(|| desk.now());
    let Some(kind) = kind.filter(|_| found.is_empty()) else { return Err(Problem::invalid(found).into()) };
    let shipped = Shipped::cn().map_err(|error| Error::Defect(error.to_string().into()))?;
    let result = worked_out(kind, &facts, shipped, at)?;
    Ok(wire::CalculateEntitlementResponse { entitlement: Some(told(result)) })
}

fn facts(found: &mut Violations, told: &wire::EntitlementFacts) -> Facts {
    Facts {
        price: read_money(found, "facts.price", told.price.as_ref()),
        loss: read_money(found, "facts.loss", told.loss.as_ref()),
        freight: read_money(found, "facts.freight", told.freight.as_ref()),
        reference_price: read_money(found, "facts.referencePrice", told.reference_price.as_ref()),
        signed_at: moment(found, "facts.signedAt", told.signed_at.as_ref()),
        demanded_at: moment(found, "facts.demandedAt", told.demanded_at.as_ref()),
        returned_at: moment(found, "facts.returnedAt", told.returned_at.as_ref()),
        answered_at: moment(found, "facts.answeredAt", told.answered_at.as_ref()),
        goods_class: member(told.goods_class().as_str_name(), "GOODS_CLASS_").unwrap_or(GoodsClass::Ordinary),
        exclusion_confirmed: told.exclusion_confirmed,
        goods_intact: told.goods_intact,
        label_flaw_only: told.label_flaw_only,
        bought_to_claim: told.bought_to_claim,
        impairment_bp: told.impairment_bp,
        freight_agreed_by_seller: told.freight_agreed_by_seller,
        seller_at_fault: told.seller_at_fault,
    }
}

/// Reads an instant; one that is none is told.
pub(super) fn moment(
    found: &mut Violations,
    field: &str,
    told: Option<&pbjson_types::Timestamp>,
) -> Option<jiff::Timestamp> {
    let told = told?;
    let read = from_wire_time(told).ok();
    if read.is_none() {
        found.add(field, "MALFORMED", "an instant is expected");
    }
    read
}

fn told(result: Entitlement) -> wire::Entitlement {
    let kind = wire::EntitlementKind::from_str_name(&name("ENTITLEMENT_KIND_", result.kind.code()));
    let step = |step: Step| wire::TraceStep {
        step: step.step.to_owned(),
        explanation: step.explanation,
        rule: step.rule,
    };
    wire::Entitlement {
        kind: kind.unwrap_or_default().into(),
        entitled: result.entitled,
        amount: result.amount.map(money),
        reasons: result.reasons.into_iter().map(str::to_owned).collect(),
        until: result.until.and_then(time),
        trace: result.trace.into_iter().map(step).collect(),
        parameters: result.parameters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_class_has_its_counterpart_on_the_wire() {
        for &kind in EntitlementKind::ALL {
            assert!(
                wire::EntitlementKind::from_str_name(&name("ENTITLEMENT_KIND_", kind.code())).is_some(),
                "{kind}"
            );
        }
        for &class in GoodsClass::ALL {
            assert!(
                wire::GoodsClass::from_str_name(&name("GOODS_CLASS_", class.code())).is_some(),
                "{class}"
            );
        }
    }
}
