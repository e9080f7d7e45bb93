//! Steps of the tests about money: a bench with somebody who pays.

use jiff::SignedDuration;
use redress_domain::ComplaintId;
use redress_proto::resolution::v1 as wire;
use redress_resolution::app::remedy::dispatch::Dispatch;

use crate::bench::{Bench, supervisor};
use crate::money_executor::Payments;
use crate::steps::call;

pub(crate) struct Till {
    pub(crate) bench: Bench,
    pub(crate) payments: Payments,
    pub(crate) dispatch: Dispatch,
}

impl Till {
    pub(crate) async fn new() -> Self {
        let mut bench = Bench::new().await;
        let payments = Payments::start().await;
        bench.commands.executor = Some(payments.client());
        let dispatch = Dispatch::new(bench.commands.desk.clone(), Some(payments.client()), "till");
        Self { bench, payments, dispatch }
    }

    /// A round of the worker, and time until the next.
    pub(crate) async fn round(&self) -> usize {
        let done = self.dispatch.pass().await.unwrap();
        self.bench.pass(SignedDuration::from_mins(1));
        done
    }

    pub(crate) async fn remedies(&self, id: ComplaintId) -> Vec<wire::Remedy> {
        self.bench.get(&supervisor("s-1"), id).await.remedies
    }

    /// The states and reasons of a case's remedies, in their order.
    pub(crate) async fn states(&self, id: ComplaintId) -> Vec<(wire::RemedyState, String)> {
        self.remedies(id).await.iter().map(|one| (one.state(), one.reason.clone())).collect()
    }

    pub(crate) async fn ledger(&self, id: ComplaintId) -> wire::GetMoneyLedgerResponse {
        let request = wire::GetMoneyLedgerRequest { complaint_id: id.to_string() };
        let caller = supervisor("s-1");
        redress_resolution::app::remedy::ledger(&self.bench.commands, &caller, request).await.unwrap()
    }

    /// Every amount is somewhere, none in two places, all that is said to be paid is proved, and nothing was paid twice.
    pub(crate) async fn adds_up(&self) {
        assert_eq!(self.bench.count("SELECT count(*) FROM money_mismatch").await, 0);
        assert!(self.payments.most_paid() <= 1, "{:?}", self.payments.moved());
    }

    pub(crate) async fn advance_payment(
        &self,
        id: ComplaintId,
        remedy_id: &str,
    ) -> Result<wire::Resolution, redress_domain::Problem> {
        let request = wire::AdvancePaymentRequest {
            request_id: call(),
            complaint_id: id.to_string(),
            remedy_id: remedy_id.into(),
            reason: "merchant_fails".into(),
            ..Default::default()
        };
        self.bench.act(&supervisor("s-1"), request).await
    }
}
