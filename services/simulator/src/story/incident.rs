//! One live room has misled many: a supervisor confirms the incident, and one plan makes a proposal for every member, each
//! with the amount of their own order.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use redress_proto::classification::v1 as cls;
use redress_proto::resolution::v1 as res;
use tokio::sync::watch;

use super::agreement::option;
use super::patience::{Patience, insist};
use super::steps::{Answers, Case};

/// Where the members of the room wait for each other, and for the plan.
pub(super) struct Room {
    ready: Mutex<Ready>,
    /// Of the members that have a proposal, by their complaints; none until it was planned.
    plan: watch::Sender<Option<BTreeMap<String, String>>>,
}

struct Ready {
    awaited: usize,
    options: BTreeMap<String, res::ProposalOption>,
}

/// Fewer complaints about one room are no incident, by classification's own count.
const LEAST: usize = 20;

impl Room {
    pub(super) fn of(members: usize) -> Self {
        let ready = Ready { awaited: members, options: BTreeMap::new() };
        let alone = (members < LEAST).then(BTreeMap::new);
        Self { ready: Mutex::new(ready), plan: watch::Sender::new(alone) }
    }

    /// One member is ready for the plan; gives everybody's options to the last.
    fn enter(&self, id: &str, option: res::ProposalOption) -> Option<BTreeMap<String, res::ProposalOption>> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.options.insert(id.to_owned(), option);
        (ready.options.len() >= ready.awaited).then(|| ready.options.clone())
    }

    #[cfg(test)]
    pub(super) fn waits(&self) -> bool {
        self.plan.borrow().is_none()
    }

    /// One member is not waited for any more. If it was the last that was awaited, the others plan for themselves.
    pub(super) fn leave(&self) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.awaited = ready.awaited.saturating_sub(1);
        if ready.options.len() >= ready.awaited {
            self.plan.send_if_modified(|plan| plan.is_none() && plan.insert(BTreeMap::new()).is_empty());
        }
    }
}

impl Case<'_> {
    pub(super) async fn is_one_of_many(&self) -> anyhow::Result<()> {
        self.take_up().await?;
        self.contain().await?;
        let evidence = self.gather(Answers::AtOnce).await?;
        self.find_out(&evidence).await?;
        let owed = self.refund();
        self.determine(&owed).await?;
        let proposal = match self.planned(option(&owed)).await? {
            Some(proposal) => proposal,
            // Not every complaint of the room is taken for one of the incident.
            None => self.draft(&owed).await?,
        };
        self.review_and_send(&proposal).await?;
        self.accept(&owed, &proposal, true).await?;
        self.is_content().await
    }

    /// The proposal by the plan for all, once it is made: by whoever comes last.
    async fn planned(&self, option: res::ProposalOption) -> anyhow::Result<Option<String>> {
        let room = &self.stage.room;
        if room.plan.borrow().is_some() {
            return Ok(None);
        }
        if let Some(options) = room.enter(&self.id, option) {
            let plan = self.plan_for_all(options).await;
            // The others go on, whatever came of it.
            room.plan.send_replace(Some(plan.as_ref().cloned().unwrap_or_default()));
            return Ok(plan?.remove(&self.id));
        }
        let mut plan = room.plan.subscribe();
        // Members come one after the other; each has its own patience for its own steps.
        let waited = tokio::time::timeout(self.stage.patience * 3, plan.wait_for(Option::is_some)).await;
        let plan = waited.context("nobody planned for the room")??;
        Ok(plan.as_ref().and_then(|plan| plan.get(&self.id).cloned()))
    }

    async fn plan_for_all(
        &self,
        options: BTreeMap<String, res::ProposalOption>,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let incident = self.confirmed_incident().await?;
        let general = options.get(&self.id).cloned().into_iter().collect();
        let members = options
            .into_iter()
            .map(|(complaint_id, option)| res::MemberPlan { complaint_id, options: vec![option] });
        let plan = res::PlanForIncidentRequest {
            request_id: format!("plan-{incident}"),
            incident_id: incident.clone(),
            options: general,
            full_basis: "同一直播间的同一说法，统一处理，各按本人订单金额。".into(),
            members: members.collect(),
        };
        let mediator = &self.staff.mediator;
        let answer = insist!(
            self.stage,
            "plan for the incident",
            mediator.resolution().plan_for_incident(plan.clone())
        );
        let mut proposals = BTreeMap::new();
        for complaint in answer.planned {
            let request = res::GetResolutionRequest { complaint_id: complaint.clone() };
            let seen = insist!(
                self.stage,
                "look at a member's plan",
                mediator.resolution().get_resolution(request.clone())
            );
            let found = seen.resolution.map(|resolution| resolution.proposals).unwrap_or_default();
            let of_incident = found.iter().find(|proposal| proposal.incident_id == incident);
            proposals.insert(complaint, of_incident.context("no proposal of the plan")?.proposal_id.clone());
        }
        let count = proposals.len() as u64;
        self.stage.ledger.note(|book| book.planned_together += count);
        Ok(proposals)
    }

    /// The incident of the room, once it is suspected; confirmed.
    async fn confirmed_incident(&self) -> anyhow::Result<String> {
        let mut patience = Patience::new("see the incident", self.stage.patience);
        let suspected = loop {
            let question = cls::ListIncidentsRequest { page_size: 100, ..Default::default() };
            let seen = insist!(
                self.stage,
                "look for incidents",
                self.staff.incidents.clone().list_incidents(question.clone())
            );
            if let Some(found) = of_room(&seen.incidents, &self.parties.room) {
                break found.clone();
            }
            patience.look_again(&seen.incidents.len()).await?;
        };
        let (state, suspected) = (suspected.state(), suspected.incident_id);
        if state == cls::IncidentState::Suspected {
            let confirm = cls::ConfirmIncidentRequest {
                request_id: format!("confirm-{suspected}"),
                incident_id: suspected.clone(),
                ..Default::default()
            };
            insist!(
                self.stage,
                "confirm the incident",
                self.staff.incidents.clone().confirm_incident(confirm.clone())
            );
        }
        let tenant = self.staff.tenant.to_string();
        self.stage.ledger.note(|book| {
            book.incidents_confirmed.insert((tenant, suspected.clone()));
        });
        Ok(suspected)
    }
}

/// The incident of a live room that was not dissolved; of several, for each category has its own, the largest.
fn of_room<'a>(incidents: &'a [cls::Incident], room: &str) -> Option<&'a cls::Incident> {
    let here = |one: &&cls::Incident| {
        let open = matches!(one.state(), cls::IncidentState::Suspected | cls::IncidentState::Confirmed);
        open && one.dimension() == cls::IncidentDimension::LiveRoom && one.subject == room
    };
    incidents.iter().filter(here).max_by_key(|one| one.members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incident_that_is_confirmed_is_the_rooms_own_and_none_that_is_larger_elsewhere() {
        let incident = |dimension: cls::IncidentDimension, subject: &str, members| cls::Incident {
            incident_id: format!("{subject}-{members}"),
            dimension: dimension.into(),
            subject: subject.into(),
            members,
            state: cls::IncidentState::Suspected.into(),
            ..Default::default()
        };
        let room = cls::IncidentDimension::LiveRoom;
        let dissolved =
            cls::Incident { state: cls::IncidentState::Dissolved.into(), ..incident(room, "room-1", 99) };
        let all = [
            incident(room, "room-2", 90),
            incident(cls::IncidentDimension::Anchor, "room-1", 80),
            dissolved,
            incident(room, "room-1", 21),
            incident(room, "room-1", 30),
        ];
        assert_eq!(of_room(&all, "room-1").unwrap().incident_id, "room-1-30");
        assert!(of_room(&all, "room-3").is_none());
    }

    fn option() -> res::ProposalOption {
        res::ProposalOption::default()
    }

    #[test]
    fn the_last_to_come_plans_for_all() {
        let room = Room::of(LEAST);
        for n in 1..LEAST {
            assert!(room.enter(&n.to_string(), option()).is_none());
        }
        assert!(room.plan.borrow().is_none(), "the others wait");
        assert_eq!(room.enter("last", option()).unwrap().len(), LEAST);
    }

    #[test]
    fn nobody_waits_for_who_has_left_and_too_few_wait_for_nobody() {
        let room = Room::of(LEAST);
        for n in 1..LEAST {
            assert!(room.enter(&n.to_string(), option()).is_none());
        }
        room.leave();
        assert!(room.plan.borrow().is_some(), "the others plan for themselves");
        assert!(Room::of(LEAST - 1).plan.borrow().is_some());
    }
}
