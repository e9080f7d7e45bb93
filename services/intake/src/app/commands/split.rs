//! T39: a matter found in a complaint goes on as a complaint of its own (L01, L10).
//!
//! That one is submitted before, as every complaint is: it is sealed under a key of its own, registered by the log, and has
//! its clocks from its registration. Making it here was refused: two ways to become a complaint are one too many.

use jiff::Timestamp;
use redress_domain::{Matter, Violations};
use redress_proto::intake::v1::SplitMatterRequest;
use redress_proto::types::v1 as types;

use super::{CaseCommand, Effects, Situation, read};
use crate::domain::lifecycle::{Code, Command};
use crate::error::Error;

impl CaseCommand for SplitMatterRequest {
    fn other(&self) -> Option<&str> {
        Some(&self.new_complaint_id)
    }

    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::complaint("newComplaintId", &self.new_complaint_id, found);
        read::chosen("matter", self.matter() != types::Matter::Unspecified, found);
        read::code("label", &self.label, found);
    }

    fn effects(&self, situation: &Situation<'_>) -> Result<Effects, Error> {
        let child = read::checked(situation.other)?.id;
        let label: Code = read::checked(self.label.parse().ok())?;
        Ok(Effects {
            label: Some((child, label.clone())),
            ..Effects::step(Command::SplitMatter {
                child,
                matter: read::checked(Matter::try_from(self.matter()).ok())?,
                label: Some(label),
                // It is registered, and registration starts them.
                own_clocks: true,
            })
        })
    }
}
