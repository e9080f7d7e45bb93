//! Signs of a violation that go their own way; a settlement does not close them (L10).

use async_trait::async_trait;
use redress_domain::{Principal, Problem, Violations};
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::change::{Change, Command};
use super::words::{field, seal, sealed};
use super::{Desk, code, fits, id, made_id, text};
use crate::domain::Refusal;
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::cited;

const TEXT: usize = 4_000;
const EVIDENCE: usize = 100;

struct SpinOff {
    id: Uuid,
    kind: String,
    text: Vec<u8>,
    evidence: Vec<Uuid>,
}

/// Spins a lead off.
pub async fn spin_off(
    desk: &Desk,
    principal: &Principal,
    request: wire::SpinOffViolationLeadRequest,
) -> Result<wire::SpinOffViolationLeadResponse, Error> {
    let mut found = Violations::default();
    code(&mut found, "kind", &request.kind);
    text(&mut found, "text", &request.text, TEXT, true);
    if request.evidence_ids.len() > EVIDENCE {
        found.add("evidenceIds", "TOO_MANY", format!("at most {EVIDENCE}"));
    }
    fits(found)?;
    let evidence = request.evidence_ids.iter().map(|piece| id(piece)).collect::<Result<Vec<_>, Problem>>()?;
    let caller = desk.caller(principal).await?;
    let content = wire::SpinOffViolationLeadRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let complaint = target.complaint;
    let (file, _) = desk.look(&caller, complaint).await?;
    let id = made_id("violation-lead", principal, &request.request_id);
    let place = (&file.tenant, file.id);
    let text = seal(&desk.vault, place, &file.wrapped_key, &field::lead(id), request.text.as_bytes()).await?;
    desk.change(&caller, target, SpinOff { id, kind: request.kind, text, evidence }).await?;
    let (file, _) = desk.look(&caller, complaint).await?;
    Ok(wire::SpinOffViolationLeadResponse {
        lead_id: id.to_string(),
        version: super::wire::version(file.stream_version),
    })
}

#[async_trait]
impl Command for SpinOff {
    const NAME: &'static str = "spin_off_violation_lead";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        // A lead may come to light at any time, also in a case that is over.
        let (tenant, complaint) = change.place();
        let known = cited::of_complaint(conn, tenant, complaint, &self.evidence).await?;
        if !self.evidence.iter().all(|piece| known.contains(piece)) {
            return Err(Refusal::EvidenceUnknown.into());
        }
        let wrapped = change.telling.file.wrapped_key.clone();
        let lead = wire::ViolationLeadSpunOff {
            lead_id: self.id.to_string(),
            kind: self.kind.clone(),
            evidence_ids: self.evidence.iter().map(ToString::to_string).collect(),
            sealed: sealed(&wrapped, field::lead(self.id), &self.text),
        };
        change.telling.tell(&lead);
        change.telling.enter("violation_lead_spun_off", Some(self.id), Visibility::Staff);
        Ok(self.id.to_string())
    }
}
