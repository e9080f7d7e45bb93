//! T30: the complainant takes the complaint back.

use jiff::Timestamp;
use redress_domain::Violations;
use redress_proto::intake::v1::WithdrawComplaintRequest;

use super::{CaseCommand, Effects, Situation};
use crate::domain::lifecycle::{Command, GroupConsent, SafetyLead};
use crate::error::Error;
use crate::store::note::Kind;

/// Longest reason, in characters.
const REASON_MAX: usize = 2_000;

impl CaseCommand for WithdrawComplaintRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        if self.reason.chars().nth(REASON_MAX).is_some() {
            found.add("reason", "TOO_LONG", format!("at most {REASON_MAX} characters"));
        }
    }

    fn effects(&self, _: &Situation<'_>) -> Result<Effects, Error> {
        let reason = Some(self.reason.clone()).filter(|reason| !reason.trim().is_empty());
        // Joint complaints and safety leads come with their own calls; until then neither can exist.
        let step = Command::Withdraw { consent: GroupConsent::NotJoint, safety_lead: SafetyLead::None };
        Ok(Effects { note: reason.map(|reason| (Kind::WithdrawalReason, reason)), ..Effects::step(step) })
    }
}
