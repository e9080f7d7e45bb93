//! The facts of one complaint.

use jiff::Timestamp;
use redress_domain::{ComplaintId, Principal, Problem};
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::to_wire_time;
use redress_proto::types::v1 as types;

use super::lifecycle::wire_state;
use super::metrics::Questions;
use crate::error::Error;
use crate::store::fact::{self, Fact};

impl Questions {
    /// The facts of a complaint, once it was registered.
    pub async fn case(
        &self,
        caller: &Principal,
        request: &wire::GetCaseFactsRequest,
    ) -> Result<wire::CaseFacts, Error> {
        // What is no id is nobody's complaint.
        let id: ComplaintId = request.complaint_id.parse().map_err(|_| Problem::not_found())?;
        let mut conn = self.db.pool().acquire().await?;
        let fact = fact::find(&mut conn, &caller.tenant, id).await?;
        fact.map(told).ok_or_else(|| Problem::not_found().into())
    }
}

/// Facts as they are told.
pub(super) fn told(fact: Fact) -> wire::CaseFacts {
    let count = |number: i32| u32::try_from(number).unwrap_or_default();
    let steps = fact.steps;
    let time = |at: Option<Timestamp>| at.map(to_wire_time);
    wire::CaseFacts {
        complaint_id: fact.id.to_string(),
        channel: types::Channel::from(fact.channel).into(),
        category: fact.category.map_or(types::Category::Unspecified, Into::into).into(),
        severity: fact.severity.map_or(types::Severity::Unspecified, Into::into).into(),
        state: wire_state(fact.state).into(),
        urgent: fact.urgent,
        merchant: fact.merchant.unwrap_or_default(),
        anchor: fact.anchor.unwrap_or_default(),
        live_room: fact.live_room.unwrap_or_default(),
        incident_id: fact.incident_id.map(|id| id.to_string()).unwrap_or_default(),
        received_at: Some(to_wire_time(fact.received_at)),
        first_response_at: time(fact.first_response_at),
        decided_at: time(fact.decided_at),
        result_at: time(fact.result_at),
        ended_at: time(fact.ended_at),
        outcome: fact.outcome.unwrap_or_default(),
        repeated: fact.repeated,
        satisfaction: fact.satisfaction.and_then(|points| u32::try_from(points).ok()).unwrap_or_default(),
        resubmissions: count(fact.resubmissions),
        cause: fact.cause.unwrap_or_default(),
        investigation_opened_at: time(fact.investigation_opened_at),
        investigation_concluded_at: time(fact.investigation_concluded_at),
        currency: fact.currency.unwrap_or_default(),
        evidence_requested: count(steps.evidence_requested),
        evidence_lapsed: count(steps.evidence_lapsed),
        remedies_ordered: count(steps.remedies_ordered),
        remedies_executed: count(steps.remedies_executed),
        remedies_advanced: count(steps.remedies_advanced),
        remedies_failed: count(steps.remedies_failed),
        amount_ordered_minor: steps.amount_ordered,
        amount_executed_minor: steps.amount_executed,
        amount_advanced_minor: steps.amount_advanced,
        amount_failed_minor: steps.amount_failed,
        appeals: count(steps.appeals),
        clocks_met: count(steps.clocks_met),
        clocks_judged: count(steps.clocks_judged),
    }
}
