//! Who may call what. An RPC without a row is refused to everyone.

use redress_domain::Role::{Admin, Auditor, Complainant, Handler, IntakeOfficer, Service, Supervisor};
use redress_runtime::{Allow, Criticality, Rpc};

/// `SubmitComplaint`
pub const SUBMIT: &str = "/redress.intake.v1.IntakeService/SubmitComplaint";
/// `GetComplaint`
pub const GET: &str = "/redress.intake.v1.IntakeService/GetComplaint";
/// `ListComplaints`
pub const LIST: &str = "/redress.intake.v1.IntakeService/ListComplaints";
/// `WatchComplaint`
pub const WATCH: &str = "/redress.intake.v1.IntakeService/WatchComplaint";
/// `SupplyCompletion`
pub const SUPPLY_COMPLETION: &str = "/redress.intake.v1.IntakeService/SupplyCompletion";
/// `DecideAdmissibility`
pub const DECIDE_ADMISSIBILITY: &str = "/redress.intake.v1.IntakeService/DecideAdmissibility";
/// `WithdrawComplaint`
pub const WITHDRAW: &str = "/redress.intake.v1.IntakeService/WithdrawComplaint";
/// `RequestRefusalReview`
pub const REQUEST_REVIEW: &str = "/redress.intake.v1.IntakeService/RequestRefusalReview";
/// `MergeComplaints`
pub const MERGE: &str = "/redress.intake.v1.IntakeService/MergeComplaints";
/// `UnmergeComplaint`
pub const UNMERGE: &str = "/redress.intake.v1.IntakeService/UnmergeComplaint";
/// `ReferExternally`
pub const REFER: &str = "/redress.intake.v1.IntakeService/ReferExternally";
/// `RecordReferralOutcome`
pub const RECORD_OUTCOME: &str = "/redress.intake.v1.IntakeService/RecordReferralOutcome";
/// `SuspendCase`
pub const SUSPEND: &str = "/redress.intake.v1.IntakeService/SuspendCase";
/// `ResumeCase`
pub const RESUME: &str = "/redress.intake.v1.IntakeService/ResumeCase";
/// `ReopenComplaint`
pub const REOPEN: &str = "/redress.intake.v1.IntakeService/ReopenComplaint";
/// `TransferComplaint`
pub const TRANSFER: &str = "/redress.intake.v1.IntakeService/TransferComplaint";
/// `EscalateComplaint`
pub const ESCALATE: &str = "/redress.intake.v1.IntakeService/EscalateComplaint";
/// `SplitMatter`
pub const SPLIT_MATTER: &str = "/redress.intake.v1.IntakeService/SplitMatter";
/// `QueryAudit`
pub const QUERY_AUDIT: &str = "/redress.intake.v1.IntakeService/QueryAudit";
/// `VerifyAuditChain`
pub const VERIFY_AUDIT: &str = "/redress.intake.v1.IntakeService/VerifyAuditChain";

const READERS: Allow = Allow::Roles(&[Complainant, Service, IntakeOfficer, Handler, Supervisor, Auditor]);
const HANDLERS: Allow = Allow::Roles(&[Handler, Supervisor]);
const SUPERVISORS: Allow = Allow::Roles(&[Supervisor]);
const AUDITORS: Allow = Allow::Roles(&[Auditor, Supervisor]);
const OPERATORS: Allow = Allow::Roles(&[Admin]);

const fn row(path: &'static str, allow: Allow, criticality: Criticality) -> Rpc {
    Rpc { path, allow, criticality }
}

/// The rows.
pub const POLICY: &[Rpc] = &[
    row(
        SUBMIT,
        Allow::Roles(&[Complainant, Service, IntakeOfficer, Handler, Supervisor]),
        Criticality::Accept,
    ),
    row(GET, READERS, Criticality::Status),
    row(LIST, READERS, Criticality::Status),
    row(WATCH, READERS, Criticality::Status),
    row(SUPPLY_COMPLETION, Allow::Roles(&[Complainant, Service]), Criticality::Staff),
    row(DECIDE_ADMISSIBILITY, Allow::Roles(&[IntakeOfficer, Supervisor]), Criticality::Staff),
    row(WITHDRAW, Allow::Roles(&[Complainant]), Criticality::Staff),
    row(REQUEST_REVIEW, Allow::Roles(&[Complainant, Service]), Criticality::Staff),
    row(MERGE, HANDLERS, Criticality::Staff),
    row(UNMERGE, SUPERVISORS, Criticality::Staff),
    row(REFER, HANDLERS, Criticality::Staff),
    row(RECORD_OUTCOME, HANDLERS, Criticality::Staff),
    row(SUSPEND, SUPERVISORS, Criticality::Staff),
    row(RESUME, SUPERVISORS, Criticality::Staff),
    row(REOPEN, SUPERVISORS, Criticality::Staff),
    row(TRANSFER, HANDLERS, Criticality::Staff),
    row(ESCALATE, Allow::Roles(&[Complainant, Handler, Supervisor]), Criticality::Staff),
    row(SPLIT_MATTER, Allow::Roles(&[IntakeOfficer, Supervisor]), Criticality::Staff),
    row(QUERY_AUDIT, AUDITORS, Criticality::Analytics),
    row(VERIFY_AUDIT, AUDITORS, Criticality::Analytics),
    row("/redress.admin.v1.AdminService/ListParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/RedriveParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/DiscardParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/OutboxStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ConsumerStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ReplayFrom", OPERATORS, Criticality::Staff),
];
