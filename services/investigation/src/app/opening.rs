//! Opening by hand, and planning what is open (T12).

use async_trait::async_trait;
use redress_domain::{Principal, Problem, Violations};
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::change::{Change, Command};
use super::words::{field, seal};
use super::{Desk, code, fits, follow, made_id, subject, text};
use crate::app::wire::read_time;
use crate::domain::case::State;
use crate::domain::conflict::is_recused;
use crate::domain::timeline::Visibility;
use crate::domain::{Refusal, opening};
use crate::error::Error;
use crate::store::task::{self, Task};

/// A plan has so many characters at most.
const PLAN: usize = 10_000;
/// Points and tasks of one call.
const POINTS: usize = 30;
const TASKS: usize = 50;

struct Open {
    handler: String,
    plan: Vec<u8>,
    issues: Vec<String>,
    dropped: Vec<String>,
    tasks: Vec<Task>,
}

/// Opens an investigation, or plans one that is open.
pub async fn open(
    desk: &Desk,
    principal: &Principal,
    request: wire::OpenInvestigationRequest,
) -> Result<(), Error> {
    let tasks = read(principal, &request)?;
    let caller = desk.caller(principal).await?;
    let content = wire::OpenInvestigationRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let (file, _) = desk.look(&caller, target.complaint).await?;
    let place = (&file.tenant, file.id);
    let plan = seal(&desk.vault, place, &file.wrapped_key, field::PLAN, request.plan.as_bytes()).await?;
    let command = Open {
        handler: request.handler,
        plan,
        issues: request.issues,
        dropped: request.dropped_issues,
        tasks,
    };
    desk.change(&caller, target, command).await?;
    Ok(())
}

fn read(principal: &Principal, request: &wire::OpenInvestigationRequest) -> Result<Vec<Task>, Problem> {
    let mut found = Violations::default();
    subject(&mut found, "handler", &request.handler);
    text(&mut found, "plan", &request.plan, PLAN, false);
    for (field, issues) in [("issues", &request.issues), ("droppedIssues", &request.dropped_issues)] {
        if issues.len() > POINTS {
            found.add(field, "TOO_MANY", format!("at most {POINTS}"));
        }
        for (index, issue) in issues.iter().enumerate().take(POINTS) {
            code(&mut found, format!("{field}[{index}]"), issue);
        }
    }
    if request.tasks.len() > TASKS {
        found.add("tasks", "TOO_MANY", format!("at most {TASKS}"));
    }
    let mut tasks = Vec::new();
    for (index, asked) in request.tasks.iter().enumerate().take(TASKS) {
        code(&mut found, format!("tasks[{index}].kind"), &asked.kind);
        subject(&mut found, format!("tasks[{index}].assignee"), &asked.assignee);
        tasks.push(Task {
            id: made_id(&format!("task/{index}"), principal, &request.request_id),
            kind: asked.kind.clone(),
            assignee: asked.assignee.clone(),
            due_at: read_time(&mut found, "tasks.dueAt", asked.due_at.as_ref()),
            done_at: None,
        });
    }
    fits(found)?;
    Ok(tasks)
}

#[async_trait]
impl Command for Open {
    const NAME: &'static str = "open_investigation";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let named = self.tasks.iter().map(|task| &task.assignee).chain([&self.handler]);
        if named.into_iter().any(|name| !name.is_empty() && is_recused(&change.conflicts, name)) {
            return Err(Refusal::NamedIsRecused.into());
        }
        let file = &mut change.telling.file;
        if !self.handler.is_empty() {
            file.case.handler.clone_from(&self.handler);
        } else if file.case.handler.is_empty() {
            file.case.handler.clone_from(&change.caller.subject);
        }
        if !self.plan.is_empty() {
            file.plan.clone_from(&self.plan);
        }
        if file.case.state == State::Open {
            file.case.require_open()?;
        } else {
            opening::may_open(&file.case)?;
            opening::group_stands(&file.case)?;
            if file.case.is_major() && file.plan.is_empty() {
                return Err(Refusal::PlanMissing.into());
            }
            follow::open(&mut change.telling, "by_hand");
        }
        let case = &mut change.telling.file.case;
        case.issues.retain(|issue| !self.dropped.contains(issue));
        for issue in &self.issues {
            if !case.issues.contains(issue) {
                case.issues.push(issue.clone());
            }
        }
        let place = (&change.telling.file.tenant, change.telling.file.id);
        task::insert(conn, place, &self.tasks, change.now).await?;
        change.telling.enter("investigation_planned", None, Visibility::Staff);
        Ok(String::new())
    }
}

struct Complete {
    task: Uuid,
}

/// Marks a task as done.
pub async fn complete_task(
    desk: &Desk,
    principal: &Principal,
    request: wire::CompleteTaskRequest,
) -> Result<(), Error> {
    let task = super::id(&request.task_id)?;
    let caller = desk.caller(principal).await?;
    let content = wire::CompleteTaskRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    desk.change(&caller, target, Complete { task }).await?;
    Ok(())
}

#[async_trait]
impl Command for Complete {
    const NAME: &'static str = "complete_task";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        change.telling.file.case.require_open()?;
        let place = (&change.telling.file.tenant, change.telling.file.id);
        if !task::complete(conn, place, self.task, change.now).await? {
            return Err(Refusal::TaskNotOpen.into());
        }
        change.telling.enter("task_completed", Some(self.task), Visibility::Staff);
        Ok(String::new())
    }
}
