//! Fields of a letter that came sealed with an event: kept as they came, and opened when the letter is written.

use redress_domain::coded_enum;
use serde::{Deserialize, Serialize};

coded_enum! {
    /// What the sealed bytes of a part are, and which text of them the letter has.
    Reading {
        /// Text.
        Text = "text",
        /// The reasons of a proposal's options.
        Options = "options",
        /// Grounds of an appeal.
        Grounds = "grounds",
        /// Grounds of an appeal, as other parties read them: without what identifies somebody.
        GroundsToOthers = "grounds_to_others",
        /// The answers to them.
        Answers = "answers",
        /// A handling report: what it was about.
        Overview = "report_overview",
        /// A handling report: how it was handled.
        Process = "report_process",
        /// A handling report: what came of it.
        Result = "report_result",
        /// A handling report: what is improved.
        Improvement = "report_improvement",
        /// A handling report: the invitation to say how satisfied one is.
        Survey = "report_survey",
        /// A handling report: whom to turn to.
        Contact = "report_contact",
        /// A handling report: apology and thanks.
        Apology = "report_apology",
    }
}

/// A sealed field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The field of the letter.
    pub field: String,
    /// The name under which it was sealed.
    pub name: String,
    /// What is sealed, in base 64.
    pub value: String,
    /// Code of what the bytes are.
    pub reading: String,
}
