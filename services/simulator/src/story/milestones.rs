//! What handlers do outside of the services, and record with sla when it is done: they contain what is urgent, tell the data
//! protection officer of a leak, and ask after a closed case whether the matter stays solved.

use anyhow::Context as _;
use redress_proto::intake::v1::{Complaint, GetComplaintRequest};
use redress_proto::sla::v1::{MilestoneKind, RecordMilestoneRequest};
use redress_proto::types::v1::Category;

use super::patience::insist;
use super::steps::Case;

/// Something that is recorded, and the clock that it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Milestone {
    kind: MilestoneKind,
    meets: &'static str,
}

const CONTAINED: Milestone = Milestone { kind: MilestoneKind::MeasureTaken, meets: "C17" };
const DPO_INFORMED: Milestone = Milestone { kind: MilestoneKind::DpoInformed, meets: "C34" };
const REVISITED: Milestone = Milestone { kind: MilestoneKind::RevisitDone, meets: "C29" };

impl Case<'_> {
    /// What cannot wait for the investigation is done before it. Whether anything cannot, intake shows the handler: sla is not
    /// asked, so that its clocks can be held against what was done.
    pub(super) async fn contain(&self) -> anyhow::Result<()> {
        let request = GetComplaintRequest { complaint_id: self.id.clone(), ..Default::default() };
        let handler = &self.staff.handler;
        let seen = insist!(self.stage, "look at the case", handler.intake().get_complaint(request.clone()));
        for milestone in called_for(&seen.complaint.context("an answer without a complaint")?) {
            self.record(milestone).await?;
        }
        Ok(())
    }

    /// The closed case is looked into once more.
    pub(super) async fn revisit(&self) -> anyhow::Result<()> {
        self.record(REVISITED).await
    }

    async fn record(&self, Milestone { kind, meets }: Milestone) -> anyhow::Result<()> {
        let done = RecordMilestoneRequest {
            request_id: format!("{kind:?}-{}", self.id),
            complaint_id: self.id.clone(),
            kind: kind.into(),
            ..Default::default()
        };
        let handler = &self.staff.handler;
        insist!(self.stage, "record a milestone", handler.sla().record_milestone(done.clone()));
        self.keeps(meets);
        Ok(())
    }
}

/// What a case of this kind asks for at once.
fn called_for(complaint: &Complaint) -> Vec<Milestone> {
    let leak = complaint.category() == Category::Cq08;
    let asked = [(complaint.urgent, CONTAINED), (leak, DPO_INFORMED)];
    asked.into_iter().filter(|(holds, _)| *holds).map(|(_, milestone)| milestone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_urgent_is_contained_and_the_officer_is_told_of_a_leak_urgent_or_not() {
        let of = |urgent, category: Category| {
            called_for(&Complaint { urgent, category: category.into(), ..Default::default() })
        };
        assert_eq!(of(false, Category::Cq01), []);
        assert_eq!(of(true, Category::Cq01), [CONTAINED]);
        assert_eq!(of(false, Category::Cq08), [DPO_INFORMED]);
        assert_eq!(of(true, Category::Cq08), [CONTAINED, DPO_INFORMED]);
    }
}
