//! What an installation has of its platform: the systems that the services call, and the places that letters go to.

mod inbox;
mod payments;
mod platform;

use anyhow::Context as _;
use jiff::Timestamp;
use redress_testkit::Outside;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;

pub use inbox::Inbox;
pub use payments::{EMPTY_PURSE, Payment, Payments};
pub use platform::PlatformData;

/// A setting of one service: its name, the variable, the value.
pub type Setting = (&'static str, &'static str, String);

/// All of them, on loopback. They end with the runtime.
#[derive(Clone)]
pub struct Connectors {
    /// Carries remedies out.
    pub payments: Payments,
    /// Orders, live sessions, chats, payments, parcels.
    pub platform: PlatformData,
    /// The platform's own message box.
    pub inbox: Inbox,
    /// The mail server and the callback address.
    pub outside: Outside,
    /// Where the three gRPC services are served, as a URL.
    pub url: String,
}

impl Connectors {
    /// Starts all of them; the gRPC services on `listen`, with port 0 on a free port.
    pub async fn start(seed: u64, listen: &str) -> anyhow::Result<Self> {
        let refused = || {
            format!(
                "cannot listen on {listen}; if another program does, choose another port, or 0 for a free one"
            )
        };
        let listener = TcpListener::bind(listen).await.with_context(refused)?;
        let url = format!("http://{}", listener.local_addr()?);
        let (payments, platform, inbox) = (Payments::new(seed), PlatformData::new(seed), Inbox::default());
        let server = tonic::transport::Server::builder()
            .add_service(payments.service())
            .add_service(platform.service())
            .add_service(inbox.service());
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Ok(Self { payments, platform, inbox, outside: Outside::start().await?, url })
    }

    /// What leads the services here.
    pub fn settings(&self, now: Timestamp) -> anyhow::Result<Vec<Setting>> {
        let mut settings: Vec<Setting> = vec![
            ("resolution", "REDRESS__RESOLUTION__EXECUTOR", self.url.clone()),
            // What fails here comes right within moments.
            ("resolution", "REDRESS__RESOLUTION__EXECUTOR_RETRY_MS", "200".to_owned()),
            ("investigation", "REDRESS__INVESTIGATION__PLATFORM_DATA__ENDPOINT", self.url.clone()),
            ("notification", "REDRESS__NOTIFICATION__IN_APP__URL", self.url.clone()),
            ("notification", "REDRESS__NOTIFICATION__IN_APP__PER_SECOND", "2000".to_owned()),
        ];
        let letters = self.outside.settings(now)?;
        settings.extend(letters.into_iter().map(|(variable, value)| ("notification", variable, value)));
        Ok(settings)
    }
}

#[expect(clippy::disallowed_methods, reason = "the platform's systems have a clock of their own")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_with_what_to_do() {
        let first = Connectors::start(1, "127.0.0.1:0").await.unwrap();
        let taken = first.url.trim_start_matches("http://");
        let told = Connectors::start(1, taken).await.map(|second| second.url).unwrap_err().to_string();
        assert_eq!(
            told,
            format!(
                "cannot listen on {taken}; if another program does, choose another port, or 0 for a free one"
            )
        );
    }
}
