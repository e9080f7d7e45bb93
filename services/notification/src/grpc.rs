//! The gRPC service: decode → app → encode, nothing else.

use redress_proto::notification::v1 as wire;
use redress_proto::notification::v1::notification_service_server::NotificationService;
use redress_runtime::grpc::{self, parts};
use tonic::{Request, Response, Status};

use crate::App;
use crate::error::Error;

/// The service of `redress.notification.v1`.
#[derive(Clone)]
pub struct Grpc {
    app: App,
}

impl Grpc {
    /// The service over `app`.
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl NotificationService for Grpc {
    async fn send_notice(
        &self,
        request: Request<wire::SendNoticeRequest>,
    ) -> Answer<wire::SendNoticeResponse> {
        let (caller, message) = parts(request)?;
        let notice = self.app.send.send(&caller, message).await.map_err(refused)?;
        Ok(Response::new(wire::SendNoticeResponse { notice: Some(notice) }))
    }

    async fn validate_notice(
        &self,
        request: Request<wire::ValidateNoticeRequest>,
    ) -> Answer<wire::ValidateNoticeResponse> {
        let (_, message) = parts(request)?;
        self.app.preview.validate(message).map(Response::new).map_err(refused)
    }

    async fn preview_notice(
        &self,
        request: Request<wire::PreviewNoticeRequest>,
    ) -> Answer<wire::PreviewNoticeResponse> {
        let (caller, message) = parts(request)?;
        self.app.preview.preview(&caller, message).map(Response::new).map_err(refused)
    }

    async fn get_notice(&self, request: Request<wire::GetNoticeRequest>) -> Answer<wire::GetNoticeResponse> {
        let (caller, message) = parts(request)?;
        let notice = self.app.queries.get(&caller, &message.notice_id).await.map_err(refused)?;
        Ok(Response::new(wire::GetNoticeResponse { notice: Some(notice) }))
    }

    async fn list_notices(
        &self,
        request: Request<wire::ListNoticesRequest>,
    ) -> Answer<wire::ListNoticesResponse> {
        let (caller, message) = parts(request)?;
        self.app.queries.list(&caller, message).await.map(Response::new).map_err(refused)
    }

    async fn record_receipt(
        &self,
        request: Request<wire::RecordReceiptRequest>,
    ) -> Answer<wire::RecordReceiptResponse> {
        let (caller, message) = parts(request)?;
        let notice = self.app.receipts.record(&caller, message).await.map_err(refused)?;
        Ok(Response::new(wire::RecordReceiptResponse { notice: Some(notice) }))
    }

    async fn submit_survey(
        &self,
        request: Request<wire::SubmitSurveyRequest>,
    ) -> Answer<wire::SubmitSurveyResponse> {
        let (caller, message) = parts(request)?;
        self.app.surveys.submit(&caller, message).await.map_err(refused)?;
        Ok(Response::new(wire::SubmitSurveyResponse {}))
    }

    async fn register_webhook(
        &self,
        request: Request<wire::RegisterWebhookRequest>,
    ) -> Answer<wire::RegisterWebhookResponse> {
        let (caller, message) = parts(request)?;
        self.app.webhooks.register(&caller, message).await.map(Response::new).map_err(refused)
    }

    async fn replay_webhooks(
        &self,
        request: Request<wire::ReplayWebhooksRequest>,
    ) -> Answer<wire::ReplayWebhooksResponse> {
        let (caller, message) = parts(request)?;
        self.app.webhooks.replay(&caller, message).await.map(Response::new).map_err(refused)
    }

    async fn remove_webhook(
        &self,
        request: Request<wire::RemoveWebhookRequest>,
    ) -> Answer<wire::RemoveWebhookResponse> {
        let (caller, message) = parts(request)?;
        self.app.webhooks.remove(&caller, message).await.map(Response::new).map_err(refused)
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<wire::RotateWebhookSecretRequest>,
    ) -> Answer<wire::RotateWebhookSecretResponse> {
        let (caller, message) = parts(request)?;
        self.app.webhooks.rotate(&caller, message).await.map(Response::new).map_err(refused)
    }
}

fn refused(error: Error) -> Status {
    grpc::status(error.into_problem())
}
