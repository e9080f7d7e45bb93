//! Counting assessments: the last one counts, whoever made it, until the register goes by one of its own.
//!
//! The register tells in its events by which assessment it goes (an officer may decide otherwise), and numbers follow
//! the register. What classification found counts for complaints that the register has not come to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use prost::{Message, Name};
use redress_domain::ComplaintId;
use redress_messaging::EventMeta;
use redress_outbox::{BatchHandler, DecodeError, Delivery, HandlerError};
use redress_proto::classification::v1::{AssessmentMade, AssessmentOverridden};
use sqlx::postgres::PgConnection;

use crate::domain::assessed::Assessed;
use crate::store::assessed;

/// The handler of classification's assessments.
#[derive(Debug, Clone, Copy)]
pub struct CountAssessments;

#[async_trait]
impl BatchHandler for CountAssessments {
    type Event = Assessed;

    fn decode(&self, meta: &EventMeta, payload: &[u8]) -> Result<Option<Assessed>, DecodeError> {
        let assessment = if meta.event_type == AssessmentMade::full_name() {
            AssessmentMade::decode(payload)?.assessment
        } else if meta.event_type == AssessmentOverridden::full_name() {
            AssessmentOverridden::decode(payload)?.assessment
        } else {
            return Ok(None);
        };
        let assessment = assessment.ok_or_else(|| DecodeError::new("assessment is missing"))?;
        let unfit = |field: &'static str| DecodeError::new(format!("assessment.{field} does not fit"));
        Ok(Some(Assessed {
            category: assessment.category().try_into().map_err(|_| unfit("category"))?,
            severity: assessment.severity().try_into().map_err(|_| unfit("severity"))?,
            urgent: assessment.urgent,
        }))
    }

    async fn apply(&self, conn: &mut PgConnection, batch: &[Delivery<Assessed>]) -> Result<(), HandlerError> {
        // In the order of their versions: the last one stays.
        let last: BTreeMap<_, _> = batch
            .iter()
            .map(|d| ((d.meta.tenant.clone(), ComplaintId::from_uuid(d.meta.subject)), *d.event))
            .collect();
        Ok(assessed::save(conn, &last).await?)
    }
}
