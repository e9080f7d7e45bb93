//! What is assessed: a submission as plain values, so that no wire format reaches the rules.

use redress_domain::{Channel, Money, PartyKind};

use super::language::Language;

/// One submission, as far as it decides an assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The complaint in the writer's words; any text at all, up to 20,000 characters by contract.
    pub text: String,
    /// The language the channel claims; the text decides where it speaks clearly.
    pub language: Option<Language>,
    /// Through which channel it came.
    pub channel: Channel,
    /// As what the writer complains: consumer, merchant or user.
    pub complainant: PartyKind,
    /// The order it came with.
    pub order: Option<Order>,
    /// The live session it came with.
    pub live: Option<Live>,
    /// What is asked for, as told beside the text.
    pub demand: Option<Demand>,
    /// Whom the writer named, in the order named.
    pub respondents: Vec<PartyKind>,
}

/// The order a complaint is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// What was paid.
    pub paid: Option<Money>,
}

/// The live session a complaint is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// The words that were heard.
    pub quoted_wording: Option<String>,
}

/// What is asked for, told beside the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// Codes of the catalogue of remedies.
    pub remedies: Vec<String>,
    /// In the writer's own words.
    pub text: Option<String>,
}

impl Case {
    /// A case of nothing but a text.
    pub fn of_text(text: impl Into<String>, channel: Channel, complainant: PartyKind) -> Self {
        Self {
            text: text.into(),
            language: None,
            channel,
            complainant,
            order: None,
            live: None,
            demand: None,
            respondents: Vec::new(),
        }
    }

    /// Whether the channel knows who writes (CQ06 needs no account there): logged in, or by the calling number.
    pub fn writer_is_identified(&self) -> bool {
        matches!(
            self.channel,
            Channel::App
                | Channel::OrderDetail
                | Channel::Chat
                | Channel::Message
                | Channel::LiveComment
                | Channel::Phone
        )
    }
}
