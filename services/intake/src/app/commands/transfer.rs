//! T37, T38: another unit takes over, a higher level is called in.

use jiff::Timestamp;
use redress_domain::Violations;
use redress_proto::intake::v1::{EscalateComplaintRequest, EscalationReason, TransferComplaintRequest};

use super::{CaseCommand, Effects, Situation, read};
use crate::domain::lifecycle::Command;
use crate::error::Error;

impl CaseCommand for TransferComplaintRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::code("unit", &self.unit, found);
    }

    fn effects(&self, _: &Situation<'_>) -> Result<Effects, Error> {
        Ok(Effects::step(Command::Transfer {
            unit: read::checked(self.unit.parse().ok())?,
            acknowledged: self.acknowledged,
            complainant_told: self.complainant_told,
        }))
    }
}

impl CaseCommand for EscalateComplaintRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::chosen("reason", self.reason() != EscalationReason::Unspecified, found);
    }

    fn effects(&self, _: &Situation<'_>) -> Result<Effects, Error> {
        Ok(Effects::step(Command::Escalate {
            reason: read::checked(read::member(self.reason().as_str_name(), "ESCALATION_REASON_"))?,
            to: None,
        }))
    }
}
