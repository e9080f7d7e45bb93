//! Everybody who acts in a case, and how they call: repeated under the same name until there is an answer for good, as a
//! careful client does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use redress_domain::{Role, TenantId};
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::driver::tally::{histogram, milliseconds, record};
use crate::report::Report;
use crate::site::Site;

/// What one attempt may take.
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// Pauses before a call is repeated: what one service knows another hears a moment later.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a step may take in all, waiting included: a backlog is worked off, a case that hangs is found.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// Where the services are.
#[derive(Debug, Clone)]
pub(super) struct Services {
    pub(super) intake: IntakeServiceClient<Channel>,
    pub(super) investigation: InvestigationServiceClient<Channel>,
    pub(super) resolution: ResolutionServiceClient<Channel>,
}

impl Services {
    pub(super) fn at(intake: &str, investigation: &str, resolution: &str) -> anyhow::Result<Self> {
        let to = |address: &str| {
            let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
            anyhow::Ok(endpoint.connect_timeout(Duration::from_secs(1)).tcp_nodelay(true).connect_lazy())
        };
        Ok(Self {
            intake: IntakeServiceClient::new(to(intake)?),
            investigation: InvestigationServiceClient::new(to(investigation)?),
            resolution: ResolutionServiceClient::new(to(resolution)?),
        })
    }
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub(super) struct Person(MetadataValue<Ascii>);

impl Person {
    pub(super) fn of(site: &Site, tenant: &TenantId, subject: &str, role: Role) -> anyhow::Result<Self> {
        Ok(Self(format!("Bearer {}", site.token(tenant, subject, role)?).parse()?))
    }

    pub(super) fn says<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(CALL_LIMIT);
        request.metadata_mut().insert("authorization", self.0.clone());
        request
    }
}

/// A tenant's staff: whoever finds the facts plans nothing, and whoever plans does not approve.
#[derive(Debug, Clone)]
pub(super) struct Staff {
    pub(super) tenant: TenantId,
    pub(super) officer: Person,
    pub(super) handler: Person,
    pub(super) mediator: Person,
    pub(super) supervisor: Person,
}

impl Staff {
    pub(super) fn of(site: &Site, tenant: TenantId) -> anyhow::Result<Self> {
        let person = |subject, role| Person::of(site, &tenant, subject, role);
        Ok(Self {
            officer: person("officer-1", Role::IntakeOfficer)?,
            handler: person("handler-1", Role::Handler)?,
            mediator: person("mediator-1", Role::Handler)?,
            supervisor: person("supervisor-1", Role::Supervisor)?,
            tenant,
        })
    }
}

/// How long the calls took, by step; and how many were repeated, by why.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    steps: BTreeMap<&'static str, Histogram<u64>>,
    repeated: BTreeMap<String, u64>,
}

impl Calls {
    /// Makes a call until it is answered for good. What is early, late or turned away is said again under the same name.
    pub(super) async fn make<A, F>(
        &self,
        step: &'static str,
        mut attempt: impl FnMut() -> F,
    ) -> anyhow::Result<A>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let (start, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let began = Instant::now();
            match attempt().await {
                Ok(answer) => {
                    self.answered(step, began.elapsed())?;
                    return Ok(answer.into_inner());
                }
                Err(status) if comes_again(status.code()) && start.elapsed() < PATIENCE => {
                    *self.counts().repeated.entry(format!("{step}: {:?}", status.code())).or_default() += 1;
                }
                Err(status) => anyhow::bail!("{step}: {:?}: {}", status.code(), status.message()),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn answered(&self, step: &'static str, took: Duration) -> anyhow::Result<()> {
        let mut counts = self.counts();
        if !counts.steps.contains_key(step) {
            counts.steps.insert(step, histogram()?);
        }
        if let Some(known) = counts.steps.get_mut(step) {
            record(known, took);
        }
        Ok(())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn report(&self, report: &mut Report) {
        let counts = self.counts();
        for (step, took) in &counts.steps {
            report.figure(format!("{step}_p50_ms"), milliseconds(took, 0.5));
            report.figure(format!("{step}_p99_ms"), milliseconds(took, 0.99));
        }
        for (why, times) in &counts.repeated {
            report.figure(format!("repeated {why}"), *times);
        }
    }
}

/// Not there yet, not in that state yet, turned away, or without an outcome.
const fn comes_again(code: Code) -> bool {
    matches!(
        code,
        Code::NotFound
            | Code::FailedPrecondition
            | Code::ResourceExhausted
            | Code::Unavailable
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::Cancelled
            // What is told of a connection that broke in the middle of an answer. Each is counted by its code.
            | Code::Unknown
            | Code::Internal
    )
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn a_call_is_repeated_until_it_is_answered_and_what_is_wrong_is_told_at_once() {
        let calls = Calls::default();
        let mut answers =
            vec![Ok(Response::new(7)), Err(Status::not_found("")), Err(Status::unavailable(""))];
        let answer = calls.make("step", || ready(answers.pop().unwrap())).await;
        assert_eq!(answer.unwrap(), 7);
        assert_eq!(calls.counts().repeated.values().sum::<u64>(), 2);
        assert_eq!(calls.counts().steps["step"].len(), 1, "only what was answered counts");
        let wrong = calls.make("step", || ready(Err::<Response<()>, _>(Status::invalid_argument("x")))).await;
        assert_eq!(wrong.unwrap_err().to_string(), "step: InvalidArgument: x");
    }
}
