//! The platform's own message box, behind the installation's `ChannelAdapterService`.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Context as _;
use redress_domain::TenantId;
use redress_proto::notification::v1::channel_adapter_service_client::ChannelAdapterServiceClient;
use redress_proto::notification::v1::{DeliverRequest, NoticeKind};
use redress_runtime::grpc::{ClientTls, TracedChannel, connect};
use serde::Deserialize;
use tonic::Code;
use uuid::Uuid;

use super::Chance;
use super::rate::Rate;
use crate::domain::delivery::Outcome;
use crate::domain::letter::Letter;
use crate::domain::locale::Locale;

/// `[notification.in_app]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InAppConfig {
    /// The adapter's gRPC address, for example `https://box.platform.example:7100`; empty for none.
    pub url: String,
    /// How the connection is secured.
    pub tls: ClientTls,
    /// Messages per second and process.
    pub per_second: u32,
    /// Limit of one message, milliseconds.
    pub timeout_ms: u64,
}

impl InAppConfig {
    /// What is wrong with the values taken together.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(self.tls.problems(&self.url));
        if self.per_second == 0 {
            problems.push("per_second: at least 1".to_owned());
        }
        if !(100..=30_000).contains(&self.timeout_ms) {
            problems.push("timeout_ms: 100 to 30000".to_owned());
        }
        problems
    }
}

/// Delivers to message boxes. Cheap to clone.
#[derive(Clone)]
pub struct InApp {
    adapter: ChannelAdapterServiceClient<TracedChannel>,
    rate: Rate,
    limit: Duration,
}

/// What goes along with a letter.
pub struct Envelope<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The notice.
    pub notice: Uuid,
    /// The platform's identifier of the addressee.
    pub reference: &'a str,
    /// The kind.
    pub kind: NoticeKind,
    /// The language.
    pub locale: Locale,
}

impl InApp {
    /// Prepares the channel; the connection is made by the first use. None where no adapter is configured.
    pub fn of(config: &InAppConfig) -> anyhow::Result<Option<Self>> {
        let (Some(per_second), false) = (NonZeroU32::new(config.per_second), config.url.is_empty()) else {
            return Ok(None);
        };
        let limit = Duration::from_millis(config.timeout_ms);
        let endpoint = config
            .tls
            .endpoint(&config.url)
            .context("notification.in_app")?
            .connect_timeout(limit)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true);
        let adapter = ChannelAdapterServiceClient::new(connect(&endpoint));
        Ok(Some(Self { adapter, rate: Rate::per_second(per_second), limit }))
    }

    /// Delivers a letter, if it may begin before its chance is over.
    pub async fn send(&self, envelope: &Envelope<'_>, letter: &Letter, chance: &Chance) -> Outcome {
        if chance.wait(self.limit, self.rate.turn()).await.is_none() {
            return Outcome::Deferred;
        }
        let mut request = tonic::Request::new(DeliverRequest {
            notice_id: envelope.notice.to_string(),
            tenant: envelope.tenant.to_string(),
            external_ref: envelope.reference.to_owned(),
            kind: envelope.kind.into(),
            subject: letter.subject.clone(),
            body: letter.body.clone(),
            locale: envelope.locale.code().to_owned(),
            plain: letter.plain.clone(),
        });
        request.set_timeout(self.limit);
        let mut adapter = self.adapter.clone();
        // The adapter is told the limit; whether it keeps it is not its choice.
        match tokio::time::timeout(self.limit, adapter.deliver(request)).await {
            Err(_) => Outcome::Failed("TIMEOUT".into()),
            Ok(Ok(response)) => {
                let response = response.into_inner();
                match response.outcome.as_str() {
                    "accepted" => Outcome::Accepted,
                    "delivered" => Outcome::Delivered,
                    "refused" => Outcome::Refused(code(&response.reason).into()),
                    _ => Outcome::Failed("ADAPTER_ANSWER_UNKNOWN".into()),
                }
            }
            Ok(Err(status)) => match status.code() {
                Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition => {
                    Outcome::Refused("ADDRESSEE_REFUSED".into())
                }
                Code::DeadlineExceeded => Outcome::Failed("TIMEOUT".into()),
                Code::ResourceExhausted => Outcome::Failed("PROVIDER_BUSY".into()),
                Code::Unavailable => Outcome::Failed("CONNECTION".into()),
                _ => Outcome::Failed("PROVIDER_REFUSED".into()),
            },
        }
    }
}

/// An adapter's reason, if it has the form of a code: others could hold anything, and it is published.
fn code(reason: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if !reason.is_empty() && reason.len() <= 64 && reason.bytes().all(plain) {
        reason.to_owned()
    } else {
        "ADDRESSEE_REFUSED".to_owned()
    }
}
