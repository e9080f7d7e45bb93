//! The gRPC service: decode → app → encode, nothing else.

use redress_domain::Violations;
use redress_proto::resolution::v1 as wire;
use redress_proto::resolution::v1::resolution_service_server::ResolutionService;
use redress_runtime::grpc::{self, parts};
use tonic::{Request, Response, Status};

use crate::App;
use crate::app::{entitlement, incident_plan, remedy, rules};
use crate::error::Error;

/// The service of `redress.resolution.v1`.
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

/// A command on one case: all have the same course.
macro_rules! command {
    ($self:ident, $request:ident, $response:ident) => {{
        let (caller, message) = parts($request)?;
        let done = $self.app.commands.execute(&caller, message, Violations::default()).await;
        answer(done, |resolution| wire::$response { resolution: Some(resolution) })
    }};
}

#[tonic::async_trait]
impl ResolutionService for Grpc {
    async fn get_resolution(
        &self,
        request: Request<wire::GetResolutionRequest>,
    ) -> Answer<wire::GetResolutionResponse> {
        let (caller, message) = parts(request)?;
        let found = self.app.queries.get(&caller, &message.complaint_id).await;
        answer(found, |resolution| wire::GetResolutionResponse { resolution: Some(resolution) })
    }

    async fn open_negotiation(
        &self,
        request: Request<wire::OpenNegotiationRequest>,
    ) -> Answer<wire::OpenNegotiationResponse> {
        command!(self, request, OpenNegotiationResponse)
    }

    async fn request_intervention(
        &self,
        request: Request<wire::RequestInterventionRequest>,
    ) -> Answer<wire::RequestInterventionResponse> {
        command!(self, request, RequestInterventionResponse)
    }

    async fn name_contested_deciders(
        &self,
        request: Request<wire::NameContestedDecidersRequest>,
    ) -> Answer<wire::NameContestedDecidersResponse> {
        command!(self, request, NameContestedDecidersResponse)
    }

    async fn determine_liability(
        &self,
        request: Request<wire::DetermineLiabilityRequest>,
    ) -> Answer<wire::DetermineLiabilityResponse> {
        command!(self, request, DetermineLiabilityResponse)
    }

    async fn draft_proposal(
        &self,
        request: Request<wire::DraftProposalRequest>,
    ) -> Answer<wire::DraftProposalResponse> {
        command!(self, request, DraftProposalResponse)
    }

    async fn review_plan(
        &self,
        request: Request<wire::ReviewPlanRequest>,
    ) -> Answer<wire::ReviewPlanResponse> {
        command!(self, request, ReviewPlanResponse)
    }

    async fn send_proposal(
        &self,
        request: Request<wire::SendProposalRequest>,
    ) -> Answer<wire::SendProposalResponse> {
        command!(self, request, SendProposalResponse)
    }

    async fn respond_to_offer(
        &self,
        request: Request<wire::RespondToOfferRequest>,
    ) -> Answer<wire::RespondToOfferResponse> {
        command!(self, request, RespondToOfferResponse)
    }

    async fn terminate_mediation(
        &self,
        request: Request<wire::TerminateMediationRequest>,
    ) -> Answer<wire::TerminateMediationResponse> {
        command!(self, request, TerminateMediationResponse)
    }

    async fn issue_ruling(
        &self,
        request: Request<wire::IssueRulingRequest>,
    ) -> Answer<wire::IssueRulingResponse> {
        command!(self, request, IssueRulingResponse)
    }

    async fn confirm_ruling(
        &self,
        request: Request<wire::ConfirmRulingRequest>,
    ) -> Answer<wire::ConfirmRulingResponse> {
        command!(self, request, ConfirmRulingResponse)
    }

    async fn order_remedy(
        &self,
        request: Request<wire::OrderRemedyRequest>,
    ) -> Answer<wire::OrderRemedyResponse> {
        let (caller, message) = parts(request)?;
        let done = remedy::order(&self.app.commands, &caller, message).await;
        answer(done, |resolution| wire::OrderRemedyResponse { resolution: Some(resolution) })
    }

    async fn confirm_remedy(
        &self,
        request: Request<wire::ConfirmRemedyRequest>,
    ) -> Answer<wire::ConfirmRemedyResponse> {
        let (caller, message) = parts(request)?;
        let done = remedy::confirm(&self.app.commands, &caller, message).await;
        answer(done, |resolution| wire::ConfirmRemedyResponse { resolution: Some(resolution) })
    }

    async fn advance_payment(
        &self,
        request: Request<wire::AdvancePaymentRequest>,
    ) -> Answer<wire::AdvancePaymentResponse> {
        let (caller, message) = parts(request)?;
        let done = remedy::advance(&self.app.commands, &caller, message).await;
        answer(done, |resolution| wire::AdvancePaymentResponse { resolution: Some(resolution) })
    }

    async fn give_up_remedy(
        &self,
        request: Request<wire::GiveUpRemedyRequest>,
    ) -> Answer<wire::GiveUpRemedyResponse> {
        let (caller, message) = parts(request)?;
        let done = remedy::give_up(&self.app.commands, &caller, message).await;
        answer(done, |resolution| wire::GiveUpRemedyResponse { resolution: Some(resolution) })
    }

    async fn claim_recourse(
        &self,
        request: Request<wire::ClaimRecourseRequest>,
    ) -> Answer<wire::ClaimRecourseResponse> {
        let (caller, message) = parts(request)?;
        let done = remedy::claim(&self.app.commands, &caller, message).await;
        answer(done, |recourse| wire::ClaimRecourseResponse { recourse: Some(recourse) })
    }

    async fn settle_recourse(
        &self,
        request: Request<wire::SettleRecourseRequest>,
    ) -> Answer<wire::SettleRecourseResponse> {
        let (caller, message) = parts(request)?;
        let done = remedy::settle(&self.app.commands, &caller, message).await;
        answer(done, |recourse| wire::SettleRecourseResponse { recourse: Some(recourse) })
    }

    async fn get_money_ledger(
        &self,
        request: Request<wire::GetMoneyLedgerRequest>,
    ) -> Answer<wire::GetMoneyLedgerResponse> {
        let (caller, message) = parts(request)?;
        answer(remedy::ledger(&self.app.commands, &caller, message).await, |ledger| ledger)
    }

    async fn respond_to_result(
        &self,
        request: Request<wire::RespondToResultRequest>,
    ) -> Answer<wire::RespondToResultResponse> {
        command!(self, request, RespondToResultResponse)
    }

    async fn file_appeal(
        &self,
        request: Request<wire::FileAppealRequest>,
    ) -> Answer<wire::FileAppealResponse> {
        command!(self, request, FileAppealResponse)
    }

    async fn reply_to_appeal(
        &self,
        request: Request<wire::ReplyToAppealRequest>,
    ) -> Answer<wire::ReplyToAppealResponse> {
        command!(self, request, ReplyToAppealResponse)
    }

    async fn request_human_review(
        &self,
        request: Request<wire::RequestHumanReviewRequest>,
    ) -> Answer<wire::RequestHumanReviewResponse> {
        command!(self, request, RequestHumanReviewResponse)
    }

    async fn decide_appeal(
        &self,
        request: Request<wire::DecideAppealRequest>,
    ) -> Answer<wire::DecideAppealResponse> {
        command!(self, request, DecideAppealResponse)
    }

    async fn confirm_appeal_decision(
        &self,
        request: Request<wire::ConfirmAppealDecisionRequest>,
    ) -> Answer<wire::ConfirmAppealDecisionResponse> {
        command!(self, request, ConfirmAppealDecisionResponse)
    }

    async fn recommend_sanction(
        &self,
        request: Request<wire::RecommendSanctionRequest>,
    ) -> Answer<wire::RecommendSanctionResponse> {
        command!(self, request, RecommendSanctionResponse)
    }

    async fn issue_handling_report(
        &self,
        request: Request<wire::IssueHandlingReportRequest>,
    ) -> Answer<wire::IssueHandlingReportResponse> {
        command!(self, request, IssueHandlingReportResponse)
    }

    async fn file_closing_report(
        &self,
        request: Request<wire::FileClosingReportRequest>,
    ) -> Answer<wire::FileClosingReportResponse> {
        command!(self, request, FileClosingReportResponse)
    }

    async fn plan_for_incident(
        &self,
        request: Request<wire::PlanForIncidentRequest>,
    ) -> Answer<wire::PlanForIncidentResponse> {
        let (caller, message) = parts(request)?;
        answer(incident_plan::plan(&self.app.commands.desk, &caller, message).await, |planned| planned)
    }

    async fn calculate_entitlement(
        &self,
        request: Request<wire::CalculateEntitlementRequest>,
    ) -> Answer<wire::CalculateEntitlementResponse> {
        let (caller, message) = parts(request)?;
        answer(entitlement::calculate(&self.app.commands.desk, &caller, message), |result| result)
    }

    async fn publish_rule(
        &self,
        request: Request<wire::PublishRuleRequest>,
    ) -> Answer<wire::PublishRuleResponse> {
        let (caller, message) = parts(request)?;
        answer(rules::publish(&self.app.commands.desk, &caller, message).await, |published| published)
    }

    async fn get_rule_version(
        &self,
        request: Request<wire::GetRuleVersionRequest>,
    ) -> Answer<wire::GetRuleVersionResponse> {
        let (caller, message) = parts(request)?;
        answer(rules::version(&self.app.commands.desk, &caller, message).await, |found| found)
    }
}

fn answer<T, M>(outcome: Result<T, Error>, encode: impl FnOnce(T) -> M) -> Answer<M> {
    match outcome {
        Ok(found) => Ok(Response::new(encode(found))),
        Err(error) => Err(grpc::status(error.into_problem())),
    }
}
