//! T30: the complainant takes the complaint back.

use redress_domain::{Principal, Problem, Violations};
use redress_proto::intake::v1 as wire;

use super::{Commands, Effects, Target, content};
use crate::app::accept::name_of_call;
use crate::domain::lifecycle::{Command, GroupConsent, SafetyLead};
use crate::error::Error;
use crate::store::note::Kind;

/// Longest reason, in characters.
const REASON_MAX: usize = 2_000;

impl Commands {
    /// Withdraws a complaint. `found` holds what was wrong with the request before its rules were checked.
    pub async fn withdraw(
        &self,
        caller: &Principal,
        request: wire::WithdrawComplaintRequest,
        mut found: Violations,
    ) -> Result<wire::Complaint, Error> {
        name_of_call(&request.request_id, &mut found);
        if request.reason.chars().nth(REASON_MAX).is_some() {
            found.add("reason", "TOO_LONG", format!("at most {REASON_MAX} characters"));
        }
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        let content =
            content(&wire::WithdrawComplaintRequest { request_id: String::new(), ..request.clone() });
        let target = Target {
            request_id: &request.request_id,
            complaint_id: &request.complaint_id,
            expected_version: request.expected_version,
            content,
        };
        let reason = Some(request.reason.clone()).filter(|reason| !reason.trim().is_empty());
        let decide = move |_: &super::Situation<'_>| {
            // Joint complaints and safety leads come with their own calls; until then neither can exist.
            let step = Command::Withdraw { consent: GroupConsent::NotJoint, safety_lead: SafetyLead::None };
            let note = reason.clone().map(|reason| (Kind::WithdrawalReason, reason));
            Ok(Effects { steps: vec![step], note, ..Effects::default() })
        };
        self.run(caller, target, Box::new(decide)).await
    }
}
