//! Who may call what. An RPC without a row is refused to everyone.

use redress_domain::Role::{
    Admin, Auditor, Complainant, Handler, IntakeOfficer, Respondent, Service, Supervisor,
};
use redress_runtime::{Allow, Criticality, Rpc};

/// `GetResolution`
pub const GET: &str = "/redress.resolution.v1.ResolutionService/GetResolution";
/// `RespondToOffer`
pub const RESPOND_TO_OFFER: &str = "/redress.resolution.v1.ResolutionService/RespondToOffer";
/// `RequestIntervention`
pub const REQUEST_INTERVENTION: &str = "/redress.resolution.v1.ResolutionService/RequestIntervention";
/// `RespondToResult`
pub const RESPOND_TO_RESULT: &str = "/redress.resolution.v1.ResolutionService/RespondToResult";
/// `FileAppeal`
pub const FILE_APPEAL: &str = "/redress.resolution.v1.ResolutionService/FileAppeal";
/// `ReplyToAppeal`
pub const REPLY_TO_APPEAL: &str = "/redress.resolution.v1.ResolutionService/ReplyToAppeal";
/// `RequestHumanReview`
pub const REQUEST_HUMAN_REVIEW: &str = "/redress.resolution.v1.ResolutionService/RequestHumanReview";

const STAFF: Allow = Allow::Roles(&[Handler, Supervisor]);
const READERS: Allow = Allow::Roles(&[IntakeOfficer, Handler, Supervisor, Auditor]);
const SUPERVISORS: Allow = Allow::Roles(&[Supervisor]);
const OPERATORS: Allow = Allow::Roles(&[Admin]);
/// What a caller is to the case decides further: parties act on their own cases alone.
const PARTIES: Allow = Allow::Roles(&[Complainant, Respondent, Service, Handler, Supervisor]);
const EVERYBODY: Allow =
    Allow::Roles(&[Complainant, Respondent, Service, IntakeOfficer, Handler, Supervisor, Auditor]);

const fn row(path: &'static str, allow: Allow, criticality: Criticality) -> Rpc {
    Rpc { path, allow, criticality }
}

/// The rows.
pub const POLICY: &[Rpc] = &[
    row(GET, EVERYBODY, Criticality::Status),
    row("/redress.resolution.v1.ResolutionService/OpenNegotiation", STAFF, Criticality::Staff),
    row(REQUEST_INTERVENTION, PARTIES, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/NameContestedDeciders", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/DetermineLiability", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/DraftProposal", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/ReviewPlan", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/SendProposal", STAFF, Criticality::Staff),
    row(RESPOND_TO_OFFER, PARTIES, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/TerminateMediation", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/IssueRuling", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/ConfirmRuling", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/OrderRemedy", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/ConfirmRemedy", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/AdvancePayment", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/GiveUpRemedy", SUPERVISORS, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/ClaimRecourse", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/SettleRecourse", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/GetMoneyLedger", READERS, Criticality::Status),
    row(RESPOND_TO_RESULT, PARTIES, Criticality::Staff),
    row(FILE_APPEAL, PARTIES, Criticality::Staff),
    row(REPLY_TO_APPEAL, PARTIES, Criticality::Staff),
    row(REQUEST_HUMAN_REVIEW, PARTIES, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/DecideAppeal", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/ConfirmAppealDecision", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/RecommendSanction", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/IssueHandlingReport", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/FileClosingReport", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/PlanForIncident", STAFF, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/CalculateEntitlement", EVERYBODY, Criticality::Status),
    row("/redress.resolution.v1.ResolutionService/PublishRule", SUPERVISORS, Criticality::Staff),
    row("/redress.resolution.v1.ResolutionService/GetRuleVersion", EVERYBODY, Criticality::Status),
    row("/redress.admin.v1.AdminService/ListParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/RedriveParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/DiscardParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/OutboxStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ConsumerStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ReplayFrom", OPERATORS, Criticality::Staff),
];
