use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, IntoConnectionInfo as _, ProtocolVersion, RedisResult};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout};

use crate::breaker::{Breaker, Change};
use crate::error::is_outage;
use crate::measure::{Measure, Outcome};
use crate::{RedisConfig, RedisConfigError, RedisError};

/// One attempt to connect, the greeting included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Pauses between attempts grow from the first to the second (doubled at most by the library's jitter).
const RECONNECT_MIN: Duration = Duration::from_millis(50);
const RECONNECT_MAX: Duration = Duration::from_millis(500);
/// Commands that may wait for the socket; beyond it callers wait within their own limit.
const PIPELINE_BUFFER: usize = 1024;
/// Unacknowledged bytes older than this end the connection: a host that vanished sends no reset.
#[cfg(target_os = "linux")]
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to Redis that is made, and made again, in the background. Clones share it.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    timeout: Duration,
    breaker: Arc<Mutex<Breaker>>,
    measure: Measure,
}

impl Redis {
    /// Starts to connect, for ever, and returns at once. Fails on a configuration that can never work.
    ///
    /// To be called inside a tokio runtime.
    pub fn connect(config: &RedisConfig) -> Result<Self, RedisConfigError> {
        let timeout = config.timeout();
        if timeout.is_zero() {
            return Err(RedisConfigError::Timeout);
        }
        let client = client(config.url.expose_secret()).map_err(|_| RedisConfigError::Url)?;
        let connection = manager(client.clone()).map_err(|_| RedisConfigError::Url)?;
        tokio::spawn(first_connection(client, connection.clone()));
        Ok(Self { connection, timeout, breaker: Arc::default(), measure: Measure::new() })
    }

    /// Runs one call within the time limit and under the breaker. `operation` names the command for the metrics.
    ///
    /// Safe to drop at any await: the command may or may not have reached Redis.
    pub async fn call<T, W, F>(&self, operation: &'static str, work: W) -> Result<T, RedisError>
    where
        W: FnOnce(ConnectionManager) -> F + Send,
        F: Future<Output = RedisResult<T>> + Send,
    {
        let start = Instant::now();
        if !self.with_breaker(|breaker| breaker.admit(start.into_std())) {
            self.measure.record(operation, Outcome::Refused, Duration::ZERO);
            return Err(RedisError::Unavailable);
        }
        let result = match timeout(self.timeout, work(self.connection.clone())).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) if is_outage(&error) => Err(self.unanswered(error)),
            Ok(Err(error)) => Err(RedisError::Unexpected(error)),
            Err(elapsed) => Err(self.unanswered(elapsed)),
        };
        if !matches!(result, Err(RedisError::Unavailable)) {
            self.answered();
        }
        self.measure.record(operation, Outcome::of(&result), start.elapsed());
        result
    }

    /// Limit of one call.
    pub(crate) fn limit(&self) -> Duration {
        self.timeout
    }

    fn answered(&self) {
        if self.with_breaker(Breaker::succeeded) == Some(Change::Closed) {
            tracing::info!("Redis answers again");
        }
    }

    fn unanswered(&self, cause: impl std::error::Error) -> RedisError {
        if self.with_breaker(|breaker| breaker.failed(Instant::now().into_std())) == Some(Change::Opened) {
            tracing::warn!(error.message = %cause, "Redis does not answer; going on without it");
        }
        RedisError::Unavailable
    }

    fn with_breaker<T>(&self, act: impl FnOnce(&mut Breaker) -> T) -> T {
        // A breaker is whole after each step, so one that a panic left behind is as good as any.
        act(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redis(..)")
    }
}

pub(crate) fn client(url: &str) -> RedisResult<Client> {
    let tcp = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let tcp = tcp.set_user_timeout(TCP_USER_TIMEOUT);
    let info = url.into_connection_info()?;
    // The third protocol tells the manager at once of a lost connection; under the second a command finds out.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_tcp_settings(tcp).set_redis_settings(settings))
}

fn manager(client: Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        // The limit of `Redis::call` covers more: also the wait for a connection and for room in the pipeline.
        .set_response_timeout(None)
        .set_min_delay(RECONNECT_MIN)
        .set_max_delay(RECONNECT_MAX)
        // A manager that gave up on another fault than one of the network would never try again.
        .set_number_of_retries(usize::MAX)
        .set_pipeline_buffer_size(PIPELINE_BUFFER);
    ConnectionManager::new_lazy_with_config(client, config)
}

/// Tells why Redis cannot be reached, if so, and sees the manager's first connection through.
///
/// The manager keeps causes to itself while it tries on: a wrong password would look like a slow server. And it makes
/// its first connection only while somebody waits for it; callers here wait too briefly. Later ones it makes by itself.
async fn first_connection(client: Client, mut manager: ConnectionManager) {
    if let Err(error) = client.get_multiplexed_async_connection().await {
        tracing::warn!(error.message = %error, "Redis cannot be reached; going on without it and trying again");
    }
    let _: RedisResult<()> = redis::cmd("PING").query_async(&mut manager).await;
}
