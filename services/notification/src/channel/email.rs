//! E-mail over SMTP.

use std::error::Error as _;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{Error as SmtpError, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::rate::Rate;
use super::{Chance, refusal};
use crate::domain::delivery::Outcome;
use crate::domain::letter::Letter;
use crate::domain::locale::Locale;

/// `[notification.smtp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// The mail server; empty for no e-mail.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// User; empty for none.
    pub username: String,
    /// Password.
    pub password: SecretString,
    /// Who writes, as `Name <address>`.
    pub from: String,
    /// Connections at once.
    pub connections: u32,
    /// Mails per second and process.
    pub per_second: u32,
    /// Limit of one mail, milliseconds.
    pub timeout_ms: u64,
}

/// How a connection to a mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Not at all; loopback and closed networks only.
    Plaintext,
    /// By STARTTLS, which must be offered.
    Starttls,
    /// From the first byte.
    Tls,
}

impl SmtpConfig {
    /// What is wrong with the values taken together.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut refuse = |wrong: bool, text: &str| {
            if wrong {
                problems.push(text.to_owned());
            }
        };
        let used = !self.host.is_empty();
        refuse(used && self.from.parse::<Mailbox>().is_err(), "from: no mail address");
        refuse(self.port == 0, "port: at least 1");
        refuse(self.connections == 0, "connections: at least 1");
        refuse(self.per_second == 0, "per_second: at least 1");
        refuse(!(100..=30_000).contains(&self.timeout_ms), "timeout_ms: 100 to 30000");
        problems
    }
}

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    connections: Arc<Semaphore>,
    rate: Rate,
    limit: Duration,
}

impl Email {
    /// Prepares the channel; nothing is connected yet. None where no mail server is configured.
    pub fn of(config: &SmtpConfig) -> anyhow::Result<Option<Self>> {
        let (Some(per_second), false) = (NonZeroU32::new(config.per_second), config.host.is_empty()) else {
            return Ok(None);
        };
        let limit = Duration::from_millis(config.timeout_ms);
        let parameters = || TlsParameters::new(config.host.clone()).context("TLS towards the mail server");
        let tls = match config.security {
            Security::Plaintext => Tls::None,
            Security::Starttls => Tls::Required(parameters()?),
            Security::Tls => Tls::Wrapper(parameters()?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.as_str())
            .port(config.port)
            .tls(tls)
            .timeout(Some(limit))
            .pool_config(PoolConfig::new().max_size(config.connections));
        if !config.username.is_empty() {
            let password = config.password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(config.username.clone(), password));
        }
        Ok(Some(Self {
            transport: transport.build(),
            from: config.from.parse().context("notification.smtp.from")?,
            connections: Arc::new(Semaphore::new(config.connections as usize)),
            rate: Rate::per_second(per_second),
            limit,
        }))
    }

    /// Sends a letter, if it may begin before its chance is over. The notice's id becomes the mail's, so that a mail sent
    /// twice is one to a mail reader.
    pub async fn send(
        &self,
        notice: Uuid,
        to: &str,
        letter: &Letter,
        locale: Locale,
        (at, chance): (Timestamp, &Chance),
    ) -> Outcome {
        let Some(message) = self.message(notice, to, letter, locale, at) else {
            return Outcome::Refused("ADDRESS_MALFORMED".into());
        };
        let turn = async {
            let connection = self.connections.acquire().await;
            self.rate.turn().await;
            connection
        };
        let Some(Ok(_connection)) = chance.wait(self.limit, turn).await else { return Outcome::Deferred };
        // The transport's own limit is one of each command.
        match tokio::time::timeout(self.limit, self.transport.send(message)).await {
            Ok(Ok(_)) => Outcome::Accepted,
            Ok(Err(error)) => outcome(&error),
            Err(_) => Outcome::Failed("TIMEOUT".into()),
        }
    }

    fn message(
        &self,
        notice: Uuid,
        to: &str,
        letter: &Letter,
        locale: Locale,
        at: Timestamp,
    ) -> Option<Message> {
        let to: Address = to.parse().ok()?;
        let id = format!("<{notice}@{}>", self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(Some(id))
            .date(at.into())
            .header(ContentType::TEXT_PLAIN)
            .header(ContentLanguage(locale.code().to_owned()))
            // RFC 3834: no machine answers a machine.
            .header(AutoSubmitted("auto-generated".to_owned()))
            .body(letter.body.clone())
            .ok()
    }
}

/// What a server's answer says of the address, of the mail, or only of the moment.
fn outcome(error: &SmtpError) -> Outcome {
    if error.is_timeout() {
        return Outcome::Failed("TIMEOUT".into());
    }
    let Some(code) = error.status().map(u16::from) else {
        return Outcome::Failed("CONNECTION".into());
    };
    refusal::outcome(code, &error.source().map(ToString::to_string).unwrap_or_default())
}

/// A header of one short ASCII value.
macro_rules! header {
    ($(#[$meta:meta])* $type:ident = $name:literal) => {
        $(#[$meta])*
        #[derive(Clone)]
        struct $type(String);

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(value: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(value.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

header! {
    /// The language of the letter.
    ContentLanguage = "Content-Language"
}
header! {
    /// That a machine wrote it.
    AutoSubmitted = "Auto-Submitted"
}
