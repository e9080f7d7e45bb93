//! Who may call what. An RPC without a row is refused to everyone.

use redress_domain::Role::{
    Admin, Auditor, Complainant, Handler, IntakeOfficer, Respondent, Service, Supervisor,
};
use redress_runtime::{Allow, Criticality, Rpc};

/// `GetTimeline`
pub const GET_TIMELINE: &str = "/redress.investigation.v1.InvestigationService/GetTimeline";
/// `ListEvidenceRequests`
pub const LIST_EVIDENCE_REQUESTS: &str =
    "/redress.investigation.v1.InvestigationService/ListEvidenceRequests";
/// `ExtendEvidenceRequest`
pub const EXTEND_EVIDENCE_REQUEST: &str =
    "/redress.investigation.v1.InvestigationService/ExtendEvidenceRequest";
/// `GetChecklist`
pub const GET_CHECKLIST: &str = "/redress.investigation.v1.InvestigationService/GetChecklist";

const STAFF: Allow = Allow::Roles(&[Handler, Supervisor]);
const READERS: Allow = Allow::Roles(&[IntakeOfficer, Handler, Supervisor, Auditor]);
const SUPERVISORS: Allow = Allow::Roles(&[Supervisor]);
const OPERATORS: Allow = Allow::Roles(&[Admin]);
/// Whoever may bring something in: parties, who speaks for them, and staff.
const CONTRIBUTORS: Allow =
    Allow::Roles(&[Complainant, Respondent, Service, IntakeOfficer, Handler, Supervisor]);
/// Parties and staff; what each of them sees is decided case by case.
const EVERYBODY: Allow =
    Allow::Roles(&[Complainant, Respondent, Service, IntakeOfficer, Handler, Supervisor, Auditor]);

const fn row(path: &'static str, allow: Allow, criticality: Criticality) -> Rpc {
    Rpc { path, allow, criticality }
}

/// The rows.
pub const POLICY: &[Rpc] = &[
    row("/redress.investigation.v1.InvestigationService/GetInvestigation", READERS, Criticality::Status),
    row("/redress.investigation.v1.InvestigationService/OpenInvestigation", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/FormTaskGroup", SUPERVISORS, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/CompleteTask", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/DeclareConflict", STAFF, Criticality::Staff),
    row(GET_CHECKLIST, EVERYBODY, Criticality::Status),
    row("/redress.investigation.v1.InvestigationService/RequestEvidence", STAFF, Criticality::Staff),
    row(EXTEND_EVIDENCE_REQUEST, EVERYBODY, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/CancelEvidenceRequest", STAFF, Criticality::Staff),
    row(LIST_EVIDENCE_REQUESTS, EVERYBODY, Criticality::Status),
    row("/redress.investigation.v1.InvestigationService/SubmitEvidence", CONTRIBUTORS, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/GetEvidence", EVERYBODY, Criticality::Status),
    row("/redress.investigation.v1.InvestigationService/ListEvidence", EVERYBODY, Criticality::Status),
    row("/redress.investigation.v1.InvestigationService/ProduceRendition", STAFF, Criticality::Staff),
    row(
        "/redress.investigation.v1.InvestigationService/VerifyEvidenceChain",
        READERS,
        Criticality::Analytics,
    ),
    row(
        "/redress.investigation.v1.InvestigationService/ExportEvidencePack",
        EVERYBODY,
        Criticality::Analytics,
    ),
    row("/redress.investigation.v1.InvestigationService/AgreeTest", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/OrderTest", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/RecordSample", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/RecordTestReport", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/RequestConsultation", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/AnswerConsultation", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/RecordFinding", STAFF, Criticality::Staff),
    row("/redress.investigation.v1.InvestigationService/SpinOffViolationLead", STAFF, Criticality::Staff),
    row(GET_TIMELINE, EVERYBODY, Criticality::Status),
    row("/redress.investigation.v1.InvestigationService/ConcludeInvestigation", STAFF, Criticality::Staff),
    row(
        "/redress.investigation.v1.InvestigationService/GetIncidentInvestigation",
        READERS,
        Criticality::Status,
    ),
    row("/redress.admin.v1.AdminService/ListParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/RedriveParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/DiscardParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/OutboxStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ConsumerStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ReplayFrom", OPERATORS, Criticality::Staff),
];
