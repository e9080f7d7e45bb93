//! Sending a notice that somebody asks for: a handler, or a service whose events are not in the table.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use redress_domain::{ComplaintId, PartyKind, Principal, Problem, Violations};
use redress_outbox::{Call, Seen};
use redress_proto::notification::v1 as wire;
use redress_runtime::telemetry;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::preview::{locale_asked, tell};
use super::queries::Queries;
use super::queue::{self, Complaints};
use super::wire::{addressee_asked, kind_asked};
use super::{Desk, call, content, id, opening};
use crate::domain::content::Content;
use crate::domain::delivery::NoticeState;
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::locale::Locale;
use crate::error::Error;
use crate::store::complaint::{self, Complaint};
use crate::store::notice::{Addressee, Cause, Fields, Notice};

/// Sends notices on request.
#[derive(Clone)]
pub struct Send {
    /// What every use needs.
    pub desk: Desk,
    /// Shows what was queued.
    pub queries: Queries,
}

/// A request that was checked.
struct Asked {
    complaint: ComplaintId,
    kind: NoticeKind,
    addressee: Addressee,
    content: Content,
    locale: Option<Locale>,
    urgent: bool,
}

impl Send {
    /// Queues a notice. The same call again is the same notice.
    pub async fn send(
        &self,
        caller: &Principal,
        request: wire::SendNoticeRequest,
    ) -> Result<wire::Notice, Error> {
        let request_id = request.request_id.clone();
        let call = call(&self.desk, caller, &request_id, &told(&request)).await?;
        let asked = asked(request)?;
        let mut conn = self.desk.db.pool().acquire().await?;
        let about = complaint::find(&mut conn, &caller.tenant, asked.complaint).await?;
        let about = about.ok_or_else(Problem::not_found)?;
        let keys = complaint::keys(&mut conn, &[(caller.tenant.clone(), asked.complaint)]).await?;
        drop(conn);
        let key = keys.into_values().next().ok_or_else(erased)?;
        let notice = self.notice(caller, &request_id, asked, &about, &key).await?;
        let notice_id = notice.id;
        let work = Arc::new((call, notice, caller.clone()));
        let stored = self
            .desk
            .db
            .run_tx("send_notice", move |conn| {
                let work = Arc::clone(&work);
                Box::pin(async move { queued(conn, &work.0, &work.1, &work.2.subject).await })
            })
            .await?;
        self.desk.wake.wake();
        self.queries.get(caller, &stored.unwrap_or(notice_id).to_string()).await.or_else(
            |error| match error {
                // A service may have a notice sent that is not its own to read.
                Error::Told(_) => Ok(wire::Notice { notice_id: notice_id.to_string(), ..Default::default() }),
                error => Err(error),
            },
        )
    }

    async fn notice(
        &self,
        caller: &Principal,
        request_id: &str,
        asked: Asked,
        about: &Complaint,
        key: &[u8],
    ) -> Result<Notice, Error> {
        let addressee = addressee(about, asked.addressee)?;
        let cause = [caller.subject.as_bytes(), request_id.as_bytes()];
        let notice_id = queue::identity(&caller.tenant, &cause, asked.kind, &addressee);
        let plain = serde_json::to_vec(&asked.content).map_err(|_| Problem::internal())?;
        let sealer = opening::sealer(&self.desk.vault, &caller.tenant, about.id, key).await?;
        let sealed = sealer.seal(&opening::fields_name(notice_id), &plain)?;
        let profile = self.desk.profiles.of(&caller.tenant);
        let own = match addressee.role {
            Role::Complainant => about.locale.unwrap_or(profile.locale),
            Role::Respondent | Role::Staff => profile.locale,
        };
        let urgent = asked.urgent || about.urgent;
        let now = self.desk.now();
        let trace = telemetry::current_context();
        Ok(Notice {
            tenant: caller.tenant.clone(),
            id: notice_id,
            complaint: about.id,
            kind: asked.kind,
            addressee,
            state: NoticeState::Queued,
            locale: asked.locale.unwrap_or(own),
            urgent,
            fields: Fields::Sealed(sealed),
            delay: asked.content.delay(asked.kind),
            parts: Vec::new(),
            template: None,
            content_sha256: None,
            stations: Vec::new(),
            queued_at: now,
            not_before: queue::not_before(
                &self.desk,
                &caller.tenant,
                asked.kind,
                &asked.content,
                urgent,
                now,
            ),
            cause: Cause {
                causation: None,
                traceparent: trace.as_ref().map(|trace| trace.traceparent.clone()),
                tracestate: trace.and_then(|trace| trace.tracestate),
            },
        })
    }
}

/// The content of a request, whose fields are a map: in the order of their names, each behind its length.
fn told(request: &wire::SendNoticeRequest) -> Vec<u8> {
    let nameless =
        wire::SendNoticeRequest { request_id: String::new(), fields: HashMap::new(), ..request.clone() };
    let mut told = content(&nameless);
    for text in
        request.fields.iter().collect::<BTreeMap<_, _>>().into_iter().flat_map(|(name, value)| [name, value])
    {
        told.extend((text.len() as u64).to_be_bytes());
        told.extend(text.as_bytes());
    }
    told
}

/// Queues the notice unless the call was made before; then the notice it made.
async fn queued(
    conn: &mut PgConnection,
    call: &Call,
    notice: &Notice,
    actor: &str,
) -> Result<Option<Uuid>, Error> {
    let locked = complaint::lock_all(conn, &[(notice.tenant.clone(), notice.complaint)]).await?;
    // After the lock, so that a twin of this call that was faster is seen.
    match call.seen(conn).await? {
        Seen::Same(made) => return Ok(made.parse().ok()),
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => {}
    }
    let mut complaints: Complaints = locked.into_iter().map(|c| ((c.tenant.clone(), c.id), c)).collect();
    queue::queue(conn, &mut complaints, std::slice::from_ref(notice), actor, notice.queued_at).await?;
    complaint::save(conn, &complaints.values().collect::<Vec<_>>()).await?;
    call.record(conn, &notice.id.to_string(), notice.queued_at).await?;
    Ok(None)
}

/// Checks a request; all that is wrong with it is told at once.
fn asked(request: wire::SendNoticeRequest) -> Result<Asked, Error> {
    let complaint = ComplaintId::from_uuid(id(&request.complaint_id)?);
    let mut found = Violations::default();
    let kind = kind_asked(request.kind(), &mut found);
    if kind.is_some_and(NoticeKind::is_internal) {
        found.add("kind", "INTERNAL", "alerts to staff follow from escalations alone");
    }
    let addressee = if let Some(addressee) = &request.addressee {
        addressee_asked(addressee, &mut found)
    } else {
        found.add("addressee", "REQUIRED", "an addressee is mandatory");
        None
    };
    let locale = locale_asked(&request.locale, &mut found);
    let content = kind.and_then(|kind| {
        let checked = Content::check(kind, request.fields.into_iter().collect());
        checked.map_err(|faults| tell(&faults, &mut found)).ok()
    });
    match (kind, addressee, content) {
        (Some(kind), Some(addressee), Some(content)) if found.is_empty() => {
            Ok(Asked { complaint, kind, addressee, content, locale, urgent: request.urgent })
        }
        _ => Err(Problem::invalid(found).into()),
    }
}

/// The party of the complaint that is meant. A notice to anybody else would tell a stranger of the case.
fn addressee(about: &Complaint, asked: Addressee) -> Result<Addressee, Problem> {
    match asked.role {
        Role::Complainant => Ok(Addressee { kind: about.complainant_kind, ..asked }),
        Role::Respondent | Role::Staff => {
            let is_party = |(kind, reference): &(PartyKind, String)| {
                *kind == asked.kind && *reference == asked.reference
            };
            if about.respondents.iter().any(is_party) {
                return Ok(asked);
            }
            let mut found = Violations::default();
            found.add("addressee.externalRef", "NOT_A_PARTY", "the complaint has no such respondent");
            Err(Problem::invalid(found))
        }
    }
}

fn erased() -> Problem {
    Problem::new(
        redress_domain::ErrorKind::FailedPrecondition,
        "SUBJECT_ERASED",
        "the personal fields of this complaint were erased",
    )
}
