//! The time limits that letters name where no event carries them. Promises of the installation, within the law's bounds.

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Working days to the decision on acceptance (C06).
    pub decision_days: u16,
    /// Working days to the result (C13).
    pub result_days: u16,
    /// Working days to the result of an urgent complaint (C13).
    pub urgent_result_days: u16,
    /// Working days that a case takes at the most (C14).
    pub longest_days: u16,
    /// Calendar days to complete a complaint, to the end of the last of them (C09).
    pub completion_days: u16,
    /// Hours to answer as a respondent (C11).
    pub answer_hours: u16,
    /// Calendar days within which a party hears again how the case stands (C15).
    pub progress_days: u16,
    /// Calendar days from a result's arrival after which silence closes the case (C26).
    pub objection_days: u16,
    /// Days of 24 hours for an appeal from the step that the result follows from (C27), as resolution counts them.
    pub appeal_days: u16,
    /// Calendar days for which a survey is open.
    pub survey_days: u16,
    /// Whether the installation runs sla, so that a request for missing details waits for its clock (C09).
    pub follow_clocks: bool,
}
