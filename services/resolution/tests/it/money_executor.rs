//! Whoever pays, as the platform would run it: a real server with a ledger of its own. It pays whenever it is asked to,
//! also twice under one key, so that a second payment shows here and nowhere else.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::remedy_executor_service_server::{
    RemedyExecutorService, RemedyExecutorServiceServer,
};
use redress_proto::types::v1::Money;
use redress_resolution::app::remedy::executor::Executor;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// What it does when it is asked to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Pays, and the answer is lost.
    AnswerLost,
    /// Pays, and never answers.
    Hangs,
    /// Pays, and says nothing about it.
    SaysNothing,
    /// Pays, and answers about another key.
    TalksOfAnother,
    /// Does nothing, and answers with an error.
    Vanishes,
    /// Pays another amount.
    Pays(i64),
    /// Pays in another currency.
    PaysIn(&'static str),
    /// Refuses for good.
    Refuses(&'static str),
    /// Begins, and pays when it is asked about it.
    Begins,
}

#[derive(Default)]
struct Books {
    moods: VecDeque<Mood>,
    down: bool,
    calls: Vec<&'static str>,
    /// From which funds it was asked to pay, and whether the invoice of the sale changes.
    booked: Vec<(wire::FundingSource, bool)>,
    /// Every movement of money, in order.
    moved: Vec<(String, i64)>,
    entries: BTreeMap<String, wire::Execution>,
}

/// The server. Clones share the books.
#[derive(Clone)]
pub(crate) struct Payments {
    books: Arc<Mutex<Books>>,
    pub(crate) url: String,
}

impl Payments {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let payments = Self { books: Arc::default(), url };
        let server = tonic::transport::Server::builder()
            .add_service(RemedyExecutorServiceServer::new(payments.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        payments
    }

    pub(crate) fn client(&self) -> Executor {
        Executor::new(self.url.parse().unwrap(), Duration::from_millis(300))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// What it does at its next payments; afterwards it pays as it is asked.
    pub(crate) fn will(&self, moods: impl IntoIterator<Item = Mood>) {
        self.books().moods.extend(moods);
    }

    pub(crate) fn is_down(&self, down: bool) {
        self.books().down = down;
    }

    /// The calls since the last time.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.books().calls)
    }

    /// How each payment was to be booked.
    pub(crate) fn booked(&self) -> Vec<(wire::FundingSource, bool)> {
        self.books().booked.clone()
    }

    /// All movements of money; below 0 for what was taken back.
    pub(crate) fn moved(&self) -> Vec<i64> {
        self.books().moved.iter().map(|(_, minor)| *minor).collect()
    }

    /// The most often that one key was paid.
    pub(crate) fn most_paid(&self) -> usize {
        let books = self.books();
        let times = |key: &String| books.moved.iter().filter(|(k, minor)| k == key && *minor > 0).count();
        books.entries.keys().map(times).max().unwrap_or(0)
    }

    /// A payment is taken back over there, without being asked to.
    pub(crate) fn takes_back(&self, key: &str) {
        let mut books = self.books();
        let mut entry = books.entries[key].clone();
        let minor = entry.amount.as_ref().map_or(0, |amount| amount.amount_minor);
        entry.state = wire::ExecutionState::Reversed.into();
        books.moved.push((key.to_owned(), -minor));
        books.entries.insert(key.to_owned(), entry);
    }

    /// A payment is put right over there: what was too much comes back.
    pub(crate) fn puts_right(&self, key: &str, minor: i64) {
        let mut books = self.books();
        let entry = books.entries.get_mut(key).unwrap();
        let amount = entry.amount.as_mut().unwrap();
        let back = minor - amount.amount_minor;
        amount.amount_minor = minor;
        books.moved.push((key.to_owned(), back));
    }

    /// The payer pays after all, behind everybody's back.
    pub(crate) fn pays_late(&self, key: &str, minor: i64) {
        pay(&mut self.books(), key, minor, "CNY");
    }
}

fn pay(books: &mut Books, key: &str, minor: i64, currency: &str) -> wire::Execution {
    books.moved.push((key.to_owned(), minor));
    let done = entry(key, wire::ExecutionState::Done, Some((minor, currency)));
    books.entries.insert(key.to_owned(), done.clone());
    done
}

fn entry(key: &str, state: wire::ExecutionState, amount: Option<(i64, &str)>) -> wire::Execution {
    wire::Execution {
        idempotency_key: key.to_owned(),
        state: state.into(),
        reference: format!("pay-{key}"),
        amount: amount.map(|(minor, currency)| Money { currency: currency.into(), amount_minor: minor }),
        executed_at: Some(pbjson_types::Timestamp { seconds: 1_790_000_000, nanos: 0 }),
        reason: String::new(),
    }
}

#[tonic::async_trait]
impl RemedyExecutorService for Payments {
    async fn execute(
        &self,
        request: Request<wire::ExecuteRequest>,
    ) -> Result<Response<wire::ExecuteResponse>, Status> {
        let asked = request.into_inner();
        let booked = (asked.funding_source(), asked.invoice_correction);
        let key = asked.idempotency_key;
        let amount = asked.terms.and_then(|terms| terms.amount).unwrap_or_default();
        let answer = {
            let mut books = self.books();
            books.calls.push("Execute");
            books.booked.push(booked);
            if books.down {
                return Err(Status::unavailable("down"));
            }
            let mood = books.moods.pop_front();
            let minor = amount.amount_minor;
            match &mood {
                None => Some(pay(&mut books, &key, minor, &amount.currency)),
                Some(Mood::Pays(other)) => Some(pay(&mut books, &key, *other, &amount.currency)),
                Some(Mood::PaysIn(currency)) => Some(pay(&mut books, &key, minor, currency)),
                Some(Mood::Vanishes) => return Err(Status::internal("gone")),
                Some(Mood::Refuses(reason)) => {
                    let refused = wire::Execution {
                        reason: (*reason).to_owned(),
                        ..entry(&key, wire::ExecutionState::Failed, None)
                    };
                    books.entries.insert(key.clone(), refused.clone());
                    Some(refused)
                }
                Some(Mood::Begins) => {
                    let begun = entry(&key, wire::ExecutionState::Pending, Some((minor, &amount.currency)));
                    books.entries.insert(key.clone(), begun.clone());
                    Some(begun)
                }
                Some(Mood::SaysNothing) => {
                    pay(&mut books, &key, minor, &amount.currency);
                    Some(entry(&key, wire::ExecutionState::Unspecified, None))
                }
                Some(Mood::TalksOfAnother) => {
                    let done = pay(&mut books, &key, minor, &amount.currency);
                    Some(wire::Execution { idempotency_key: uuid::Uuid::nil().to_string(), ..done })
                }
                Some(Mood::AnswerLost) => {
                    pay(&mut books, &key, minor, &amount.currency);
                    return Err(Status::unavailable("the answer is lost"));
                }
                Some(Mood::Hangs) => {
                    pay(&mut books, &key, minor, &amount.currency);
                    None
                }
            }
        };
        match answer {
            Some(execution) => Ok(Response::new(wire::ExecuteResponse { execution: Some(execution) })),
            None => std::future::pending().await,
        }
    }

    async fn query(
        &self,
        request: Request<wire::QueryRequest>,
    ) -> Result<Response<wire::QueryResponse>, Status> {
        let key = request.into_inner().idempotency_key;
        let mut books = self.books();
        books.calls.push("Query");
        if books.down {
            return Err(Status::unavailable("down"));
        }
        let known = books.entries.get(&key).cloned();
        let execution = match known {
            None => wire::Execution { amount: None, ..entry(&key, wire::ExecutionState::NotStarted, None) },
            Some(begun) if begun.state() == wire::ExecutionState::Pending => {
                let amount = begun.amount.unwrap_or_default();
                pay(&mut books, &key, amount.amount_minor, &amount.currency)
            }
            Some(known) => known,
        };
        Ok(Response::new(wire::QueryResponse { execution: Some(execution) }))
    }

    async fn reverse(
        &self,
        request: Request<wire::ReverseRequest>,
    ) -> Result<Response<wire::ReverseResponse>, Status> {
        let key = request.into_inner().idempotency_key;
        let mut books = self.books();
        books.calls.push("Reverse");
        if books.down {
            return Err(Status::unavailable("down"));
        }
        let Some(mut entry) = books.entries.get(&key).cloned() else {
            return Err(Status::not_found("nothing to take back"));
        };
        let minor = entry.amount.as_ref().map_or(0, |amount| amount.amount_minor);
        books.moved.push((key.clone(), -minor));
        entry.state = wire::ExecutionState::Reversed.into();
        books.entries.insert(key, entry.clone());
        Ok(Response::new(wire::ReverseResponse { execution: Some(entry) }))
    }
}
