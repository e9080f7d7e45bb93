//! What is to be done: the terms of a remedy, as an option offers them, a settlement fixes them or a ruling orders them.

use redress_domain::{Money, Violations, coded_enum};
use serde::{Deserialize, Serialize};

use super::party::{LiableParty, PartyRef};
use super::text::is_rule_ref;

coded_enum! {
    /// The catalogue of remedies (domain.md §4). What each is like tells `domain::remedy`.
    RemedyType {
        /// Refund, the goods stay (仅退款).
        RefundOnly = "refund_only",
        /// Refund against return (退货退款).
        ReturnAndRefund = "return_and_refund",
        /// Part of the price back.
        PartialRefund = "partial_refund",
        /// Difference of price back.
        PriceDifference = "price_difference",
        /// Freight back.
        Freight = "freight",
        /// Triple statutory compensation (L44).
        Compensation3x = "compensation_3x",
        /// Tenfold statutory compensation (L45).
        Compensation10x = "compensation_10x",
        /// Statutory minimum compensation (L44, L45).
        CompensationMinimum = "compensation_minimum",
        /// Compensation as agreed.
        CompensationAgreed = "compensation_agreed",
        /// The platform pays first and has recourse (L43).
        PlatformAdvancePayment = "platform_advance_payment",
        /// Exchange of the goods.
        Exchange = "exchange",
        /// Repair.
        Repair = "repair",
        /// Send again.
        Resend = "resend",
        /// Send what is missing.
        CompleteMissing = "complete_missing",
        /// Coupon.
        Coupon = "coupon",
        /// Points.
        Points = "points",
        /// Days of membership.
        MembershipDays = "membership_days",
        /// Written apology.
        ApologyWritten = "apology_written",
        /// Public apology.
        ApologyPublic = "apology_public",
        /// Explanation.
        Explanation = "explanation",
        /// Account restored.
        RestoreAccount = "restore_account",
        /// A charge taken back.
        ReverseCharge = "reverse_charge",
        /// Personal data deleted or corrected.
        DataCorrection = "data_correction",
        /// Personal data no longer processed.
        StopProcessing = "stop_processing",
        /// A sanction revoked.
        RevokeSanction = "revoke_sanction",
        /// A penalty reduced.
        ReducePenalty = "reduce_penalty",
        /// A listing restored.
        RestoreListing = "restore_listing",
        /// A contract explained or clarified.
        ContractClarification = "contract_clarification",
        /// A fee returned.
        FeeReturn = "fee_return",
        /// The supplier puts the cause right.
        SupplierRectification = "supplier_rectification",
        /// A claim against the carrier.
        CarrierClaim = "carrier_claim",
        /// A page corrected.
        PageCorrection = "page_correction",
        /// Words in the live room corrected.
        LiveWordingCorrection = "live_wording_correction",
        /// A lead towards a recall.
        RecallLead = "recall_lead",
        /// A platform rule changed.
        RuleChange = "rule_change",
    }
}

/// In what a remedy is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// An amount of money.
    Money,
    /// Points or days.
    Units,
    /// Nothing: it is done or not.
    Deed,
}

impl RemedyType {
    /// In what it is measured.
    pub const fn measure(self) -> Measure {
        match self {
            Self::RefundOnly
            | Self::ReturnAndRefund
            | Self::PartialRefund
            | Self::PriceDifference
            | Self::Freight
            | Self::Compensation3x
            | Self::Compensation10x
            | Self::CompensationMinimum
            | Self::CompensationAgreed
            | Self::PlatformAdvancePayment
            | Self::Coupon
            | Self::ReverseCharge
            | Self::FeeReturn => Measure::Money,
            Self::Points | Self::MembershipDays => Measure::Units,
            _ => Measure::Deed,
        }
    }
}

coded_enum! {
    /// Why a merchant may be charged for a refund whose goods stay (L28).
    ChargeBasis {
        /// The merchant agrees: its acceptance of the option is the consent.
        MerchantConsent = "merchant_consent",
        /// An explicit rule or law, named beside.
        Rule = "rule",
    }
}

/// One remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemedyTerms {
    /// What.
    pub kind: RemedyType,
    /// How much, for money.
    pub amount: Option<Money>,
    /// How many points or days; 0 for the others.
    pub units: u32,
    /// Who bears it.
    pub payer: PartyRef,
    /// Whom it goes to.
    pub payee: PartyRef,
    /// Within how many days from its ordering; 0 leaves it to the policy of clock C19.
    pub due_days: u32,
    /// Why the merchant may be charged (L28).
    pub charge_basis: Option<ChargeBasis>,
    /// The rule of that basis, as rule@version; empty without.
    pub charge_rule: String,
}

/// The largest amount of one remedy, minor units: sums over a case can then never overflow.
pub const LARGEST_AMOUNT: i64 = 1_000_000_000_000;
/// The most points or days of one remedy.
const LARGEST_UNITS: u32 = 1_000_000;
/// The longest time for one remedy, days.
const LONGEST_DUE: u32 = 60;

impl RemedyTerms {
    /// Notes all that is wrong with the terms that stand at `field`.
    pub fn check(&self, field: &str, found: &mut Violations) {
        match (self.kind.measure(), &self.amount, self.units) {
            (Measure::Money, Some(amount), 0) if (1..=LARGEST_AMOUNT).contains(&amount.amount_minor) => {}
            (Measure::Money, Some(_), 0) => {
                found.add(format!("{field}.amount"), "OUT_OF_RANGE", "1 to 10^12 minor units are expected");
            }
            (Measure::Money, None, _) => {
                found.add(format!("{field}.amount"), "REQUIRED", "this remedy needs an amount");
            }
            (Measure::Units, None, 1..=LARGEST_UNITS) | (Measure::Deed, None, 0) => {}
            (Measure::Units, None, 1..) => {
                found.add(format!("{field}.units"), "OUT_OF_RANGE", "at most 1,000,000 units");
            }
            (Measure::Units, _, 0) => {
                found.add(format!("{field}.units"), "REQUIRED", "this remedy needs a number of units");
            }
            (Measure::Units | Measure::Deed, Some(_), _) => {
                found.add(format!("{field}.amount"), "NOT_ALLOWED", "this remedy is no money");
            }
            _ => found.add(format!("{field}.units"), "NOT_ALLOWED", "this remedy has no units"),
        }
        if self.due_days > LONGEST_DUE {
            found.add(format!("{field}.dueDays"), "OUT_OF_RANGE", "at most 60 days");
        }
        for (name, party) in [("payer", &self.payer), ("payee", &self.payee)] {
            if !party.party.is_somebody() {
                found.add(format!("{field}.{name}.party"), "NOT_ALLOWED", "nobody pays or is paid so");
            }
        }
        if self.payer == self.payee && self.kind.measure() == Measure::Money {
            found.add(format!("{field}.payee"), "SAME_AS_PAYER", "payer and payee are the same");
        }
        if self.charge_basis == Some(ChargeBasis::Rule) && !is_rule_ref(&self.charge_rule) {
            found.add(format!("{field}.chargeRule"), "REQUIRED", "the rule is to be named as rule@version");
        }
    }

    /// Whether it makes whoever sold pay for a refund whose goods stay (L28).
    pub fn is_forced_refund(&self) -> bool {
        self.kind == RemedyType::RefundOnly && self.is_charged_to_sellers()
    }

    /// Whether one of those pays who sell: the law protects a merchant from the platform's generosity, and with it whoever
    /// it sells through.
    pub const fn is_charged_to_sellers(&self) -> bool {
        matches!(
            self.payer.party,
            LiableParty::Merchant
                | LiableParty::LiveRoomOperator
                | LiableParty::Supplier
                | LiableParty::Anchor
                | LiableParty::Mcn
        )
    }
}

/// Sums of money per currency, in the order of their currencies.
pub fn sums(terms: &[RemedyTerms]) -> std::collections::BTreeMap<String, i64> {
    let mut sums = std::collections::BTreeMap::new();
    for amount in terms.iter().filter_map(|terms| terms.amount) {
        let sum: &mut i64 = sums.entry(amount.currency.to_string()).or_default();
        *sum = sum.saturating_add(amount.amount_minor);
    }
    sums
}

/// Whether more than one currency is named: an option is paid in one.
pub fn is_mixed(terms: &[RemedyTerms]) -> bool {
    sums(terms).len() > 1
}

#[cfg(test)]
pub(crate) mod tests;
