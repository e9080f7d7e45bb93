//! Whoever pays, as the platform would run it: a server with books of its own. It pays whenever it is asked to, also twice
//! under one key, so that a second payment shows here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redress_domain::Clock as _;
use redress_proto::convert::to_wire_time;
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::remedy_executor_service_server::{
    RemedyExecutorService, RemedyExecutorServiceServer,
};
use redress_proto::types::v1::Money;
use redress_runtime::SystemClock;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// One payment that was asked for.
#[derive(Debug, Clone)]
struct Entry {
    times: u32,
    complaint: Uuid,
    amount: Money,
}

/// The server. Clones share the books; it ends with the process.
#[derive(Debug, Clone, Default)]
pub(super) struct Till(Arc<Mutex<HashMap<String, Entry>>>);

/// What was paid in all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Paid {
    /// By complaint, minor units: everything that left the till, a second time too.
    pub(super) by_complaint: HashMap<Uuid, i64>,
    /// Keys under which more than one payment was made.
    pub(super) doubled: u64,
}

impl Till {
    /// Starts it; gives its URL too.
    pub(super) async fn start() -> anyhow::Result<(Self, String)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let till = Self::default();
        let server = Server::builder().add_service(RemedyExecutorServiceServer::new(till.clone()));
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        tokio::spawn(server.serve_with_incoming(incoming));
        Ok((till, url))
    }

    pub(super) fn paid(&self) -> Paid {
        let mut paid = Paid::default();
        for entry in self.books().values() {
            let sum = paid.by_complaint.entry(entry.complaint).or_default();
            *sum += entry.amount.amount_minor * i64::from(entry.times);
            paid.doubled += u64::from(entry.times > 1);
        }
        paid
    }

    fn books(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pay(&self, key: &str, complaint: Uuid, amount: Money) -> wire::Execution {
        let mut books = self.books();
        let entry = books.entry(key.to_owned()).or_insert(Entry { times: 0, complaint, amount });
        entry.times += 1;
        done(key, entry)
    }
}

fn done(key: &str, entry: &Entry) -> wire::Execution {
    wire::Execution {
        idempotency_key: key.to_owned(),
        state: wire::ExecutionState::Done.into(),
        reference: format!("pay-{key}"),
        amount: Some(entry.amount.clone()),
        executed_at: Some(to_wire_time(SystemClock.now())),
        reason: String::new(),
    }
}

#[tonic::async_trait]
impl RemedyExecutorService for Till {
    async fn execute(
        &self,
        request: Request<wire::ExecuteRequest>,
    ) -> Result<Response<wire::ExecuteResponse>, Status> {
        let asked = request.into_inner();
        let complaint = asked.complaint_id.parse().map_err(|_| Status::invalid_argument("complaint_id"))?;
        let amount = asked.terms.and_then(|terms| terms.amount);
        let amount = amount.ok_or_else(|| Status::invalid_argument("terms.amount"))?;
        let execution = Some(self.pay(&asked.idempotency_key, complaint, amount));
        Ok(Response::new(wire::ExecuteResponse { execution }))
    }

    async fn query(
        &self,
        request: Request<wire::QueryRequest>,
    ) -> Result<Response<wire::QueryResponse>, Status> {
        let key = request.into_inner().idempotency_key;
        let known = self.books().get(&key).map(|entry| done(&key, entry));
        let not_started = || wire::Execution {
            idempotency_key: key.clone(),
            state: wire::ExecutionState::NotStarted.into(),
            ..wire::Execution::default()
        };
        Ok(Response::new(wire::QueryResponse { execution: Some(known.unwrap_or_else(not_started)) }))
    }

    async fn reverse(
        &self,
        _: Request<wire::ReverseRequest>,
    ) -> Result<Response<wire::ReverseResponse>, Status> {
        Err(Status::unimplemented("nothing is taken back in this run"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_payment_under_one_key_shows_in_the_books() {
        let (till, id) = (Till::default(), Uuid::from_u128(1));
        let amount = |amount_minor| Money { currency: "CNY".to_owned(), amount_minor };
        till.pay("a", id, amount(500));
        till.pay("b", id, amount(70));
        assert_eq!(till.paid(), Paid { by_complaint: HashMap::from([(id, 570)]), doubled: 0 });
        till.pay("a", id, amount(500));
        assert_eq!(till.paid(), Paid { by_complaint: HashMap::from([(id, 1_070)]), doubled: 1 });
    }
}
