//! Investigation's events: who worked on the facts, who may not work on the case, which evidence there is, and who was
//! shown it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::investigation::v1 as investigation;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Cases, Follower};
use crate::app::out::Out;
use crate::app::wire::member;
use crate::domain::hearing::Audience;
use crate::store::evidence::{self, Evidence};

/// An event of investigation.
#[derive(Debug)]
pub enum Found {
    /// A piece of evidence has come.
    Evidence(Evidence),
    /// A side was made a copy of a piece.
    Copied {
        /// The piece.
        evidence: String,
        /// For whom.
        audience: Audience,
        /// Whether it shows something.
        shown: bool,
    },
    /// Somebody is recused (L06).
    Recused(String),
    /// The facts are found.
    Concluded {
        /// The round.
        investigation: Uuid,
        /// Everybody who worked on it.
        investigators: Vec<String>,
    },
}

/// The handler of investigation's events.
pub struct FollowInvestigation(pub Follower);

#[async_trait]
impl BatchHandler for FollowInvestigation {
    type Event = Found;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Found>, DecodeError> {
        if meta.event_type == investigation::EvidenceSubmitted::full_name() {
            let event = investigation::EvidenceSubmitted::decode(payload)?;
            let party = event.party().as_str_name().to_owned();
            let brought_by = member(event.provider().as_str_name(), "EVIDENCE_PROVIDER_");
            let piece = Evidence { id: event.evidence_id, sha256: event.sha256, party, brought_by };
            return Ok((!piece.id.is_empty()).then_some(Found::Evidence(piece)));
        }
        if meta.event_type == investigation::RenditionProduced::full_name() {
            let event = investigation::RenditionProduced::decode(payload)?;
            // Experts are no side.
            let audience = member(event.audience().as_str_name(), "AUDIENCE_");
            let shown = !event.sha256.is_empty();
            let copied = |audience| Found::Copied { evidence: event.evidence_id, audience, shown };
            return Ok(audience.map(copied));
        }
        if meta.event_type == investigation::ConflictDeclared::full_name() {
            let event = investigation::ConflictDeclared::decode(payload)?;
            return Ok((event.recused && !event.subject.is_empty()).then_some(Found::Recused(event.subject)));
        }
        if meta.event_type == investigation::InvestigationConcluded::full_name() {
            let event = investigation::InvestigationConcluded::decode(payload)?;
            let id = Uuid::try_parse(&event.investigation_id);
            let investigation = id.map_err(|_| DecodeError::new("investigation_id does not fit"))?;
            let mut investigators = event.investigators;
            // Who concluded worked on it, whatever the list says.
            investigators.extend(meta.actor.clone());
            return Ok(Some(Found::Concluded { investigation, investigators }));
        }
        Ok(None)
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Found>]) -> Result<(), HandlerError> {
        let mut cases = Cases::lock(conn, batch, self.0.now()).await?;
        let (mut pieces, mut copies) = (Vec::new(), BTreeMap::new());
        for delivery in batch {
            let case = cases.of(conn, delivery).await?;
            match &*delivery.event {
                Found::Evidence(piece) => {
                    pieces.push((delivery.meta.tenant.clone(), delivery.meta.subject, piece.clone()));
                    continue;
                }
                Found::Copied { evidence, audience, shown } => {
                    let (tenant, id) = (delivery.meta.tenant.clone(), delivery.meta.subject);
                    copies.insert((tenant, id, evidence.clone(), *audience), *shown);
                    continue;
                }
                Found::Recused(subject) => {
                    if !case.course.recused.contains(subject) {
                        case.course.recused.push(subject.clone());
                    }
                }
                Found::Concluded { investigation, investigators } => {
                    case.course.investigation = Some(*investigation);
                    case.course.conclusions_read += 1;
                    for one in investigators {
                        if !case.course.investigators.contains(one) {
                            case.course.investigators.push(one.clone());
                        }
                    }
                }
            }
            cases.take(delivery, Out::default());
        }
        evidence::insert(conn, &pieces).await?;
        evidence::show(conn, &copies).await?;
        cases.save(conn).await
    }
}
