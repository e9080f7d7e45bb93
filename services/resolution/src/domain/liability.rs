//! Who answers, and for how much of it.

use jiff::Timestamp;
use redress_domain::{DecidedBy, Violations, coded_enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::party::PartyRef;

coded_enum! {
    /// Where the cause lay (domain.md §4).
    Cause {
        /// The goods.
        Product = "product",
        /// Description or page.
        Description = "description",
        /// What was said in the live room.
        LiveWording = "live_wording",
        /// Packaging.
        Packaging = "packaging",
        /// Warehouse.
        Warehouse = "warehouse",
        /// Logistics.
        Logistics = "logistics",
        /// Payment.
        Payment = "payment",
        /// Account.
        Account = "account",
        /// How people were treated.
        ServiceAttitude = "service_attitude",
        /// How fast they were helped.
        ServiceSpeed = "service_speed",
        /// A rule of the platform.
        PlatformRule = "platform_rule",
        /// A system of the platform.
        PlatformSystem = "platform_system",
        /// The consumer used it otherwise than meant.
        ConsumerMisuse = "consumer_misuse",
        /// Somebody else.
        ThirdParty = "third_party",
        /// Unknown.
        Unknown = "unknown",
    }
}

/// The whole, in basis points (I11).
pub const WHOLE: u32 = 10_000;

/// One party's share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Whose.
    pub party: PartyRef,
    /// In basis points.
    pub basis_points: u32,
}

/// Who answers. A later determination takes the place of an earlier one; none is edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Determination {
    /// Its id.
    pub id: Uuid,
    /// The shares; they make the whole.
    pub shares: Vec<Share>,
    /// Where the cause lay.
    pub cause: Cause,
    /// The rules it rests on, as rule@version.
    pub rules: Vec<String>,
    /// Who decided.
    pub decider: String,
    /// What kind of decider.
    pub decided_by: DecidedBy,
    /// When.
    pub determined_at: Timestamp,
}

/// Notes what is wrong with shares: they make 10,000, nobody twice, and who is nobody takes the whole.
pub fn check_shares(shares: &[Share], found: &mut Violations) {
    if shares.is_empty() || shares.len() > 20 {
        found.add("shares", "OUT_OF_RANGE", "1 to 20 shares are expected");
        return;
    }
    let sum = shares.iter().fold(0_u64, |sum, share| sum + u64::from(share.basis_points));
    if sum != u64::from(WHOLE) {
        found.add("shares", "SHARES_NOT_WHOLE", "the shares make 10,000 basis points");
    }
    for (index, share) in shares.iter().enumerate() {
        if share.basis_points == 0 {
            found.add(format!("shares[{index}].basisPoints"), "OUT_OF_RANGE", "a share is above 0");
        }
        if shares[..index].iter().any(|earlier| earlier.party == share.party) {
            found.add(format!("shares[{index}].party"), "TWICE", "a party has one share");
        }
        if !share.party.party.is_somebody() && shares.len() > 1 {
            found.add(format!("shares[{index}].party"), "NOT_ALLOWED", "this finding takes the whole");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::party::LiableParty;

    fn share(party: LiableParty, reference: &str, basis_points: u32) -> Share {
        Share { party: PartyRef { party, reference: reference.into() }, basis_points }
    }

    fn reasons(shares: &[Share]) -> Vec<&'static str> {
        let mut found = Violations::default();
        check_shares(shares, &mut found);
        found.iter().map(|violation| violation.reason).collect()
    }

    #[test]
    fn a_party_has_one_share_and_who_is_nobody_takes_the_whole() {
        let merchant = || share(LiableParty::Merchant, "m", 5_000);
        assert_eq!(reasons(&[merchant(), merchant()]), ["TWICE"]);
        assert_eq!(reasons(&[merchant(), share(LiableParty::NoneFound, "", 5_000)]), ["NOT_ALLOWED"]);
        assert!(reasons(&[share(LiableParty::NoneFound, "", WHOLE)]).is_empty());
        assert_eq!(reasons(&[]), ["OUT_OF_RANGE"]);
    }

    proptest! {
        #[test]
        fn only_shares_that_make_the_whole_pass(parts in prop::collection::vec(1_u32..=u32::MAX, 1..=12)) {
            let shares: Vec<_> = parts
                .iter()
                .enumerate()
                .map(|(n, part)| share(LiableParty::Merchant, &n.to_string(), *part))
                .collect();
            let whole = parts.iter().map(|part| u64::from(*part)).sum::<u64>() == u64::from(WHOLE);
            prop_assert_eq!(reasons(&shares).is_empty(), whole);
        }

        #[test]
        fn any_cut_of_the_whole_passes(mut cuts in prop::collection::btree_set(1_u32..WHOLE, 0..=10)) {
            cuts.insert(WHOLE);
            let mut from = 0;
            let shares: Vec<_> = cuts
                .into_iter()
                .map(|to| { let part = to - from; from = to; share(LiableParty::Merchant, &to.to_string(), part) })
                .collect();
            prop_assert!(reasons(&shares).is_empty());
        }
    }
}
