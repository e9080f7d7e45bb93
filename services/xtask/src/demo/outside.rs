//! The world that the notices go to: a mail server and the platform's callback address, both real and on loopback.

use anyhow::Context as _;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use redress_domain::Role;
use redress_proto::notification::v1::RegisterWebhookRequest;
use redress_proto::notification::v1::notification_service_client::NotificationServiceClient;
use redress_testkit::{CallbackReceiver, MailServer};

use super::asking::Asking;
use crate::launch::{Launched, Setting};

pub(super) struct Outside {
    pub(super) mail: MailServer,
    pub(super) callbacks: CallbackReceiver,
}

impl Outside {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let mail = MailServer::start().await.context("no mail server")?;
        let callbacks = CallbackReceiver::start().await.context("no receiver of callbacks")?;
        Ok(Self { mail, callbacks })
    }

    /// Where notification finds it. Its night lies twelve hours off: letters are to be seen now.
    pub(super) fn settings(&self, now: Timestamp) -> anyhow::Result<Vec<Setting>> {
        let zone = TimeZone::get("Asia/Shanghai").context("no time zones on this machine")?;
        let night = |minutes| {
            let time = (now + SignedDuration::from_hours(12) + SignedDuration::from_mins(minutes))
                .to_zoned(zone.clone());
            time.strftime("%H:%M").to_string()
        };
        let notification = |variable, value: String| Setting { service: "notification", variable, value };
        Ok(vec![
            notification("REDRESS__NOTIFICATION__QUIET_FROM", night(0)),
            notification("REDRESS__NOTIFICATION__QUIET_UNTIL", night(1)),
            notification("REDRESS__NOTIFICATION__SMTP__HOST", "127.0.0.1".to_owned()),
            notification("REDRESS__NOTIFICATION__SMTP__PORT", self.mail.port.to_string()),
            notification("REDRESS__NOTIFICATION__SMTP__SECURITY", "plaintext".to_owned()),
            notification("REDRESS__NOTIFICATION__SMTP__FROM", "Demo <demo@platform.invalid>".to_owned()),
            notification("REDRESS__NOTIFICATION__SMTP__PER_SECOND", "2000".to_owned()),
            notification("REDRESS__NOTIFICATION__CALLBACK__ALLOW_HTTP", "true".to_owned()),
            notification("REDRESS__NOTIFICATION__CALLBACK__ALLOW_NETWORKS", "127.0.0.0/8".to_owned()),
            notification("REDRESS__NOTIFICATION__CALLBACK__PER_SECOND", "2000".to_owned()),
        ])
    }

    /// The first tenant's platform wants all its notices also at its callback address. Returns the secret of their
    /// signatures.
    pub(super) async fn subscribe(&self, launched: &Launched) -> anyhow::Result<String> {
        let asking = Asking::of(launched, &launched.tenants[0], &[Role::Admin])?;
        let mut client = NotificationServiceClient::new(Asking::channel(launched, "notification").await?);
        let request = RegisterWebhookRequest {
            request_id: "demo-callback".to_owned(),
            url: self.callbacks.url.clone(),
            kinds: Vec::new(),
        };
        Ok(client.register_webhook(asking.request(request)).await?.into_inner().secret)
    }
}
