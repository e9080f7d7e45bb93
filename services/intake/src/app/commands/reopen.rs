//! T36: a closed complaint comes back, as long as its file is kept.

use jiff::Timestamp;
use redress_domain::Violations;
use redress_proto::intake::v1::{ReopenComplaintRequest, ReopenGround};

use super::{CaseCommand, Effects, Situation, read};
use crate::domain::lifecycle::{Command, State};
use crate::error::Error;

impl CaseCommand for ReopenComplaintRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::chosen("ground", self.ground() != ReopenGround::Unspecified, found);
    }

    fn effects(&self, situation: &Situation<'_>) -> Result<Effects, Error> {
        let policy = situation.policy;
        // In any other state the lifecycle refuses, whatever the time.
        let closed_at = match situation.complaint.lifecycle.state() {
            State::Closed { closed_at, .. } => *closed_at,
            _ => situation.now,
        };
        Ok(Effects::step(Command::Reopen {
            ground: read::checked(read::member(self.ground().as_str_name(), "REOPEN_GROUND_"))?,
            retention_until: policy.window_end(closed_at, policy.retention_days),
        }))
    }
}
