//! The time limits that letters name where no event carries them. Promises of the installation, within the law's bounds.

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Working days to the decision on acceptance (C06).
    pub decision_days: u16,
    /// Working days to the result (C13).
    pub result_days: u16,
    /// Working days that a case takes at the most (C14).
    pub longest_days: u16,
    /// Calendar days to complete a complaint, to the end of the last of them (C09).
    pub completion_days: u16,
    /// Hours to answer as a respondent (C11).
    pub answer_hours: u16,
    /// Calendar days within which a party hears again how the case stands (C15).
    pub progress_days: u16,
    /// Calendar days to ask for a review of a result that no ruling gives another time for (C26).
    pub objection_days: u16,
    /// Calendar days for which a survey is open.
    pub survey_days: u16,
    /// Whether the installation runs sla, so that a request for missing details waits for its clock (C09).
    pub follow_clocks: bool,
}
