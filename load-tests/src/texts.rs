//! What is submitted: complaints as people write them, of a realistic size, all different by number.

use redress_proto::intake::v1::SubmitComplaintRequest;
use redress_proto::types::v1::{
    Channel, Complainant, ContactPoint, ContactType, LiveRef, OrderRef, PartyKind, Respondent, Submission,
};

/// Paragraphs of 480 to 600 bytes, separated by empty lines.
const TEXTS: &str = include_str!("../data/texts.txt");

/// Complaints under request ids `<run>-<number>`.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    run: String,
    paragraphs: Vec<&'static str>,
    /// A room that turns, and the number of the first complaint that is of it.
    turning: Option<(String, usize)>,
    /// Whether complainants are reached by mail; else in the platform's message box.
    mailed: bool,
}

impl Texts {
    /// `run` keeps the ids of one driver apart from those of another.
    pub(crate) fn of_run(run: &str) -> Self {
        Self {
            run: run.to_owned(),
            paragraphs: TEXTS.trim().split("\n\n").collect(),
            turning: None,
            mailed: false,
        }
    }

    /// From complaint `from` on all of them make the same claim about what was said in `room`.
    pub(crate) fn turning(self, room: &str, from: usize) -> Self {
        Self { turning: Some((room.to_owned(), from)), ..self }
    }

    /// Every complainant is reached by mail.
    pub(crate) fn mailed(self) -> Self {
        Self { mailed: true, ..self }
    }

    /// The caller's own name for complaint `number`.
    pub(crate) fn request_id(&self, number: usize) -> String {
        format!("{}-{number}", self.run)
    }

    /// Complaint `number`: the same number gives the same bytes, as a retry must.
    pub(crate) fn request(&self, number: usize) -> SubmitComplaintRequest {
        let turned = self.turning.as_ref().filter(|(_, from)| number >= *from).map(|(room, _)| room);
        let paragraph = if turned.is_some() { 0 } else { number % self.paragraphs.len() };
        let text = self.paragraphs.get(paragraph).copied().unwrap_or_default();
        let live = turned.is_some() || number.is_multiple_of(2);
        let submission = Submission {
            channel: if live { Channel::LiveComment } else { Channel::OrderDetail }.into(),
            text: text.to_owned(),
            language: if text.is_ascii() { "en" } else { "zh-Hans" }.to_owned(),
            complainant: Some(Complainant {
                kind: PartyKind::Consumer.into(),
                external_ref: Some(format!("user-{}", number % 100_000)),
                contacts: vec![self.contact(number)],
                ..Complainant::default()
            }),
            respondents: vec![Respondent {
                kind: PartyKind::Merchant.into(),
                external_ref: format!("shop-{}", number % 500),
                name: None,
            }],
            order: Some(OrderRef { order_no: format!("ORDER-{number:010}"), ..OrderRef::default() }),
            live: live.then(|| LiveRef {
                room_id: turned.cloned().unwrap_or_else(|| format!("room-{}", number % 20)),
                offset_ms: 61_000,
                ..LiveRef::default()
            }),
            ..Submission::default()
        };
        SubmitComplaintRequest { request_id: self.request_id(number), submission: Some(submission) }
    }

    fn contact(&self, number: usize) -> ContactPoint {
        let person = number % 100_000;
        let (kind, value) = if self.mailed {
            (ContactType::Email, format!("user-{person}@example.invalid"))
        } else {
            (ContactType::InApp, format!("inbox-{person}"))
        };
        ContactPoint { r#type: kind.into(), value, consent_to_contact: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    #[test]
    fn every_text_has_the_size_that_the_figures_are_stated_for() {
        let texts = Texts::of_run("run");
        assert!(texts.paragraphs.len() >= 10);
        for paragraph in &texts.paragraphs {
            assert!((480..=600).contains(&paragraph.len()), "{} bytes: {paragraph}", paragraph.len());
        }
    }

    #[test]
    fn a_number_gives_the_same_complaint_again_and_another_number_another() {
        let texts = Texts::of_run("run");
        assert_eq!(texts.request(7).encode_to_vec(), texts.request(7).encode_to_vec());
        assert_ne!(texts.request(7), texts.request(17));
        assert_ne!(texts.request_id(7), Texts::of_run("other").request_id(7));
    }
}
