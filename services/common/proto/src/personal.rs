//! Which fields of a submission are personal: taken out before anything is written, put back for who may read them.
//!
//! Few fields are sealed instead of many: each costs a nonce, a tag and a call. The complaint's text stands alone, for
//! classification opens it and nothing else.

use crate::types::v1::{Attachment, Complainant, Respondent, Submission};
use prost::Message;
use thiserror::Error;

/// The complaint in the complainant's words, UTF-8.
pub const TEXT: &str = "text";
/// Reference, name and contacts of the complainant: a protobuf `Complainant`.
pub const COMPLAINANT: &str = "complainant";
/// Names of respondents and files: a protobuf `Submission` with nothing else in it.
pub const NAMES: &str = "names";
/// What the anchor is said to have said, UTF-8.
pub const QUOTED_WORDING: &str = "live.quoted_wording";
/// The demand in the complainant's words, UTF-8.
pub const DEMAND_TEXT: &str = "demand.text";

/// A submission in two halves.
#[derive(Debug, Clone, PartialEq)]
pub struct Halves {
    /// What may stand in clear.
    pub public: Submission,
    /// What may not: field name and content.
    pub personal: Vec<(&'static str, Vec<u8>)>,
}

/// A sealed field whose content, once opened, is not what its name says.
#[derive(Debug, Error)]
#[error("the personal field {field} does not decode")]
pub struct Undecodable {
    field: String,
}

/// Takes the personal fields out.
pub fn split(mut submission: Submission) -> Halves {
    let mut personal = vec![(TEXT, std::mem::take(&mut submission.text).into_bytes())];
    if let Some(whole) = submission.complainant.take() {
        let kind = whole.kind;
        if whole != (Complainant { kind, ..Complainant::default() }) {
            personal.push((COMPLAINANT, whole.encode_to_vec()));
        }
        submission.complainant = Some(Complainant { kind, ..Complainant::default() });
    }
    let names = Submission {
        respondents: submission
            .respondents
            .iter_mut()
            .map(|r| Respondent { name: r.name.take(), ..Respondent::default() })
            .collect(),
        attachments: submission
            .attachments
            .iter_mut()
            .map(|a| Attachment { name: a.name.take(), ..Attachment::default() })
            .collect(),
        ..Submission::default()
    };
    if names.respondents.iter().any(|r| r.name.is_some())
        || names.attachments.iter().any(|a| a.name.is_some())
    {
        personal.push((NAMES, names.encode_to_vec()));
    }
    if let Some(wording) = submission.live.as_mut().and_then(|live| live.quoted_wording.take()) {
        personal.push((QUOTED_WORDING, wording.into_bytes()));
    }
    if let Some(text) = submission.demand.as_mut().and_then(|demand| demand.text.take()) {
        personal.push((DEMAND_TEXT, text.into_bytes()));
    }
    Halves { public: submission, personal }
}

/// Puts one opened field back where it was. A name unknown to this version is passed over.
pub fn restore(submission: &mut Submission, field: &str, content: &[u8]) -> Result<(), Undecodable> {
    let undecodable = || Undecodable { field: field.to_owned() };
    let text = || String::from_utf8(content.to_vec()).map_err(|_| undecodable());
    match field {
        TEXT => submission.text = text()?,
        COMPLAINANT => {
            submission.complainant = Some(Complainant::decode(content).map_err(|_| undecodable())?);
        }
        QUOTED_WORDING => submission.live.get_or_insert_default().quoted_wording = Some(text()?),
        DEMAND_TEXT => submission.demand.get_or_insert_default().text = Some(text()?),
        NAMES => {
            let names = Submission::decode(content).map_err(|_| undecodable())?;
            for (respondent, named) in submission.respondents.iter_mut().zip(names.respondents) {
                respondent.name = named.name;
            }
            for (file, named) in submission.attachments.iter_mut().zip(names.attachments) {
                file.name = named.name;
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::v1::{ContactPoint, ContactType, Demand, LiveRef, PartyKind};

    const CANARY: &str = "金丝雀CANARY";

    fn personal_everywhere() -> Submission {
        Submission {
            text: CANARY.into(),
            complainant: Some(Complainant {
                kind: PartyKind::Consumer.into(),
                external_ref: Some(CANARY.into()),
                name: Some(CANARY.into()),
                contacts: vec![ContactPoint {
                    r#type: ContactType::Phone.into(),
                    value: CANARY.into(),
                    consent_to_contact: true,
                }],
            }),
            respondents: vec![
                Respondent { kind: PartyKind::Merchant.into(), external_ref: "m1".into(), name: None },
                Respondent {
                    kind: PartyKind::Anchor.into(),
                    external_ref: "a1".into(),
                    name: Some(CANARY.into()),
                },
            ],
            live: Some(LiveRef {
                room_id: "r1".into(),
                quoted_wording: Some(CANARY.into()),
                ..LiveRef::default()
            }),
            demand: Some(Demand { text: Some(CANARY.into()), ..Demand::default() }),
            attachments: vec![Attachment {
                name: Some(CANARY.into()),
                object_key: "k1".into(),
                ..Attachment::default()
            }],
            ..Submission::default()
        }
    }

    #[test]
    fn nothing_personal_stays_in_the_public_half_and_both_make_the_whole() {
        let whole = personal_everywhere();
        let halves = split(whole.clone());
        let public = halves.public.encode_to_vec();
        assert!(!public.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
        assert_eq!(halves.public.respondents[1].external_ref, "a1");

        let mut again = halves.public;
        for (field, content) in &halves.personal {
            restore(&mut again, field, content).unwrap();
        }
        assert_eq!(again, whole);
    }

    #[test]
    fn a_submission_with_nothing_but_words_has_one_personal_field() {
        let halves = split(Submission {
            text: "t".into(),
            complainant: Some(Complainant { kind: PartyKind::User.into(), ..Complainant::default() }),
            ..Submission::default()
        });
        assert_eq!(halves.personal, [(TEXT, b"t".to_vec())]);
    }
}
