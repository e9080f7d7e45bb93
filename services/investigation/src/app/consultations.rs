//! Asking another department, and its answer (F072).

use async_trait::async_trait;
use jiff::Timestamp;
use redress_domain::{Principal, Problem, Violations};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_vault::Purpose;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::change::{Change, Command};
use super::standing::Caller;
use super::telling::Telling;
use super::words::{Words, field, seal};
use super::{Desk, code, fits, id, made_id, subject, text};
use crate::domain::Refusal;
use crate::domain::conflict::is_recused;
use crate::domain::consultation::{Consultation, ConsultationState};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::{access, consultation};

const QUESTION: usize = 4_000;
const ANSWER: usize = 10_000;

type Shown = (wire::Consultation, u32);

struct Ask {
    id: Uuid,
    department: String,
    consulted: String,
    question: Vec<u8>,
    due_at: Timestamp,
}

/// Asks another department.
pub async fn ask(
    desk: &Desk,
    principal: &Principal,
    request: wire::RequestConsultationRequest,
) -> Result<Shown, Error> {
    let mut found = Violations::default();
    code(&mut found, "department", &request.department);
    if request.consulted.is_empty() {
        found.add("consulted", "REQUIRED", "somebody is asked");
    }
    subject(&mut found, "consulted", &request.consulted);
    text(&mut found, "question", &request.question, QUESTION, true);
    let due_at = super::wire::read_time(&mut found, "dueAt", request.due_at.as_ref());
    let Some(due_at) = due_at.filter(|at| *at > desk.now()) else {
        found.add_unless_known("dueAt", "OUT_OF_RANGE", "a time to come is expected");
        return Err(Problem::invalid(found).into());
    };
    fits(found)?;
    let caller = desk.caller(principal).await?;
    let content = wire::RequestConsultationRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let complaint = target.complaint;
    let (file, _) = desk.look(&caller, complaint).await?;
    let id = made_id("consultation", principal, &request.request_id);
    let place = (&file.tenant, file.id);
    let question =
        seal(&desk.vault, place, &file.wrapped_key, &field::question(id), request.question.as_bytes())
            .await?;
    let command = Ask { id, department: request.department, consulted: request.consulted, question, due_at };
    desk.change(&caller, target, command).await?;
    shown(desk, &caller, complaint, id).await
}

#[async_trait]
impl Command for Ask {
    const NAME: &'static str = "request_consultation";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        change.telling.file.case.require_open()?;
        if self.consulted == change.caller.subject {
            return Err(Refusal::ConsultsSelf.into());
        }
        if is_recused(&change.conflicts, &self.consulted) {
            return Err(Refusal::NamedIsRecused.into());
        }
        let requested = wire::ConsultationRequested {
            consultation_id: self.id.to_string(),
            department: self.department.clone(),
            due_at: Some(to_wire_time(self.due_at)),
        };
        let announced = change.telling.tell(&requested);
        change.telling.enter("consultation_requested", Some(self.id), Visibility::Restricted);
        let consultation = Consultation {
            id: self.id,
            round: change.telling.file.case.round,
            state: ConsultationState::Asked,
            department: self.department.clone(),
            consulted: self.consulted.clone(),
            asked_by: change.caller.subject.clone(),
            question: self.question.clone(),
            answer: Vec::new(),
            due_at: self.due_at,
            asked_at: change.now,
            ended_at: None,
            announced,
        };
        let (tenant, complaint) = change.place();
        consultation::save(conn, tenant, complaint, &consultation).await?;
        Ok(self.id.to_string())
    }
}

struct Answer {
    id: Uuid,
    answer: Vec<u8>,
}

/// Takes the answer of who was asked.
pub async fn answer(
    desk: &Desk,
    principal: &Principal,
    request: wire::AnswerConsultationRequest,
) -> Result<Shown, Error> {
    let mut found = Violations::default();
    text(&mut found, "answer", &request.answer, ANSWER, true);
    fits(found)?;
    let id = id(&request.consultation_id)?;
    let caller = desk.caller(principal).await?;
    let content = wire::AnswerConsultationRequest { request_id: String::new(), ..request.clone() };
    let target = desk.target(principal, &request.request_id, &request.complaint_id, 0, &content).await?;
    let complaint = target.complaint;
    let (file, _) = desk.look(&caller, complaint).await?;
    let place = (&file.tenant, file.id);
    let answer =
        seal(&desk.vault, place, &file.wrapped_key, &field::answer(id), request.answer.as_bytes()).await?;
    desk.change(&caller, target, Answer { id, answer }).await?;
    shown(desk, &caller, complaint, id).await
}

#[async_trait]
impl Command for Answer {
    const NAME: &'static str = "answer_consultation";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let (tenant, complaint) = change.place();
        let all = consultation::of_cases(conn, &[(tenant.clone(), complaint)]).await?;
        let (subject, supervisor) = (&change.caller.subject, change.standing.supervisor);
        let found = all.into_iter().map(|(.., consultation)| consultation).find(|c| c.id == self.id);
        // Whoever may not see it does not learn that it exists.
        let visible = found.filter(|c| c.is_visible_to(subject, supervisor, &change.telling.file.case));
        let mut consultation = visible.ok_or_else(Problem::not_found)?;
        consultation.take_answer(&change.caller.subject, self.answer.clone(), change.now)?;
        change
            .telling
            .tell(&wire::ConsultationAnswered { consultation_id: self.id.to_string(), cancelled: false });
        change.telling.enter("consultation_answered", Some(self.id), Visibility::Restricted);
        let (tenant, complaint) = change.place();
        consultation::save(conn, tenant, complaint, &consultation).await?;
        Ok(self.id.to_string())
    }
}

/// Asks a consultation no more and tells of it. Whether it was open.
pub(super) fn cancel(telling: &mut Telling, consultation: &mut Consultation) -> bool {
    if !consultation.cancel(telling.origin.occurred_at) {
        return false;
    }
    telling
        .tell(&wire::ConsultationAnswered { consultation_id: consultation.id.to_string(), cancelled: true });
    telling.enter("consultation_cancelled", Some(consultation.id), Visibility::Restricted);
    true
}

async fn shown(desk: &Desk, caller: &Caller, complaint: Uuid, id: Uuid) -> Result<Shown, Error> {
    let (file, standing) = desk.look(caller, complaint).await?;
    let mut conn = desk.db.pool().acquire().await?;
    let all = consultation::of_cases(&mut conn, &[(file.tenant.clone(), file.id)]).await?;
    let subject = &caller.principal.subject;
    let visible = |c: &&Consultation| c.id == id && c.is_visible_to(subject, standing.supervisor, &file.case);
    let found =
        all.iter().map(|(.., consultation)| consultation).find(visible).ok_or_else(Problem::not_found)?;
    access::record(&mut conn, (&file.tenant, file.id), subject, Purpose::CaseHandling, desk.now()).await?;
    drop(conn);
    let place = (&file.tenant, file.id);
    let words = Words::open(&desk.vault, place, &file.wrapped_key, Purpose::CaseHandling).await?;
    Ok((super::wire::consultation(found, &words, desk.now())?, super::wire::version(file.stream_version)))
}
