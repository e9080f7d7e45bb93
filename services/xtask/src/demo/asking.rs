//! Asks the services over gRPC, as a member of staff.

use anyhow::Context as _;
use redress_domain::{Role, TenantId};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use crate::launch::Launched;

/// A member of staff of one tenant.
pub(super) struct Asking(MetadataValue<Ascii>);

impl Asking {
    pub(super) fn of(launched: &Launched, tenant: &TenantId, roles: &[Role]) -> anyhow::Result<Self> {
        let issuer = launched.site.issuer();
        let token = issuer.sign(&issuer.claims(tenant, "staff-1", roles, launched.now()))?;
        Ok(Self(format!("Bearer {token}").parse()?))
    }

    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.0.clone());
        request
    }

    pub(super) async fn channel(launched: &Launched, service: &str) -> anyhow::Result<Channel> {
        let address = &launched.service(service)?.addresses.grpc;
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        endpoint.connect().await.with_context(|| format!("{service} cannot be reached"))
    }
}
