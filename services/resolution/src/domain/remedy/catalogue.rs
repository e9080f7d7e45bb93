//! What each remedy of the catalogue is like (domain.md §4).

use redress_domain::coded_enum;

use crate::domain::terms::{Measure, RemedyType};

coded_enum! {
    /// To which group a remedy belongs.
    Group {
        /// Money.
        Money = "money",
        /// Goods.
        Goods = "goods",
        /// Coupons, points, days of membership.
        Credit = "credit",
        /// Apology and explanation.
        Moral = "moral",
        /// Account and personal data.
        Account = "account",
        /// For a merchant.
        Merchant = "merchant",
        /// So that it does not happen again.
        Systemic = "systemic",
    }
}

/// What a type of remedy is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Its group.
    pub group: Group,
    /// Whether a machine of the platform carries it out; otherwise a person confirms it with proof.
    pub by_machine: bool,
    /// Whether it can be taken back once done.
    pub reversible: bool,
    /// Within how many days it is due unless its terms say otherwise (C19).
    pub due_days: u32,
}

impl RemedyType {
    /// What it is like. Money is due within the law's seven days (L42); the rest is our choice: calendar days, for the
    /// working days of a calendar are sla's to count, and long enough that a weekend fits in.
    pub const fn profile(self) -> Profile {
        let (group, due_days) = self.group_and_days();
        // What is measured can be moved, and moved back, by a machine; a deed is done or not.
        let measured = !matches!(self.measure(), Measure::Deed);
        Profile { group, by_machine: measured, reversible: measured, due_days }
    }

    const fn group_and_days(self) -> (Group, u32) {
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
            | Self::PlatformAdvancePayment => (Group::Money, 7),
            Self::Exchange | Self::Resend | Self::CompleteMissing => (Group::Goods, 5),
            Self::Repair => (Group::Goods, 30),
            Self::Coupon | Self::Points | Self::MembershipDays => (Group::Credit, 3),
            Self::ApologyWritten | Self::ApologyPublic | Self::Explanation => (Group::Moral, 7),
            Self::RestoreAccount | Self::ReverseCharge | Self::StopProcessing => (Group::Account, 3),
            Self::DataCorrection => (Group::Account, 15),
            Self::RevokeSanction | Self::ReducePenalty | Self::RestoreListing => (Group::Merchant, 3),
            Self::FeeReturn | Self::ContractClarification => (Group::Merchant, 7),
            Self::PageCorrection | Self::LiveWordingCorrection => (Group::Systemic, 3),
            Self::SupplierRectification | Self::CarrierClaim | Self::RecallLead | Self::RuleChange => {
                (Group::Systemic, 30)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_due_within_the_laws_seven_days_and_is_moved_by_a_machine() {
        for &kind in RemedyType::ALL {
            let profile = kind.profile();
            assert!((1..=60).contains(&profile.due_days), "{kind}");
            if kind.measure() == Measure::Money {
                assert!(profile.due_days <= 7 && profile.by_machine && profile.reversible, "{kind}");
            }
            if kind.measure() == Measure::Deed {
                assert!(!profile.by_machine && !profile.reversible, "{kind}");
            }
        }
    }
}
