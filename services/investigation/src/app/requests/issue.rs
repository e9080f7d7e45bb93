//! Asking a party for evidence (T13).

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use redress_domain::{Principal, Problem, Violations, whole_milliseconds};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::app::change::{Change, Command};
use crate::app::standing::addressees;
use crate::app::words::{field, seal, sealed};
use crate::app::{Desk, fits, made_id, subject, text, wire as words};
use crate::domain::Refusal;
use crate::domain::checklist;
use crate::domain::request::{
    Consequence, EvidenceRequest, Item, LEAST, Party, RequestState, addressee, distinct,
};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::request::{self, Kept};

/// A request asks for so many items at most.
const ITEMS: usize = 40;
/// Its reason has so many characters at most.
const WHY: usize = 2_000;

struct Issue {
    id: Uuid,
    party: Party,
    respondent_ref: String,
    items: Vec<Item>,
    due_at: Option<Timestamp>,
    consequence: Option<Consequence>,
    why: Vec<u8>,
    mandatory: bool,
    answer_lasts: SignedDuration,
}

/// Issues a request and shows it.
pub async fn issue(
    desk: &Desk,
    principal: &Principal,
    request: wire::RequestEvidenceRequest,
) -> Result<wire::RequestEvidenceResponse, Error> {
    let party = words::read_party(request.party()).ok_or_else(|| words::unknown("party"))?;
    let (items, due_at) = read(&request)?;
    let caller = desk.caller(principal).await?;
    let content = wire::RequestEvidenceRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let complaint = target.complaint;
    let (file, _) = desk.look(&caller, complaint).await?;
    let id = made_id("evidence-request", principal, &request.request_id);
    let place = (&file.tenant, file.id);
    let why = seal(&desk.vault, place, &file.wrapped_key, &field::why(id), request.why.as_bytes()).await?;
    let command = Issue {
        id,
        party,
        items,
        due_at,
        why,
        consequence: words::read_consequence(request.consequence()),
        mandatory: request.mandatory,
        answer_lasts: desk.answer_lasts,
        respondent_ref: request.respondent_ref,
    };
    desk.change(&caller, target, command).await?;
    let (shown, version) = super::shown(desk, &caller, complaint, id).await?;
    Ok(wire::RequestEvidenceResponse { evidence_request: Some(shown), version })
}

fn read(request: &wire::RequestEvidenceRequest) -> Result<(Vec<Item>, Option<Timestamp>), Problem> {
    let mut found = Violations::default();
    if request.items.len() > ITEMS {
        found.add("items", "TOO_MANY", format!("at most {ITEMS}"));
    }
    let mut items = Vec::new();
    for (index, item) in request.items.iter().enumerate().take(ITEMS) {
        match words::read_evidence_type(item.r#type()) {
            Some(kind) => items.push(Item { kind, mandatory: item.mandatory, received: false }),
            None => found.add(format!("items[{index}].type"), "REQUIRED", "a type of evidence is expected"),
        }
    }
    subject(&mut found, "respondentRef", &request.respondent_ref);
    text(&mut found, "why", &request.why, WHY, false);
    let due_at = words::read_time(&mut found, "dueAt", request.due_at.as_ref());
    fits(found)?;
    Ok((items, due_at))
}

#[async_trait]
impl Command for Issue {
    const NAME: &'static str = "request_evidence";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let file = &change.telling.file;
        file.case.require_open()?;
        addressee(self.party, &self.respondent_ref, &file.case.respondents)?;
        let checklist = file.case.category.map(|category| checklist::of(category, file.case.live));
        let items = match (&checklist, self.items.is_empty()) {
            (Some(checklist), true) => {
                checklist.asks(self.party, &self.respondent_ref, &file.case.respondents)
            }
            _ => distinct(self.items.clone()),
        };
        if items.is_empty() {
            return Err(Refusal::NothingAsked.into());
        }
        let by_default = change.now.saturating_add(self.answer_lasts).unwrap_or(Timestamp::MAX);
        let due_at = self.due_at.unwrap_or(by_default);
        // The party may read it a moment after it was written.
        if due_at < change.now.saturating_add(LEAST).unwrap_or(Timestamp::MAX) {
            return Err(Refusal::DueTooSoon.into());
        }
        let announced = checklist.map(|checklist| checklist.consequence(self.party, &items));
        let request = EvidenceRequest {
            id: self.id,
            round: file.case.round,
            party: self.party,
            respondent_ref: self.respondent_ref.clone(),
            consequence: self.consequence.or(announced).unwrap_or(Consequence::DecidedOnRecord),
            items,
            state: RequestState::Issued,
            issued_at: change.now,
            // What the party reads and what its clock counts are one instant.
            due_at: whole_milliseconds(due_at),
            extended: false,
            mandatory: self.mandatory,
            why: self.why.clone(),
            settled_at: None,
            announced: file.stream_version + 1,
            noticed_at: None,
            overdue_at: None,
        };
        let mut kept = Kept {
            tenant: file.tenant.clone(),
            complaint: file.id,
            addressees: addressees(file, self.party, &self.respondent_ref),
            request,
        };
        kept.request.announced = change.telling.tell(&told(&change.telling.file.wrapped_key, &kept.request));
        change.telling.enter("evidence_requested", Some(self.id), Visibility::Everybody);
        request::save(conn, &[&kept]).await?;
        Ok(self.id.to_string())
    }
}

fn told(wrapped_key: &[u8], request: &EvidenceRequest) -> wire::EvidenceRequested {
    wire::EvidenceRequested {
        request_id: request.id.to_string(),
        party: words::party(request.party).into(),
        due_at: Some(to_wire_time(request.due_at)),
        items: words::items(&request.items),
        consequence: words::consequence(request.consequence).into(),
        consequence_text: words::texts(checklist::consequence_text(request.consequence)),
        respondent_ref: request.respondent_ref.clone(),
        mandatory: request.mandatory,
        sealed: sealed(wrapped_key, field::why(request.id), &request.why),
    }
}
