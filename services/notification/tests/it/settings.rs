//! What a bench is set up with: its channels and its time limits.

use redress_notification::app::terms::Terms;
use redress_notification::channel::Outlets;
use redress_notification::channel::callback::{CallbackConfig, Callbacks};
use redress_notification::channel::email::{Email, Security, SmtpConfig};
use redress_notification::channel::in_app::{InApp, InAppConfig};
use redress_runtime::grpc::ClientTls;

/// The channels of a bench; port 0 and an empty address mean none.
#[derive(Default)]
pub(crate) struct Channels {
    pub(crate) smtp_port: u16,
    /// 0 for a few.
    pub(crate) smtp_connections: u32,
    /// 0 for half a second.
    pub(crate) smtp_timeout_ms: u64,
    pub(crate) in_app_url: String,
    pub(crate) in_app_tls: ClientTls,
    /// Messages per second and address; 0 for more than a test has.
    pub(crate) callbacks_per_second: u32,
}

impl Channels {
    pub(crate) fn outlets(&self) -> Outlets {
        let smtp = SmtpConfig {
            host: if self.smtp_port == 0 { String::new() } else { "127.0.0.1".into() },
            port: self.smtp_port,
            security: Security::Plaintext,
            username: String::new(),
            password: String::new().into(),
            from: "投诉处理中心 <complaints@platform.invalid>".into(),
            connections: if self.smtp_connections == 0 { 4 } else { self.smtp_connections },
            per_second: 1_000,
            timeout_ms: if self.smtp_timeout_ms == 0 { 500 } else { self.smtp_timeout_ms },
        };
        let in_app = InAppConfig {
            url: self.in_app_url.clone(),
            tls: self.in_app_tls.clone(),
            per_second: 1_000,
            timeout_ms: 500,
        };
        let callback = CallbackConfig {
            allow_http: true,
            allow_networks: "127.0.0.1/32".into(),
            per_second: if self.callbacks_per_second == 0 { 1_000 } else { self.callbacks_per_second },
            timeout_ms: 500,
        };
        Outlets {
            email: Email::of(&smtp).unwrap(),
            in_app: InApp::of(&in_app).unwrap(),
            callbacks: Callbacks::of(&callback).unwrap(),
        }
    }
}

pub(crate) const TERMS: Terms = Terms {
    decision_days: 1,
    result_days: 15,
    urgent_result_days: 7,
    longest_days: 30,
    completion_days: 5,
    answer_hours: 48,
    progress_days: 5,
    objection_days: 7,
    appeal_days: 30,
    survey_days: 14,
    follow_clocks: false,
};
