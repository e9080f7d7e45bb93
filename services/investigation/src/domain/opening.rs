//! When an investigation is opened (T12).

use jiff::Timestamp;
use redress_domain::{Category, Severity, TenantId, coded_enum, derived_id};
use uuid::Uuid;

use super::Refusal;
use super::case::{Case, ComplaintState, State};

coded_enum! {
    /// When an accepted complaint is opened.
    When {
        /// At once.
        OnAcceptance = "on_acceptance",
        /// Once a handler has taken it.
        OnAssignment = "on_assignment",
        /// When somebody says so.
        ByHand = "by_hand",
    }
}

/// Complaints that wait for a negotiation between the parties first. `None` stands for any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiateFirst {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of this category.
    pub category: Option<Category>,
    /// Of this severity.
    pub severity: Option<Severity>,
}

/// What the configuration says of opening.
#[derive(Debug, Clone)]
pub struct OpeningPolicy {
    /// When.
    pub when: When,
    /// Which ones wait.
    pub negotiate_first: Vec<NegotiateFirst>,
}

impl OpeningPolicy {
    /// Whether an accepted complaint is opened without anybody saying so. Urgent and major ones never wait for a
    /// negotiation (T09); a major one waits for its task group.
    pub fn opens_by_itself(&self, tenant: &TenantId, case: &Case, assigned: bool) -> bool {
        let when = match self.when {
            When::OnAcceptance => true,
            When::OnAssignment => assigned,
            When::ByHand => false,
        };
        let negotiates = !case.urgent
            && !case.is_major()
            && self.negotiate_first.iter().any(|row| {
                row.tenant.as_ref().is_none_or(|of| of == tenant)
                    && row.category.is_none_or(|of| case.category == Some(of))
                    && row.severity.is_none_or(|of| case.severity == Some(of))
            });
        when && !negotiates && may_open(case).is_ok() && group_stands(case).is_ok()
    }
}

/// Whether the complaint stands where an investigation can be opened.
///
/// # Errors
/// If it does not.
pub fn may_open(case: &Case) -> Result<(), Refusal> {
    let first = case.state == State::NotOpened && case.complaint_state == ComplaintState::Accepted;
    // Undone after intake refused it, and accepted since.
    let again = case.state == State::Ended && case.complaint_state == ComplaintState::Accepted;
    if first || again { Ok(()) } else { Err(Refusal::NotAccepted) }
}

/// Whether a major case has its group (F057).
///
/// # Errors
/// If it lacks it.
pub fn group_stands(case: &Case) -> Result<(), Refusal> {
    if case.is_major() && !case.group.exists() { Err(Refusal::TaskGroupMissing) } else { Ok(()) }
}

/// Facts of intake's that send a case back to be found out again.
pub fn comes_back(fact: &str) -> bool {
    matches!(fact, "PlatformInterventionRequested" | "ResultRejected" | "PlanReturned" | "AppealDecided")
}

/// Opens the next round.
pub fn open(case: &mut Case, tenant: &TenantId, complaint: Uuid, at: Timestamp) {
    case.round += 1;
    case.state = State::Open;
    case.investigation_id = Some(investigation_id(tenant, complaint, case.round));
    case.opened_at = Some(at);
    case.concluded_at = None;
    case.concluded_by.clear();
    case.ended_reason.clear();
}

/// The identity of a round.
pub fn investigation_id(tenant: &TenantId, complaint: Uuid, round: i32) -> Uuid {
    let parts: [&[u8]; 3] = [tenant.as_str().as_bytes(), complaint.as_bytes(), &round.to_be_bytes()];
    derived_id("redress/investigation/1", &parts)
}

#[cfg(test)]
mod tests {
    use super::super::case::TaskGroup;
    use super::super::case::tests::accepted;
    use super::*;

    fn policy(when: When) -> OpeningPolicy {
        let first = NegotiateFirst { tenant: None, category: Some(Category::Cq02), severity: None };
        OpeningPolicy { when, negotiate_first: vec![first] }
    }

    #[test]
    fn a_complaint_is_opened_when_the_policy_says_so() {
        let tenant = "acme".parse().unwrap();
        let case = accepted();
        assert!(policy(When::OnAcceptance).opens_by_itself(&tenant, &case, false));
        assert!(!policy(When::OnAssignment).opens_by_itself(&tenant, &case, false));
        assert!(policy(When::OnAssignment).opens_by_itself(&tenant, &case, true));
        assert!(!policy(When::ByHand).opens_by_itself(&tenant, &case, true));
    }

    #[test]
    fn some_wait_for_a_negotiation_but_no_urgent_one_does() {
        let tenant = "acme".parse().unwrap();
        let mut case = accepted();
        case.category = Some(Category::Cq02);
        assert!(!policy(When::OnAcceptance).opens_by_itself(&tenant, &case, true));
        case.urgent = true;
        assert!(policy(When::OnAcceptance).opens_by_itself(&tenant, &case, true));
    }

    #[test]
    fn a_major_case_waits_for_its_task_group() {
        let tenant = "acme".parse().unwrap();
        let mut case = accepted();
        case.severity = Some(Severity::Major);
        assert!(!policy(When::OnAcceptance).opens_by_itself(&tenant, &case, true));
        assert_eq!(group_stands(&case), Err(Refusal::TaskGroupMissing));
        case.group =
            TaskGroup { lead: "head-1".into(), department: "quality".into(), members: vec!["head-1".into()] };
        assert!(policy(When::OnAcceptance).opens_by_itself(&tenant, &case, true));
    }

    #[test]
    fn each_round_has_an_id_of_its_own_and_forgets_the_last_conclusion() {
        let (tenant, complaint) = ("acme".parse().unwrap(), Uuid::from_u128(7));
        let mut case = accepted();
        let now = case.received_at;
        open(&mut case, &tenant, complaint, now);
        let first = case.investigation_id;
        case.state = State::Concluded;
        case.concluded_by = "handler-1".into();
        open(&mut case, &tenant, complaint, now);
        assert_eq!((case.round, case.state), (2, State::Open));
        assert!(case.concluded_by.is_empty() && case.investigation_id != first);
    }
}
