//! The task group that a major case needs before it is opened (F057).

use async_trait::async_trait;
use redress_domain::{Principal, Violations};
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;

use super::change::{Change, Command};
use super::{Desk, code, fits, follow, subject};
use crate::domain::Refusal;
use crate::domain::case::{State, TaskGroup};
use crate::domain::conflict::is_recused;
use crate::domain::timeline::Visibility;
use crate::error::Error;

/// A group has so many members at most.
const MEMBERS: usize = 30;

struct Form {
    group: TaskGroup,
}

/// Forms a task group, or another in its place.
pub async fn form(
    desk: &Desk,
    principal: &Principal,
    request: wire::FormTaskGroupRequest,
) -> Result<(), Error> {
    let asked = request.task_group.clone().unwrap_or_default();
    let mut found = Violations::default();
    if asked.lead.is_empty() {
        found.add("taskGroup.lead", "REQUIRED", "a group has a lead");
    }
    subject(&mut found, "taskGroup.lead", &asked.lead);
    code(&mut found, "taskGroup.department", &asked.department);
    if asked.members.len() > MEMBERS {
        found.add("taskGroup.members", "TOO_MANY", format!("at most {MEMBERS}"));
    }
    for (index, member) in asked.members.iter().enumerate().take(MEMBERS) {
        if member.is_empty() {
            found.add(format!("taskGroup.members[{index}]"), "REQUIRED", "a member is somebody");
        }
        subject(&mut found, format!("taskGroup.members[{index}]"), member);
    }
    fits(found)?;
    let mut members = asked.members;
    if !members.contains(&asked.lead) {
        members.push(asked.lead.clone());
    }
    members.sort_unstable();
    members.dedup();
    let caller = desk.caller(principal).await?;
    let content = wire::FormTaskGroupRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let group = TaskGroup { lead: asked.lead, department: asked.department, members };
    desk.change(&caller, target, Form { group }).await?;
    Ok(())
}

#[async_trait]
impl Command for Form {
    const NAME: &'static str = "form_task_group";

    fn admits(&self, standing: &super::standing::Standing) -> bool {
        standing.supervisor
    }

    async fn decide(&self, _: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let case = &mut change.telling.file.case;
        if !matches!(case.state, State::NotOpened | State::Open) {
            return Err(Refusal::GroupTooLate.into());
        }
        if self.group.members.iter().any(|member| is_recused(&change.conflicts, member)) {
            return Err(Refusal::NamedIsRecused.into());
        }
        case.group = self.group.clone();
        if case.handler.is_empty() {
            case.handler.clone_from(&self.group.lead);
        }
        change.telling.tell(&wire::TaskGroupFormed { task_group: super::wire::group(&self.group) });
        change.telling.enter("task_group_formed", None, Visibility::Staff);
        // It was all that a major case waited for.
        if change.opens_by_itself() {
            follow::open(&mut change.telling, "accepted");
        }
        Ok(String::new())
    }
}
