//! Somebody with a token, and what they can call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Context as _;
use redress_domain::{Role, TenantId};
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use redress_proto::sla::v1::clock_service_client::ClockServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::{Channels, Tokens};

pub(super) type Authorised = InterceptedService<Channel, Bearer>;

/// Where everybody's tokens come from.
pub(super) struct Issuing {
    tokens: Tokens,
    /// Goes up when all tokens that were issued before are out of date.
    age: AtomicU64,
    /// The trace that all calls belong to, as W3C has it; without one each call is its own.
    trace: OnceLock<MetadataValue<Ascii>>,
}

impl Issuing {
    pub(super) fn by(tokens: Tokens) -> Arc<Self> {
        Arc::new(Self { tokens, age: AtomicU64::new(0), trace: OnceLock::new() })
    }

    /// From here on all calls belong to this trace.
    pub(super) fn trace(&self, traceparent: &str) -> anyhow::Result<()> {
        self.trace.set(traceparent.parse()?).ok().context("the calls belong to a trace already")
    }

    /// The trace that all calls belong to.
    pub(super) fn traceparent(&self) -> Option<&MetadataValue<Ascii>> {
        self.trace.get()
    }

    /// From here on everybody calls with a new token.
    pub(super) fn renew(&self) {
        self.age.fetch_add(1, Ordering::Release);
    }
}

/// Puts a token into each call, and the trace that it belongs to.
#[derive(Clone)]
pub(super) struct Bearer(Arc<Holder>);

struct Holder {
    issuing: Arc<Issuing>,
    tenant: TenantId,
    subject: String,
    role: Role,
    /// The token, and of which age it is.
    held: Mutex<(u64, MetadataValue<Ascii>)>,
}

impl Bearer {
    pub(super) fn new(
        issuing: &Arc<Issuing>,
        tenant: &TenantId,
        subject: &str,
        role: Role,
    ) -> anyhow::Result<Self> {
        let held = Mutex::new(issued(issuing, tenant, subject, role)?);
        let (issuing, tenant, subject) = (Arc::clone(issuing), tenant.clone(), subject.to_owned());
        Ok(Self(Arc::new(Holder { issuing, tenant, subject, role, held })))
    }

    fn token(&self) -> anyhow::Result<MetadataValue<Ascii>> {
        let Holder { issuing, tenant, subject, role, held } = &*self.0;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != issuing.age.load(Ordering::Acquire) {
            *held = issued(issuing, tenant, subject, *role)?;
        }
        Ok(held.1.clone())
    }
}

fn issued(
    issuing: &Issuing,
    tenant: &TenantId,
    subject: &str,
    role: Role,
) -> anyhow::Result<(u64, MetadataValue<Ascii>)> {
    let age = issuing.age.load(Ordering::Acquire);
    Ok((age, format!("Bearer {}", (issuing.tokens)(tenant, subject, role)?).parse()?))
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token = self.token().map_err(|error| Status::unauthenticated(format!("no token: {error:#}")))?;
        request.metadata_mut().insert("authorization", token);
        if let Some(trace) = self.0.issuing.traceparent() {
            request.metadata_mut().insert("traceparent", trace.clone());
        }
        Ok(request)
    }
}

/// Somebody.
#[derive(Clone)]
pub(super) struct Person {
    intake: IntakeServiceClient<Authorised>,
    investigation: InvestigationServiceClient<Authorised>,
    resolution: ResolutionServiceClient<Authorised>,
    sla: ClockServiceClient<Authorised>,
}

impl Person {
    pub(super) fn new(channels: &Channels, bearer: Bearer) -> Self {
        Self {
            intake: IntakeServiceClient::with_interceptor(channels.intake.clone(), bearer.clone()),
            investigation: InvestigationServiceClient::with_interceptor(
                channels.investigation.clone(),
                bearer.clone(),
            ),
            resolution: ResolutionServiceClient::with_interceptor(
                channels.resolution.clone(),
                bearer.clone(),
            ),
            sla: ClockServiceClient::with_interceptor(channels.sla.clone(), bearer),
        }
    }

    pub(super) fn intake(&self) -> IntakeServiceClient<Authorised> {
        self.intake.clone()
    }

    pub(super) fn investigation(&self) -> InvestigationServiceClient<Authorised> {
        self.investigation.clone()
    }

    pub(super) fn resolution(&self) -> ResolutionServiceClient<Authorised> {
        self.resolution.clone()
    }

    pub(super) fn sla(&self) -> ClockServiceClient<Authorised> {
        self.sla.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_until_all_are_renewed() {
        let issued = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&issued);
        let tokens: Tokens =
            Arc::new(move |_, subject, _| Ok(format!("{subject}-{}", count.fetch_add(1, Ordering::Relaxed))));
        let issuing = Issuing::by(tokens);
        let bearer = Bearer::new(&issuing, &"tenant-a".parse().unwrap(), "handler-1", Role::Handler).unwrap();
        let calls_with = || {
            let called = bearer.clone().call(Request::new(())).unwrap();
            called.metadata().get("authorization").unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!([calls_with(), calls_with()], ["Bearer handler-1-0"; 2]);
        issuing.renew();
        assert_eq!([calls_with(), calls_with()], ["Bearer handler-1-1"; 2]);
    }

    #[test]
    fn calls_belong_to_the_trace_that_was_given_and_to_none_without() {
        let issuing = Issuing::by(Arc::new(|_, _, _| Ok("token".to_owned())));
        let tenant = "tenant-a".parse().unwrap();
        let mut bearer = Bearer::new(&issuing, &tenant, "handler-1", Role::Handler).unwrap();
        assert!(bearer.call(Request::new(())).unwrap().metadata().get("traceparent").is_none());
        issuing.trace("00-trace-span-01").unwrap();
        let called = bearer.call(Request::new(())).unwrap();
        assert_eq!(called.metadata().get("traceparent").unwrap(), "00-trace-span-01");
        assert!(issuing.trace("00-other-span-01").is_err());
    }
}
