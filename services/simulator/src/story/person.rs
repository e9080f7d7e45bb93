//! Somebody with a token, and what they can call.

use redress_proto::intake::v1::intake_service_client::IntakeServiceClient;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_proto::resolution::v1::resolution_service_client::ResolutionServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::Channels;

pub(super) type Authorised = InterceptedService<Channel, Bearer>;

/// Puts a token into each call.
#[derive(Debug, Clone)]
pub(super) struct Bearer(MetadataValue<Ascii>);

impl Bearer {
    pub(super) fn new(token: &str) -> anyhow::Result<Self> {
        Ok(Self(format!("Bearer {token}").parse()?))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Somebody.
#[derive(Clone)]
pub(super) struct Person {
    intake: IntakeServiceClient<Authorised>,
    investigation: InvestigationServiceClient<Authorised>,
    resolution: ResolutionServiceClient<Authorised>,
}

impl Person {
    pub(super) fn new(channels: &Channels, token: &str) -> anyhow::Result<Self> {
        let bearer = Bearer::new(token)?;
        Ok(Self {
            intake: IntakeServiceClient::with_interceptor(channels.intake.clone(), bearer.clone()),
            investigation: InvestigationServiceClient::with_interceptor(
                channels.investigation.clone(),
                bearer.clone(),
            ),
            resolution: ResolutionServiceClient::with_interceptor(channels.resolution.clone(), bearer),
        })
    }

    pub(super) fn intake(&self) -> IntakeServiceClient<Authorised> {
        self.intake.clone()
    }

    pub(super) fn investigation(&self) -> InvestigationServiceClient<Authorised> {
        self.investigation.clone()
    }

    pub(super) fn resolution(&self) -> ResolutionServiceClient<Authorised> {
        self.resolution.clone()
    }
}
