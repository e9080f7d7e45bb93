use std::net::SocketAddr;
use std::path::PathBuf;

use http::Uri;
use redress_domain::TenantId;
use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Deserializer};

use crate::grpc::is_loopback;

/// The section `[runtime]` of every service's configuration.
///
/// Text fields that may stay open are empty in the file; the types here say `None` for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeConfig {
    /// The gRPC port.
    pub grpc: GrpcConfig,
    /// The HTTP port; without effect in a service that has no HTTP edge.
    pub http: HttpConfig,
    /// The port for probes and metrics.
    pub admin: AdminConfig,
    /// Whose tokens are taken.
    pub auth: AuthConfig,
    /// Logs; traces and metrics follow the `OTEL_*` variables.
    pub telemetry: TelemetryConfig,
    /// How much is taken on at once.
    pub overload: OverloadConfig,
    /// How long leaving may take.
    pub shutdown: ShutdownConfig,
    /// What time it is.
    #[serde(default)]
    pub time: TimeConfig,
}

/// `[runtime.grpc]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether the reflection service is offered.
    pub reflection: bool,
    /// After this time without a frame the peer is pinged.
    pub keepalive_interval_ms: u64,
    /// A peer that does not answer a ping for this time is gone.
    pub keepalive_timeout_ms: u64,
    /// A connection older than this is asked to reconnect, so that load spreads over new replicas.
    pub max_connection_age_ms: u64,
    /// Time for calls of such a connection to end.
    pub max_connection_age_grace_ms: u64,
    /// Transport security; plaintext if no certificate is given.
    pub tls: TlsConfig,
}

/// `[runtime.grpc.tls]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// File with the certificate chain in PEM.
    #[serde(deserialize_with = "empty_is_none")]
    pub certificate_file: Option<PathBuf>,
    /// File with the private key in PEM.
    #[serde(deserialize_with = "empty_is_none")]
    pub key_file: Option<PathBuf>,
    /// File with the authorities of client certificates in PEM; given, every client must show one.
    #[serde(deserialize_with = "empty_is_none")]
    pub client_ca_file: Option<PathBuf>,
}

/// `[runtime.http]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// `[runtime.admin]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminConfig {
    /// Address and port; port 0 takes a free one. Plaintext: Kubernetes' gRPC probes speak no TLS.
    pub listen: SocketAddr,
    /// Once the process is ready its addresses are written here as JSON (`grpc`, `http`, `admin`).
    #[serde(deserialize_with = "empty_is_none")]
    pub ready_file: Option<PathBuf>,
}

/// `[runtime.auth]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The issuer (`iss`) that tokens must name.
    pub issuer: String,
    /// The audience (`aud`) that tokens must name.
    pub audience: String,
    /// Where the issuer's keys (a JWKS) are: a URL (`http://` of this machine only) or the path of a file.
    pub jwks: String,
    /// How often the keys are read again.
    pub refresh_ms: u64,
    /// How long keys are used after the issuer was last reached.
    pub max_stale_ms: u64,
    /// The tenant whose administrators run the installation, for what belongs to no tenant or to all; without it nobody
    /// does.
    #[serde(default, deserialize_with = "empty_is_none")]
    pub operator_tenant: Option<TenantId>,
}

impl AuthConfig {
    /// False if the keys come over a wire in clear: who stands between could put in keys of their own.
    fn keys_cannot_be_forged(&self) -> bool {
        let this_machine = || self.jwks.parse::<Uri>().ok()?.host().map(is_loopback);
        !self.jwks.starts_with("http://") || this_machine() == Some(true)
    }
}

/// `[runtime.telemetry]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// What is logged, as `tracing` filter directives, for example `info,redress_intake=debug`.
    pub log: String,
}

/// `[runtime.overload]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverloadConfig {
    /// Calls handled at once, gRPC and HTTP together; 4 or more.
    pub max_in_flight: usize,
    /// Calls that may wait for room.
    pub queue_length: usize,
    /// How long one may wait; 40 at most, so that the refusal comes within 50 ms.
    pub queue_wait_ms: u64,
    /// Calls per second and tenant, 1 or more.
    pub tenant_per_second: u32,
    /// Calls that a tenant may make at once after a pause, 1 or more.
    pub tenant_burst: u32,
    /// Calls of one tenant handled at once, 1 or more: its share of `max_in_flight`.
    pub tenant_in_flight: usize,
}

/// `[runtime.shutdown]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// Time for calls in flight to end.
    pub drain_ms: u64,
    /// Time after that for background tasks and last flushes.
    pub tasks_ms: u64,
}

/// `[runtime.time]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeConfig {
    /// What the installation is for.
    pub profile: Profile,
    /// A file with the seconds by which the installation's time is ahead of the machine's; only with the profile `test`.
    #[serde(deserialize_with = "empty_is_none")]
    pub shift_file: Option<PathBuf>,
}

/// What an installation is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Real cases. Time is what it is.
    #[default]
    Production,
    /// Tests, in which time may be moved.
    Test,
}

pub(crate) fn empty_is_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { T::deserialize(text.into_deserializer()).map(Some) }
}

impl RuntimeConfig {
    /// The section with its comments and defaults, to be repeated in a service's `default.toml`.
    pub const DEFAULT: &str = include_str!("../../config/runtime.default.toml");

    /// What does not fit together, in the form of [`Settings::problems`](crate::Settings::problems).
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut require = |holds: bool, problem: &str| {
            if !holds {
                found.push(problem.to_owned());
            }
        };
        let (auth, overload, tls) = (&self.auth, &self.overload, &self.grpc.tls);
        require(!auth.issuer.is_empty(), "runtime.auth.issuer must be set");
        require(!auth.audience.is_empty(), "runtime.auth.audience must be set");
        require(!auth.jwks.is_empty(), "runtime.auth.jwks must be set");
        require(
            auth.keys_cannot_be_forged(),
            "runtime.auth.jwks must be https://, http:// of this machine, or a file: keys read in clear can be forged",
        );
        require(auth.refresh_ms >= 1000, "runtime.auth.refresh_ms must be 1000 or more");
        require(
            auth.max_stale_ms >= auth.refresh_ms,
            "runtime.auth.max_stale_ms must not be below runtime.auth.refresh_ms",
        );
        require(
            tls.certificate_file.is_some() == tls.key_file.is_some(),
            "runtime.grpc.tls.certificate_file and key_file must be set together",
        );
        require(
            tls.client_ca_file.is_none() || tls.certificate_file.is_some(),
            "runtime.grpc.tls.client_ca_file needs certificate_file",
        );
        require(overload.max_in_flight >= 4, "runtime.overload.max_in_flight must be 4 or more");
        require(overload.queue_wait_ms <= 40, "runtime.overload.queue_wait_ms must be 40 at most");
        require(overload.tenant_per_second > 0, "runtime.overload.tenant_per_second must be 1 or more");
        require(overload.tenant_burst > 0, "runtime.overload.tenant_burst must be 1 or more");
        require(overload.tenant_in_flight > 0, "runtime.overload.tenant_in_flight must be 1 or more");
        require(
            self.shutdown.drain_ms.saturating_add(self.shutdown.tasks_ms) <= 10_000,
            "runtime.shutdown.drain_ms and tasks_ms must be 10000 together at most",
        );
        require(
            self.time.shift_file.is_none() || self.time.profile == Profile::Test,
            "runtime.time.shift_file moves deadlines of real cases unless runtime.time.profile is \"test\"; leave it empty",
        );
        if let Err(error) = self.telemetry.log.parse::<tracing_subscriber::filter::Targets>() {
            found.push(format!("runtime.telemetry.log: {error}"));
        }
        found
    }
}
