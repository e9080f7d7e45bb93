//! Who takes part in a story: each with the rights of their own token, and with no others.

use redress_domain::{Role, TenantId};
use redress_proto::analytics::v1::analytics_service_client::AnalyticsServiceClient;
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_proto::notification::v1::notification_service_client::NotificationServiceClient;
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use redress_proto::sla::v1::clock_service_client::ClockServiceClient;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_types::StatusExt as _;

use crate::platform::Platform;

pub(crate) type Authorised = InterceptedService<Channel, Token>;

/// Somebody, and what they can call.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) platform: &'static Platform,
    pub(crate) tenant: TenantId,
    pub(crate) subject: &'static str,
    role: Role,
}

/// Shows a token that is valid now: time moves on between two calls.
#[derive(Clone)]
pub(crate) struct Token(Person);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let Person { platform, tenant, subject, role } = &self.0;
        let bearer = format!("Bearer {}", platform.token(tenant, subject, *role));
        let bearer = bearer.parse().map_err(|_| Status::internal("no token"))?;
        request.metadata_mut().insert("authorization", bearer);
        Ok(request)
    }
}

macro_rules! clients {
    ($($service:ident: $client:ident,)+) => {
        impl Person {
            $(pub(crate) fn $service(&self) -> $client<Authorised> {
                let channel = self.platform.channel(stringify!($service));
                $client::with_interceptor(channel, Token(self.clone()))
            })+
        }
    };
}

clients! {
    intake: IntakeServiceClient,
    classification: ClassificationServiceClient,
    investigation: InvestigationServiceClient,
    resolution: ResolutionServiceClient,
    notification: NotificationServiceClient,
    sla: ClockServiceClient,
    analytics: AnalyticsServiceClient,
}

/// The people of one story.
#[derive(Clone)]
pub(crate) struct Cast {
    platform: &'static Platform,
    tenant: TenantId,
}

impl Cast {
    pub(crate) fn of(platform: &'static Platform, story: &str) -> Self {
        Self { platform, tenant: platform.tenant(story) }
    }

    pub(crate) fn person(&self, subject: &'static str, role: Role) -> Person {
        Person { platform: self.platform, tenant: self.tenant.clone(), subject, role }
    }
}

/// Why a call was refused, as a code.
pub(crate) fn reason<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> String {
    let refusal = answer.unwrap_err();
    let reason = refusal.get_details_error_info().map(|info| info.reason);
    reason.unwrap_or_else(|| format!("{:?}", refusal.code()))
}
