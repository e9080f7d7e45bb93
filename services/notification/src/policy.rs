//! Who may call what. An RPC without a row is refused to everyone.

use redress_domain::Role::{
    Admin, Auditor, Complainant, Handler, IntakeOfficer, Respondent, Service, Supervisor,
};
use redress_runtime::{Allow, Criticality, Rpc};

const SENDERS: Allow = Allow::Roles(&[Service, IntakeOfficer, Handler, Supervisor]);
/// Whoever writes notices may look at how they read, and so may who answers for their wording.
const WRITERS: Allow = Allow::Roles(&[Service, IntakeOfficer, Handler, Supervisor, Auditor, Admin]);
const READERS: Allow =
    Allow::Roles(&[Complainant, Respondent, Service, IntakeOfficer, Handler, Supervisor, Auditor]);
/// Providers report through a service of the platform.
const REPORTERS: Allow = Allow::Roles(&[Service]);
/// Who was asked, and the platform's own service on whose page it is answered; no staff.
const ANSWERERS: Allow = Allow::Roles(&[Complainant, Respondent, Service]);
/// The platform's own service alone: callbacks carry whole letters, and a tenant's administrators see no case content.
const REGISTRARS: Allow = Allow::Roles(&[Service]);
const OPERATORS: Allow = Allow::Roles(&[Admin]);

const fn row(path: &'static str, allow: Allow, criticality: Criticality) -> Rpc {
    Rpc { path, allow, criticality }
}

/// The rows.
pub const POLICY: &[Rpc] = &[
    row("/redress.notification.v1.NotificationService/SendNotice", SENDERS, Criticality::Staff),
    row("/redress.notification.v1.NotificationService/ValidateNotice", WRITERS, Criticality::Staff),
    row("/redress.notification.v1.NotificationService/PreviewNotice", WRITERS, Criticality::Status),
    row("/redress.notification.v1.NotificationService/GetNotice", READERS, Criticality::Status),
    row("/redress.notification.v1.NotificationService/ListNotices", READERS, Criticality::Status),
    row("/redress.notification.v1.NotificationService/RecordReceipt", REPORTERS, Criticality::Staff),
    row("/redress.notification.v1.NotificationService/SubmitSurvey", ANSWERERS, Criticality::Status),
    row("/redress.notification.v1.NotificationService/RegisterWebhook", REGISTRARS, Criticality::Staff),
    row("/redress.notification.v1.NotificationService/ReplayWebhooks", REGISTRARS, Criticality::Staff),
    row("/redress.notification.v1.NotificationService/RemoveWebhook", REGISTRARS, Criticality::Staff),
    row("/redress.notification.v1.NotificationService/RotateWebhookSecret", REGISTRARS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ListParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/RedriveParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/DiscardParked", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/OutboxStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ConsumerStatus", OPERATORS, Criticality::Staff),
    row("/redress.admin.v1.AdminService/ReplayFrom", OPERATORS, Criticality::Staff),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_are_the_platforms_own_service_s_matter_and_no_administrator_s() {
        let webhooks: Vec<_> = POLICY.iter().filter(|row| row.path.contains("Webhook")).collect();
        assert_eq!(webhooks.len(), 4);
        assert!(webhooks.iter().all(|row| row.allow == Allow::Roles(&[Service])));
    }
}
