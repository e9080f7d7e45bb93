//! The gRPC service: decode → app → encode, nothing else.

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use redress_domain::Violations;
use redress_proto::sla::v1 as wire;
use redress_proto::sla::v1::clock_service_server::ClockService;
use redress_runtime::grpc::{self, parts};
use tonic::{Request, Response, Status};

use crate::App;
use crate::app::wire::deadline;
use crate::app::{calendars, clocks, escalations, explain, extensions, milestones, policies, preview};
use crate::error::Error;

/// The service of `redress.sla.v1`.
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
impl ClockService for Grpc {
    async fn list_clocks(
        &self,
        request: Request<wire::ListClocksRequest>,
    ) -> Answer<wire::ListClocksResponse> {
        let (caller, message) = parts(request)?;
        answer(clocks::list(&self.app.desk, &caller, message, Violations::default()).await, |page| page)
    }

    async fn explain_deadline(
        &self,
        request: Request<wire::ExplainDeadlineRequest>,
    ) -> Answer<wire::ExplainDeadlineResponse> {
        let (caller, message) = parts(request)?;
        answer(explain::deadline(&self.app.desk, &caller, &message).await, |explained| explained)
    }

    async fn preview_deadline(
        &self,
        request: Request<wire::PreviewDeadlineRequest>,
    ) -> Answer<wire::PreviewDeadlineResponse> {
        let language = request.metadata().get("accept-language").and_then(|accepted| accepted.to_str().ok());
        let language = preview::language(language);
        let (caller, message) = parts(request)?;
        let asked = deadline::request(message);
        answer(preview::answer(&self.app.desk, &caller, &asked, language).await, deadline::response)
    }

    async fn request_extension(
        &self,
        request: Request<wire::RequestExtensionRequest>,
    ) -> Answer<wire::RequestExtensionResponse> {
        let (caller, message) = parts(request)?;
        let asked = extensions::request(&self.app.desk, &caller, message, Violations::default()).await;
        answer(asked, |extension| wire::RequestExtensionResponse { extension: Some(extension) })
    }

    async fn decide_extension(
        &self,
        request: Request<wire::DecideExtensionRequest>,
    ) -> Answer<wire::DecideExtensionResponse> {
        let (caller, message) = parts(request)?;
        let decided = extensions::decide(&self.app.desk, &caller, message, Violations::default()).await;
        answer(decided, |decided| decided)
    }

    async fn record_milestone(
        &self,
        request: Request<wire::RecordMilestoneRequest>,
    ) -> Answer<wire::RecordMilestoneResponse> {
        let (caller, message) = parts(request)?;
        let recorded = milestones::record(&self.app.desk, &caller, message, Violations::default()).await;
        answer(recorded, |milestone| wire::RecordMilestoneResponse { milestone: Some(milestone) })
    }

    async fn publish_calendar(
        &self,
        request: Request<wire::PublishCalendarRequest>,
    ) -> Answer<wire::PublishCalendarResponse> {
        let (caller, message) = parts(request)?;
        let published = calendars::publish(&self.app.desk, &caller, message, Violations::default()).await;
        answer(published, |calendar| wire::PublishCalendarResponse { calendar: Some(calendar) })
    }

    async fn get_calendar(
        &self,
        request: Request<wire::GetCalendarRequest>,
    ) -> Answer<wire::GetCalendarResponse> {
        let (caller, message) = parts(request)?;
        let found = calendars::get(&self.app.desk, &caller, &message).await;
        answer(found, |calendar| wire::GetCalendarResponse { calendar: Some(calendar) })
    }

    async fn publish_clock_policy(
        &self,
        request: Request<wire::PublishClockPolicyRequest>,
    ) -> Answer<wire::PublishClockPolicyResponse> {
        let (caller, message) = parts(request)?;
        let published = policies::publish(&self.app.desk, &caller, message, Violations::default()).await;
        answer(published, |policy| wire::PublishClockPolicyResponse { policy: Some(policy) })
    }

    async fn explain_policy(
        &self,
        request: Request<wire::ExplainPolicyRequest>,
    ) -> Answer<wire::ExplainPolicyResponse> {
        let (caller, message) = parts(request)?;
        answer(explain::policy(&self.app.desk, &caller, &message).await, |explained| explained)
    }

    async fn list_escalations(
        &self,
        request: Request<wire::ListEscalationsRequest>,
    ) -> Answer<wire::ListEscalationsResponse> {
        let (caller, message) = parts(request)?;
        answer(escalations::list(&self.app.desk, &caller, &message).await, |listed| listed)
    }

    async fn acknowledge_escalation(
        &self,
        request: Request<wire::AcknowledgeEscalationRequest>,
    ) -> Answer<wire::AcknowledgeEscalationResponse> {
        let (caller, message) = parts(request)?;
        let taken_up = escalations::acknowledge(&self.app.desk, &caller, message).await;
        answer(taken_up, |escalation| wire::AcknowledgeEscalationResponse { escalation: Some(escalation) })
    }

    type WatchDueSoonStream =
        Pin<Box<dyn Stream<Item = Result<wire::WatchDueSoonResponse, Status>> + Send + 'static>>;

    async fn watch_due_soon(
        &self,
        request: Request<wire::WatchDueSoonRequest>,
    ) -> Answer<Self::WatchDueSoonStream> {
        let (caller, message) = parts(request)?;
        answer(self.app.due_soon.watch(&caller, message), |clocks| {
            let clocks = clocks.map(|clock| clock.map_err(|error| grpc::status(error.into_problem())));
            Box::pin(clocks) as Self::WatchDueSoonStream
        })
    }
}

fn answer<T, M>(outcome: Result<T, Error>, encode: impl FnOnce(T) -> M) -> Answer<M> {
    match outcome {
        Ok(found) => Ok(Response::new(encode(found))),
        Err(error) => Err(grpc::status(error.into_problem())),
    }
}
