//! Which fields each kind of notice has (domain.md §6), as one table: what is mandatory here cannot be left out of a
//! notice, nor out of a template.

use super::form::Form::{
    self, Code, Explained, Instant, Link, Number, Orders, Paragraphs, Phrase, Phrases, Text,
};
use super::kind::NoticeKind;
use super::vocabulary::Vocabulary as V;

/// A field that the sender gives.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name, in the sender's map and in templates.
    pub name: &'static str,
    /// Its form.
    pub form: Form,
    /// Whether a notice cannot do without it.
    pub mandatory: bool,
}

const fn must(name: &'static str, form: Form) -> Field {
    Field { name, form, mandatory: true }
}

const fn may(name: &'static str, form: Form) -> Field {
    Field { name, form, mandatory: false }
}

const RECEIPT: &[Field] = &[must("channel", Code(V::Channel)), must("decision_days", Number)];

const ACCEPTANCE: &[Field] = &[
    must("category", Code(V::Category)),
    may("product", Text),
    must("handler", Phrase(V::Handler)),
    must("accepted_at", Instant),
    must("result_days", Number),
    must("longest_days", Number),
];

const REFUSAL: &[Field] = &[
    must("reason", Code(V::Refusal)),
    must("facts", Explained(V::RefusalFacts)),
    // What was asked for and did not come.
    may("missing", Phrases(V::Missing)),
    must("rule", Phrase(V::Rule)),
    must("review_until", Instant),
];

const COMPLETION: &[Field] = &[
    must("missing", Phrases(V::Missing)),
    must("due", Instant),
    must("consequence", Phrase(V::Consequence)),
];

const RESPONDENT: &[Field] = &[
    must("category", Code(V::Category)),
    // What is complained of: nobody answers to a complaint that the letter does not tell.
    must("summary", Explained(V::Matter)),
    may("product", Text),
    may("ordered_at", Instant),
    may("live_room", Text),
    may("live_at", Instant),
    may("demand", Phrases(V::Remedy)),
    may("claimed", Phrase(V::Sentence)),
    must("points", Phrases(V::Point)),
    must("evidence", Phrases(V::Evidence)),
    must("due", Instant),
    must("consequence", Phrase(V::Consequence)),
];

const EVIDENCE: &[Field] = &[
    must("items", Phrases(V::Evidence)),
    must("why", Explained(V::Sentence)),
    must("due", Instant),
    must("consequence", Phrase(V::Consequence)),
];

const PROGRESS: &[Field] = &[
    must("done", Explained(V::Sentence)),
    must("next_step", Explained(V::Sentence)),
    must("expected_at", Instant),
    // Of the other side's appeal, to which the addressee can reply.
    may("grounds", Explained(V::Sentence)),
];

const DELAY: &[Field] = &[
    must("delay_reason", Explained(V::Sentence)),
    // A case that nears its limit may take longer before anybody has approved it.
    may("approved_by", Phrase(V::Handler)),
    // The time that was told before, and that this must be told before.
    may("due", Instant),
    must("new_due", Instant),
    must("cap", Instant),
    // Which clock takes longer, for example C13. Letters do not show it; who counts delays that nobody announced asks it.
    may("clock", Text),
];

const PROPOSAL: &[Field] = &[
    must("options", Orders(V::Remedy)),
    must("basis", Paragraphs),
    must("amounts", Phrases(V::Sentence)),
    must("payer", Phrases(V::Party)),
    must("due", Instant),
];

const SETTLEMENT: &[Field] = &[
    must("parties", Phrases(V::Party)),
    must("terms", Orders(V::Remedy)),
    must("payer", Phrases(V::Party)),
    may("limit_days", Number),
    must("agreed_at", Instant),
    must("settlement_no", Text),
    must("consents", Orders(V::Side)),
];

const RESULT: &[Field] = &[
    must("overview", Paragraphs),
    must("process", Paragraphs),
    must("result", Paragraphs),
    must("liability", Orders(V::Party)),
    must("compensation", Orders(V::Remedy)),
    must("improvement", Paragraphs),
    must("survey", Paragraphs),
    must("person", Paragraphs),
    may("apology", Paragraphs),
    must("appeal_until", Instant),
    // Days from the letter's arrival after which silence closes the case (C26); the appeal stays open.
    may("objection_days", Number),
];

const RULING: &[Field] = &[
    must("facts", Paragraphs),
    must("evidence", Phrases(V::Evidence)),
    must("rule", Phrases(V::Rule)),
    must("liability", Orders(V::Party)),
    must("remedy", Orders(V::Remedy)),
    must("appeal_until", Instant),
    must("decided_by", Code(V::Decider)),
];

const TERMINATION: &[Field] =
    &[must("termination", Code(V::Termination)), may("explanation", Paragraphs), must("ended_at", Instant)];

const APPEAL: &[Field] = &[
    must("appeal_result", Code(V::AppealOutcome)),
    may("grounds", Paragraphs),
    must("answers", Paragraphs),
    must("remedy", Orders(V::Remedy)),
    must("decided_by", Code(V::Decider)),
    must("decided_at", Instant),
];

const EXECUTION: &[Field] = &[
    must("executed", Phrase(V::Remedy)),
    must("amount", Phrase(V::Sentence)),
    must("executed_at", Instant),
    must("proof", Text),
];

const SURVEY: &[Field] = &[must("outcome_survey", Link), must("process_survey", Link), must("due", Instant)];

// Nothing of people or of what happened: an alert goes through whatever the staff's tools are.
const ESCALATION: &[Field] = &[
    must("level", Number),
    must("escalation", Phrase(V::Escalation)),
    may("clock", Text),
    must("ticket", Text),
    must("case_link", Link),
];

/// What every letter shows of what the installation itself knows: number, sender, how to reach it.
const ALWAYS: &[&str] = &["complaint_no", "sender", "contact"];

impl NoticeKind {
    /// The fields that the sender gives.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Receipt => RECEIPT,
            Self::Acceptance => ACCEPTANCE,
            Self::Refusal => REFUSAL,
            Self::Completion => COMPLETION,
            Self::Respondent => RESPONDENT,
            Self::Evidence => EVIDENCE,
            Self::Progress => PROGRESS,
            Self::Delay => DELAY,
            Self::Proposal => PROPOSAL,
            Self::Settlement => SETTLEMENT,
            Self::Result => RESULT,
            Self::Ruling => RULING,
            Self::Termination => TERMINATION,
            Self::Appeal => APPEAL,
            Self::Execution => EXECUTION,
            Self::Survey => SURVEY,
            Self::Escalation => ESCALATION,
        }
    }

    /// What a letter must show beside its fields: of what the installation itself knows.
    pub fn shown(self) -> impl Iterator<Item = &'static str> {
        let own: &[&str] = match self {
            Self::Receipt | Self::Respondent => &["received_at"],
            // The routes outside the platform: a consumer's five of L47, everybody else's of L20.
            Self::Refusal | Self::Result | Self::Ruling | Self::Termination | Self::Appeal => &["routes"],
            _ => &[],
        };
        ALWAYS.iter().chain(own).copied()
    }

    /// The field whose instant the addressee must meet.
    pub fn deadline(self) -> Option<&'static str> {
        self.fields().iter().map(|field| field.name).find(|name| *name == "due")
    }

    /// Whether it may wait for the morning. The receipt confirmation may not: it answers somebody who has just written,
    /// and its clock (C05) runs around the clock. Nor may an alert: who is on duty is the staff's matter.
    pub const fn respects_night(self) -> bool {
        !matches!(self, Self::Receipt | Self::Escalation)
    }

    /// Whether it goes to staff, and not to the parties.
    pub const fn is_internal(self) -> bool {
        matches!(self, Self::Escalation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deadline_is_an_instant_so_that_its_zone_is_told() {
        for kind in NoticeKind::ALL {
            for field in kind.fields() {
                let names_a_time =
                    ["due", "cap", "_at", "_until", "new_due"].iter().any(|end| field.name.ends_with(end));
                assert_eq!(names_a_time, field.form == Form::Instant, "{kind} {}", field.name);
            }
        }
    }

    #[test]
    fn the_result_has_the_seven_parts_of_its_rule() {
        let names: Vec<_> = NoticeKind::Result.fields().iter().map(|field| field.name).collect();
        for part in
            ["overview", "process", "result", "liability", "compensation", "improvement", "survey", "person"]
        {
            assert!(names.contains(&part), "{part}");
        }
    }
}
