//! The tables of codes that letters put into words, and which codes each must hold.

use redress_domain::{Category, Channel, DecidedBy, PartyKind, RemedyKind, coded_enum};

use super::kind::Role;

coded_enum! {
    /// A table of codes and the words for them.
    Vocabulary {
        /// Channels of submission.
        Channel = "channel",
        /// Categories of complaints.
        Category = "category",
        /// Grounds of refusal (L04 and the platform's own).
        Refusal = "refusal",
        /// What each ground of refusal means, for a reader who did not write the rules.
        RefusalFacts = "refusal_facts",
        /// Rules of law and platform, by their ids without version.
        Rule = "rule",
        /// Details that a complaint lacks.
        Missing = "missing",
        /// What follows if somebody stays silent.
        Consequence = "consequence",
        /// What can be asked for or ordered.
        Remedy = "remedy",
        /// Queues that answer for a complaint in the place of a handler.
        Handler = "handler",
        /// What a complaint of a category is about, in a sentence.
        Matter = "matter",
        /// How many of what a remedy gives, with the place `{number}`, by the remedy's code.
        Unit = "unit",
        /// What a respondent is asked to answer.
        Point = "point",
        /// Kinds of evidence.
        Evidence = "evidence",
        /// Grounds of the end of a mediation (L08).
        Termination = "termination",
        /// Kinds of decider.
        Decider = "decider",
        /// Kinds of party, and what stands where no party is answerable.
        Party = "party",
        /// The two sides.
        Side = "side",
        /// What came of an appeal.
        AppealOutcome = "appeal_outcome",
        /// Sentences that letters say where nobody wrote one.
        Sentence = "sentence",
        /// Why a case goes up a level.
        Escalation = "escalation",
    }
}

/// Codes of the grounds of refusal, as intake publishes them.
const REFUSALS: &[&str] = &[
    "not_competent",
    "handled_elsewhere",
    "no_dispute",
    "not_living_consumption",
    "over_three_years",
    "false_or_missing_material",
    "identity_not_verifiable",
    "abuse_or_spam",
    "duplicate_settled",
    "unreasonable_demand",
    "incomplete",
];
/// The eight grounds of L08.
const TERMINATIONS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8"];
/// What can come of an appeal.
const APPEAL_OUTCOMES: &[&str] = &["uphold", "vary", "revoke", "remit"];

impl Vocabulary {
    /// The codes that every language must have a word for; none where the vocabulary is open.
    pub(super) fn closed(self) -> Vec<&'static str> {
        match self {
            Self::Channel => Channel::ALL.iter().map(|channel| channel.code()).collect(),
            Self::Category | Self::Matter => Category::ALL.iter().map(|category| category.code()).collect(),
            Self::Refusal | Self::RefusalFacts => REFUSALS.to_vec(),
            Self::Termination => TERMINATIONS.to_vec(),
            Self::Decider => DecidedBy::ALL.iter().map(|decider| decider.code()).collect(),
            Self::Remedy => RemedyKind::ALL.iter().map(|remedy| remedy.code()).collect(),
            Self::Party => PartyKind::ALL.iter().map(|kind| kind.code()).collect(),
            Self::Side => Role::ALL.iter().map(|role| role.code()).collect(),
            Self::AppealOutcome => APPEAL_OUTCOMES.to_vec(),
            Self::Rule
            | Self::Missing
            | Self::Consequence
            | Self::Handler
            | Self::Unit
            | Self::Point
            | Self::Evidence
            | Self::Sentence
            | Self::Escalation => Vec::new(),
        }
    }

    /// Whether every language has a word for `code`.
    pub fn has(self, code: &str) -> bool {
        self.closed().contains(&code)
    }
}
