use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use redress_domain::Clock;
use tokio_util::sync::CancellationToken;

use crate::auth::Authenticator;
use crate::{Readiness, Rpc, RuntimeConfig, Settings};

/// One service of the platform. `main` is `redress_runtime::run::<Intake>()` and nothing else.
#[async_trait]
pub trait Service: Sized + Send + Sync + 'static {
    /// The short name, for example `intake`. The binary and `service.name` are `redress-` and this.
    const NAME: &'static str;
    /// The commented configuration that names every key: `include_str!("../config/default.toml")`.
    const DEFAULT_CONFIG: &'static str;
    /// The typed configuration.
    type Config: Settings;

    /// Brings the service's database to this version. Safe to run twice and by several at once.
    async fn migrate(config: &Self::Config) -> anyhow::Result<()>;

    /// Creates the topics that the service owns. Safe to run twice.
    async fn topics(config: &Self::Config) -> anyhow::Result<()>;

    /// Wires the service. Must not wait for dependencies that may be away: those are [`Readiness`] conditions.
    async fn build(config: Arc<Self::Config>, context: Context) -> anyhow::Result<Parts>;
}

/// What the runtime gives to a service.
#[derive(Clone)]
pub struct Context {
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Cancelled as soon as the process is asked to leave: streams without an end of their own end now.
    pub draining: CancellationToken,
    /// Cancelled when calls in flight are done: consumers and other tasks end now.
    pub stop: CancellationToken,
    /// Whether the process may be sent work; the service adds its named conditions.
    pub readiness: Readiness,
    /// Verifies tokens that do not arrive as the header of a call.
    pub authenticator: Arc<Authenticator>,
}

impl Context {
    /// Of a process that goes by `clock`: the host's, or a test's.
    ///
    /// # Errors
    /// If the issuer's keys cannot be looked for where the configuration says.
    pub fn new(config: &RuntimeConfig, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let authenticator = Arc::new(Authenticator::new(&config.auth, Arc::clone(&clock))?);
        let (draining, stop) = (CancellationToken::new(), CancellationToken::new());
        Ok(Self { clock, draining, stop, readiness: Readiness::new(), authenticator })
    }
}

/// What a service consists of.
#[derive(Default)]
pub struct Parts {
    /// The gRPC services.
    pub grpc: tonic::service::Routes,
    /// The HTTP edge, where the service has one.
    pub http: Option<axum::Router>,
    /// Work in the background. Each runs until [`Context::stop`]; one that ends or panics before ends the process.
    pub tasks: Vec<Task>,
    /// One row per RPC. An RPC without a row is refused.
    pub policy: &'static [Rpc],
    /// The encoded `FileDescriptorSet` of the services, for reflection and for the check of `policy` at start.
    pub descriptors: &'static [u8],
    /// Run one after the other once all tasks have ended, for example a producer's last flush.
    pub drain: Vec<Task>,
}

/// A named future.
pub struct Task {
    pub(crate) name: &'static str,
    pub(crate) future: BoxFuture<'static, anyhow::Result<()>>,
}

impl Task {
    /// Names `future`; the name stands in the log line when it fails.
    pub fn new(
        name: &'static str,
        future: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) -> Self {
        Self { name, future: future.boxed() }
    }
}

/// The work itself, for whoever runs it elsewhere than in the runtime: a test that gives it another clock.
impl IntoFuture for Task {
    type Output = anyhow::Result<()>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.future
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("name", &self.name).finish_non_exhaustive()
    }
}
