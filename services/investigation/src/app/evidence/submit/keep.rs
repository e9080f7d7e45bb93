//! The transaction in which a file begins to count.

use async_trait::async_trait;
use redress_domain::TenantId;
use redress_proto::investigation::v1 as wire;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::app::change::{Change, Command};
use crate::app::evidence::custody::{self, About, Deed};
use crate::app::evidence::told;
use crate::app::requests::{self, Answered};
use crate::app::standing::Standing;
use crate::app::wire as words;
use crate::domain::Refusal;
use crate::domain::case::ComplaintState;
use crate::domain::evidence::chain::{Anchor, Happening};
use crate::domain::evidence::{Allowance, Provider, Unfit};
use crate::domain::timeline::Visibility;
use crate::error::Error;
use crate::store::evidence::{self, Evidence, Pending};

/// Evidence is taken from the first day on, until the complaint is over; while it is suspended nothing is.
pub(super) fn require_taking(state: ComplaintState) -> Result<(), Refusal> {
    match state {
        ComplaintState::Suspended => Err(Refusal::Suspended),
        state if state.is_over() => Err(Refusal::NotOpen),
        _ => Ok(()),
    }
}

/// Pieces that one side may bring to a case. Every look at the case reads them all, and they are kept for years.
const MOST: i64 = 500;

/// Whether one more piece of a side may come. What staff and the platform bring has no such end.
pub(super) async fn require_fewer(
    conn: &mut PgConnection,
    place: (&TenantId, Uuid),
    (provider, provider_ref): (Provider, &str),
) -> Result<(), Error> {
    let is_side = matches!(provider, Provider::Complainant | Provider::Respondent);
    if is_side && evidence::brought(conn, place, provider, provider_ref).await? >= MOST {
        return Err(Refusal::TooManyPieces.into());
    }
    Ok(())
}

/// Makes a file count.
pub(super) struct Keep {
    pub(super) item: Evidence,
    pub(super) pending: Pending,
}

#[async_trait]
impl Command for Keep {
    const NAME: &'static str = "submit_evidence";

    fn admits(&self, standing: &Standing) -> bool {
        standing.sees()
    }

    async fn decide(&self, conn: &mut PgConnection, change: &mut Change) -> Result<String, Error> {
        require_taking(change.telling.file.case.complaint_state)?;
        let answered = match self.item.request {
            Some(request) => {
                Some(requests::take_answer(conn, &change.telling, request, self.item.kind).await?)
            }
            None => None,
        };
        let (tenant, complaint) = change.place();
        require_fewer(conn, (tenant, complaint), (self.item.provider, &self.item.provider_ref)).await?;
        if !evidence::count(conn, &self.pending).await? {
            return Err(Unfit::TooSlow.into());
        }
        let actor = &change.caller.subject;
        let deed = Deed { event: Happening::Received, actor, purpose: "", at: change.now };
        let mut item = Evidence { received_at: change.now, ..self.item.clone() };
        let end = custody::link(conn, (tenant, complaint), &deed, &About::Item(&item)).await?;
        item.seq = end.count;
        evidence::insert(conn, (tenant, complaint), &item).await?;
        let made = item.id.to_string();
        change.telling.tell(&event(&item, &end, answered.as_ref()));
        let seen = if Allowance::of(item.kind).sensitive { Visibility::Staff } else { Visibility::Everybody };
        change.telling.enter("evidence_submitted", Some(item.id), seen);
        Ok(made)
    }
}

fn event(item: &Evidence, end: &Anchor, answered: Option<&Answered>) -> wire::EvidenceSubmitted {
    let asked = answered.map(|answered| words::party(answered.kept.request.party));
    wire::EvidenceSubmitted {
        evidence_id: item.id.to_string(),
        request_id: item.request.map(|id| id.to_string()).unwrap_or_default(),
        request_settled: answered.is_some_and(|answered| answered.settled),
        party: asked.unwrap_or(told::party_of(item.provider)).into(),
        r#type: words::evidence_type(item.kind).into(),
        provider: told::provider(item.provider).into(),
        sha256: hex::encode(item.sha256),
        size: i64::try_from(item.size).unwrap_or(i64::MAX),
        cancelled: false,
        chain_seq: i64::try_from(end.count).unwrap_or(i64::MAX),
        chain_hash: hex::encode(end.head),
    }
}
