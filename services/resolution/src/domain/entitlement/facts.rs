//! The facts that a calculation takes.

use jiff::Timestamp;
use redress_domain::{Currency, Money, Violations, coded_enum};

use super::super::terms::LARGEST_AMOUNT;

coded_enum! {
    /// Which entitlement.
    EntitlementKind {
        /// Return within seven days without a reason (L42).
        NoReasonReturn = "no_reason_return",
        /// Return, repair or exchange for quality (L41).
        QualityReturn = "quality_return",
        /// Three times the price for fraud (L44).
        Fraud3x = "fraud_3x",
        /// Ten times the price, or three times the loss, for food below standard (L45).
        Food10x = "food_10x",
        /// The difference of price.
        PriceDifference = "price_difference",
        /// A part of the price.
        PartialRefund = "partial_refund",
        /// Who pays the freight.
        Freight = "freight",
        /// Until when money is to be back (L42).
        RefundLimit = "refund_limit",
        /// Whether a lawful demand was delayed deliberately (L46).
        DeliberateDelay = "deliberate_delay",
    }
}

coded_enum! {
    /// Which goods, as far as returning them is concerned (L42).
    GoodsClass {
        /// Nothing special.
        Ordinary = "unspecified",
        /// Made to order.
        CustomMade = "custom_made",
        /// Fresh or perishable.
        Perishable = "perishable",
        /// Recordings, software and the like, opened or downloaded.
        OpenedDigital = "opened_digital",
        /// Newspapers and periodicals delivered.
        Newspaper = "newspaper",
        /// Changes easily once unpacked.
        ChangesOnOpening = "changes_on_opening",
        /// Worth much less once activated or tried.
        DevaluedOnUse = "devalued_on_use",
        /// Near its date, or told to have flaws when sold.
        ToldDefects = "told_defects",
    }
}

/// The facts; which of them are needed follows from the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a case, each asked by its name")]
pub struct Facts {
    /// What was paid for the goods.
    pub price: Option<Money>,
    /// What was lost.
    pub loss: Option<Money>,
    /// The freight.
    pub freight: Option<Money>,
    /// The lower price that should have counted.
    pub reference_price: Option<Money>,
    /// When the goods were signed for.
    pub signed_at: Option<Timestamp>,
    /// When return or another demand was made; absent for now.
    pub demanded_at: Option<Timestamp>,
    /// When the returned goods were received.
    pub returned_at: Option<Timestamp>,
    /// When the demand was answered, or the money was back; absent if it was not.
    pub answered_at: Option<Timestamp>,
    /// Which goods.
    pub goods_class: GoodsClass,
    /// Whether the exclusion was confirmed at purchase.
    pub exclusion_confirmed: bool,
    /// Whether the goods are intact.
    pub goods_intact: bool,
    /// Whether the flaw is one of label or leaflet that misleads nobody.
    pub label_flaw_only: bool,
    /// Whether the buyer knew and bought to claim.
    pub bought_to_claim: bool,
    /// The part of the price that is lost, in basis points.
    pub impairment_bp: u32,
    /// Whether it was agreed that the seller bears the freight.
    pub freight_agreed_by_seller: bool,
    /// Whether the fault lies with the seller.
    pub seller_at_fault: bool,
}

impl Facts {
    /// Notes every fact that the kind needs and that is absent, of a wrong currency or out of range.
    pub(super) fn check(&self, kind: EntitlementKind, statutory: Currency, found: &mut Violations) {
        use EntitlementKind as Kind;
        let amounts = [
            ("price", self.price, !matches!(kind, Kind::Freight | Kind::RefundLimit | Kind::DeliberateDelay)),
            ("loss", self.loss, false),
            ("freight", self.freight, kind == Kind::Freight),
            ("referencePrice", self.reference_price, kind == Kind::PriceDifference),
        ];
        for (name, amount, needed) in amounts {
            amount_fits(name, amount, needed, found);
        }
        let times = [
            ("signedAt", self.signed_at, matches!(kind, Kind::NoReasonReturn | Kind::QualityReturn)),
            ("returnedAt", self.returned_at, kind == Kind::RefundLimit),
            ("demandedAt", self.demanded_at, kind == Kind::DeliberateDelay),
        ];
        for (name, time, needed) in times {
            if needed && time.is_none() {
                found.add(format!("facts.{name}"), "REQUIRED", "this calculation needs it");
            }
        }
        if self.impairment_bp > 10_000 {
            found.add("facts.impairmentBp", "OUT_OF_RANGE", "0 to 10,000 basis points");
        }
        self.check_currencies(kind, statutory, found);
    }

    /// One calculation is made in one currency, and what the law fixes as a sum is in its own.
    fn check_currencies(&self, kind: EntitlementKind, statutory: Currency, found: &mut Violations) {
        let all = [
            ("price", self.price),
            ("loss", self.loss),
            ("freight", self.freight),
            ("referencePrice", self.reference_price),
        ];
        let told = || all.iter().filter_map(|(name, amount)| amount.map(|amount| (name, amount.currency)));
        let fixed = matches!(kind, EntitlementKind::Fraud3x | EntitlementKind::Food10x).then_some(statutory);
        let Some(expected) = fixed.or_else(|| told().next().map(|(_, currency)| currency)) else { return };
        for (name, _) in told().filter(|(_, currency)| *currency != expected) {
            found.add(format!("facts.{name}.currency"), "WRONG_CURRENCY", format!("{expected} is expected"));
        }
    }
}

fn amount_fits(name: &str, amount: Option<Money>, needed: bool, found: &mut Violations) {
    match amount {
        None if needed => found.add(format!("facts.{name}"), "REQUIRED", "this calculation needs it"),
        Some(amount) if !(0..=LARGEST_AMOUNT).contains(&amount.amount_minor) => {
            found.add(
                format!("facts.{name}.amountMinor"),
                "OUT_OF_RANGE",
                "0 to 10^12 minor units are expected",
            );
        }
        _ => {}
    }
}
