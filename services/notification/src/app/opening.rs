//! Opening what is sealed: contacts, contents, letters. The access was recorded before.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use redress_domain::{ComplaintId, ContactType, TenantId, mask};
use redress_proto::personal;
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::Complainant;
use redress_vault::{Opener, Purpose, Sealer, Vault, WrappedKey};
use uuid::Uuid;

use crate::domain::content::{Content, Stored};
use crate::domain::form::PARAGRAPHS_MOST;
use crate::domain::kind::Role;
use crate::domain::letter::Letter;
use crate::domain::part::{Part, Reading};
use crate::domain::route::{Contact, Party};
use crate::error::Error;
use crate::store::Corrupt;
use crate::store::complaint::Complaint;
use crate::store::notice::{Fields, Notice};

/// Opens fields of a complaint under its wrapped key.
pub(super) async fn opener(
    vault: &Vault,
    tenant: &TenantId,
    complaint: ComplaintId,
    key: &[u8],
    purpose: Purpose,
) -> Result<Opener, Error> {
    Ok(vault.opener(tenant, complaint, &WrappedKey::from_bytes(key)?, purpose).await?)
}

/// Seals further fields of a complaint under its wrapped key.
pub(super) async fn sealer(
    vault: &Vault,
    tenant: &TenantId,
    complaint: ComplaintId,
    key: &[u8],
) -> Result<Sealer, Error> {
    Ok(vault.sealer_from(tenant, complaint, &WrappedKey::from_bytes(key)?).await?)
}

/// Whom a notice goes to, with name and contacts.
pub(super) fn party(opener: &Opener, complaint: &Complaint, notice: &Notice) -> Result<Party, Error> {
    let (Role::Complainant, Some(sealed)) = (notice.addressee.role, &complaint.sealed) else {
        return Ok(Party { reference: notice.addressee.reference.clone(), ..Party::default() });
    };
    let plain = opener.open(personal::COMPLAINANT, sealed)?;
    let complainant = Complainant::decode(plain.as_slice())
        .map_err(|_| Corrupt::new("complaint", "sealed", *complaint.id.as_uuid(), "no complainant"))?;
    let contact = |contact: redress_proto::types::v1::ContactPoint| {
        Some(Contact {
            kind: ContactType::try_from(contact.r#type()).ok()?,
            consent: contact.consent_to_contact,
            value: contact.value,
        })
    };
    Ok(Party {
        name: complainant.name.unwrap_or_default(),
        reference: complainant.external_ref.unwrap_or_default(),
        contacts: complainant.contacts.into_iter().filter_map(contact).collect(),
    })
}

/// The name under which a notice's content is sealed.
pub(super) fn fields_name(notice: Uuid) -> String {
    format!("notice.{notice}.fields")
}

/// The name under which a notice's letter is sealed.
pub(super) fn letter_name(notice: Uuid) -> String {
    format!("notice.{notice}.letter")
}

/// The content of a notice.
pub(super) fn content(opener: &Opener, notice: &Notice) -> Result<Content, Error> {
    let corrupt = |cause: String| Corrupt::new("notice", "fields", notice.id, cause);
    let mut stored: Stored = match &notice.fields {
        Fields::Public(json) => serde_json::from_str(json),
        Fields::Sealed(sealed) => serde_json::from_slice(&opener.open(&fields_name(notice.id), sealed)?),
    }
    // Without the library's text, which may quote a value.
    .map_err(|_| corrupt("no map of texts".to_owned()))?;
    for part in &notice.parts {
        let text =
            part_text(opener, part)?.ok_or_else(|| corrupt(format!("{} is not its reading", part.field)))?;
        stored.add(part.field.clone(), &text);
    }
    stored.read(notice.kind).map_err(|faults| corrupt(format!("{faults:?}")).into())
}

/// What letters say where an appeal has no words: a sentence of the lexicons.
const NO_GROUNDS: &str = "no_grounds";

/// What a letter says of a sealed field; none if the bytes are not what they are said to be.
fn part_text(opener: &Opener, part: &Part) -> Result<Option<String>, Error> {
    let Ok(sealed) = STANDARD.decode(&part.value) else { return Ok(None) };
    let plain = opener.open(&part.name, &sealed)?;
    Ok(part.reading.parse().ok().and_then(|reading| read(reading, &plain)))
}

fn read(reading: Reading, plain: &[u8]) -> Option<String> {
    let report =
        |pick: fn(resolution::HandlingReportParts) -> String| match resolution::CaseReport::decode(plain)
            .ok()?
            .parts?
        {
            resolution::case_report::Parts::Handling(parts) => Some(pick(parts)),
            resolution::case_report::Parts::Closing(_) => None,
        };
    let grounds = |pick: fn(&resolution::AppealGround) -> &str| {
        let appeal = resolution::Appeal::decode(plain).ok()?;
        Some(numbered(appeal.grounds.iter().map(|one| (one.ground, pick(one)))))
    };
    match reading {
        Reading::Text => String::from_utf8(plain.to_vec()).ok(),
        Reading::Options => {
            let revision = resolution::ProposalRevision::decode(plain).ok()?;
            match revision.options.as_slice() {
                [only] => Some(only.plain_basis.clone()),
                options => {
                    Some(numbered((1..).zip(options.iter().map(|option| option.plain_basis.as_str()))))
                }
            }
        }
        Reading::Grounds => grounds(|ground| &ground.text),
        Reading::GroundsToOthers => {
            let told = resolution::Appeal::decode(plain).ok()?.grounds;
            let told: Vec<_> = told.into_iter().filter(|ground| !ground.text.trim().is_empty()).collect();
            // An appeal may be filed without a word.
            let text = numbered(told.iter().map(|ground| (ground.ground, ground.text.as_str())));
            Some(if text.is_empty() { NO_GROUNDS.to_owned() } else { mask(&text, &[]) })
        }
        Reading::Answers => grounds(|ground| &ground.answer),
        Reading::Overview => report(|parts| parts.overview),
        Reading::Process => report(|parts| parts.process),
        Reading::Result => report(|parts| parts.result),
        Reading::Improvement => report(|parts| parts.improvement),
        Reading::Survey => report(|parts| parts.survey),
        Reading::Contact => report(|parts| parts.contact),
        Reading::Apology => report(|parts| parts.apology_and_thanks),
    }
}

/// Texts with their numbers, as far as a letter holds them: many long grounds are no reason to send none.
fn numbered<'a>(texts: impl Iterator<Item = (u32, &'a str)>) -> String {
    let all = texts.map(|(number, text)| format!("{number}. {text}")).collect::<Vec<_>>().join("\n");
    if all.chars().count() <= PARAGRAPHS_MOST {
        return all;
    }
    all.chars().take(PARAGRAPHS_MOST - 1).chain(['…']).collect()
}

/// A letter that was kept.
pub(super) fn letter(opener: &Opener, notice: Uuid, sealed: &[u8]) -> Result<Letter, Error> {
    let plain = opener.open(&letter_name(notice), sealed)?;
    let letter = serde_json::from_slice(&plain);
    letter.map_err(|_| Corrupt::new("notice", "sealed_letter", notice, "no letter").into())
}

/// A letter on its way into the table.
pub(super) fn sealed_letter(sealer: &Sealer, notice: Uuid, letter: &Letter) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(letter)
        .map_err(|_| Corrupt::new("notice", "sealed_letter", notice, "does not encode"))?;
    Ok(sealer.seal(&letter_name(notice), &plain)?)
}
