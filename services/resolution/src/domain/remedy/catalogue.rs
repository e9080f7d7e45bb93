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
    /// Whether it gives back part of a price or fee: the invoice of the sale is then to be corrected. What makes good a
    /// loss changes no sale.
    pub corrects_invoice: bool,
}

impl RemedyType {
    /// What it is like. By when it is due says the policy of clock C19, unless its terms do.
    pub const fn profile(self) -> Profile {
        // What is measured can be moved, and moved back, by a machine; a deed is done or not.
        let measured = !matches!(self.measure(), Measure::Deed);
        let corrects_invoice = self.gives_back();
        Profile { group: self.group(), by_machine: measured, reversible: measured, corrects_invoice }
    }

    const fn gives_back(self) -> bool {
        matches!(
            self,
            Self::RefundOnly
                | Self::ReturnAndRefund
                | Self::PartialRefund
                | Self::PriceDifference
                | Self::ReverseCharge
                | Self::FeeReturn
        )
    }

    const fn group(self) -> Group {
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
            | Self::PlatformAdvancePayment => Group::Money,
            Self::Exchange | Self::Resend | Self::CompleteMissing | Self::Repair => Group::Goods,
            Self::Coupon | Self::Points | Self::MembershipDays => Group::Credit,
            Self::ApologyWritten | Self::ApologyPublic | Self::Explanation => Group::Moral,
            Self::RestoreAccount | Self::ReverseCharge | Self::StopProcessing | Self::DataCorrection => {
                Group::Account
            }
            Self::RevokeSanction
            | Self::ReducePenalty
            | Self::RestoreListing
            | Self::FeeReturn
            | Self::ContractClarification => Group::Merchant,
            Self::PageCorrection
            | Self::LiveWordingCorrection
            | Self::SupplierRectification
            | Self::CarrierClaim
            | Self::RecallLead
            | Self::RuleChange => Group::Systemic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_is_moved_by_a_machine_and_a_deed_is_done_by_people() {
        for &kind in RemedyType::ALL {
            let profile = kind.profile();
            let measured = kind.measure() != Measure::Deed;
            assert_eq!((profile.by_machine, profile.reversible), (measured, measured), "{kind}");
            assert!(!profile.corrects_invoice || kind.measure() == Measure::Money, "{kind}");
        }
    }
}
