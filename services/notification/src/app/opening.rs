//! Opening what is sealed: contacts, contents, letters. The access was recorded before.

use prost::Message;
use redress_domain::{ComplaintId, ContactType, TenantId};
use redress_proto::personal;
use redress_proto::types::v1::Complainant;
use redress_vault::{Opener, Purpose, Sealer, Vault, WrappedKey};
use uuid::Uuid;

use crate::domain::content::{Content, Stored};
use crate::domain::kind::Role;
use crate::domain::letter::Letter;
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
    let stored: Stored = match &notice.fields {
        Fields::Public(json) => serde_json::from_str(json),
        Fields::Sealed(sealed) => serde_json::from_slice(&opener.open(&fields_name(notice.id), sealed)?),
    }
    // Without the library's text, which may quote a value.
    .map_err(|_| corrupt("no map of texts".to_owned()))?;
    stored.read(notice.kind).map_err(|faults| corrupt(format!("{faults:?}")).into())
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
