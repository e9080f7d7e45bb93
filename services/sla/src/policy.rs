//! Who may call what. An RPC without a row is refused to everyone.

use redress_domain::Role::{
    Admin, Auditor, Complainant, Handler, IntakeOfficer, Respondent, Service, Supervisor,
};
use redress_runtime::{Allow, Criticality, Rpc};

/// `ListClocks`
pub const LIST_CLOCKS: &str = "/redress.sla.v1.ClockService/ListClocks";
/// `ExplainDeadline`
pub const EXPLAIN_DEADLINE: &str = "/redress.sla.v1.ClockService/ExplainDeadline";
/// `PreviewDeadline`
pub const PREVIEW_DEADLINE: &str = "/redress.sla.v1.ClockService/PreviewDeadline";
/// `RequestExtension`
pub const REQUEST_EXTENSION: &str = "/redress.sla.v1.ClockService/RequestExtension";
/// `DecideExtension`
pub const DECIDE_EXTENSION: &str = "/redress.sla.v1.ClockService/DecideExtension";
/// `RecordMilestone`
pub const RECORD_MILESTONE: &str = "/redress.sla.v1.ClockService/RecordMilestone";
/// `PublishCalendar`
pub const PUBLISH_CALENDAR: &str = "/redress.sla.v1.ClockService/PublishCalendar";
/// `GetCalendar`
pub const GET_CALENDAR: &str = "/redress.sla.v1.ClockService/GetCalendar";
/// `PublishClockPolicy`
pub const PUBLISH_POLICY: &str = "/redress.sla.v1.ClockService/PublishClockPolicy";
/// `ExplainPolicy`
pub const EXPLAIN_POLICY: &str = "/redress.sla.v1.ClockService/ExplainPolicy";
/// `ListEscalations`
pub const LIST_ESCALATIONS: &str = "/redress.sla.v1.ClockService/ListEscalations";
/// `AcknowledgeEscalation`
pub const ACKNOWLEDGE: &str = "/redress.sla.v1.ClockService/AcknowledgeEscalation";
/// `WatchDueSoon`
pub const WATCH_DUE_SOON: &str = "/redress.sla.v1.ClockService/WatchDueSoon";

const STAFF: Allow = Allow::Roles(&[Handler, Supervisor]);
const WITNESSES: Allow = Allow::Roles(&[IntakeOfficer, Handler, Supervisor, Service]);
const READERS: Allow = Allow::Roles(&[IntakeOfficer, Handler, Supervisor, Auditor, Service]);
const SUPERVISORS: Allow = Allow::Roles(&[Supervisor]);
const OPERATORS: Allow = Allow::Roles(&[Admin]);
const EVERYBODY: Allow =
    Allow::Roles(&[Complainant, Respondent, Service, IntakeOfficer, Handler, Supervisor, Auditor, Admin]);

const fn row(path: &'static str, allow: Allow, criticality: Criticality) -> Rpc {
    Rpc { path, allow, criticality }
}

/// The rows.
pub const POLICY: &[Rpc] = &[
    row(LIST_CLOCKS, READERS, Criticality::Status),
    row(EXPLAIN_DEADLINE, READERS, Criticality::Status),
    // Arithmetic over a public calendar: nothing of a case.
    row(PREVIEW_DEADLINE, EVERYBODY, Criticality::Status),
    row(REQUEST_EXTENSION, STAFF, Criticality::Staff),
    // More time is approved (F068), not swapped between colleagues.
    row(DECIDE_EXTENSION, SUPERVISORS, Criticality::Staff),
    // Staff, and the platform's systems for what happens in them.
    row(RECORD_MILESTONE, WITNESSES, Criticality::Staff),
    row(PUBLISH_CALENDAR, SUPERVISORS, Criticality::Staff),
    row(GET_CALENDAR, EVERYBODY, Criticality::Status),
    row(PUBLISH_POLICY, SUPERVISORS, Criticality::Staff),
    row(EXPLAIN_POLICY, READERS, Criticality::Status),
    row(LIST_ESCALATIONS, READERS, Criticality::Status),
    // Its lowest level is the handlers' lead's (G58).
    row(ACKNOWLEDGE, SUPERVISORS, Criticality::Staff),
    row(WATCH_DUE_SOON, READERS, Criticality::Status),
    row("/redress.admin.v1.AdminService/ListParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/RedriveParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/DiscardParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/OutboxStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ConsumerStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ReplayFrom", OPERATORS, Criticality::Staff),
];
