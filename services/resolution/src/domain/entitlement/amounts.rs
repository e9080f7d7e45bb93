//! Entitlements whose result is an amount.

use jiff::Timestamp;
use redress_domain::{Money, Problem};

use super::facts::Facts;
use super::parameters::{Food, Fraud};
use super::working::{Working, plus, shown, times};

/// Return for quality within the term, afterwards repair or exchange; the seller bears the freight (L41).
pub(super) fn quality_return(
    working: &mut Working,
    facts: &Facts,
    days: u32,
    at: Timestamp,
) -> Result<(), Problem> {
    if !facts.seller_at_fault {
        working.against("fault", "no_fault_of_seller", "that the goods lack quality is not established");
    }
    let (Some(price), Some(signed)) = (facts.price, facts.signed_at) else { return Ok(()) };
    let demanded = facts.demanded_at.unwrap_or(at);
    let closing = working.closing(signed, days);
    let (first, last) = (working.day(signed), working.last_day(closing));
    let asked = working.day(demanded);
    working.note("window", format!("received {first}; return until {last} ({days} days); asked {asked}"));
    working.until(closing);
    if demanded > closing {
        working.because("repair_or_exchange");
        working.note(
            "remedy",
            "later than that: repair or exchange, or return where the contract may be rescinded",
        );
        return Ok(());
    }
    working.because("return_for_quality");
    let whole = match facts.freight {
        Some(freight) => plus(price, freight)?,
        None => price,
    };
    working.note("freight", "the seller bears the freight of a return for quality");
    working.note("amount", format!("price and freight: {}", shown(whole)));
    working.amount(Some(whole));
    Ok(())
}

/// A multiple of the price for fraud, with a minimum (L44).
pub(super) fn fraud(working: &mut Working, facts: &Facts, rule: &Fraud) -> Result<(), Problem> {
    if !facts.seller_at_fault {
        working.against("fault", "no_fault_of_seller", "that the seller deceived is not established");
    }
    if facts.label_flaw_only {
        working.against(
            "flaw",
            "label_flaw_only",
            "a flaw of label or leaflet that misleads nobody does not count",
        );
    }
    if facts.bought_to_claim {
        working.against("purpose", "bought_to_claim", "who knew was not deceived");
    }
    let Some(price) = facts.price else { return Ok(()) };
    let multiple = times(price, rule.multiple)?;
    working.note("multiple", format!("{} × {} = {}", rule.multiple, shown(price), shown(multiple)));
    let amount = at_least(working, multiple, rule.minimum_minor);
    working.because("compensation_for_fraud");
    working.note("beside", "the price itself is refunded beside it");
    working.amount(Some(amount));
    Ok(())
}

/// A multiple of the price or of the loss, whichever is more, with a minimum (L45).
pub(super) fn food(working: &mut Working, facts: &Facts, rule: &Food) -> Result<(), Problem> {
    if !facts.seller_at_fault {
        working.against(
            "fault",
            "no_fault_of_seller",
            "that the food was below the standard is not established",
        );
    }
    if facts.label_flaw_only {
        working.against(
            "flaw",
            "label_flaw_only",
            "a flaw that neither touches safety nor misleads does not count",
        );
    }
    let Some(price) = facts.price else { return Ok(()) };
    let of_price = times(price, rule.price_multiple)?;
    working.note("price", format!("{} × {} = {}", rule.price_multiple, shown(price), shown(of_price)));
    let mut amount = of_price;
    if let Some(loss) = facts.loss {
        let of_loss = times(loss, rule.loss_multiple)?;
        working.note("loss", format!("{} × {} = {}", rule.loss_multiple, shown(loss), shown(of_loss)));
        if of_loss.amount_minor > amount.amount_minor {
            working.note("choice", "the consumer may choose: three times the loss is more");
            amount = of_loss;
        }
    }
    let amount = at_least(working, amount, rule.minimum_minor);
    working.because("compensation_for_food");
    if facts.bought_to_claim {
        // Food is the exception: who knew is heard, but only for what a household would buy.
        working.because("ordinary_consumption_only");
        working
            .note("purpose", "bought knowingly: the price counts only as far as ordinary consumption goes");
    }
    working.note("beside", "price and loss are made good beside it");
    working.amount(Some(amount));
    Ok(())
}

fn at_least(working: &mut Working, amount: Money, minimum_minor: i64) -> Money {
    let minimum = Money { amount_minor: minimum_minor, ..amount };
    if amount.amount_minor >= minimum_minor {
        working.note("minimum", format!("not below the minimum of {}", shown(minimum)));
        return amount;
    }
    working.because("minimum_applied");
    working.note("minimum", format!("below the minimum: {}", shown(minimum)));
    minimum
}

/// A part of the price; to the nearest minor unit, halves in the consumer's favour.
pub(super) fn partial_refund(working: &mut Working, facts: &Facts) {
    let Some(price) = facts.price else { return };
    let part = i128::from(price.amount_minor) * i128::from(facts.impairment_bp);
    // At most the price itself, for the part is at most the whole.
    let amount_minor = i64::try_from((part + 5_000) / 10_000).unwrap_or(price.amount_minor);
    let amount = Money { amount_minor, ..price };
    let (part, price) = (facts.impairment_bp, shown(price));
    working.note("part", format!("{part} of 10,000 of {price}, rounded to the nearest: {}", shown(amount)));
    if amount_minor == 0 {
        working.against("amount", "nothing_impaired", "nothing of the price is lost");
    } else {
        working.because("price_reduced");
    }
    working.amount(Some(amount));
}

/// The difference to the price that should have counted.
pub(super) fn price_difference(working: &mut Working, facts: &Facts) {
    let (Some(paid), Some(due)) = (facts.price, facts.reference_price) else { return };
    let amount_minor = (paid.amount_minor - due.amount_minor).max(0);
    let difference = Money { amount_minor, ..paid };
    working.note("difference", format!("{} − {} = {}", shown(paid), shown(due), shown(difference)));
    if amount_minor == 0 {
        working.against("difference", "no_difference", "no more was paid than should have been");
    } else {
        working.because("overcharged");
    }
    working.amount(Some(difference));
}

/// Who bears the freight of a return (L41, L42).
pub(super) fn freight(working: &mut Working, facts: &Facts) {
    if facts.seller_at_fault {
        working.note("bearer", "the fault is the seller's: the seller bears the freight");
        working.because("seller_bears_freight");
    } else if facts.freight_agreed_by_seller {
        working.note("bearer", "the seller has agreed to bear the freight");
        working.because("freight_agreed");
    } else {
        working.against(
            "bearer",
            "consumer_bears_freight",
            "without a fault or an agreement the consumer bears it",
        );
    }
    working.amount(facts.freight);
}
