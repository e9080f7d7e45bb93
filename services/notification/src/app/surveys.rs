//! What addressees answer to the survey after a closing (N18, F152). Points alone: words would be personal, and belong to
//! the complaint.

use std::sync::Arc;

use redress_domain::{ErrorKind, Principal, Problem, Role, Violations};
use redress_outbox::{Call, Seen, enqueue};
use redress_proto::notification::v1 as wire;
use sqlx::postgres::PgConnection;

use super::view::{self, Sight};
use super::{Desk, call, content, id, publish, wire as told};
use crate::domain::content::Stored;
use crate::domain::kind::NoticeKind;
use crate::error::Error;
use crate::store::complaint::{self, Complaint};
use crate::store::notice::{self, Fields, Notice, Whose};
use crate::store::survey::{self, Answer};

/// Takes answers.
#[derive(Clone)]
pub struct Surveys {
    /// What every use needs.
    pub desk: Desk,
}

impl Surveys {
    /// Takes an answer. The same call again changes nothing.
    pub async fn submit(&self, caller: &Principal, request: wire::SubmitSurveyRequest) -> Result<(), Error> {
        let nameless = wire::SubmitSurveyRequest { request_id: String::new(), ..request.clone() };
        let call = call(&self.desk, caller, &request.request_id, &content(&nameless)).await?;
        let notice = self.asked(caller, &request.notice_id).await?;
        let answer = self.answer(caller, &notice, &request)?;
        let work = Arc::new((call, notice, answer));
        self.desk
            .db
            .run_tx("submit_survey", move |conn| {
                let work = Arc::clone(&work);
                Box::pin(async move { submitted(conn, &work.0, &work.1, &work.2).await })
            })
            .await?;
        self.desk.wake.wake();
        Ok(())
    }

    /// The notice, if the caller may answer it: its addressee, and a service of the platform for whoever it asked.
    async fn asked(&self, caller: &Principal, notice_id: &str) -> Result<Notice, Error> {
        let mut conn = self.desk.db.pool().acquire().await?;
        let found = notice::find(&mut conn, &caller.tenant, id(notice_id)?).await?;
        let notice = found.ok_or_else(Problem::not_found)?;
        if caller.has_any(&[Role::Service]) {
            return Ok(notice);
        }
        let about = complaint::find(&mut conn, &caller.tenant, notice.complaint).await?;
        let about = about.ok_or_else(Problem::not_found)?;
        drop(conn);
        let sight = view::sight(&self.desk.vault, caller, &about).await?;
        // Staff see all notices and are asked by none.
        let own = |sight: &Sight| sight.whose != Whose::All && sight.covers(&notice);
        if sight.as_ref().is_some_and(own) { Ok(notice) } else { Err(Problem::not_found().into()) }
    }

    fn answer(
        &self,
        caller: &Principal,
        notice: &Notice,
        request: &wire::SubmitSurveyRequest,
    ) -> Result<Answer, Problem> {
        let mut found = Violations::default();
        if notice.kind != NoticeKind::Survey {
            found.add("noticeId", "NO_SURVEY", "the notice asks for no opinion");
        }
        let satisfaction = points(request.satisfaction);
        if satisfaction.is_none() {
            found.add("satisfaction", "OUT_OF_RANGE", "1 to 5");
        }
        let process = points(request.process);
        if process.is_none() && request.process != 0 {
            found.add("process", "OUT_OF_RANGE", "1 to 5, or 0 if not told");
        }
        let (Some(satisfaction), true) = (satisfaction, found.is_empty()) else {
            return Err(Problem::invalid(found));
        };
        let now = self.desk.now();
        if due(notice).is_some_and(|due| now > due) {
            let over = "the survey is over; what there is still to say goes to the complaint";
            return Err(Problem::new(ErrorKind::FailedPrecondition, "SURVEY_OVER", over));
        }
        Ok(Answer {
            tenant: caller.tenant.clone(),
            notice: notice.id,
            complaint: notice.complaint,
            satisfaction,
            process,
            // Of a party its side is told and not its identifier, for the event names who acted.
            answered_by: if caller.has_any(&[Role::Service]) {
                caller.subject.clone()
            } else {
                notice.addressee.role.code().to_owned()
            },
            answered_at: now,
        })
    }
}

fn points(told: u32) -> Option<i16> {
    i16::try_from(told).ok().filter(|points| (1..=5).contains(points))
}

/// Until when the survey is open. One that somebody had sent by hand has its end sealed, and is open.
fn due(notice: &Notice) -> Option<jiff::Timestamp> {
    let Fields::Public(json) = &notice.fields else { return None };
    let stored: Stored = serde_json::from_str(json).ok()?;
    stored.read(notice.kind).ok()?.deadline(notice.kind)
}

async fn submitted(
    conn: &mut PgConnection,
    call: &Call,
    notice: &Notice,
    answer: &Answer,
) -> Result<(), Error> {
    let locked = complaint::lock_all(conn, &[(answer.tenant.clone(), answer.complaint)]).await?;
    let mut complaint: Complaint = locked.into_iter().next().ok_or_else(Problem::not_found)?;
    match call.seen(conn).await? {
        Seen::Same(_) => return Ok(()),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    survey::keep(conn, answer).await?;
    let answered = wire::SurveyAnswered {
        notice_id: notice.id.to_string(),
        addressee: Some(told::addressee(&notice.addressee)),
        satisfaction: answer.satisfaction.unsigned_abs().into(),
        process: answer.process.unwrap_or_default().unsigned_abs().into(),
    };
    let event =
        publish::event(&mut complaint, &notice.cause, &answer.answered_by, answer.answered_at, &answered);
    complaint::save(conn, &[&complaint]).await?;
    enqueue(conn, &[event]).await?;
    Ok(call.record(conn, "", answer.answered_at).await?)
}
