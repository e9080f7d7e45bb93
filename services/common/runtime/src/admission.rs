//! Whether a call is let in, the same for gRPC and HTTP: policy row → token → right → tenant's share → room → deadline.
//!
//! The token comes before the room: who may not call takes no room, and the tenant is known only from the token. A
//! verified token is remembered, so this costs a hash and a look-up.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use http::HeaderMap;
use opentelemetry::KeyValue;
use redress_domain::{ErrorKind, Principal, Problem};
use tokio::time::Instant;

use crate::auth::{Authenticator, Proof};
use crate::grpc::time_allowed;
use crate::overload::{Limiter, Permit, Share, Tenants};
use crate::policy::Policy;
use crate::telemetry::CALLS_SHED;
use crate::{Criticality, Rpc};

pub(crate) struct Admission {
    pub(crate) policy: Policy,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) tenants: Tenants,
}

/// When a call's time is over; stands in the extensions of every request that was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Instant);

/// A call that was let in. It holds its room until its answer begins: a stream that stays open for hours must not
/// take the room of calls. How many streams there may be is its service's matter.
pub(crate) struct Admitted {
    principal: Arc<Principal>,
    proved_until: Instant,
    until: Instant,
    _share: Share,
    _room: Permit,
}

impl Admission {
    /// The policy row of a path.
    pub(crate) fn rpc(&self, path: &str) -> Option<Rpc> {
        self.policy.find(path)
    }

    /// Lets a call in or says why not. `rpc` is its policy row; a call without one is refused.
    pub(crate) async fn admit(&self, rpc: Option<Rpc>, headers: &HeaderMap) -> Result<Admitted, Problem> {
        let upload = rpc.is_some_and(|rpc| self.policy.is_upload(rpc));
        let time = time_allowed(headers, upload);
        if time.is_zero() {
            return Err(too_late());
        }
        let until = Instant::now() + time;
        let Proof { principal, until: proved_until } = self.authenticator.proof(headers).await?;
        let rpc = rpc.filter(|rpc| rpc.allow.permits(&principal)).ok_or_else(Problem::permission_denied)?;
        let share = self.tenants.take(&principal.tenant)?;
        let room =
            self.limiter.acquire(rpc.criticality, until).await.ok_or_else(|| overloaded(rpc.criticality))?;
        Ok(Admitted { principal, proved_until, until, _share: share, _room: room })
    }
}

impl Admitted {
    /// What a handler may ask of its request: who calls, and until when.
    pub(crate) fn tell(&self, extensions: &mut http::Extensions) {
        extensions.insert(Arc::clone(&self.principal));
        extensions.insert(Deadline(self.until));
    }

    /// Until when the caller is proved: no answer goes on for longer.
    pub(crate) const fn proved_until(&self) -> Instant {
        self.proved_until
    }

    /// The outcome of `handler` within the call's time. A panic is a defect of this one call, not of the process.
    pub(crate) async fn bounded<T>(self, handler: impl Future<Output = T>) -> Result<T, Problem> {
        match tokio::time::timeout_at(self.until, AssertUnwindSafe(handler).catch_unwind()).await {
            Ok(Ok(outcome)) => Ok(outcome),
            // The panic hook has logged it.
            Ok(Err(_)) => Err(Problem::internal()),
            Err(_) => Err(too_late()),
        }
    }
}

fn too_late() -> Problem {
    Problem::new(
        ErrorKind::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
        "the call's time is over; its outcome is unknown",
    )
}

fn overloaded(class: Criticality) -> Problem {
    CALLS_SHED.add(1, &[KeyValue::new("redress.criticality", class.code())]);
    Problem::new(ErrorKind::ResourceExhausted, "OVERLOADED", "too much at once; repeat after the delay")
        .after(Duration::from_millis(500))
}
