//! The platform's payments: they carry out what resolution orders, once per idempotency key, and keep their own books.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use redress_proto::resolution::v1::remedy_executor_service_server::{
    RemedyExecutorService, RemedyExecutorServiceServer,
};
use redress_proto::resolution::v1::{
    ExecuteRequest, ExecuteResponse, Execution, ExecutionState, QueryRequest, QueryResponse, ReverseRequest,
    ReverseResponse,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// What was paid, by idempotency key.
#[derive(Clone, Default)]
pub(crate) struct Payments(Arc<Mutex<BTreeMap<String, Execution>>>);

impl Payments {
    /// Serves until the test ends; gives the address.
    pub(crate) async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = RemedyExecutorServiceServer::new(self.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        address
    }

    /// Amounts in minor units, one for each payment.
    pub(crate) fn amounts(&self) -> Vec<i64> {
        let books = self.0.lock().unwrap();
        books.values().filter_map(|paid| Some(paid.amount.as_ref()?.amount_minor)).collect()
    }
}

#[tonic::async_trait]
impl RemedyExecutorService for Payments {
    async fn execute(&self, request: Request<ExecuteRequest>) -> Result<Response<ExecuteResponse>, Status> {
        let request = request.into_inner();
        let mut books = self.0.lock().unwrap();
        let number = books.len() + 1;
        let execution = books.entry(request.idempotency_key.clone()).or_insert_with(|| Execution {
            idempotency_key: request.idempotency_key,
            state: ExecutionState::Done.into(),
            reference: format!("PAY-{number:06}"),
            amount: request.terms.and_then(|terms| terms.amount),
            executed_at: Some(redress_proto::convert::to_wire_time(crate::installation::now())),
            ..Execution::default()
        });
        Ok(Response::new(ExecuteResponse { execution: Some(execution.clone()) }))
    }

    async fn query(&self, request: Request<QueryRequest>) -> Result<Response<QueryResponse>, Status> {
        let key = request.into_inner().idempotency_key;
        let known = self.0.lock().unwrap().get(&key).cloned();
        let execution = known.unwrap_or_else(|| Execution {
            idempotency_key: key,
            state: ExecutionState::NotStarted.into(),
            ..Execution::default()
        });
        Ok(Response::new(QueryResponse { execution: Some(execution) }))
    }

    async fn reverse(&self, _: Request<ReverseRequest>) -> Result<Response<ReverseResponse>, Status> {
        Err(Status::unimplemented("nothing is reversed in these tests"))
    }
}
