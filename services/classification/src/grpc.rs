//! The gRPC service: decode → app → encode, nothing else.

use prost::Message;
use redress_domain::{Principal, Violations};
use redress_proto::classification::v1 as wire;
use redress_proto::classification::v1::classification_service_server::ClassificationService;
use redress_runtime::grpc;
use redress_runtime::http::MAX_BODY_BYTES;
use tonic::{Request, Response, Status};

use crate::App;
use crate::app::{assignments, duplicates, explain, incidents, overrule, preview, rule_sets};
use crate::error::Error;

/// The service of `redress.classification.v1`.
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
impl ClassificationService for Grpc {
    async fn assess(&self, request: Request<wire::AssessRequest>) -> Answer<wire::AssessResponse> {
        let (caller, message) = parts(request)?;
        let submission = message.submission.unwrap_or_default();
        let assessed = preview::preview(&self.app.assessor, &caller, submission, Violations::default()).await;
        answer(assessed, |assessment| wire::AssessResponse { assessment: Some(assessment) })
    }

    async fn explain_assessment(
        &self,
        request: Request<wire::ExplainAssessmentRequest>,
    ) -> Answer<wire::ExplainAssessmentResponse> {
        let (caller, message) = parts(request)?;
        let explained = explain::explain(&self.app.desk.db, &caller, &message).await;
        answer(explained, |assessments| wire::ExplainAssessmentResponse { assessments })
    }

    async fn override_assessment(
        &self,
        request: Request<wire::OverrideAssessmentRequest>,
    ) -> Answer<wire::OverrideAssessmentResponse> {
        let (caller, message) = parts(request)?;
        let engine = self.app.assessor.engines.current(&caller.tenant);
        let made = overrule::overrule(&self.app.desk, engine, &caller, message).await;
        answer(made, |assessment| wire::OverrideAssessmentResponse { assessment: Some(assessment) })
    }

    async fn find_duplicates(
        &self,
        request: Request<wire::FindDuplicatesRequest>,
    ) -> Answer<wire::FindDuplicatesResponse> {
        let (caller, message) = parts(request)?;
        let found = duplicates::find(&self.app.desk, &caller, &message).await;
        answer(found, |links| wire::FindDuplicatesResponse { links })
    }

    async fn decide_duplicate(
        &self,
        request: Request<wire::DecideDuplicateRequest>,
    ) -> Answer<wire::DecideDuplicateResponse> {
        let (caller, message) = parts(request)?;
        let decided = duplicates::decide(&self.app.desk, &caller, message).await;
        answer(decided, |link| wire::DecideDuplicateResponse { link: Some(link) })
    }

    async fn list_incidents(
        &self,
        request: Request<wire::ListIncidentsRequest>,
    ) -> Answer<wire::ListIncidentsResponse> {
        let (caller, message) = parts(request)?;
        answer(incidents::list(&self.app.desk, &caller, &message).await, |page| page)
    }

    async fn get_incident(
        &self,
        request: Request<wire::GetIncidentRequest>,
    ) -> Answer<wire::GetIncidentResponse> {
        let (caller, message) = parts(request)?;
        answer(incidents::get(&self.app.desk, &caller, &message).await, |found| found)
    }

    async fn confirm_incident(
        &self,
        request: Request<wire::ConfirmIncidentRequest>,
    ) -> Answer<wire::ConfirmIncidentResponse> {
        let (caller, message) = parts(request)?;
        let confirmed = incidents::confirm(&self.app.desk, &caller, message).await;
        answer(confirmed, |incident| wire::ConfirmIncidentResponse { incident: Some(incident) })
    }

    async fn dissolve_incident(
        &self,
        request: Request<wire::DissolveIncidentRequest>,
    ) -> Answer<wire::DissolveIncidentResponse> {
        let (caller, message) = parts(request)?;
        let dissolved = incidents::dissolve(&self.app.desk, &caller, message).await;
        answer(dissolved, |incident| wire::DissolveIncidentResponse { incident: Some(incident) })
    }

    async fn register_handler(
        &self,
        request: Request<wire::RegisterHandlerRequest>,
    ) -> Answer<wire::RegisterHandlerResponse> {
        let (caller, message) = parts(request)?;
        let done = assignments::register(&self.app.desk, &caller, message).await;
        answer(done, |()| wire::RegisterHandlerResponse {})
    }

    async fn list_queues(
        &self,
        request: Request<wire::ListQueuesRequest>,
    ) -> Answer<wire::ListQueuesResponse> {
        let (caller, _) = parts(request)?;
        let queues = assignments::queues(&self.app.desk, &caller).await;
        answer(queues, |queues| wire::ListQueuesResponse { queues })
    }

    async fn accept_assignment(
        &self,
        request: Request<wire::AcceptAssignmentRequest>,
    ) -> Answer<wire::AcceptAssignmentResponse> {
        let (caller, message) = parts(request)?;
        let done = assignments::accept(&self.app.desk, &caller, message).await;
        answer(done, |()| wire::AcceptAssignmentResponse {})
    }

    async fn return_assignment(
        &self,
        request: Request<wire::ReturnAssignmentRequest>,
    ) -> Answer<wire::ReturnAssignmentResponse> {
        let (caller, message) = parts(request)?;
        let done = assignments::give_back(&self.app.desk, &caller, message).await;
        answer(done, |()| wire::ReturnAssignmentResponse {})
    }

    async fn test_rule_set(
        &self,
        request: Request<wire::TestRuleSetRequest>,
    ) -> Answer<wire::TestRuleSetResponse> {
        let (caller, message) = grpc::parts(request)?;
        let engines = &self.app.assessor.engines;
        answer(rule_sets::test_set(&self.app.desk, engines, &caller, message).await, |verdict| verdict)
    }

    async fn publish_rule_set(
        &self,
        request: Request<wire::PublishRuleSetRequest>,
    ) -> Answer<wire::PublishRuleSetResponse> {
        let (caller, message) = grpc::parts(request)?;
        let engines = &self.app.assessor.engines;
        answer(rule_sets::publish(&self.app.desk, engines, &caller, message).await, |published| published)
    }

    async fn list_rule_sets(
        &self,
        request: Request<wire::ListRuleSetsRequest>,
    ) -> Answer<wire::ListRuleSetsResponse> {
        let (caller, message) = parts(request)?;
        let engines = &self.app.assessor.engines;
        answer(rule_sets::list(&self.app.desk, engines, &caller, &message).await, |listed| listed)
    }
}

/// Of a call that brings no rule set, which is larger than anything else.
fn parts<T: Message>(request: Request<T>) -> Result<(Principal, T), Status> {
    // As the codec says it of a message over its limit, which is that of rule sets.
    if request.get_ref().encoded_len() > MAX_BODY_BYTES {
        return Err(Status::out_of_range("the message is larger than this call takes"));
    }
    grpc::parts(request)
}

fn answer<T, M>(outcome: Result<T, Error>, encode: impl FnOnce(T) -> M) -> Answer<M> {
    match outcome {
        Ok(found) => Ok(Response::new(encode(found))),
        Err(error) => Err(grpc::status(error.into_problem())),
    }
}
