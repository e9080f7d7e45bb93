//! Who may call what. An RPC without a row is refused to everyone.

use redress_domain::Role::{Admin, Auditor, Complainant, Handler, IntakeOfficer, Service, Supervisor};
use redress_runtime::{Allow, Criticality, Rpc};

/// `Assess`
pub const ASSESS: &str = "/redress.classification.v1.ClassificationService/Assess";

const STAFF: Allow = Allow::Roles(&[IntakeOfficer, Handler, Supervisor]);
const READERS: Allow = Allow::Roles(&[IntakeOfficer, Handler, Supervisor, Auditor]);
const DECIDERS: Allow = Allow::Roles(&[IntakeOfficer, Supervisor]);
const SUPERVISORS: Allow = Allow::Roles(&[Supervisor]);
const OPERATORS: Allow = Allow::Roles(&[Admin]);
/// Whoever may submit may ask what would be said of it; nothing of anybody else is shown.
const SUBMITTERS: Allow = Allow::Roles(&[Complainant, Service, IntakeOfficer, Handler, Supervisor, Auditor]);

const fn row(path: &'static str, allow: Allow, criticality: Criticality) -> Rpc {
    Rpc { path, allow, criticality }
}

/// The rows.
pub const POLICY: &[Rpc] = &[
    row(ASSESS, SUBMITTERS, Criticality::Status),
    row("/redress.classification.v1.ClassificationService/ExplainAssessment", READERS, Criticality::Status),
    row("/redress.classification.v1.ClassificationService/OverrideAssessment", STAFF, Criticality::Staff),
    row("/redress.classification.v1.ClassificationService/FindDuplicates", READERS, Criticality::Status),
    row("/redress.classification.v1.ClassificationService/DecideDuplicate", STAFF, Criticality::Staff),
    row("/redress.classification.v1.ClassificationService/ListIncidents", READERS, Criticality::Status),
    row("/redress.classification.v1.ClassificationService/GetIncident", READERS, Criticality::Status),
    row("/redress.classification.v1.ClassificationService/ConfirmIncident", DECIDERS, Criticality::Staff),
    row("/redress.classification.v1.ClassificationService/DissolveIncident", DECIDERS, Criticality::Staff),
    row("/redress.classification.v1.ClassificationService/RegisterHandler", SUPERVISORS, Criticality::Staff),
    row("/redress.classification.v1.ClassificationService/ListQueues", READERS, Criticality::Status),
    row("/redress.classification.v1.ClassificationService/AcceptAssignment", STAFF, Criticality::Staff),
    row("/redress.classification.v1.ClassificationService/ReturnAssignment", STAFF, Criticality::Staff),
    row("/redress.classification.v1.ClassificationService/TestRuleSet", SUPERVISORS, Criticality::Analytics),
    row("/redress.classification.v1.ClassificationService/PublishRuleSet", SUPERVISORS, Criticality::Staff),
    row("/redress.classification.v1.ClassificationService/ListRuleSets", READERS, Criticality::Status),
    row("/redress.admin.v1.AdminService/ListParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/RedriveParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/DiscardParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/OutboxStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ConsumerStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ReplayFrom", OPERATORS, Criticality::Staff),
];
