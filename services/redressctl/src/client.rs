//! The services' clients: connection, token, time limit.

use std::time::Duration;

use redress_proto::admin::v1::admin_service_client::AdminServiceClient;
use redress_proto::classification::v1::classification_service_client::ClassificationServiceClient;
use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_proto::sla::v1::clock_service_client::ClockServiceClient;
use secrecy::ExposeSecret as _;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A channel whose calls carry the token.
pub(crate) type Connection = InterceptedService<Channel, Caller>;

/// Puts the token into each call.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    token: Option<MetadataValue<Ascii>>,
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

impl Context {
    /// A connection to the service, made with the first call.
    pub(crate) fn channel(&self, service: Service) -> Result<Channel, Failure> {
        let url = self.settings.url(service);
        let endpoint = self.settings.tls.endpoint(&url).map_err(|error| {
            Failure::usage(
                format!("the address {url} of {} cannot be used: {error:#}", service.name()),
                format!(
                    "Correct --at {}=URL, or say how it is secured: --ca-file, --allow-plaintext or the section [tls] of \
                     the settings file.",
                    service.name()
                ),
            )
        })?;
        Ok(endpoint.connect_timeout(CONNECT_LIMIT).connect_lazy())
    }

    fn connection(&self, service: Service) -> Result<Connection, Failure> {
        let header = |token: &str| {
            let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| {
                Failure::usage(
                    "the token holds characters that no token has",
                    "Check where it was copied from.",
                )
            })?;
            // Neither logged nor shown by anything that shows requests.
            value.set_sensitive(true);
            Ok(value)
        };
        let token = self.settings.token.as_ref().map(|token| header(token.expose_secret())).transpose()?;
        Ok(InterceptedService::new(self.channel(service)?, Caller { token }))
    }

    /// Intake.
    pub(crate) fn intake(&self) -> Result<IntakeServiceClient<Connection>, Failure> {
        Ok(IntakeServiceClient::new(self.connection(Service::Intake)?))
    }

    /// The operator's side of any service.
    pub(crate) fn admin(&self, service: Service) -> Result<AdminServiceClient<Connection>, Failure> {
        Ok(AdminServiceClient::new(self.connection(service)?))
    }

    /// Deadlines.
    pub(crate) fn clocks(&self) -> Result<ClockServiceClient<Connection>, Failure> {
        Ok(ClockServiceClient::new(self.connection(Service::Sla)?))
    }

    /// Classification.
    pub(crate) fn classification(&self) -> Result<ClassificationServiceClient<Connection>, Failure> {
        Ok(ClassificationServiceClient::new(self.connection(Service::Classification)?))
    }

    /// A call that has one answer, within the time limit.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }

    /// From a service's status to what is told.
    pub(crate) fn failed(&self, service: Service) -> impl Fn(Status) -> Failure + use<'_> {
        move |status| Failure::of_status(service, &self.settings.url(service), &status)
    }
}
