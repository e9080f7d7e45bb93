//! The platform's message box: keeps each notice once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use redress_proto::notification::v1::channel_adapter_service_server::{
    ChannelAdapterService, ChannelAdapterServiceServer,
};
use redress_proto::notification::v1::{DeliverRequest, DeliverResponse};
use tonic::{Request, Response, Status};

/// Messages by tenant and notice.
type Kept = BTreeMap<(String, String), DeliverRequest>;

/// The message box.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Kept>>);

impl Inbox {
    pub(super) fn service(&self) -> ChannelAdapterServiceServer<Self> {
        ChannelAdapterServiceServer::new(self.clone())
    }

    /// The notices that lie there, each once.
    pub fn messages(&self) -> Vec<DeliverRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// The ids of the notices that lie there.
    pub fn notices(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.keys().map(|(_, notice)| notice.clone()).collect()
    }

    fn put(&self, message: DeliverRequest) {
        let place = (message.tenant.clone(), message.notice_id.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_insert(message);
    }
}

#[tonic::async_trait]
impl ChannelAdapterService for Inbox {
    async fn deliver(&self, request: Request<DeliverRequest>) -> Result<Response<DeliverResponse>, Status> {
        self.put(request.into_inner());
        Ok(Response::new(DeliverResponse { outcome: "delivered".to_owned(), reason: String::new() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_notice_again_is_not_delivered_again_and_tenants_are_told_apart() {
        let inbox = Inbox::default();
        let message = |tenant: &str| DeliverRequest {
            notice_id: "n-1".into(),
            tenant: tenant.into(),
            ..DeliverRequest::default()
        };
        for tenant in ["tenant-a", "tenant-a", "tenant-b"] {
            inbox.put(message(tenant));
        }
        assert_eq!(inbox.count(), 2);
    }
}
