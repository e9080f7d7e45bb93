//! Who may call what. An RPC without a row is refused to everyone.

use redress_domain::Role::{Admin, Auditor, Handler, IntakeOfficer, Service, Supervisor};
use redress_runtime::{Allow, Criticality, Rpc};

/// `ListMetricDefinitions`
pub const DEFINITIONS: &str = "/redress.analytics.v1.AnalyticsService/ListMetricDefinitions";
/// `QueryMetrics`
pub const QUERY: &str = "/redress.analytics.v1.AnalyticsService/QueryMetrics";
/// `ListSlaFacts`
pub const SLA_FACTS: &str = "/redress.analytics.v1.AnalyticsService/ListSlaFacts";
/// `GetCaseFacts`
pub const CASE_FACTS: &str = "/redress.analytics.v1.AnalyticsService/GetCaseFacts";
/// `DrillDown`
pub const DRILL_DOWN: &str = "/redress.analytics.v1.AnalyticsService/DrillDown";
/// `ExportDataset`
pub const EXPORT: &str = "/redress.analytics.v1.AnalyticsService/ExportDataset";

/// Numbers: whoever works with complaints.
const READERS: Allow = Allow::Roles(&[IntakeOfficer, Handler, Supervisor, Auditor, Service]);
/// Facts of many single complaints.
const ANALYSTS: Allow = Allow::Roles(&[Supervisor, Auditor, Service]);
const OPERATORS: Allow = Allow::Roles(&[Admin]);

const fn row(path: &'static str, allow: Allow, criticality: Criticality) -> Rpc {
    Rpc { path, allow, criticality }
}

/// The rows.
pub const POLICY: &[Rpc] = &[
    row(DEFINITIONS, READERS, Criticality::Analytics),
    row(QUERY, READERS, Criticality::Analytics),
    row(SLA_FACTS, ANALYSTS, Criticality::Analytics),
    row(CASE_FACTS, READERS, Criticality::Analytics),
    row(DRILL_DOWN, ANALYSTS, Criticality::Analytics),
    row(EXPORT, ANALYSTS, Criticality::Analytics),
    row("/redress.admin.v1.AdminService/ListParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/RedriveParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/DiscardParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/OutboxStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ConsumerStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ReplayFrom", OPERATORS, Criticality::Staff),
];
