//! T33, T34: an outside body has the case, and has answered.

use jiff::Timestamp;
use redress_domain::Violations;
use redress_proto::intake::v1::{RecordReferralOutcomeRequest, ReferExternallyRequest, ReferralOutcome};

use super::{CaseCommand, Effects, Situation, read};
use crate::domain::lifecycle::{Closing, Command, ReferralResult};
use crate::error::Error;

impl CaseCommand for ReferExternallyRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::code("body", &self.body, found);
    }

    fn effects(&self, _: &Situation<'_>) -> Result<Effects, Error> {
        let body = read::checked(self.body.parse().ok())?;
        Ok(Effects::step(Command::Refer { body, consent_to_share: self.consent_to_share }))
    }
}

impl CaseCommand for RecordReferralOutcomeRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::chosen("outcome", self.outcome() != ReferralOutcome::Unspecified, found);
        if !matches!(self.outcome(), ReferralOutcome::Unspecified | ReferralOutcome::Remedy) {
            read::code("cause", &self.cause, found);
        }
    }

    fn effects(&self, _: &Situation<'_>) -> Result<Effects, Error> {
        let result = match self.outcome() {
            ReferralOutcome::Remedy => ReferralResult::Remedy,
            ended => {
                let outcome = read::checked(read::member(ended.as_str_name(), "REFERRAL_OUTCOME_"))?;
                let cause = read::checked(self.cause.parse().ok())?;
                ReferralResult::Over { closing: Some(Closing { outcome, cause }) }
            }
        };
        Ok(Effects::step(Command::RecordOutcome(result)))
    }
}
