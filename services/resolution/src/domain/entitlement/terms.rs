//! Entitlements that are a matter of days.

use jiff::Timestamp;

use super::facts::{Facts, GoodsClass};
use super::parameters::NoReasonReturn;
use super::working::{Working, shown};

/// Return without a reason (L42).
pub(super) fn no_reason_return(working: &mut Working, facts: &Facts, rule: &NoReasonReturn, at: Timestamp) {
    let (Some(price), Some(signed)) = (facts.price, facts.signed_at) else { return };
    let demanded = facts.demanded_at.unwrap_or(at);
    let closing = working.closing(signed, rule.days);
    let (first, last) = (working.day(signed), working.last_day(closing));
    let asked = working.day(demanded);
    working.note(
        "window",
        format!(
            "signed for {first}; {} days from the day after, until {last} 24:00; asked {asked}",
            rule.days
        ),
    );
    working.until(closing);
    if demanded > closing {
        working.against(
            "window",
            "window_over",
            "asked after the last day; a holiday at its end would move it (C30)",
        );
    } else {
        working.because("within_window");
    }
    goods(working, facts, rule);
    if facts.freight_agreed_by_seller {
        working.because("freight_agreed");
        working.note("freight", "the seller bears the freight of the return, as agreed");
    } else {
        working.note("freight", "the consumer bears the freight of the return");
    }
    working.note("amount", format!("the price: {}", shown(price)));
    working.amount(Some(price));
}

fn goods(working: &mut Working, facts: &Facts, rule: &NoReasonReturn) {
    let class = facts.goods_class;
    if rule.excluded.contains(&class) {
        working.against("class", "goods_excluded", "goods of this class are not returned without a reason");
    } else if rule.excluded_if_confirmed.contains(&class) && facts.exclusion_confirmed {
        working.against(
            "class",
            "exclusion_confirmed",
            "the consumer confirmed at purchase that they are not returned",
        );
    } else if rule.excluded_if_confirmed.contains(&class) {
        working.because("exclusion_not_confirmed");
        working.note(
            "class",
            "goods of this class are excluded only if it was confirmed at purchase, and it was not",
        );
    } else if class == GoodsClass::Ordinary {
        working.note("class", "no exclusion");
    }
    if facts.goods_intact {
        working.note("intact", "the goods are intact; opening to look and trying out as usual do no harm");
    } else {
        working.against("intact", "goods_not_intact", "the goods are not intact");
    }
}

/// By when the money is to be back (L42).
pub(super) fn refund_limit(working: &mut Working, facts: &Facts, days: u32, at: Timestamp) {
    let Some(returned) = facts.returned_at else { return };
    let closing = working.closing(returned, days);
    let (first, last) = (working.day(returned), working.last_day(closing));
    working.note(
        "limit",
        format!("returned goods received {first}; the price is back until {last} ({days} days)"),
    );
    working.until(closing);
    let late = facts.answered_at.unwrap_or(at) > closing;
    working.because(if late { "refund_late" } else { "refund_due" });
    if let Some(price) = facts.price {
        working.note("amount", format!("the price: {}", shown(price)));
        working.amount(Some(price));
    }
}

/// Whether a demand lies unanswered for too long (L46).
pub(super) fn deliberate_delay(working: &mut Working, facts: &Facts, days: u32, at: Timestamp) {
    let Some(demanded) = facts.demanded_at else { return };
    let closing = working.closing(demanded, days);
    let (first, last) = (working.day(demanded), working.last_day(closing));
    working.note("limit", format!("demanded {first}; {days} days end on {last}"));
    working.until(closing);
    let answered = facts.answered_at.unwrap_or(at);
    let seen = working.day(answered);
    if answered > closing {
        working.because("delayed_deliberately");
        working.note("delay", format!("not answered by then: {seen}; it may count as deliberate"));
    } else {
        working.against(
            "delay",
            "answered_in_time",
            &format!("answered or still open within the limit: {seen}"),
        );
    }
}
