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
}

impl Texts {
    /// `run` keeps the ids of one driver apart from those of another.
    pub(crate) fn of_run(run: &str) -> Self {
        Self { run: run.to_owned(), paragraphs: TEXTS.trim().split("\n\n").collect() }
    }

    /// The caller's own name for complaint `number`.
    pub(crate) fn request_id(&self, number: usize) -> String {
        format!("{}-{number}", self.run)
    }

    /// Complaint `number`: the same number gives the same bytes, as a retry must.
    pub(crate) fn request(&self, number: usize) -> SubmitComplaintRequest {
        let text = self.paragraphs.get(number % self.paragraphs.len()).copied().unwrap_or_default();
        let live = number.is_multiple_of(2);
        let submission = Submission {
            channel: if live { Channel::LiveComment } else { Channel::OrderDetail }.into(),
            text: text.to_owned(),
            language: if text.is_ascii() { "en" } else { "zh-Hans" }.to_owned(),
            complainant: Some(Complainant {
                kind: PartyKind::Consumer.into(),
                external_ref: Some(format!("user-{}", number % 100_000)),
                contacts: vec![ContactPoint {
                    r#type: ContactType::InApp.into(),
                    value: format!("inbox-{}", number % 100_000),
                    consent_to_contact: true,
                }],
                ..Complainant::default()
            }),
            respondents: vec![Respondent {
                kind: PartyKind::Merchant.into(),
                external_ref: format!("shop-{}", number % 500),
                name: None,
            }],
            order: Some(OrderRef { order_no: format!("ORDER-{number:010}"), ..OrderRef::default() }),
            live: live.then(|| LiveRef {
                room_id: format!("room-{}", number % 20),
                offset_ms: 61_000,
                ..LiveRef::default()
            }),
            ..Submission::default()
        };
        SubmitComplaintRequest { request_id: self.request_id(number), submission: Some(submission) }
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
