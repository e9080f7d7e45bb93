//! The platform's callback address takes part.

use redress_domain::Role;
use redress_proto::notification::v1::RegisterWebhookRequest;
use redress_proto::notification::v1::notification_service_client::NotificationServiceClient;
use redress_testkit::Outside;

use super::asking::Asking;
use crate::launch::Launched;

/// The first tenant's platform wants all its notices also at its callback address. Returns the secret of their
/// signatures.
pub(super) async fn subscribe(outside: &Outside, launched: &Launched) -> anyhow::Result<String> {
    let asking = Asking::of(launched, &launched.tenants[0], &[Role::Service])?;
    let mut client = NotificationServiceClient::new(Asking::channel(launched, "notification").await?);
    let request = RegisterWebhookRequest {
        request_id: "demo-callback".to_owned(),
        url: outside.callbacks.url.clone(),
        kinds: Vec::new(),
    };
    Ok(client.register_webhook(asking.request(request)).await?.into_inner().secret)
}
