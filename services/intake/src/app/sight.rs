//! What a caller is to a complaint, and what follows for what the caller may see of it.

use redress_domain::{Principal, Role};
use redress_vault::Purpose;

use crate::domain::lifecycle::Capacity;
use crate::store::complaint::Complaint;

/// What a caller may see of a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Nothing: for the caller it does not exist.
    None,
    /// Everything but personal fields.
    Public,
    /// Everything, for this purpose.
    Personal(Purpose),
}

/// What a caller is to a complaint, whatever the roles of the token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// It is the caller's own: it names the caller as its complainant, or the caller submitted it as one.
    pub complainant: bool,
    /// The caller submitted it, for itself or for somebody else.
    pub brought_in: bool,
}

impl Standing {
    /// What `subject` is to `complaint`; `index` is the keyed hash of the subject.
    pub fn of(subject: &str, index: &[u8], complaint: &Complaint) -> Self {
        let brought_in = complaint.submitted_by == subject;
        let named = !complaint.complainant_index.is_empty() && complaint.complainant_index == index;
        let as_complainant = complaint.submitted_as == Capacity::Complainant;
        Self { complainant: named || (brought_in && as_complainant), brought_in }
    }

    /// Whether the caller takes part in it.
    pub const fn is_party(self) -> bool {
        self.complainant || self.brought_in
    }
}

/// What `caller` may see of a complaint to which it stands so.
pub fn sight(caller: &Principal, standing: Standing) -> Sight {
    if caller.has_any(&[Role::IntakeOfficer, Role::Handler, Role::Supervisor]) {
        return Sight::Personal(Purpose::CaseHandling);
    }
    if caller.has_any(&[Role::Auditor]) {
        return Sight::Public;
    }
    if standing.is_party() && caller.has_any(&[Role::Complainant, Role::Service]) {
        return Sight::Personal(Purpose::OwnData);
    }
    Sight::None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(subject: &str, roles: &[Role]) -> Principal {
        Principal { tenant: "acme".parse().unwrap(), subject: subject.into(), roles: roles.to_vec() }
    }

    #[test]
    fn a_complainant_sees_what_is_their_own_and_nothing_else() {
        let complainant = caller("c1", &[Role::Complainant]);
        let own = Standing { complainant: true, brought_in: false };
        let brought_in = Standing { complainant: false, brought_in: true };
        for standing in [own, brought_in] {
            assert_eq!(sight(&complainant, standing), Sight::Personal(Purpose::OwnData));
        }
        assert_eq!(sight(&complainant, Standing::default()), Sight::None);
    }

    #[test]
    fn staff_see_cases_auditors_see_no_personal_fields_and_administrators_see_no_case() {
        let of = |role| sight(&caller("x", &[role]), Standing::default());
        assert_eq!(of(Role::Handler), Sight::Personal(Purpose::CaseHandling));
        assert_eq!(of(Role::Auditor), Sight::Public);
        assert_eq!(of(Role::Admin), Sight::None);
        assert_eq!(of(Role::Respondent), Sight::None);
    }
}
