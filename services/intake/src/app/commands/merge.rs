//! T31, T32: a complaint is handled within another, and stands alone again.

use jiff::Timestamp;
use redress_domain::Violations;
use redress_proto::intake::v1::{MergeComplaintsRequest, UnmergeComplaintRequest};

use super::{CaseCommand, Effects, Situation, read};
use crate::domain::lifecycle::{Capacity, Command, MergeBasis, MergeTarget};
use crate::error::Error;
use crate::store::complaint::Complaint;

impl CaseCommand for MergeComplaintsRequest {
    fn other(&self) -> Option<&str> {
        Some(&self.into_complaint_id)
    }

    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::complaint("intoComplaintId", &self.into_complaint_id, found);
    }

    fn effects(&self, situation: &Situation<'_>) -> Result<Effects, Error> {
        let (complaint, into) = (situation.complaint, read::checked(situation.other)?);
        let basis = match (same_complainant(complaint, into), self.complainants_consented) {
            (true, _) => MergeBasis::SameComplainant,
            (false, true) => MergeBasis::Consent,
            (false, false) => MergeBasis::None,
        };
        Ok(Effects::step(Command::Merge(MergeTarget {
            complaint: into.id,
            open: into.lifecycle.state().kind().is_open(),
            basis,
            labels_compatible: complaint.label == into.label,
        })))
    }
}

/// Whether the same person is known to have brought both in.
fn same_complainant(one: &Complaint, other: &Complaint) -> bool {
    let named = !one.complainant_index.is_empty() && one.complainant_index == other.complainant_index;
    let own = |complaint: &Complaint| complaint.submitted_as == Capacity::Complainant;
    named || (own(one) && own(other) && one.submitted_by == other.submitted_by)
}

impl CaseCommand for UnmergeComplaintRequest {
    fn check(&self, _: Timestamp, found: &mut Violations) {
        read::code("reason", &self.reason, found);
    }

    fn effects(&self, _: &Situation<'_>) -> Result<Effects, Error> {
        let reason = read::checked(self.reason.parse().ok())?;
        Ok(Effects::step(Command::Unmerge { reason }))
    }
}
