use anyhow::Context as _;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::{CallbackReceiver, MailServer};

/// The world that notices go to: a mail server and a platform's callback address, both real and on loopback.
#[derive(Clone)]
pub struct Outside {
    /// Takes the mails.
    pub mail: MailServer,
    /// Takes the callbacks, once it is registered.
    pub callbacks: CallbackReceiver,
}

impl Outside {
    /// Both, on free ports.
    pub async fn start() -> anyhow::Result<Self> {
        let mail = MailServer::start().await.context("no mail server")?;
        let callbacks = CallbackReceiver::start().await.context("no receiver of callbacks")?;
        Ok(Self { mail, callbacks })
    }

    /// Variables of notification that lead it here. Its night lies twelve hours off: letters are to be seen now.
    pub fn settings(&self, now: Timestamp) -> anyhow::Result<Vec<(&'static str, String)>> {
        let zone = TimeZone::get("Asia/Shanghai").context("no time zones on this machine")?;
        let night = |minutes| {
            let far = now + SignedDuration::from_hours(12) + SignedDuration::from_mins(minutes);
            far.to_zoned(zone.clone()).strftime("%H:%M").to_string()
        };
        Ok(vec![
            ("REDRESS__NOTIFICATION__QUIET_FROM", night(0)),
            ("REDRESS__NOTIFICATION__QUIET_UNTIL", night(1)),
            ("REDRESS__NOTIFICATION__SMTP__HOST", "127.0.0.1".to_owned()),
            ("REDRESS__NOTIFICATION__SMTP__PORT", self.mail.port.to_string()),
            ("REDRESS__NOTIFICATION__SMTP__SECURITY", "plaintext".to_owned()),
            ("REDRESS__NOTIFICATION__SMTP__FROM", "Redress <redress@platform.invalid>".to_owned()),
            ("REDRESS__NOTIFICATION__SMTP__PER_SECOND", "2000".to_owned()),
            ("REDRESS__NOTIFICATION__CALLBACK__ALLOW_HTTP", "true".to_owned()),
            ("REDRESS__NOTIFICATION__CALLBACK__ALLOW_NETWORKS", "127.0.0.0/8".to_owned()),
            ("REDRESS__NOTIFICATION__CALLBACK__PER_SECOND", "2000".to_owned()),
        ])
    }
}
