//! The platform's payments: they carry out what resolution orders, once per idempotency key, and keep their own books.
//!
//! A seed decides which payments stumble: some are refused for a moment before anything was begun, some are only begun and
//! done when they are asked about. A payer whose reference begins with [`EMPTY_PURSE`] cannot pay at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redress_proto::convert::to_wire_time;
use redress_proto::resolution::v1::remedy_executor_service_server::{
    RemedyExecutorService, RemedyExecutorServiceServer,
};
use redress_proto::resolution::v1::{
    ExecuteRequest, ExecuteResponse, Execution, ExecutionState, QueryRequest, QueryResponse, ReverseRequest,
    ReverseResponse,
};
use tonic::{Request, Response, Status};

use super::now;
use crate::dice::throw;

/// References of payers without money begin like this.
pub const EMPTY_PURSE: &str = "sim-shop-broke-";

/// Of so many payments one is refused for a moment, and one is only begun at first.
const STUMBLES: u64 = 8;

/// One line of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Of which tenant.
    pub tenant: String,
    /// For which complaint.
    pub complaint: String,
    /// What was moved; 0 for deeds.
    pub amount_minor: i64,
    /// Whether it was taken back.
    pub reversed: bool,
}

#[derive(Clone)]
struct Line {
    tenant: String,
    complaint: String,
    execution: Execution,
}

#[derive(Default)]
struct Books {
    lines: BTreeMap<(String, String), Line>,
    refused_once: BTreeSet<(String, String)>,
}

/// The payments, with their books.
#[derive(Clone)]
pub struct Payments {
    seed: u64,
    books: Arc<Mutex<Books>>,
}

/// What happens to a payment at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    RefusedForAMoment,
    OnlyBegun,
}

impl Payments {
    /// With empty books.
    pub fn new(seed: u64) -> Self {
        Self { seed, books: Arc::default() }
    }

    pub(super) fn service(&self) -> RemedyExecutorServiceServer<Self> {
        RemedyExecutorServiceServer::new(self.clone())
    }

    /// Everything that was carried out, in the order of tenants and keys.
    pub fn made(&self) -> Vec<Payment> {
        let moved =
            |line: &Line| matches!(line.execution.state(), ExecutionState::Done | ExecutionState::Reversed);
        let payment = |line: &Line| Payment {
            tenant: line.tenant.clone(),
            complaint: line.complaint.clone(),
            amount_minor: line.execution.amount.as_ref().map_or(0, |amount| amount.amount_minor),
            reversed: line.execution.state() == ExecutionState::Reversed,
        };
        self.books().lines.values().filter(|line| moved(line)).map(payment).collect()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self, key: &str) -> Fate {
        match throw(self.seed, key, STUMBLES) {
            0 => Fate::RefusedForAMoment,
            1 => Fate::OnlyBegun,
            _ => Fate::Done,
        }
    }

    fn execute(&self, request: ExecuteRequest) -> Result<Execution, Status> {
        let place = (request.tenant.clone(), request.idempotency_key.clone());
        let mut books = self.books();
        if let Some(known) = books.lines.get(&place) {
            return Ok(known.execution.clone());
        }
        let terms = request.terms.ok_or_else(|| Status::invalid_argument("without terms"))?;
        let fate = self.fate(&request.idempotency_key);
        if fate == Fate::RefusedForAMoment && books.refused_once.insert(place.clone()) {
            return Err(Status::unavailable("the bank is busy"));
        }
        let broke = terms.payer.as_ref().is_some_and(|payer| payer.reference.starts_with(EMPTY_PURSE));
        let state = match fate {
            _ if broke => ExecutionState::Failed,
            Fate::OnlyBegun => ExecutionState::Pending,
            Fate::Done | Fate::RefusedForAMoment => ExecutionState::Done,
        };
        let mut execution = Execution {
            idempotency_key: request.idempotency_key,
            reference: format!("PAY-{:06}", books.lines.len() + 1),
            amount: terms.amount,
            ..Execution::default()
        };
        become_state(&mut execution, state);
        let (tenant, complaint) = (request.tenant, request.complaint_id);
        books.lines.insert(place, Line { tenant, complaint, execution: execution.clone() });
        Ok(execution)
    }

    fn query(&self, request: QueryRequest) -> Execution {
        let key = request.idempotency_key;
        let mut books = self.books();
        let Some(line) = books.lines.get_mut(&(request.tenant, key.clone())) else {
            let mut unknown = Execution { idempotency_key: key, ..Execution::default() };
            unknown.set_state(ExecutionState::NotStarted);
            return unknown;
        };
        if line.execution.state() == ExecutionState::Pending {
            become_state(&mut line.execution, ExecutionState::Done);
        }
        line.execution.clone()
    }

    fn reverse(&self, request: ReverseRequest) -> Result<Execution, Status> {
        let mut books = self.books();
        let line = books.lines.get_mut(&(request.tenant, request.idempotency_key));
        let line = line.ok_or_else(|| Status::not_found("nothing was begun under this key"))?;
        become_state(&mut line.execution, ExecutionState::Reversed);
        Ok(line.execution.clone())
    }
}

fn become_state(execution: &mut Execution, state: ExecutionState) {
    execution.set_state(state);
    match state {
        ExecutionState::Done => execution.executed_at = Some(to_wire_time(now())),
        ExecutionState::Failed => {
            "insufficient_balance".clone_into(&mut execution.reason);
            execution.amount = None;
        }
        _ => {}
    }
}

#[tonic::async_trait]
impl RemedyExecutorService for Payments {
    async fn execute(&self, request: Request<ExecuteRequest>) -> Result<Response<ExecuteResponse>, Status> {
        let execution = Self::execute(self, request.into_inner())?;
        Ok(Response::new(ExecuteResponse { execution: Some(execution) }))
    }

    async fn query(&self, request: Request<QueryRequest>) -> Result<Response<QueryResponse>, Status> {
        let execution = Self::query(self, request.into_inner());
        Ok(Response::new(QueryResponse { execution: Some(execution) }))
    }

    async fn reverse(&self, request: Request<ReverseRequest>) -> Result<Response<ReverseResponse>, Status> {
        let execution = Self::reverse(self, request.into_inner())?;
        Ok(Response::new(ReverseResponse { execution: Some(execution) }))
    }
}

#[cfg(test)]
mod tests;
