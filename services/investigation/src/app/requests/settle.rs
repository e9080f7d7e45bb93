//! More time, and taking a request back.

use async_trait::async_trait;
use jiff::SignedDuration;
use redress_domain::{Principal, Problem};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::app::change::{Change, Command};
use crate::app::standing::Standing;
use crate::app::telling::Telling;
use crate::app::{Desk, id, wire as words};
use crate::domain::Refusal;
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::request::{self, Kept};

struct Extend {
    request: Uuid,
    more: SignedDuration,
}

/// Gives more time, once, to whoever is asked, or to staff on their behalf.
pub async fn extend(
    desk: &Desk,
    principal: &Principal,
    request: wire::ExtendEvidenceRequestRequest,
) -> Result<wire::ExtendEvidenceRequestResponse, Error> {
    let asked = id(&request.evidence_request_id)?;
    let caller = desk.caller(principal).await?;
    let content = wire::ExtendEvidenceRequestRequest { request_id: String::new(), ..request.clone() };
    let target = desk.target(principal, &request.request_id, &request.complaint_id, 0, &content).await?;
    let complaint = target.complaint;
    desk.change(&caller, target, Extend { request: asked, more: desk.extension_lasts }).await?;
    let (shown, version) = super::shown(desk, &caller, complaint, asked).await?;
    Ok(wire::ExtendEvidenceRequestResponse { evidence_request: Some(shown), version })
}

#[async_trait]
impl Command for Extend {
    const NAME: &'static str = "extend_evidence_request";

    fn admits(&self, standing: &Standing) -> bool {
        standing.staff || standing.is_party()
    }

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let (tenant, complaint) = change.place();
        let found = request::find(conn, tenant, complaint, self.request).await?;
        let subject = &change.caller.subject;
        let own = |kept: &Kept| change.standing.staff || change.standing.is_asked(subject, &kept.request);
        let mut kept = found.filter(own).ok_or_else(Problem::not_found)?;
        kept.request.extend(self.more, change.now)?;
        let extended = wire::EvidenceRequestExtended {
            request_id: self.request.to_string(),
            party: words::party(kept.request.party).into(),
            due_at: Some(to_wire_time(kept.request.due_at)),
        };
        change.telling.tell(&extended);
        change.telling.enter("evidence_request_extended", Some(self.request), Visibility::Everybody);
        request::save(conn, &[&kept]).await?;
        Ok(self.request.to_string())
    }
}

struct Cancel {
    request: Uuid,
}

/// Takes a request back.
pub async fn cancel(
    desk: &Desk,
    principal: &Principal,
    request: wire::CancelEvidenceRequestRequest,
) -> Result<wire::CancelEvidenceRequestResponse, Error> {
    let asked = id(&request.evidence_request_id)?;
    let caller = desk.caller(principal).await?;
    let content = wire::CancelEvidenceRequestRequest { request_id: String::new(), ..request.clone() };
    let target = desk
        .target(principal, &request.request_id, &request.complaint_id, request.expected_version, &content)
        .await?;
    let complaint = target.complaint;
    desk.change(&caller, target, Cancel { request: asked }).await?;
    let (shown, version) = super::shown(desk, &caller, complaint, asked).await?;
    Ok(wire::CancelEvidenceRequestResponse { evidence_request: Some(shown), version })
}

#[async_trait]
impl Command for Cancel {
    const NAME: &'static str = "cancel_evidence_request";

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        let (tenant, complaint) = change.place();
        let found = request::find(conn, tenant, complaint, self.request).await?;
        let mut kept = found.ok_or_else(Problem::not_found)?;
        if !take_back(&mut change.telling, &mut kept) {
            return Err(Refusal::RequestSettled.into());
        }
        request::save(conn, &[&kept]).await?;
        Ok(self.request.to_string())
    }
}

/// Takes a request back and tells of it. Whether it was open.
pub(in crate::app) fn take_back(telling: &mut Telling, kept: &mut Kept) -> bool {
    if !kept.request.cancel(telling.origin.occurred_at) {
        return false;
    }
    let cancelled = wire::EvidenceSubmitted {
        request_id: kept.request.id.to_string(),
        request_settled: true,
        party: words::party(kept.request.party).into(),
        cancelled: true,
        ..wire::EvidenceSubmitted::default()
    };
    telling.tell(&cancelled);
    telling.enter("evidence_request_cancelled", Some(kept.request.id), Visibility::Everybody);
    true
}
