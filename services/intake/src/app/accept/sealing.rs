//! An accepted submission as a record of the log: public half in clear, personal half sealed.

use std::borrow::Cow;

use prost::{Message, Name};
use redress_domain::{Principal, Role};
use redress_messaging::{EventMeta, Outgoing};
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::SubmissionAccepted;
use redress_proto::personal::{Halves, split};
use redress_proto::types::v1::{Sealed, SealedField, Submission};
use redress_runtime::telemetry;
use redress_vault::Vault;
use uuid::Uuid;

use super::{Accepted, index};
use crate::domain::lifecycle::Capacity;
use crate::error::Error;
use crate::topics::SUBMISSIONS;

/// The record of what `caller` submitted and `answer` promises.
pub async fn record(
    vault: &Vault,
    caller: &Principal,
    answer: &Accepted,
    submission: Submission,
    fingerprint: [u8; 32],
) -> Result<Outgoing, Error> {
    let complainant_index = index::of_complainant(vault, &caller.tenant, &submission).await?;
    let Halves { public, personal } = split(submission);
    let sealer = vault.sealer(&caller.tenant, answer.id).await?;
    let fields = personal
        .into_iter()
        .map(|(name, plain)| Ok(SealedField { name: name.to_owned(), value: sealer.seal(name, &plain)? }))
        .collect::<Result<_, Error>>()?;
    let message = SubmissionAccepted {
        complaint_no: answer.no.to_string(),
        received_at: Some(to_wire_time(answer.received_at)),
        acknowledge_by: Some(to_wire_time(answer.acknowledge_by)),
        submitted_by: caller.subject.clone(),
        submission: Some(public),
        sealed: Some(Sealed { wrapped_key: sealer.wrapped_key().to_bytes(), fields }),
        fingerprint: fingerprint.to_vec(),
        complainant_index,
        submitted_as: submitted_as(caller).code().to_owned(),
    };
    Ok(Outgoing {
        topic: Cow::Borrowed(SUBMISSIONS.name),
        key: answer.id.to_string(),
        headers: meta(caller, answer).to_headers(),
        payload: message.encode_to_vec(),
    })
}

fn meta(caller: &Principal, answer: &Accepted) -> EventMeta {
    let trace = telemetry::current_context();
    EventMeta {
        event_id: attempt_id(),
        event_type: Cow::Owned(SubmissionAccepted::full_name()),
        source: Cow::Borrowed(crate::SOURCE),
        tenant: caller.tenant.clone(),
        subject: *answer.id.as_uuid(),
        version: None,
        occurred_at: answer.received_at,
        recorded_at: None,
        actor: Some(caller.subject.clone()),
        decided_by: None,
        causation: None,
        correlation: None,
        traceparent: trace.as_ref().map(|t| t.traceparent.clone()),
        tracestate: trace.and_then(|t| t.tracestate),
    }
}

/// Whoever is not the complainant brings in what a complainant said elsewhere.
fn submitted_as(caller: &Principal) -> Capacity {
    if caller.has_any(&[Role::Complainant]) { Capacity::Complainant } else { Capacity::Adapter }
}

/// Identity of one attempt, so that the register tells a record read twice from a caller's repetition. It is no id of
/// anything that a rule decides about, so chance may choose it.
#[expect(clippy::disallowed_methods, reason = "the one place where an attempt is named")]
fn attempt_id() -> Uuid {
    Uuid::new_v4()
}
