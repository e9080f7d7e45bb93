//! Whoever carries remedies out: the platform's own payment and credit systems, over gRPC.
//!
//! What cannot be read as an answer to the question is no answer: the outcome is open, and is asked for again.

use std::time::Duration;

use redress_domain::{Money, whole_microseconds};
use redress_proto::convert::from_wire_time;
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::remedy_executor_service_client::RemedyExecutorServiceClient;
use redress_runtime::grpc::{TracedChannel, connect};
use tonic::transport::Endpoint;
use uuid::Uuid;

use crate::app::wire::{funding_source, terms};
use crate::domain::remedy::Remedy;
use crate::domain::remedy::execution::{Heard, Told};
use crate::domain::text::{is_code, is_reference};
use crate::store::case::Key;

/// The executor. Clones share its connection.
#[derive(Debug, Clone)]
pub struct Executor {
    client: RemedyExecutorServiceClient<TracedChannel>,
    limit: Duration,
}

impl Executor {
    /// The executor at `endpoint`, connected when it is first asked; `limit` is how long one call may take.
    pub fn new(endpoint: Endpoint, limit: Duration) -> Self {
        let endpoint = endpoint
            .connect_timeout(limit)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10));
        Self { client: RemedyExecutorServiceClient::new(connect(&endpoint)), limit }
    }

    /// How long one call may take.
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// Asks for it, under the key of its present purse.
    pub async fn execute(&self, case: &Key, remedy: &Remedy) -> Heard {
        let key = remedy.key();
        let request = wire::ExecuteRequest {
            idempotency_key: key.to_string(),
            tenant: case.0.to_string(),
            complaint_id: case.1.to_string(),
            order_no: remedy.order_no.clone(),
            terms: Some(terms(&remedy.asked_terms())),
            funding_source: remedy.funding_source().map(funding_source).unwrap_or_default().into(),
            invoice_correction: remedy.terms.kind.profile().corrects_invoice,
        };
        let mut client = self.client.clone();
        let answer = self.answer("Execute", client.execute(request)).await;
        heard(key, answer.and_then(|answer| answer.execution))
    }

    /// Asks what became of a key.
    pub async fn query(&self, case: &Key, key: Uuid) -> Heard {
        let request = wire::QueryRequest { idempotency_key: key.to_string(), tenant: case.0.to_string() };
        let mut client = self.client.clone();
        let answer = self.answer("Query", client.query(request)).await;
        heard(key, answer.and_then(|answer| answer.execution))
    }

    /// Asks for it to be taken back.
    pub async fn reverse(&self, case: &Key, key: Uuid) -> Heard {
        let request = wire::ReverseRequest {
            idempotency_key: key.to_string(),
            tenant: case.0.to_string(),
            reason: "decision_replaced".to_owned(),
        };
        let mut client = self.client.clone();
        let answer = self.answer("Reverse", client.reverse(request)).await;
        heard(key, answer.and_then(|answer| answer.execution))
    }

    async fn answer<T>(
        &self,
        call: &'static str,
        asked: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Option<T> {
        match tokio::time::timeout(self.limit, asked).await {
            Ok(Ok(answer)) => Some(answer.into_inner()),
            Ok(Err(status)) => {
                // Its text is the other side's, and may hold anything.
                tracing::warn!(call, code = ?status.code(), "the executor answers with an error; it is asked again");
                None
            }
            Err(_) => {
                tracing::warn!(call, "the executor does not answer in time; it is asked again");
                None
            }
        }
    }
}

/// What an answer says about `key`.
fn heard(key: Uuid, answer: Option<wire::Execution>) -> Heard {
    let Some(answer) = answer else { return Heard::Open };
    if Uuid::try_parse(&answer.idempotency_key) != Ok(key) {
        tracing::warn!(%key, "the executor answers about another key; it is asked again");
        return Heard::Open;
    }
    match answer.state() {
        wire::ExecutionState::Unspecified => Heard::Open,
        wire::ExecutionState::NotStarted => Heard::NotStarted,
        wire::ExecutionState::Pending => Heard::Pending,
        wire::ExecutionState::Done => Heard::Done(told(&answer)),
        wire::ExecutionState::Failed => {
            let reason = if is_code(&answer.reason) { answer.reason } else { "unspecified".to_owned() };
            Heard::Failed(reason)
        }
        wire::ExecutionState::Reversed => Heard::Reversed(told(&answer)),
    }
}

fn told(answer: &wire::Execution) -> Told {
    let amount = answer.amount.as_ref();
    let executed_at = answer.executed_at.as_ref().and_then(|at| from_wire_time(at).ok());
    Told {
        reference: Some(&answer.reference).filter(|text| is_reference(text)).cloned().unwrap_or_default(),
        executed_at: executed_at.map(whole_microseconds),
        amount: amount.and_then(|amount| Money::new(&amount.currency, amount.amount_minor).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(key: Uuid, state: wire::ExecutionState) -> wire::Execution {
        wire::Execution { idempotency_key: key.to_string(), state: state.into(), ..Default::default() }
    }

    #[test]
    fn what_does_not_answer_the_question_leaves_it_open() {
        let key = Uuid::from_u128(1);
        assert_eq!(heard(key, None), Heard::Open);
        assert_eq!(heard(key, Some(said(Uuid::from_u128(2), wire::ExecutionState::Done))), Heard::Open);
        assert_eq!(heard(key, Some(said(key, wire::ExecutionState::Unspecified))), Heard::Open);
        let unknown = wire::Execution { state: 99, ..said(key, wire::ExecutionState::Done) };
        assert_eq!(heard(key, Some(unknown)), Heard::Open);
        assert_eq!(heard(key, Some(said(key, wire::ExecutionState::Done))), Heard::Done(Told::default()));
        let failed =
            wire::Execution { reason: "卡号 6222".into(), ..said(key, wire::ExecutionState::Failed) };
        assert_eq!(
            heard(key, Some(failed)),
            Heard::Failed("unspecified".into()),
            "no words of theirs are kept"
        );
    }
}
