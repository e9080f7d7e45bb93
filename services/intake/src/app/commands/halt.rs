//! T35: a case stands still for a formal reason, and goes on where it stood.

use jiff::Timestamp;
use jiff::civil::Date;
use redress_domain::Violations;
use redress_proto::intake::v1::{ResumeCaseRequest, SuspendCaseRequest, SuspensionReason};

use super::{CaseCommand, Effects, Situation, read};
use crate::domain::lifecycle::Command;
use crate::error::Error;

impl CaseCommand for SuspendCaseRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::chosen("reason", self.reason() != SuspensionReason::Unspecified, found);
        read::person("second", &self.second, found);
        if self.review_on.is_empty() {
            read::chosen("reviewOn", false, found);
        } else if self.review_on.parse::<Date>().is_err() {
            found.add_unless_known("reviewOn", "MALFORMED", "a day as YYYY-MM-DD is expected");
        }
    }

    fn effects(&self, _: &Situation<'_>) -> Result<Effects, Error> {
        Ok(Effects::step(Command::Suspend {
            reason: read::checked(read::member(self.reason().as_str_name(), "SUSPENSION_REASON_"))?,
            second: self.second.clone(),
            review_on: read::checked(self.review_on.parse().ok())?,
        }))
    }
}

impl CaseCommand for ResumeCaseRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::person("second", &self.second, found);
    }

    fn effects(&self, _: &Situation<'_>) -> Result<Effects, Error> {
        Ok(Effects::step(Command::Resume { second: self.second.clone() }))
    }
}
