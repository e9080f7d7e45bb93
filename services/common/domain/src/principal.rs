use crate::TenantId;
use crate::coded_enum;

coded_enum! {
    /// What a caller may be. A token carries any number; rights follow from the policy table of each service.
    Role {
        /// Brought the complaint in, or speaks for who did.
        Complainant = "complainant",
        /// Member of the side complained of.
        Respondent = "respondent",
        /// Receives, registers and decides on admissibility.
        IntakeOfficer = "intake_officer",
        /// Leads a case.
        Handler = "handler",
        /// Leads handlers; may do what they may and more.
        Supervisor = "supervisor",
        /// Reads records and the audit chain.
        Auditor = "auditor",
        /// Runs the installation: parked events, outbox, consumers. No case content.
        Admin = "admin",
        /// A service of the platform that brings complaints in.
        Service = "service",
    }
}

/// Who calls, as proved by a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The tenant; every read and write is confined to it.
    pub tenant: TenantId,
    /// The token's subject, unique in the tenant. A pseudonym, never a name or a number of a person.
    pub subject: String,
    /// The roles.
    pub roles: Vec<Role>,
}

impl Principal {
    /// Whether the caller has any of `roles`.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }

    /// Whether the caller is staff of the tenant, who may see cases that are not their own.
    pub fn is_staff(&self) -> bool {
        self.has_any(&[Role::IntakeOfficer, Role::Handler, Role::Supervisor, Role::Auditor])
    }
}
